"""Make the data of the system for epidemic prevention from the publishers' files.

    python tools/distil_watch.py FOLDER     the folder that holds rods_*.csv and taiwan_dengue_2015_village_daily.csv

The weekly files keep the publisher's columns and rows, in the order of week, county and age, so that a newer file loads
over them. Of the dengue file the columns that can be computed again are left out.
"""

import csv
import gzip
import sys
from collections import Counter
from datetime import date
from pathlib import Path

SYSTEM = Path(__file__).parents[1] / "src" / "camphora" / "systems" / "smart_epidemic_prevention" / "data"
WEEK_1 = date(2015, 1, 4)
"""The Sunday on which week 1 of 2015 begins."""


def main(folder):
    _weekly(folder / "rods_ili_ed_visits_2007_2023w26.csv", "ili_visits")
    _weekly(folder / "rods_enterovirus_ed_visits.csv", "enterovirus_visits")
    _dengue(folder / "taiwan_dengue_2015_village_daily.csv")


def _weekly(path, name):
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    year, week, age, county = map(header.index, ("年", "週", "年齡別", "縣市"))
    rows.sort(key=lambda row: (int(row[year]), int(row[week]), row[county], row[age]))
    _write(name, header, rows)


def _dengue(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        _, *rows = list(csv.reader(file))
    _write("dengue_2015", ["日期", "村里代碼", "病例數"], sorted([row[0], row[1], row[3]] for row in rows))
    _dengue_weekly((row[0], row[1], int(row[3])) for row in rows)


def _dengue_weekly(rows):
    """By CDC week and county; the first two digits of a municipality's code, the first five of a county's."""
    counts = Counter()
    for day, village, cases in rows:
        at = (date.fromisoformat(day) - WEEK_1).days // 7 + 1
        county = f"{village[:2]}000" if village.startswith("6") else village[:5]
        counts[(2015, at, county) if at else (2014, 53, county)] += cases
    lines = [f"{year},{week},{county},{cases}\n" for (year, week, county), cases in sorted(counts.items())]
    (SYSTEM / "dengue_weekly.csv").write_text("".join(["year,week,county,cases\n", *lines]), "utf-8")


def _write(name, header, rows):
    SYSTEM.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{','.join(row)}\n" for row in [header, *rows])
    (SYSTEM / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
