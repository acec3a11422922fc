"""Write the places of Taiwan that addresses are read by: counties, townships, postcodes and villages.

    python tools/distil_places.py OPEN

OPEN holds `villages.csv` and `docs/bdmd/2026/06/data.csv` (as `vital_events_village_2026-06.csv`) of
github.com/kiang/tw_population at d6c255e (MIT; data of the Ministry of the Interior, Open Government Data License,
version 1.0). Postcodes are those of TW Core 0.3.2, CodeSystem postal-code3-tw (CC0-1.0), as the package carries it.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections import defaultdict
from pathlib import Path

from camphora.fhir.packages import package

TARGET = Path(__file__).resolve().parent.parent / "src/camphora/fhir/taiwan/places.csv.gz"
SHARED = {"新竹市": "300", "嘉義市": "600"}
"""Cities of which every district has one postcode."""
RENAMED = {"彰化縣員林鎮": "彰化縣員林市", "苗栗縣頭份鎮": "苗栗縣頭份市"}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def postcodes() -> dict[str, str]:
    """Postcode by county and township."""
    systems = package("tw.gov.mohw.twcore").definitions("CodeSystem")
    (system,) = (one for one in systems if one["url"].endswith("/postal-code3-tw"))
    return {concept["display"]: concept["code"] for concept in system["concept"]}


def villages(folder: Path) -> dict[str, list[str]]:
    """The villages of a township: those of 2026-06 first, then names that only the older list has."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows_of(folder / "vital_events_village_2026-06.csv"):
        found[official(row["區域別"])][row["村里名稱"]] = None
    for row in rows_of(folder / "villages.csv"):
        found[official(row["county"] + row["town"])][row["name"]] = None
    kept = {town: [name for name in names if written(name)] for town, names in found.items()}
    return {town: names for town, names in sorted(kept.items()) if names}


def official(town: str) -> str:
    name = town.replace("　", "").replace(" ", "").replace("台", "臺")
    return RENAMED.get(name, name)


def written(name: str) -> bool:
    """Whether every character of the name is one of Unicode's own; some lists hold private ones."""
    return not any("\ue000" <= sign <= "\uf8ff" or sign >= "\U000f0000" for sign in name)


def main(folder: Path) -> None:
    codes, out = postcodes(), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["county", "town", "postcode", "villages"])
    for name, names in villages(folder).items():
        county, town = name[:3], name[3:]
        code = SHARED.get(county) or codes.get(name)
        if not code:
            sys.exit(f"no postcode: {name}")
        writer.writerow([county, town, code, " ".join(names)])
    TARGET.write_bytes(gzip.compress(out.getvalue().encode(), 9, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
