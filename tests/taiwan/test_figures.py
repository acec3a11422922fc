"""The figures of the manual's page on addresses, computed again from the data that Camphora carries."""

import csv
import gzip
import io
import random
from pathlib import Path

from camphora.fhir.packages import package
from camphora.fhir.taiwan import places
from camphora.formats.address import _EXTENSIONS, Address, line, parse
from taiwan.lines import fhir_addresses, invented

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/taiwan-pack.md").read_text("utf-8")
TAIL = Address(
    neighbourhood="3鄰", road="中正路", section="二段", lane="12巷", alley="5弄", number="7之1號", floor="3樓"
)


def row(beginning):
    """The figures of the row that begins so; None for a dash."""
    (found,) = (one for one in PAGE.splitlines() if one.startswith(f"| {beginning}"))
    return [None if cell.strip() == "–" else int(cell) for cell in found.strip("|").split("|")[1:]]


def judged(wanted):
    """How many there are, how many come apart as wanted, and how many are the same line again."""
    apart = sum(parse(line(one)) == one for one in wanted)
    return [len(wanted), apart, sum(line(parse(line(one))) == line(one) for one in wanted)]


def villages(**more):
    towns = [town for rows in places.towns().values() for town in rows]
    return [
        Address(county=town.county, town=town.name, village=name, **more)
        for town in towns
        for name in town.villages
    ]


def test_villages_come_apart_as_the_page_says():
    assert judged(villages()) == row("村里")
    street = {
        name: getattr(TAIL, name)
        for name in ("neighbourhood", "road", "section", "lane", "alley", "number", "floor")
    }
    assert judged(villages(**street)) == row("同上")


def test_generated_lines_come_apart_as_the_page_says():
    rng = random.Random(20261121)
    assert judged([invented(rng) for _ in range(5_000)]) == row("產生的地址")


def test_the_guides_examples_come_apart_as_the_page_says():
    names = ("tw.gov.mohw.twcore", "tw.iii.ltc")
    found = [one for name in names for example in package(name).examples() for one in fhir_addresses(example)]
    said = [
        {ext["url"].rsplit("/", 1)[1]: ext["valueString"] for ext in one.get("extension", [])}
        for one in found
    ]
    apart = [
        not (read := parse(one["text"])).rest
        and {read.county, read.town} == {one[key] for key in ("state", "district", "city") if key in one}
        and all(getattr(read, part) == given[url] for part, url in _EXTENSIONS.items() if url in given)
        for one, given in zip(found, said, strict=True)
    ]
    assert [len(found), sum(apart), sum(line(parse(one["text"])) == one["text"] for one in found)] == row(
        "TW Core"
    )


def test_no_character_of_a_facilitys_name_is_lost():
    (path,) = (ROOT / "src/camphora/terminology").rglob("nhi_facility.csv.gz")
    rows = csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()))
    names = [one["zh"] or one["en"] for one in rows]
    kept = sum(line(parse(name)).split() == name.split() for name in names)
    assert [len(names), None, kept] == row("醫事機構名稱")
