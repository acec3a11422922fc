"""The townships that may be asked have the codes that accounts have, by which the law tells where somebody lives."""

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
