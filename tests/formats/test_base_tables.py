import csv
import gzip
import unicodedata
from collections import Counter
from importlib.resources import files

import pytest

from camphora.formats import base_tables

COUNTIES_2015 = {
    "新北市": 3969855, "臺北市": 2702809, "桃園市": 2102513, "臺中市": 2742503, "臺南市": 1885390, "高雄市": 2778512,
    "宜蘭縣": 458070, "新竹縣": 541527, "苗栗縣": 564111, "彰化縣": 1288696, "南投縣": 509738, "雲林縣": 699793,
    "嘉義縣": 520119, "屏東縣": 841669, "臺東縣": 222645, "花蓮縣": 332033, "澎湖縣": 102317, "基隆市": 372226,
    "新竹市": 433774, "嘉義市": 270415, "金門縣": 132532, "連江縣": 12546,
}  # fmt: skip
"""The source's own county rows, which the bundled table does not carry."""


def plain(name):
    with gzip.open(
        files("camphora") / f"tables/data/{name}.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        return list(csv.DictReader(file))


def test_townships_sum_to_the_county_totals_of_the_source():
    sums = Counter()
    for row in plain("population_township"):
        sums[row["county_name"]] += int(row["persons"])
    assert dict(sums) == COUNTIES_2015
    assert sum(sums.values()) == 23_483_793


def test_every_township_has_both_sexes_and_every_age():
    rows = base_tables()["population_township"].bundled()
    assert len(rows) == 368 * 2 * 101
    assert Counter((row["sex"], row["age"]) for row in rows)["male", 100] == 368


def test_villages_sum_to_the_country_and_their_parts():
    rows = base_tables()["population_village"].bundled()
    assert (len(rows), sum(row["persons"] for row in rows)) == (7761, 23_525_623)
    assert all(row["male"] + row["female"] == row["persons"] for row in rows)
    assert all(row["under_15"] + row["aged_15_64"] + row["over_64"] == row["persons"] for row in rows)


def test_the_spellings_of_a_village_code_are_linked():
    villages = {row["village"]: row for row in base_tables()["village"].bundled()}
    assert villages["65000010-001"]["village_short"] == "6500100-001"
    assert villages["10002010-001"]["village_short"] == "1000201-001"
    assert len(villages) == 7942
    assert {row["village"] for row in base_tables()["population_village"].bundled()} <= villages.keys()


def test_townships_of_both_dates_are_the_same_places():
    old = {
        (row["township"], row["county_name"], row["township_name"]) for row in plain("population_township")
    }
    new = {(row["village"][:8], row["county_name"], row["township_name"]) for row in plain("village")}
    assert new == old
    assert len(old) == 368


@pytest.mark.parametrize("name", ["population_township", "population_village", "village"])
def test_names_use_no_private_signs_and_the_official_form(name):
    text = "".join(
        row["county_name"] + row["township_name"] + row.get("village_name", "") for row in plain(name)
    )
    assert not [sign for sign in set(text) if unicodedata.category(sign) == "Co"]
    assert "台" not in "".join(row["county_name"] + row["township_name"] for row in plain(name))
