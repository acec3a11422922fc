"""Reading a terminology file: look up, validate, search. Safe to share between threads."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import apsw

from camphora.errors import Lang, NotFound
from camphora.formats.fold import fold
from camphora.terminology.build import Edition, Progress, build, bundled_digest


@dataclass(frozen=True, slots=True)
class Concept:
    """A code of one edition. `more` holds the further properties that the source gives."""

    system: str
    version: str
    code: str
    zh: str
    en: str
    status: str = "active"
    more: Mapping[str, str] = field(default_factory=dict)

    def display(self, lang: Lang) -> str:
        """The name in a language; in the other one where the source has no such name; the code where it has none."""
        first, second = (self.zh, self.en) if lang == "zh-TW" else (self.en, self.zh)
        return first or second or self.code

    @property
    def active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Plain:
    """Our own plain name of a code, marked as ours; it belongs to no edition."""

    system: str
    code: str
    zh: str
    en: str
    kind: str


class Terminology:
    """An open terminology file. Each thread reads through a connection of its own, which cannot write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._lock = threading.Lock()

    @classmethod
    def build(cls, path: Path, progress: Progress | None = None) -> Terminology:
        """Build the file from the bundled tables and open it."""
        build(path, progress)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Terminology:
        """Raises NotFound terminology-file."""
        if not path.is_file():
            raise NotFound("terminology-file", file=path.name)
        return cls(path)

    @classmethod
    def ready(cls, path: Path, progress: Progress | None = None) -> Terminology:
        """Open the file; build it first where it is missing or was built from other tables."""
        if path.is_file():
            terms = cls.open(path)
            if terms.digest == bundled_digest():
                return terms
            terms.close()
        return cls.build(path, progress)

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @property
    def _connection(self) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection

    def _rows(self, sql: str, *values: object) -> list[Any]:
        return list(self._connection.execute(sql, values))

    @property
    def digest(self) -> str:
        try:
            return str(self._rows("SELECT digest FROM built")[0][0])
        except apsw.Error:
            return ""

    def systems(self) -> list[Edition]:
        """Every edition, by its zh-TW name, with the number of its concepts."""
        sql = "SELECT url, version, zh, en, licence, source, concepts FROM edition ORDER BY zh, version"
        names = ("url", "version", "zh", "en", "licence", "source", "count")
        return [Edition(**dict(zip(names, row, strict=True))) for row in self._rows(sql)]

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return dict(self._rows("SELECT alias, url FROM alias"))

    def _editions(self, system: str, version: str | None) -> list[tuple[int, str, str]]:
        """(id, url, version) of a system's editions, the newest first."""
        url = self._aliases.get(system, system)
        found = self._rows("SELECT id, url, version FROM edition WHERE url = ?", url)
        wanted = [row for row in found if version in (None, row[2])]
        return sorted(wanted, key=lambda row: _order(row[2]), reverse=True)

    def lookup(self, system: str, code: str, version: str | None = None) -> Concept | None:
        """The concept, from the named edition or the newest one; None where there is no such system or code."""
        for number, url, edition in self._editions(system, version)[:1]:
            sql = "SELECT code, zh, en, status, more FROM concept WHERE edition = ? AND code = ?"
            for row in self._rows(sql, number, code):
                return _concept(url, edition, row)
        return None

    def validate(self, system: str, code: str, version: str | None = None) -> bool | None:
        """Whether the edition has the code; None where the system or edition is not held, so nothing can be said."""
        if not self._editions(system, version):
            return None
        return self.lookup(system, code, version) is not None

    def plain(self, system: str, code: str) -> Plain | None:
        """Our own plain name of the code, if there is one."""
        found = self._rows(
            "SELECT url, code, zh, en, kind FROM plain WHERE url = ? AND code = ?", system, code
        )
        return Plain(*found[0]) if found else None

    def search(self, text: str, system: str | None = None, limit: int = 20) -> list[Concept]:
        """Concepts whose code or name contains every word, folded; of each system its newest edition.

        First the code itself, then what our plain names lead to, then names that begin with the words, shorter
        names first. A plain name whose code system is not held comes with an empty version. Every concept is
        looked at (about 20 ms for 100,000), since words of two signs, the usual length in Chinese, are too short
        for an index of three.
        """
        words = fold(text).split()
        if not words:
            return []
        newest = self._newest(system)
        contains = " AND ".join("instr(folded, ?) > 0" for _ in words)
        marks = ",".join("?" * len(newest))
        sql = f"""
            SELECT edition, code, zh, en, status, more FROM concept WHERE edition IN ({marks}) AND {contains}
            ORDER BY lower(code) <> ?, instr(folded, ?) <> length(code) + 2, length(folded), code LIMIT ?
        """  # noqa: S608 - only question marks are put in
        whole = " ".join(words)
        found = self._rows(sql, *newest, *words, whole, whole, limit)
        concepts = [_concept(*newest[row[0]], row[1:]) for row in found]
        exact = [concept for concept in concepts if concept.code.lower() == whole]
        return _joined(exact, self._by_plain_name(words, contains, system), concepts)[:limit]

    def _by_plain_name(self, words: list[str], contains: str, system: str | None) -> list[Concept]:
        sql = f"SELECT url, code, zh, en, kind FROM plain WHERE {contains} ORDER BY length(folded), code"  # noqa: S608
        url = self._aliases.get(system, system) if system else None
        found = [row for row in self._rows(sql, *words) if url in (None, self._aliases.get(row[0], row[0]))]
        return [
            self.lookup(url_, code) or Concept(url_, "", code, zh, en, more={"kind": kind})
            for url_, code, zh, en, kind in found
        ]

    def _newest(self, system: str | None) -> dict[int, tuple[str, str]]:
        """(url, version) by id of the newest edition of each system, or of the one named."""
        sql = "SELECT DISTINCT url FROM edition"
        urls = [system] if system else [row[0] for row in self._rows(sql)]
        tops = [found[0] for url in urls if (found := self._editions(url, None))]
        return {number: (url, version) for number, url, version in tops}


def _joined(*lists: list[Concept]) -> list[Concept]:
    return list({(item.system, item.code): item for items in lists for item in items}.values())


def _concept(url: str, version: str, row: tuple[str, ...]) -> Concept:
    code, zh, en, status, more = row
    return Concept(url, version, code, zh, en, status, json.loads(more) if more else {})


def _order(version: str) -> list[tuple[int, str]]:
    """So that 1.10 comes after 1.9, and 2024-05-27 after 2023-12-31."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.\-+]", version)]
