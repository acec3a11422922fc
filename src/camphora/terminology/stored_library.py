"""What the terminology file holds, as the operations ask for it; and the code systems and value sets of guides."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from camphora.fhir.packages import Guides
from camphora.fhir.packages.guides import order
from camphora.terminology.operations.canonicals import Canonical, canonical, newest
from camphora.terminology.operations.mapping import ResourceConceptMap
from camphora.terminology.operations.resources import ResourceCodeSystem
from camphora.terminology.store import Held, Terminology
from camphora.terminology.stored import StoredSystem
from camphora.terminology.systems import CodeSystem, Coding, ConceptMap, Mapped

Json = Mapping[str, Any]
UNREAD = {"not-present", "supplement"}
HL7 = "http://terminology.hl7.org/CodeSystem/"
KEPT_SYSTEMS, KEPT_RESOURCES, KEPT_MAPS = 256, 256, 16
"""So many are held ready at once; of the terminology file's systems only their heads."""


class StoredLibrary:
    """The terminology file as a `systems.Library`."""

    def __init__(self, terms: Terminology) -> None:
        self._terms, self.readers = terms, terms.readers
        self._system = lru_cache(KEPT_SYSTEMS)(self._made)
        self._resource = lru_cache(KEPT_RESOURCES)(self._read)
        self._map = lru_cache(KEPT_MAPS)(self._read_map)

    @property
    def state(self) -> int:
        """The number of the state that the asking thread sees; later states have greater ones."""
        return self.readers.state

    def versions(self, url: str) -> Sequence[str]:
        return newest(held.edition.version for held in self._editions(url))

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        found = [held for held in self._editions(url) if version in (None, held.edition.version)]
        return self._system(found[0].number, url, self.state) if found else None

    def supplements(self, url: str, version: str | None = None) -> Sequence[CodeSystem]:
        return [
            self._system(held.number, held.edition.url, self.state)
            for held in self._terms.every()
            if held.edition.supplements
            and (
                (held.edition.url == url and version in (None, "", held.edition.version))
                or canonical(held.edition.supplements).url == url
            )
        ]

    def value_set_versions(self, url: str) -> Sequence[str]:
        return newest(version for version, _ in self._resources("ValueSet", url))

    def value_set(self, url: str, version: str | None = None) -> Json | None:
        found = dict(self._resources("ValueSet", url))
        if version is None and found:
            version = newest(found)[0]
        number = found.get(version or "")
        return None if number is None else self._resource(number, self.state)

    def concept_maps(self, url: str | None = None) -> Sequence[ConceptMap]:
        sql = "SELECT id FROM resource WHERE kind = 'ConceptMap' AND url = coalesce(?, url)"
        rows = self.readers.rows(sql, (url,))
        return [self._map(row[0], self.state) for row in rows]

    def mapped(self, system: str, code: str) -> Iterator[tuple[Mapped, bool]]:
        """What the maps say of a code, and whether they say it backward (of the target)."""
        sql = (
            "SELECT source_system, source_code, target_system, target_code, relationship, resource.url,"
            " resource.version FROM mapping JOIN resource ON resource.id = map"
            " WHERE {0}_code = ? AND {0}_system = ?"
        )
        for backward, end in enumerate(("source", "target")):
            for row in self.readers.rows(sql.format(end), (code, system)):
                source, target = Coding(row[0], row[1]), Coding(row[2], row[3])
                yield Mapped(source, target, row[4], str(Canonical(row[5], row[6]))), bool(backward)

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        urls = dict.fromkeys(held.edition.url for held in self._terms.every() if not held.edition.supplements)
        return ((url, self.versions(url)) for url in urls)

    def addresses(self, url: str) -> Sequence[str]:
        """A code system's url with the other addresses that it is known by."""
        found = self._terms.editions(url)
        return (found[0].url, *found[0].aliases) if found else (url,)

    def _editions(self, url: str) -> list[Held]:
        return [held for held in self._terms.held(url) if not held.edition.supplements]

    def _made(self, number: int, url: str, state: Hashable) -> StoredSystem:  # noqa: ARG002 - the key of the cache
        edition = next(held.edition for held in self._terms.held(url) if held.number == number)
        return StoredSystem(self._terms.readers, number, edition, url)

    def _resources(self, kind: str, url: str) -> list[tuple[str, int]]:
        sql = "SELECT version, id FROM resource WHERE kind = ? AND url = ?"
        return [(version, number) for version, number in self.readers.rows(sql, (kind, url))]

    def _read(self, number: int, state: Hashable) -> Json:  # noqa: ARG002 - the key of the cache
        body = self.readers.rows("SELECT body FROM resource WHERE id = ?", (number,))[0][0]
        found: Json = orjson.loads(body)
        return found

    def _read_map(self, number: int, state: Hashable) -> ResourceConceptMap:
        return ResourceConceptMap(self._read(number, state))


class GuideLibrary:
    """The definitions of guides as a `systems.Library`, each read when it is first asked for. A code system whose
    concepts a guide does not carry is not among them."""

    def __init__(self, guides: Guides) -> None:
        self._guides = guides
        self._versions: dict[tuple[str, str], list[str]] = {}
        for package in guides.packages:
            for entry in package.entries:
                if entry.type in {"CodeSystem", "ValueSet"} and entry.url and not entry.example:
                    self._versions.setdefault((entry.type, entry.url), []).append(entry.version)
        self._system = lru_cache(KEPT_SYSTEMS)(self._made)
        self._maps: list[ResourceConceptMap] | None = None

    @property
    def state(self) -> Hashable:
        return id(self._guides)

    def versions(self, url: str) -> Sequence[str]:
        if self._system(url, "") is None:
            return ()
        return sorted(self._versions.get(("CodeSystem", url), ()), key=order, reverse=True)

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        return self._system(url, version or "")

    def aged(self, url: str) -> bool:
        """Whether its only copy is that of base R4 (2019) of a system that HL7 Terminology has numbered since."""
        package = self._guides.package_of(url) if url.startswith(HL7) else None
        return package is not None and package.name == "hl7.fhir.r4.core"

    def supplements(self, url: str, version: str | None = None) -> Sequence[CodeSystem]:  # noqa: ARG002
        """Those of guides are read only when they are loaded into the terminology file."""
        return ()

    def value_set_versions(self, url: str) -> Sequence[str]:
        return sorted(self._versions.get(("ValueSet", url), ()), key=order, reverse=True)

    def value_set(self, url: str, version: str | None = None) -> Json | None:
        found = self._guides.find(f"{url}|{version}" if version else url)
        return found if found and found["resourceType"] == "ValueSet" else None

    def concept_maps(self, url: str | None = None) -> Sequence[ConceptMap]:
        if self._maps is None:
            self._maps = [ResourceConceptMap(one) for one in self._guides.all("ConceptMap")]
        return [one for one in self._maps if url in (None, one.url)]

    def mapped(self, system: str, code: str) -> Iterator[tuple[Mapped, bool]]:
        """What the maps say of a code, and whether they say it backward (of the target)."""
        for one in self.concept_maps():
            yield from ((found, False) for found in one.forward(system, code))
            yield from ((found, True) for found in one.backward(system, code))

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        urls = [url for kind, url in self._versions if kind == "CodeSystem"]
        return ((url, found) for url in urls if (found := self.versions(url)))

    def _made(self, url: str, version: str) -> ResourceCodeSystem | None:
        if ("CodeSystem", url) not in self._versions:
            return None
        found = self._guides.find(f"{url}|{version}" if version else url)
        if found is None or found["resourceType"] != "CodeSystem" or found.get("content") in UNREAD:
            return None
        return ResourceCodeSystem(found)


class Holdings:
    """Everything that an installation knows, as a `systems.Library`: its terminology file, and of what that does not
    hold, what the guides carry."""

    def __init__(self, stored: StoredLibrary, guides: GuideLibrary) -> None:
        self.stored, self.guides = stored, guides

    @classmethod
    def of(cls, terms: Terminology, guides: Guides | None = None) -> Holdings:
        """Over a terminology file and these guides; over the bundled ones where none are given."""
        return cls(StoredLibrary(terms), GuideLibrary(guides or Guides.bundled()))

    @property
    def state(self) -> Hashable:
        return self.stored.state, self.guides.state

    def versions(self, url: str) -> Sequence[str]:
        return self.stored.versions(url) or self.guides.versions(url)

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        if version is None and self.stored.versions(url):
            return self.stored.code_system(url)
        return self.stored.code_system(url, version) or self.guides.code_system(url, version)

    def aged(self, url: str) -> bool:
        """Whether codes may be missing because only a copy of 2019 is held."""
        return not self.stored.versions(url) and self.guides.aged(url)

    def supplements(self, url: str, version: str | None = None) -> Sequence[CodeSystem]:
        return self.stored.supplements(url, version)

    def value_set_versions(self, url: str) -> Sequence[str]:
        return self.stored.value_set_versions(url) or self.guides.value_set_versions(url)

    def value_set(self, url: str, version: str | None = None) -> Json | None:
        if version is None and self.stored.value_set_versions(url):
            return self.stored.value_set(url)
        return self.stored.value_set(url, version) or self.guides.value_set(url, version)

    def concept_maps(self, url: str | None = None) -> Sequence[ConceptMap]:
        own = self.stored.concept_maps(url)
        held = {one.url for one in own}
        return [*own, *(one for one in self.guides.concept_maps(url) if one.url not in held)]

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        urls = dict.fromkeys(url for part in (self.stored, self.guides) for url, _ in part.code_systems())
        return ((url, self.versions(url)) for url in urls)

    def addresses(self, url: str) -> Sequence[str]:
        """A code system's url with the other addresses that it is known by."""
        return self.stored.addresses(url)

    def mapped(self, system: str, code: str) -> Iterator[tuple[Mapped, bool]]:
        """What all maps say of a code, and whether they say it backward (of the target)."""
        yield from self.stored.mapped(system, code)
        yield from self.guides.mapped(system, code)
