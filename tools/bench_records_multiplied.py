"""Ten million Observations to count, of a store that was loaded: `python tools/bench_records_multiplied.py FOLDER 5`.

The rows of all Observations that are not notifiable, in every index, are copied five times under numbers of their own;
loading as many takes hours. What is counted and searched are rows as any other. A copy's body is its original's and
the change log does not know it: the store serves to be measured, and for nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import apsw

NOTIFIABLE = 1 << 62
PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -1000000")
COPIED = {
    "span": "record + ?, param, low, high",
    "amount": "record + ?, param, unit, low, high",
    "pair": "record + ?, param, first, second, low, high, third_low, third_high",
    "pointing": "target, record + ?",
    "labelled": "record + ?, rule",
    "posting": "term, record + ?",
    "content": "record + ?, digest, keys, body",
}
"""What a row of each table is, by the number of its record."""
RECORD = "no + ?, type, id || '-' || ?, version, person, main_date, updated, labels, deleted, main_length FROM record"


def multiplied(path: Path, times: int) -> Iterator[int]:
    """How many Observations there are after each copy. The file is not fit for use where it is broken off."""
    store = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    for pragma in PRAGMAS:
        list(store.execute(f"PRAGMA {pragma}"))
    ((kind,),) = store.execute("SELECT no FROM type WHERE name = 'Observation'")
    ((top,),) = store.execute("SELECT max(no) FROM record")
    list(store.execute("BEGIN"))
    list(store.execute("CREATE TEMP TABLE those (no INTEGER PRIMARY KEY)"))
    plain = "SELECT no FROM record WHERE type = ? AND labels < ?"
    list(store.execute(f"INSERT INTO those {plain}", (kind, NOTIFIABLE)))
    for number in range(1, times + 1):
        further = number * top
        list(store.execute(f"INSERT INTO record SELECT {RECORD} WHERE no IN those", (further, number)))
        for table, row in COPIED.items():
            sql = f"INSERT INTO {table} SELECT {row} FROM {table} WHERE record IN those"
            list(store.execute(sql, (further,)))
        ((there,),) = store.execute("SELECT count(*) FROM record WHERE type = ?", (kind,))
        yield there
    list(store.execute("COMMIT"))
    store.close()


if __name__ == "__main__":
    for counted in multiplied(Path(sys.argv[1]) / "records.sqlite", int(sys.argv[2])):
        sys.stdout.write(f"{counted} Observations\n")
