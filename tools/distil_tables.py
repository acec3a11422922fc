"""Make the bundled open tables from their published files.

    python tools/distil_tables.py FOLDER

FOLDER holds, as published:
  population_township_age_sex_2015-11.csv, population_village_2021-03.csv, village_codes.csv, villages.csv
      from kiang/tw_population (commit d6c255e88269781b1d8092681f87422c88dec149): city/2015/11.csv,
      docs/cunli/2021/03.csv, cunli_code.csv, villages.csv. MIT; data of the Ministry of the Interior,
      Open Government Data License Taiwan 1.0.
  nurse_ratio_by_hospital_11207_11312.csv
      monthly figures of the NHI Administration to ROC 113/12 (Open Government Data License Taiwan 1.0), taken from
      the sheets 急性一般 collected in ycchou/transparent-nursing (commit a3ba573d115b235047ff8105774ffcef4ac99fb4).

Changes: long form; 台 becomes 臺 in place names; 頭份 and 員林 are called cities, as they are since 2015; village
names written with private-use signs are taken from the source that writes them in Unicode. No figure is changed.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1] / "src/camphora"
TABLES = ROOT / "tables/data"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A gzipped CSV whose bytes depend on its rows only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        lines = [header, *sorted(rows)]
        text = "".join(",".join(quoted(cell) for cell in line) + "\n" for line in lines)
        packed.write(text.encode())
    print(f"{path.relative_to(ROOT)}: {len(lines) - 1:,} rows, {path.stat().st_size:,} bytes")


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\r\n') else cell


def official(name: str) -> str:
    name = name.replace("台", "臺")
    return name.replace("苗栗縣頭份鎮", "苗栗縣頭份市").replace("彰化縣員林鎮", "彰化縣員林市")


def town_code(short: str) -> str:
    """The eight digits (county 5, township 3) of a seven-digit code: 6500100 → 65000010, 1000201 → 10002010."""
    return f"{short[:2]}000{short[3:5]}0" if short[0] == "6" else f"{short}0"


def split(area: str) -> tuple[str, str]:
    """新北市板橋區 → 新北市, 板橋區; every county's name has three signs."""
    name = official(area)
    return name[:3], name[3:]


def people(folder: Path) -> Iterator[Sequence[str]]:
    for row in read(folder / "population_township_age_sex_2015-11.csv"):
        if len(row["代碼"]) != 7:
            continue
        county, town = split(row["區域"])
        for key, persons in row.items():
            if found := re.fullmatch(r"(\d+)歲(?:以上)?-([男女])", key):
                sex = "male" if found[2] == "男" else "female"
                yield town_code(row["代碼"]), county, town, sex, found[1].zfill(3), persons


def unicode_name(*names: str) -> str:
    """The first name without private-use signs, which other systems cannot show."""
    plain = [name for name in names if name and not any(unicodedata.category(sign) == "Co" for sign in name)]
    return (plain or [name for name in names if name])[0]


def villages(folder: Path) -> dict[str, Sequence[str]]:
    """By code (65000010-001): both other spellings, names, and which editions have it."""
    older = {
        f"{town_code(r['村里代碼'][:7])}{r['村里代碼'][7:]}": r for r in read(folder / "village_codes.csv")
    }
    joined = {row["id"]: row for row in read(folder / "villages.csv")}
    newer = {row["村里代碼"]: row for row in read(folder / "population_village_2021-03.csv")}
    found = {}
    for code in older.keys() | joined.keys() | newer.keys():
        old, new, both = older.get(code, {}), newer.get(code, {}), joined.get(code, {})
        name = unicode_name(both.get("name", ""), new.get("村里", ""), old.get("村里名稱", ""))
        area = new.get("區域") or both["county"] + both["town"]
        short = old.get("村里代碼", "")
        found[code] = (code, code.replace("-", ""), short, *split(area), name, "yes" if new else "no")
    return found


def village_people(folder: Path, names: dict[str, Sequence[str]]) -> Iterator[Sequence[str]]:
    keys = ("戶數", "人口", "男性人口", "女性人口", "未滿15歲", "15-64歲", "超過64歲")
    for row in read(folder / "population_village_2021-03.csv"):
        code = row["村里代碼"]
        yield code, *names[code][3:6], *(row[key] for key in keys)


def nurse_ratios(folder: Path) -> Iterator[Sequence[str]]:
    for row in read(folder / "nurse_ratio_by_hospital_11207_11312.csv"):
        yield tuple(row.values())


def main(folder: Path) -> None:
    columns = ("township", "county_name", "township_name", "sex", "age", "persons")
    write(TABLES / "population_township.csv.gz", columns, people(folder))
    names = villages(folder)
    columns = (
        "village",
        "village_joined",
        "village_short",
        "county_name",
        "township_name",
        "village_name",
        "in_2021",
    )
    write(TABLES / "village.csv.gz", columns, names.values())
    columns = (
        "village",
        "county_name",
        "township_name",
        "village_name",
        "households",
        "persons",
        "male",
        "female",
    )
    columns += ("under_15", "aged_15_64", "over_64")
    write(TABLES / "population_village.csv.gz", columns, village_people(folder, names))
    columns = ("hospital_code", "branch", "name", "level", "month_roc", "day", "evening", "night")
    write(ROOT / "systems/nurse_ratio/data/nurse_ratio.csv.gz", columns, nurse_ratios(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
