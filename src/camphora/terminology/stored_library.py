"""What the terminology file holds, as the operations ask for it; and the code systems and value sets of guides."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from camphora.fhir.packages import Guides
from camphora.terminology.operations.canonicals import canonical, newest
from camphora.terminology.operations.mapping import ResourceConceptMap
from camphora.terminology.operations.resources import ResourceCodeSystem
from camphora.terminology.store import Held, Terminology
from camphora.terminology.stored import StoredSystem
from camphora.terminology.systems import CodeSystem, ConceptMap

Json = Mapping[str, Any]
KEPT_SYSTEMS, KEPT_RESOURCES, KEPT_MAPS = 256, 256, 16
"""So many are held ready at once; of the terminology file's systems only their heads."""


class StoredLibrary:
    """The terminology file as a `systems.Library`."""

    def __init__(self, terms: Terminology) -> None:
        self._terms = terms
        self._system = lru_cache(KEPT_SYSTEMS)(self._made)
        self._resource = lru_cache(KEPT_RESOURCES)(self._read)
        self._map = lru_cache(KEPT_MAPS)(self._read_map)

    @property
    def state(self) -> Hashable:
        return self._terms.readers.state

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
        rows = self._terms.readers.rows(sql, (url,))
        return [self._map(row[0], self.state) for row in rows]

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        urls = dict.fromkeys(held.edition.url for held in self._terms.every() if not held.edition.supplements)
        return ((url, self.versions(url)) for url in urls)

    def _editions(self, url: str) -> list[Held]:
        return [held for held in self._terms.held(url) if not held.edition.supplements]

    def _made(self, number: int, url: str, state: Hashable) -> StoredSystem:  # noqa: ARG002 - the key of the cache
        edition = next(held.edition for held in self._terms.held(url) if held.number == number)
        return StoredSystem(self._terms.readers, number, edition, url)

    def _resources(self, kind: str, url: str) -> list[tuple[str, int]]:
        sql = "SELECT version, id FROM resource WHERE kind = ? AND url = ?"
        return [(version, number) for version, number in self._terms.readers.rows(sql, (kind, url))]

    def _read(self, number: int, state: Hashable) -> Json:  # noqa: ARG002 - the key of the cache
        body = self._terms.readers.rows("SELECT body FROM resource WHERE id = ?", (number,))[0][0]
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
        return newest(self._versions.get(("CodeSystem", url), ()))

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        return self._system(url, version or "")

    def supplements(self, url: str, version: str | None = None) -> Sequence[CodeSystem]:  # noqa: ARG002
        """None of the guides has any."""
        return ()

    def value_set_versions(self, url: str) -> Sequence[str]:
        return newest(self._versions.get(("ValueSet", url), ()))

    def value_set(self, url: str, version: str | None = None) -> Json | None:
        found = self._guides.find(f"{url}|{version}" if version else url)
        return found if found and found["resourceType"] == "ValueSet" else None

    def concept_maps(self, url: str | None = None) -> Sequence[ConceptMap]:
        if self._maps is None:
            self._maps = [ResourceConceptMap(one) for one in self._guides.all("ConceptMap")]
        return [one for one in self._maps if url in (None, one.url)]

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        urls = [url for kind, url in self._versions if kind == "CodeSystem"]
        return ((url, found) for url in urls if (found := self.versions(url)))

    def _made(self, url: str, version: str) -> ResourceCodeSystem | None:
        if ("CodeSystem", url) not in self._versions:
            return None
        found = self._guides.find(f"{url}|{version}" if version else url)
        if found is None or found["resourceType"] != "CodeSystem" or found.get("content") == "not-present":
            return None
        return ResourceCodeSystem(found)
