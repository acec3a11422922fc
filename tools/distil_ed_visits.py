"""Weekly emergency visits by county from the two open files of Taiwan CDC, all ages added, as small tables.

`python tools/distil_ed_visits.py ILI.csv ENTEROVIRUS.csv` writes tests/methods/data/open. The source lists few zeros:
an absent county-week is 0, but for the weeks before a county's first report, which are empty (missing). Keys that
occur twice are added. 臺 and 台 are one county. Weeks are numbered by the source with 53 weeks in 2009, 2014 and
2020 (neither ISO nor CDC), so here they run on from Sunday 2006-12-31.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "tests/methods/data/open"
LONG_YEARS = (2009, 2014, 2020)
START = date(2006, 12, 31)


def week_of() -> dict[tuple[int, int], int]:
    """The number of each (year, week) of the source, from 0."""
    keys = [(year, week) for year in range(2007, 2024) for week in range(1, 53 + (year in LONG_YEARS))]
    return {key: number for number, key in enumerate(keys)}


def table(source: Path) -> tuple[list[str], list[list[str]]]:
    number = week_of()
    found: dict[str, dict[int, int]] = {}
    with source.open(encoding="utf-8-sig", newline="") as file:
        for year, week, _, county, visits in list(csv.reader(file))[1:]:
            weeks = found.setdefault(county.replace("臺", "台"), {})
            at = number[int(year), int(week)]
            weeks[at] = weeks.get(at, 0) + int(visits)
    last = max(max(weeks) for weeks in found.values())
    counties = sorted(found)
    rows = []
    for at in range(last + 1):
        row = [(START + timedelta(weeks=at)).isoformat()]
        row += [str(found[name].get(at, 0)) if at >= min(found[name]) else "" for name in counties]
        rows.append(row)
    return ["week", *counties], rows


def write(name: str, header: list[str], rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    HERE.mkdir(parents=True, exist_ok=True)
    (HERE / f"{name}.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


if __name__ == "__main__":
    for topic, path in zip(("ili", "enterovirus"), sys.argv[1:], strict=True):
        write(f"ed_visits_{topic}", *table(Path(path)))
