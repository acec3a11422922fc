"""Interned names: types, parameters, terms and persons as small integers.

The writer's tables grow only inside the keeper; readers look numbers up on their own connection, so a reader
sees a name no earlier than the commit that made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw

REMEMBERED = 1_000_000


class Interned:
    """The writer's view. What a refused job had added is forgotten again by `forget`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[Any, ...], int] = {}

    def type(self, name: str) -> int:
        return self._number(
            ("type", name), "SELECT no FROM type WHERE name = ?", "INSERT INTO type (name) VALUES (?)"
        )

    def param(self, type_no: int, code: str) -> int:
        return self._number(
            ("param", type_no, code),
            "SELECT no FROM param WHERE type = ? AND code = ?",
            "INSERT INTO param (type, code) VALUES (?, ?)",
        )

    def term(self, param: int, code: str, system: str) -> int:
        return self._number(
            ("term", param, code, system),
            "SELECT no FROM term WHERE param = ? AND code = ? AND system = ?",
            "INSERT INTO term (param, code, system) VALUES (?, ?, ?)",
        )

    def person(self, patient: str) -> int:
        return self._number(
            ("person", patient),
            "SELECT no FROM person WHERE patient = ?",
            "INSERT INTO person (patient) VALUES (?)",
        )

    def keep(self) -> None:
        """The group is committed: what it added is true. A memory grown too large is begun anew."""
        if len(self._known) > REMEMBERED:
            self._known.clear()

    def forget(self) -> None:
        """Something was rolled back. All is forgotten: which numbers it took with it cannot be told from here."""
        self._known.clear()

    def _number(self, key: tuple[Any, ...], select: str, insert: str) -> int:
        number = self._known.get(key)
        if number is not None:
            return number
        values = key[1:]
        found = next(self._connection.execute(select, values), None)
        if found is None:
            self._connection.execute(insert, values)
            number = int(self._connection.last_insert_rowid())
        else:
            number = int(found[0])
        self._known[key] = number
        return number


class Names:
    """A reader's view over one connection: numbers that exist, or None."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def type(self, name: str) -> int | None:
        return self._one("SELECT no FROM type WHERE name = ?", name)

    def param(self, type_no: int, code: str) -> int | None:
        return self._one("SELECT no FROM param WHERE type = ? AND code = ?", type_no, code)

    def terms(self, param: int, system: str | None, code: str) -> list[int]:
        """Terms that a token may mean: any system where `system` is None, any code of it where `code` is empty."""
        if system is None:
            return self._all("SELECT no FROM term WHERE param = ? AND code = ?", param, code)
        if code == "":
            return self._all("SELECT no FROM term WHERE param = ? AND system = ?", param, system)
        return self._all(
            "SELECT no FROM term WHERE param = ? AND code = ? AND system = ?", param, code, system
        )

    def references(self, param: int, record_id: str) -> list[int]:
        """Terms of a reference whose type is not said: `id` under any type."""
        sql = "SELECT no FROM term WHERE param = ? AND system = '' AND (code = ? OR code LIKE '%/' || ?)"
        return self._all(sql, param, record_id, record_id)

    def persons(self, patients: Iterable[str]) -> list[int]:
        found = (
            self._one("SELECT no FROM person WHERE patient = ?", patient) for patient in sorted(patients)
        )
        return [number for number in found if number is not None]

    def _one(self, sql: str, *values: object) -> int | None:
        row = next(self._connection.execute(sql, values), None)
        return None if row is None else int(row[0])

    def _all(self, sql: str, *values: object) -> list[int]:
        return [int(number) for (number,) in self._connection.execute(sql, values)]
