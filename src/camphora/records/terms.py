"""Interned names: types, parameters, terms and persons as small integers.

The writer's tables grow only inside the keeper; readers look numbers up on their own connection, so a reader
sees a name no earlier than the commit that made it. What a term is for each kind of parameter stands with its table
(sql/0011-form.sql).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw

from camphora.fhir.folding import fold

REMEMBERED = 250_000
"""So many names are remembered, some 300 bytes each; then the memory starts anew."""
LAST = "\U0010ffff"
"""Behind every text that begins with what stands before it."""


class Interned:
    """The writer's view. What a refused job had added is forgotten again by `forget`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[Any, ...], int] = {}
        self._rows: dict[str, dict[Any, Any]] = {}

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

    def text(self, text: str) -> int:
        return self._number(
            ("text", text), "SELECT no FROM text WHERE text = ?", "INSERT INTO text (text) VALUES (?)"
        )

    def term(self, param: int, code: str, system: str) -> int:
        return self._found(
            (param, code, self.text(system)),
            "SELECT no FROM term WHERE param = ? AND code = ? AND system = ?",
            "INSERT INTO term (param, code, system) VALUES (?, ?, ?)",
        )

    def of_type(self, name: str) -> dict[Any, Any]:
        """A memory for whoever makes rows of this type: forgotten with the numbers on which it rests."""
        found = self._rows.get(name)
        if found is None:
            found = self._rows[name] = {}
        return found

    def person(self, patient: str) -> int:
        return self._number(
            ("person", patient),
            "SELECT no FROM person WHERE patient = ?",
            "INSERT INTO person (patient) VALUES (?)",
        )

    def keep(self) -> None:
        """The group is committed: what it added is true. A memory grown too large is begun anew."""
        if len(self._known) + sum(map(len, self._rows.values())) > REMEMBERED:
            self.forget()

    def forget(self) -> None:
        """Something was rolled back. All is forgotten: which numbers it took with it cannot be told from here."""
        self._known.clear()
        self._rows.clear()

    def _number(self, key: tuple[Any, ...], select: str, insert: str) -> int:
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = self._found(key[1:], select, insert)
        return number

    def _found(self, values: tuple[Any, ...], select: str, insert: str) -> int:
        """The number of these values. Most that are not remembered are new, so they are inserted first."""
        self._connection.execute(f"{insert} ON CONFLICT DO NOTHING", values)
        if self._connection.changes():
            return int(self._connection.last_insert_rowid())
        (number,) = next(self._connection.execute(select, values))
        return int(number)


class Names:
    """A reader's view over one connection: numbers that exist, or None."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def type(self, name: str) -> int | None:
        return self._one("SELECT no FROM type WHERE name = ?", name)

    def param(self, type_no: int, code: str) -> int | None:
        return self._one("SELECT no FROM param WHERE type = ? AND code = ?", type_no, code)

    def text(self, text: str) -> int | None:
        """The number of a code system, of a type that references name, or of a spelling."""
        return self._one("SELECT no FROM text WHERE text = ?", text)

    def terms(self, param: int, system: str | None, code: str) -> list[int]:
        """Terms that a token, uri or reference may mean: any system (type) where `system` is None, any code of it where
        `code` is empty. An address that a reference holds is asked by the system ""."""
        if system is None:
            return self._all("SELECT no FROM term WHERE param = ? AND code = ?", param, code)
        number = self.text(system)
        if number is None:
            return []
        if code == "":
            return self._all("SELECT no FROM term WHERE param = ? AND system = ?", param, number)
        return self._all(
            "SELECT no FROM term WHERE param = ? AND code = ? AND system = ?", param, code, number
        )

    def references(self, param: int, record_id: str) -> list[int]:
        """Terms of a reference whose type is not said: `id` under any type."""
        return self.terms(param, None, record_id)

    def starting(self, param: int, text: str) -> list[int]:
        """Terms of a string whose folded text begins so; of a uri, whose address does (`:below`)."""
        sql = "SELECT no FROM term WHERE param = ? AND code >= ? AND code < ?"
        return self._all(sql, param, text, text + LAST)

    def containing(self, param: int, text: str) -> list[int]:
        """Terms of a string whose folded text has this in it: a scan over the parameter's terms."""
        return self._all("SELECT no FROM term WHERE param = ? AND instr(code, ?) > 0", param, text)

    def folded(self, param: int, text: str) -> list[int]:
        """Terms of a string whose folded text is this one, however it is spelled."""
        return self.terms(param, None, text)

    def exactly(self, param: int, text: str) -> list[int]:
        """Terms of a string that is spelled so (`:exact`)."""
        folded = fold(text)
        return self.terms(param, "" if folded == text else text, folded)

    def above(self, param: int, address: str) -> list[int]:
        """Terms of a uri with which this address begins, itself among them (`:above`): a scan over the terms."""
        return self._all(
            "SELECT no FROM term WHERE param = ? AND substr(?, 1, length(code)) = code", param, address
        )

    def units(self, type_no: int, code: str, unit: str) -> list[int]:
        """The numbers in `amount` and `pair` under which quantities of a parameter lie that have this unit, written as
        `fhir.amounts` does. "" is any unit at all: then of those as they were given, each amount at least once."""
        param = self.param(type_no, f"{code}#unit")
        if unit == "":
            return [0, *(self.starting(param, "|") if param is not None else [])]
        return [] if param is None else self.terms(param, "", unit)

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
