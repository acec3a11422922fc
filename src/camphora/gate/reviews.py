"""異常調閱之判定: what the privacy officer judged of unusual reading, and the register of well-known persons.

Judgements are only ever added: the file itself refuses to change or remove one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import apsw
import orjson

from camphora.errors import Invalid, NotFound
from camphora.gate.state import State, now

Verdict = Literal["reasonable", "explain", "improper"]
"""合理, 需說明, 不當."""
LONGEST = 1000
SCHEMA = """
CREATE TABLE IF NOT EXISTS reading_judged (
  no INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, officer TEXT NOT NULL, reader TEXT NOT NULL,
  verdict TEXT NOT NULL, note TEXT NOT NULL, kinds TEXT NOT NULL, receipts TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS reading_judged_reader ON reading_judged (reader);
CREATE TRIGGER IF NOT EXISTS reading_judged_stays BEFORE UPDATE ON reading_judged
  BEGIN SELECT RAISE(ABORT, 'judgements are only added'); END;
CREATE TRIGGER IF NOT EXISTS reading_judged_kept BEFORE DELETE ON reading_judged
  BEGIN SELECT RAISE(ABORT, 'judgements are only added'); END;
CREATE TABLE IF NOT EXISTS well_known (
  no INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL, why TEXT NOT NULL, officer TEXT NOT NULL,
  since INTEGER NOT NULL, ended INTEGER
);
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgement of a reader's reading: the kinds of findings and the receipts on which it rests."""

    no: int
    at: int
    officer: str
    reader: str
    verdict: str
    note: str
    kinds: tuple[str, ...]
    receipts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WellKnown:
    """A person whose records draw the curious, as the privacy officer entered them. `person`: a Patient id."""

    no: int
    person: str
    why: str
    officer: str
    since: int


class Reviews:
    """Keeps judgements and the register."""

    def __init__(self, state: State) -> None:
        self._state = state
        state.change(lambda connection: connection.execute(SCHEMA))

    def judge(
        self, officer: str, reader: str, said: tuple[str, str], kinds: Sequence[str], receipts: Sequence[int]
    ) -> None:
        """Add a judgement; `said`: the verdict and a comment, which only 合理 may lack. Invalid `gate-judgement`
        where it is none."""
        verdict, note = said[0], said[1].strip()
        if verdict not in get_args(Verdict) or len(note) > LONGEST or (verdict != "reasonable" and not note):
            raise Invalid("gate-judgement", longest=LONGEST)
        values = (now(), officer, reader, verdict, note, orjson.dumps(kinds), orjson.dumps(receipts))
        self._state.change(
            lambda connection: connection.execute(
                "INSERT INTO reading_judged (at, officer, reader, verdict, note, kinds, receipts)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        )

    def judged(self, reader: str | None = None) -> list[Judged]:
        """What was judged, the newest first; of one reader where one is named."""
        rows = self._state.rows(
            "SELECT no, at, officer, reader, verdict, note, kinds, receipts FROM reading_judged"
            " WHERE ? IS NULL OR reader = ? ORDER BY no DESC",
            reader,
            reader,
        )
        return [
            Judged(
                no, at, officer, who, verdict, note, tuple(orjson.loads(kinds)), tuple(orjson.loads(receipts))
            )
            for no, at, officer, who, verdict, note, kinds, receipts in rows
        ]

    def enter(self, officer: str, person: str, why: str) -> None:
        """Enter a person into the register of well-known persons."""
        why = why.strip()
        if not why or len(why) > LONGEST:
            raise Invalid("gate-well-known", longest=LONGEST)
        values = (person, why, officer, now())

        def job(connection: apsw.Connection) -> None:
            sql = "INSERT INTO well_known (person, why, officer, since) VALUES (?, ?, ?, ?)"
            connection.execute(sql, values)

        self._state.change(job)

    def end(self, number: int) -> WellKnown:
        """Take an entry out of the register; it stays in the file with its end."""
        found = next((one for one in self.well_known() if one.no == number), None)
        if found is None:
            raise NotFound("gate-no-entry")
        self._state.change(
            lambda connection: connection.execute(
                "UPDATE well_known SET ended = ? WHERE no = ?", (now(), number)
            )
        )
        return found

    def well_known(self) -> list[WellKnown]:
        """Who is in the register now."""
        sql = "SELECT no, person, why, officer, since FROM well_known WHERE ended IS NULL ORDER BY no"
        return [WellKnown(*row) for row in self._state.rows(sql)]
