"""Which cases and illnesses the rows of a list have named so far."""

from __future__ import annotations

from typing import Any, NamedTuple

from camphora.formats.aside import Aside

SCHEMA = """
CREATE TABLE seen (name BLOB PRIMARY KEY, line INTEGER, said BLOB) WITHOUT ROWID;
CREATE TABLE illness (name BLOB, line INTEGER, day TEXT, PRIMARY KEY (name, line)) WITHOUT ROWID"""


class Earlier(NamedTuple):
    """The line that named the case first, and whether it says the same."""

    line: int
    same: bool


class Seen(Aside):
    """The rows so far, by hashes."""

    def __init__(self) -> None:
        super().__init__(SCHEMA)

    def case(self, key: str, line: int, said: str) -> Earlier | None:
        """The line that named this case before; else None, and this line is the one."""
        name, content = self.name(key), self.name(said)
        found = self.disk.execute("SELECT line, said FROM seen WHERE name = ?", (name,)).fetchone()
        if found:
            return Earlier(found[0], found[1] == content)
        self.disk.execute("INSERT INTO seen VALUES (?, ?, ?)", (name, line, content))
        return None

    def illnesses(self, key: str, line: int, day: str) -> list[tuple[int, str]]:
        """The lines, each with its day of onset, that told of the person and the disease before; this one is noted."""
        name = self.name(key)
        earlier: Any = self.disk.execute(
            "SELECT line, day FROM illness WHERE name = ? ORDER BY line", (name,)
        )
        found = [(int(line), str(of)) for line, of in earlier]
        self.disk.execute("INSERT INTO illness VALUES (?, ?, ?)", (name, line, day))
        return found
