"""Distil the reference tables of the synthetic Taiwan from open data.

    python tools/distil_synth.py tables OPEN TWCORE     places, population, facilities, products, plain names
    uv run --with numpy python tools/distil_synth.py seeds     anchor weights (after any change of families.py)

OPEN holds two files of kiang/tw_population (commit d6c255e88269781b1d8092681f87422c88dec149; Ministry of
the Interior, Open Government Data License Taiwan 1.0): `population_township_age_sex_2015-11.csv`
(city/2015/11.csv) and `villages.csv`. TWCORE holds `nhi/pas-nhi-organization.csv`,
`nhi/pas-nhi-medication.csv` (code and display of the code lists of TWNHIFHIR/pas, commit
1982647c6b2a44e480c5915e9af6b1d51df0fecf, CC0-1.0) and
`twcore-0.3.2-terminology/CodeSystem-postal-code3-tw.json` (TW Core 0.3.2, CC0-1.0).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src/camphora/synth/data"
PLAIN_NAMES = ROOT / "src/camphora/terminology/data/plain_names.csv"
TWCORE_URL = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"

# Digits 3-4 of a facility code name the county as it was before the mergers of 2010.
COUNTY_OF_PREFIX = {
    "臺北市": ("01",), "高雄市": ("02", "07", "42"), "臺中市": ("03", "17", "36"),
    "臺南市": ("05", "21", "41"), "基隆市": ("11",), "新竹市": ("12",), "嘉義市": ("22",),
    "新北市": ("31",), "桃園市": ("32",), "新竹縣": ("33",), "宜蘭縣": ("34",), "苗栗縣": ("35",),
    "彰化縣": ("37",), "南投縣": ("38",), "雲林縣": ("39",), "嘉義縣": ("40",), "屏東縣": ("43",),
    "澎湖縣": ("44",), "花蓮縣": ("45",), "臺東縣": ("46",), "金門縣": ("90",), "連江縣": ("91",),
}  # fmt: skip
KEEP = {"hospital": 6, "clinic": 16, "dental": 5, "pharmacy": 6}
SPECIALISED = (
    "中醫|整形|醫美|美學|美容|皮膚|眼科|牙|骨科|婦|產|泌尿|復健|精神|身心|神經|外科|過敏|疼痛|腎|"
    "放射|檢驗|月子"
)
NOT_A_HOSPITAL = re.compile("居家|護理|監獄|附設.*門診部|療養|靜和|凱旋|精神|中醫|復健|社區|安養|長照|洗腎")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(name: str, header: list[str], rows: list[list[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    (DATA / name).write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def official(name: str) -> str:
    """The Ministry's writing: 臺 in the names of counties and 臺西鄉; 頭份 and 員林 are 市 since 2015."""
    return (
        name.replace("台北市", "臺北市")
        .replace("台中市", "臺中市")
        .replace("台南市", "臺南市")
        .replace("台東", "臺東")
        .replace("雲林縣台西鄉", "雲林縣臺西鄉")
        .replace("頭份鎮", "頭份市")
        .replace("員林鎮", "員林市")
    )


def population(source: Path) -> dict[str, list[int]]:
    """Counts by county+town: men and women of age 0, 1, … 100 and over. County totals (5 digits) are left out."""
    table: dict[str, list[int]] = {}
    with source.open(encoding="utf-8-sig", newline="") as file:
        for row in list(csv.reader(file))[1:]:
            if len(row[1]) == 7:
                table[official(row[2])] = [int(cell) for cell in row[7:]]
    return table


def places(open_data: Path, twcore: Path) -> dict[str, list[int]]:
    people = population(open_data / "population_township_age_sex_2015-11.csv")
    postal = json.loads(
        (twcore / "twcore-0.3.2-terminology/CodeSystem-postal-code3-tw.json").read_text("utf-8")
    )
    postcodes = {official(c["display"]): c["code"] for c in postal["concept"]}
    villages: dict[str, list[str]] = defaultdict(list)
    for row in rows_of(open_data / "villages.csv"):
        if re.fullmatch(r"[\u4e00-\u9fff]+[村里]", row["name"]):
            villages[official(row["county"] + row["town"])].append(row["name"])
    missing = [name for name in people if not villages[name] or not (name in postcodes or name[:3] in SHARED)]
    if missing:
        sys.exit(f"no villages or no postcode: {missing}")
    write(
        "places.csv.gz",
        ["county", "town", "postcode", "villages"],
        [[n[:3], n[3:], postcodes.get(n) or SHARED[n[:3]], " ".join(villages[n])] for n in people],
    )
    ages = [f"{sex}{age}" for age in range(101) for sex in "mf"]
    write("population.csv.gz", ["place", *ages], [[name, *counts] for name, counts in people.items()])
    return people


SHARED = {"新竹市": "300", "嘉義市": "600"}
"""Two cities have one three-digit postcode for all their districts."""


def kind_of(code: str, name: str) -> str | None:
    if "衛生所" in name or ("健康服務中心" in name and code[:2] == "23"):
        return "station"
    if re.search("醫院", name) and code[:2] in {"01", "02", "04", "05", "06", "09", "11", "13", "14", "15"}:
        return None if NOT_A_HOSPITAL.search(name) else "hospital"
    if name.endswith("牙醫診所"):
        return "dental"
    if code[:2] == "35" and re.search("(診所|家醫科診所|內科診所|耳鼻喉科診所|小兒科診所)$", name):
        return None if re.search(SPECIALISED, name) else "clinic"
    return "pharmacy" if name.endswith(("藥局", "藥師藥局")) else None


def spread(rows: list[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """`count` rows at even steps through the code order, which follows the townships."""
    step = max(1.0, len(rows) / count)
    return [rows[int(i * step)] for i in range(min(count, len(rows)))]


def facilities(twcore: Path) -> None:
    """Real facilities: all health stations, and per county some hospitals, clinics, dentists and pharmacies.

    The county comes from digits 3-4 of the code, the township from digits 3-6 where a health station, whose
    name holds its township, has the same four digits; else it is empty."""
    county_of = {prefix: county for county, prefixes in COUNTY_OF_PREFIX.items() for prefix in prefixes}
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    town_of: dict[str, str] = {}
    for row in rows_of(twcore / "nhi/pas-nhi-organization.csv"):
        code, name = row["code"], row["display"]
        county, kind = county_of.get(code[2:4]), kind_of(code, name)
        if county and kind:
            found[county, kind].append((code, name))
        if county and kind == "station":
            match = re.search("(?:..[縣市])?(.{1,4}[區鄉鎮市])(?:第.)?(?:衛生所|健康服務中心)", name)
            if match:
                town_of[code[2:6]] = match[1]
    kept: list[list[object]] = []
    for (county, kind), rows in sorted(found.items()):
        rows.sort()
        chosen = (
            rows if kind == "station" else leading(rows) if kind == "hospital" else spread(rows, KEEP[kind])
        )
        kept += [[code, name, county, town_of.get(code[2:6], ""), kind] for code, name in chosen]
    write("facilities.csv.gz", ["code", "name", "county", "town", "kind"], kept)


def leading(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The county's larger hospitals first: names of university, veterans, ministry and foundation hospitals."""
    marks = "附設醫院|榮民總醫院|衛生福利部|長庚|馬偕|慈濟|奇美|國泰|新光|基督教醫院|秀傳|綜合醫院|聯合醫院"
    ranked = sorted(rows, key=lambda row: (not re.search(marks, row[1]), row[0]))
    return ranked[: KEEP["hospital"]]


def products(twcore: Path) -> list[list[object]]:
    listed = rows_of(twcore / "nhi/pas-nhi-medication.csv")
    chosen: list[list[object]] = []
    for row in rows_of(DATA / "ingredients.csv"):
        pattern = re.compile(row["pattern"], re.IGNORECASE)
        found = sorted((x["code"], x["display"]) for x in listed if pattern.search(x["display"]))
        if not found:
            sys.exit(f"no product for {row['key']}")
        chosen += [[row["key"], *pair] for pair in spread(found, 3)]
    write("products.csv.gz", ["ingredient", "code", "name"], chosen)
    return chosen


def plain_names(chosen: list[list[object]]) -> None:
    """Our own plain names of every code that the synthetic Taiwan uses, for pages that show records."""
    rows: list[tuple[str, str, str, str, str]] = []
    for table, kind in (
        ("illnesses", "condition"),
        ("acute", "condition"),
        ("admissions", "condition"),
        ("life", "occasion"),
    ):
        rows += [
            (TWCORE_URL + "icd-10-cm-2023-tw", r["icd"], r["zh"], r["en"], kind)
            for r in rows_of(DATA / f"{table}.csv")
        ]
    for r in rows_of(DATA / "measurements.csv"):
        kind = "vital" if r["panel"] == "vital" else "laboratory"
        rows += [
            (s, c, r["zh"], r["en"], kind)
            for s, c in (
                ("http://loinc.org", r["loinc"]),
                (TWCORE_URL + "medical-service-payment-tw", r["fee"]),
            )
            if c
        ]
    rows += [
        ("urn:camphora:panel", r["key"], r["zh"], r["en"], "report") for r in rows_of(DATA / "panels.csv")
    ]
    rows += [
        ("http://loinc.org", r["loinc"], r["zh"], r["en"], "report")
        for r in rows_of(DATA / "panels.csv")
        if r["loinc"]
    ]
    ingredients = {r["key"]: r for r in rows_of(DATA / "ingredients.csv")}
    rows += [
        ("http://www.whocc.no/atc", r["atc"], r["zh"], r["en"], "ingredient") for r in ingredients.values()
    ]
    rows += [
        (
            TWCORE_URL + "medication-nhi-tw",
            str(code),
            ingredients[str(key)]["zh"],
            ingredients[str(key)]["en"],
            "medicine",
        )
        for key, code, _ in chosen
    ]
    rows += [
        ("http://hl7.org/fhir/sid/cvx", r["cvx"], r["zh"], r["en"], "vaccine")
        for r in rows_of(DATA / "vaccines.csv")
    ]
    for r in rows_of(DATA / "screenings.csv"):
        rows += [
            (s, c, r["zh"], r["en"], "screening")
            for s, c in (("urn:camphora:screening", r["key"]), ("http://loinc.org", r["loinc"]))
            if c
        ]
    for r in rows_of(DATA / "procedures.csv"):
        rows += [
            (s, c, r["zh"], r["en"], "procedure")
            for s, c in (
                ("urn:camphora:procedure", r["key"]),
                (TWCORE_URL + "medical-service-payment-tw", r["fee"]),
            )
            if c
        ]
    rows += [(r["system"], r["code"], r["zh"], r["en"], "allergen") for r in rows_of(DATA / "allergens.csv")]
    once = {(row[0], row[1]): row for row in reversed(rows)}
    with PLAIN_NAMES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["system", "code", "zh", "en", "kind"])
        writer.writerows(sorted(once.values()))


def seeds(draws: int = 1500, rounds: int = 1500) -> None:
    """For each township the weights of anchors (sex, age) whose families add up to its population.

    Each anchor brings a family (`families.family`); K[x][y] is how many people of kind y the family of an
    anchor x holds on average. We look for weights q >= 0 with q K = population by Richardson-Lucy steps."""
    import numpy as np

    sys.path.insert(0, str(ROOT / "src"))
    from camphora.synth.families import family
    from camphora.synth.places import aged, read_population

    kernel = np.zeros((202, 202))
    for anchor in range(202):
        rng = random.Random(anchor)
        for _ in range(draws):
            for kin in family(rng, anchor // 2, "mf"[anchor % 2]):
                kernel[anchor, 2 * min(kin.age, 100) + "mf".index(kin.sex)] += 1 / draws
    rows, misfit, total, nation = [], 0.0, 0.0, np.zeros((2, 202))
    for place, counts in read_population().items():
        target = np.array(aged(counts))
        q = target / 2.7
        for _ in range(rounds):
            made = q @ kernel
            q *= (kernel @ np.divide(target, made, out=np.ones(202), where=made > 0)) / kernel.sum(axis=1)
        misfit += float(np.abs(q @ kernel - target).sum())
        total += float(target.sum())
        nation += q @ kernel, target
        rows.append([place, *(round(10 * w) for w in q)])
    write("seeds.csv.gz", ["place", *(f"{sex}{age}" for age in range(101) for sex in "mf")], rows)
    print(
        f"households {sum(sum(r[1:]) for r in rows) // 10}, people {total:.0f}, misfit {misfit / total:.2%}"
    )
    bands = nation.reshape(2, 101, 2)[:, :100].reshape(2, 20, 10).sum(axis=2)
    print("made / real by five years of age:", np.round(bands[0] / bands[1], 3))


def main() -> None:
    if sys.argv[1:2] == ["seeds"]:
        seeds()
        return
    open_data, twcore = (Path(arg) for arg in sys.argv[2:4])
    places(open_data, twcore)
    facilities(twcore)
    plain_names(products(twcore))


if __name__ == "__main__":
    main()
