"""Codes by value set and hierarchy: the terminology is asked about the codes that records have, and no others."""

import pytest

from builders import clinician, observation
from camphora.errors import Invalid
from camphora.fhir.search import parse_query
from camphora.policy.internal import loading
from camphora.records import Put

LOINC = "http://loinc.org"
PRESSURES = "http://camphora.test/ValueSet/pressures"


class Coding:
    """Two codes under one, and a value set of one of them; it notes what it is asked."""

    def __init__(self):
        self.state, self.asked, self.members = 1, [], {"8480-6"}

    def has_value_set(self, address):
        return address == PRESSURES

    def contains(self, value_set, system, code):
        self.asked.append((value_set, system, code))
        return code in self.members

    def knows(self, system, code):
        return True if system == LOINC else None

    def subsumes(self, system, parent, child):
        return child == parent or (parent == "vital" and child in {"8480-6", "8462-4"})


@pytest.fixture
def coded(loaded):
    loaded.coding = Coding()
    return loaded


def found(store, name, value):
    query = parse_query("Observation", [(name, value)], strict=True)
    return sorted(one.id for one in store.search(clinician(), query).rows)


def test_a_value_set_is_asked_once_for_each_code_that_is_here(coded):
    assert found(coded, "code:in", PRESSURES) == ["o1", "o2", "o4"]
    assert sorted(coded.coding.asked) == [(PRESSURES, LOINC, "4548-4"), (PRESSURES, LOINC, "8480-6")]
    assert found(coded, "code:not-in", PRESSURES) == ["o3"]
    assert len(coded.coding.asked) == 2


def test_a_code_that_comes_later_is_asked_when_it_comes(coded):
    assert found(coded, "code:in", PRESSURES) == ["o1", "o2", "o4"]
    coded.coding.members.add("9-9")
    coded.write(loading("t"), [Put(observation("o9", "bo", "9-9", "2026-01-01"))])
    coded.coding.asked.clear()
    assert found(coded, "code:in", PRESSURES) == ["o1", "o2", "o4", "o9"]
    assert coded.coding.asked == [(PRESSURES, LOINC, "9-9")]


def test_another_state_of_the_terminology_is_asked_anew(coded):
    assert found(coded, "code:in", PRESSURES) == ["o1", "o2", "o4"]
    coded.coding.members, coded.coding.state = {"4548-4"}, 2
    assert found(coded, "code:in", PRESSURES) == ["o3"]


def test_above_and_below_in_a_code_system(coded):
    assert found(coded, "code:below", f"{LOINC}|vital") == ["o1", "o2", "o4"]
    assert found(coded, "code:above", f"{LOINC}|8480-6") == ["o1", "o2", "o4"]
    assert found(coded, "code:below", f"{LOINC}|4548-4") == ["o3"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("code:in", "http://camphora.test/ValueSet/none", "records-value-set-unknown"),
        ("code:not-in", "ValueSet/none", "records-value-set-unknown"),
        ("code:below", "http://nowhere.test|1", "records-code-system-unknown"),
    ],
)
def test_what_is_not_known_is_an_error_and_no_empty_answer(coded, name, value, code):
    with pytest.raises(Invalid, match=code):
        found(coded, name, value)


def test_a_value_set_kept_here_is_named_by_its_record(coded):
    kept = {"resourceType": "ValueSet", "id": "own", "status": "active", "url": PRESSURES}
    coded.write(loading("t"), [Put(kept)])
    assert found(coded, "code:in", "ValueSet/own") == ["o1", "o2", "o4"]
