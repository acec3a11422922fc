# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""Reading a terminology file: look up, validate, search. Safe to share between threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from camphora.errors import Lang, NotFound
from camphora.formats.fold import fold
from camphora.terminology.build import Progress, build, bundled_digest
from camphora.terminology.file import Readers, version_of
from camphora.terminology.operations.canonicals import canonical, order
from camphora.terminology.words import Wanted, id_range
from camphora.terminology.writing import Edition

EDITION = (
    "url", "version", "zh", "en", "licence", "source", "count", "family", "language", "content", "supplements",
    "about", "digest", "tree",
)  # fmt: skip
TERM = "edition, code, zh, en, display, status, inactive, more"


@dataclass(frozen=True, slots=True)
class Term:
    """A code of one edition as people look it up. `more` holds the further properties that the source gives."""

    system: str
    version: str
    code: str
    zh: str
    en: str
    status: str = "active"
    more: Mapping[str, str] = field(default_factory=dict)
    active: bool = True

    def display(self, lang: Lang) -> str:
        """The name in a language; in the other one where the source has no such name; the code where it has none."""
        first, second = (self.zh, self.en) if lang == "zh-TW" else (self.en, self.zh)
        return first or second or self.code


@dataclass(frozen=True, slots=True)
class Plain:
    """Our own plain name of a code, marked as ours; it belongs to no edition."""

    system: str
    code: str
    zh: str
    en: str
    kind: str


@dataclass(frozen=True, slots=True)
class Held:
    """An edition with its number in the file."""

    number: int
    edition: Edition


@dataclass(frozen=True, slots=True)
class Contents:
    """The editions of each url, the newest first; other addresses and their url; supplements by what they add to."""

    state: int
    by_url: Mapping[str, list[Held]]
    aliases: Mapping[str, str]
    supplements: Mapping[str, list[Held]]


class Terminology:
    """An open terminology file. Each thread reads through a connection of its own, which cannot write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readers = Readers(path)
        self._kept: Contents | None = None

    @classmethod
    def build(cls, path: Path, progress: Progress | None = None) -> Terminology:
        """Build the file from the bundled tables and open it; what an older one held beyond them is kept."""
        build(path, progress)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Terminology:
        """Raises NotFound terminology-file, Invalid terminology-not-a-file, Fault terminology-newer-file."""
        if not path.is_file():
            raise NotFound("terminology-file", file=path.name)
        version_of(path)
        return cls(path)

    @classmethod
    def ready(cls, path: Path, progress: Progress | None = None) -> Terminology:
        """Open the file; build it first where it is missing, of an older schema, or built from other tables."""
        if path.is_file():
            terms = cls.open(path)
            if terms.digest == bundled_digest():
                return terms
            terms.close()
        return cls.build(path, progress)

    def close(self) -> None:
        self.readers.close()

    @property
    def digest(self) -> str:
        """Of what the file was built from; empty for a file of the first release."""
        if version_of(self.path) == 0:
            return ""
        return str(self.readers.rows("SELECT digest FROM built")[0][0])

    def systems(self) -> list[Edition]:
        """Every edition, by its zh-TW name, with the number of its concepts."""
        every = [held.edition for held in self.every()]
        return sorted(every, key=lambda edition: (edition.zh, edition.version, edition.url))

    def editions(self, system: str) -> list[Edition]:
        """The editions of a system, the newest first; also found by another address of the system."""
        return [held.edition for held in self.held(system)]

    def held(self, system: str, version: str | None = None) -> list[Held]:
        """The editions of a system with their numbers, the newest first."""
        held = self._read()
        found = held.by_url.get(held.aliases.get(system, system), [])
        return found if version is None else [one for one in found if one.edition.version == version]

    def lookup(self, system: str, code: str, version: str | None = None) -> Term | None:
        """The concept, from the named edition or the newest one; None where there is no such system or code."""
        for held in self.held(system, version)[:1]:
            sql = f"SELECT {TERM} FROM concept WHERE code = ? COLLATE NOCASE AND edition = ? AND code = ?"
            for row in self.readers.rows(sql, (code, held.number, code)):
                return self._supplemented(_term(held.edition, row))
        return None

    def _supplemented(self, term: Term) -> Term:
        """The concept, with names that it lacks from the supplements to its system."""
        sql = f"SELECT {TERM} FROM concept WHERE code = ? COLLATE NOCASE AND edition = ? AND code = ?"
        for held in self._read().supplements.get(term.system, ()):
            for row in self.readers.rows(sql, (term.code, held.number, term.code)):
                other = _term(held.edition, row)
                term = replace(term, zh=term.zh or other.zh, en=term.en or other.en)
        return term

    def _hit(self, edition: Edition, row: Sequence[Any]) -> Term:
        """A row as a search gives it: what a supplement says stands under the system that it supplements."""
        term = _term(edition, row)
        if edition.supplements:
            return self.lookup(canonical(edition.supplements).url, term.code) or term
        return term

    def concept(self, system: str, code: str, version: str | None = None) -> Term:
        """As `lookup`; raises NotFound terminology-no-system, -no-edition, -code-elsewhere (other editions of the
        system have it), -no-code."""
        found = self.lookup(system, code, version)
        if found is not None:
            return found
        edition = self.edition(system, version)
        others = [one.version for one in self.editions(system) if self.lookup(system, code, one.version)]
        if others:
            raise NotFound(
                "terminology-code-elsewhere", concept=code, url=system, version=edition.version,
                others=", ".join(others), other=others[0],
            )  # fmt: skip
        raise NotFound("terminology-no-code", concept=code, url=system)

    def edition(self, system: str, version: str | None = None) -> Edition:
        """The named edition of a system, or the newest. Raises NotFound terminology-no-system, -no-edition."""
        for held in self.held(system, version):
            return held.edition
        if version and self.held(system):
            raise NotFound("terminology-no-edition", url=system, version=version)
        raise NotFound("terminology-no-system", url=system)

    def validate(self, system: str, code: str, version: str | None = None) -> bool | None:
        """Whether the edition has the code; None where the system or edition is not held, so nothing can be said."""
        held = self.held(system, version)
        if not held:
            return None
        sql = "SELECT 1 FROM concept WHERE code = ? COLLATE NOCASE AND edition = ? AND code = ?"
        return bool(self.readers.rows(sql, (code, held[0].number, code)))

    def first(self, system: str, most: int, version: str | None = None, start: int = 0) -> list[Term]:
        """Concepts of the named edition of a system, or of its newest, from a place on in the edition's order:
        headings before what stands below them."""
        for held in self.held(system, version)[:1]:
            place = "low" if held.edition.tree else "id"
            wanted = "edition = ? AND id BETWEEN ? AND ?"
            sql = f"SELECT {TERM} FROM concept WHERE {wanted} ORDER BY {place} LIMIT ? OFFSET ?"
            rows = self.readers.rows(sql, (held.number, *id_range([held.number]), most, start))
            return [_term(held.edition, row) for row in rows]
        return []

    def family(self, system: str) -> list[Edition]:
        """The editions of this system and of those that are editions of the same classification, newest first."""
        families = {edition.family for edition in self.editions(system)}
        every = [edition for edition in self._numbers().values() if edition.family in families]
        return sorted(every, key=lambda edition: order(edition.version), reverse=True)

    def plain(self, system: str, code: str) -> Plain | None:
        """Our own plain name of the code, if there is one."""
        sql = "SELECT url, code, zh, en, kind FROM plain WHERE url = ? AND code = ?"
        found = self.readers.rows(sql, (system, code))
        return Plain(*found[0]) if found else None

    def search(
        self, text: str, system: str | None = None, limit: int = 20, version: str | None = None
    ) -> list[Term]:
        """Concepts whose code or names have every word, folded; of each system its newest edition, of the system
        named the version named.

        First the code itself, then what our plain names lead to, then codes and names that begin with the words,
        shorter names first. A plain name whose code system is not held comes with an empty version.
        """
        wanted, newest = Wanted.of(text), self._chosen(system, version)
        if not wanted.words:
            return []
        terms = self._ranked(wanted, newest, limit)
        exact = [term for term in terms if fold(term.code) == wanted.text]
        named = [] if version else self._by_plain_name(wanted, system)
        return _joined(exact, named, terms)[:limit]

    def _ranked(self, wanted: Wanted, newest: Mapping[int, Edition], limit: int) -> list[Term]:
        if not newest:
            return []
        condition, values = wanted.condition(id_range(list(newest)))
        ranked, ranks = wanted.order()
        marks = ",".join("?" * len(newest))
        sql = f"SELECT {TERM} FROM {wanted.source} WHERE {condition} AND edition IN ({marks}) ORDER BY {ranked} LIMIT ?"
        rows = self.readers.rows(sql, (*values, *newest, *ranks, limit))
        return [self._hit(newest[row[0]], row) for row in rows]

    def counts(self, text: str, system: str | None = None, version: str | None = None) -> dict[str, int]:
        """How many concepts a search finds in each system's newest edition, or in the one named; our plain names are
        not counted."""
        return {edition.url: n for edition, n in self._counted(text, self._chosen(system, version))}

    def elsewhere(self, text: str, system: str | None = None) -> list[tuple[Edition, int]]:
        """The editions of this system, or of all, that a search without a version does not look at and that have
        something of it, with how many."""
        newest = self._chosen(system, None)
        among = self.held(system) if system else self.every()
        others = {held.number: held.edition for held in among if held.number not in newest}
        return self._counted(text, others)

    def _counted(self, text: str, editions: Mapping[int, Edition]) -> list[tuple[Edition, int]]:
        wanted = Wanted.of(text)
        if not wanted.words or not editions:
            return []
        condition, values = wanted.condition(id_range(list(editions)))
        marks = ",".join("?" * len(editions))
        sql = (
            f"SELECT edition, count(*) FROM {wanted.source} WHERE {condition} AND edition IN ({marks})"
            " GROUP BY edition"
        )
        return [(editions[number], n) for number, n in self.readers.rows(sql, (*values, *editions))]

    def _by_plain_name(self, wanted: Wanted, system: str | None) -> list[Term]:
        contains = " AND ".join("instr(folded, ?) > 0" for _ in wanted.words)
        sql = f"SELECT url, code, zh, en, kind FROM plain WHERE {contains} ORDER BY length(folded), code"
        aliases = self._read().aliases
        url = aliases.get(system, system) if system else None
        rows = self.readers.rows(sql, wanted.words)
        return [
            self.lookup(own, code) or Term(own, "", code, zh, en, more={"kind": kind})
            for own, code, zh, en, kind in rows
            if url in (None, aliases.get(own, own))
        ]

    def _chosen(self, system: str | None, version: str | None) -> dict[int, Edition]:
        """By number the newest edition of each system; of the system named the version named, or the newest."""
        systems = [self.held(system, version)] if system else self._read().by_url.values()
        return {found[0].number: found[0].edition for found in systems if found}

    def every(self) -> list[Held]:
        """Every edition with its number in the file."""
        return [held for found in self._read().by_url.values() for held in found]

    def _numbers(self) -> dict[int, Edition]:
        return {held.number: held.edition for held in self.every()}

    def _read(self) -> Contents:
        """What is held; read again when the file has changed."""
        state = self.readers.state
        kept = self._kept
        if kept is None or kept.state != state:
            columns = ", ".join(EDITION).replace("count", "concepts")
            rows = self.readers.rows(f"SELECT id, {columns} FROM edition WHERE ready")
            aliases = dict(self.readers.rows("SELECT alias, url FROM alias"))
            by_url = _by_url(rows, aliases)
            supplements: dict[str, list[Held]] = {}
            for held in (held for found in by_url.values() for held in found if held.edition.supplements):
                supplements.setdefault(canonical(held.edition.supplements).url, []).append(held)
            kept = self._kept = Contents(state, by_url, aliases, supplements)
        return kept


def _by_url(rows: Iterable[Sequence[Any]], aliases: Mapping[str, str]) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for number, *values in rows:
        edition = Edition(**dict(zip(EDITION, values, strict=True)))
        own = tuple(alias for alias, leads in aliases.items() if leads == edition.url)
        found.setdefault(edition.url, []).append(Held(number, replace(edition, aliases=own)))
    for editions in found.values():
        editions.sort(key=lambda held: order(held.edition.version), reverse=True)
    return found


def _joined(*lists: list[Term]) -> list[Term]:
    return list({(item.system, item.code): item for items in lists for item in items}.values())


def _term(edition: Edition, row: Sequence[Any]) -> Term:
    _, code, zh, en, display, status, inactive, more = row
    if not zh and not en and display:
        en = display
    return Term(
        edition.url, edition.version, code, zh, en, status or "active", _properties(more), not inactive
    )


def _properties(more: str) -> dict[str, str]:
    """The properties of a concept as text; of several values the last."""
    found = orjson.loads(more).get("property", []) if more else []
    return {
        one["code"]: _text(value) for one in found for key, value in one.items() if key.startswith("value")
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("display") or value.get("code", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)
