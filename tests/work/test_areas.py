"""The townships that may be asked have the codes that accounts have, by which the law tells where somebody lives."""

import pytest

from camphora.fhir.taiwan.places import towns
from camphora.pages.counties import COUNTIES
from camphora.records.derived import area_code, area_of
from camphora.web.areas import townships


def test_each_township_has_the_code_by_which_its_residents_are_found():
    named = townships()
    assert {code[:5] for code in named} == {county.code for county in COUNTIES}
    for county in COUNTIES:
        for town in towns()[county.zh]:
            home = {"address": [{"use": "home", "district": county.zh, "city": town.name}]}
            assert town.name in named[area_code(area_of(home))].split("、")
    assert sum(len(names.split("、")) for names in named.values()) == 368
    assert named["65000220"] == "板橋區"


@pytest.mark.parametrize(
    ("address", "area"),
    [
        ({"district": "桃園市", "city": "中壢區"}, "68000320"),
        ({"state": "桃園市", "district": "桃園市", "city": "中壢區"}, "68000320"),
        ({"district": "桃園市", "city": "桃園區"}, "68000330"),
        ({"district": "桃園縣", "city": "桃園市"}, "68000330"),
        ({"district": "桃園市"}, "68000"),
    ],
)
def test_a_county_that_bears_the_name_of_a_former_township_is_the_county(address, area):
    assert area_code(area_of({"address": [address]})) == area
