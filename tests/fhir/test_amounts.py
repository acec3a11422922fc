"""Numbers and quantities against R4's own examples, and units against each other."""

import csv
import math
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir import amounts, ucum
from camphora.fhir.amounts import CURRENCIES, UCUM, asked
from camphora.fhir.packages import package

DENSITY = f"{UCUM}|g.m-3"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", 99.5, 100.5),
        ("100.00", 99.995, 100.005),
        ("1e2", 95, 105),
        ("5.4", 5.35, 5.45),
        ("0", -0.5, 0.5),
        ("-5.4", -5.45, -5.35),
        ("1.0e3", 950, 1050),
        ("5.40e-3", 0.005395, 0.005405),
    ],
)
def test_the_digits_of_a_number_say_its_range(text, low, high):
    found = asked(text)
    assert (found.low, found.high) == (low, high)
    assert found.value == float(text)


@pytest.mark.parametrize(
    "text", ["", "five", "1,5", "0x10", "1e", ".5", "5.", "NaN", "inf", "1e9999", "٣", "9" * 41]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="number"):
        asked(text)


def test_a_system_without_a_unit_is_refused():
    with pytest.raises(ValueError, match="unit"):
        asked("5", UCUM)


def test_approximately_is_a_tenth_and_never_narrower_than_the_digits():
    assert asked("50", approximate=True)[1:3] == (45, 55)
    assert asked("1", approximate=True)[1:3] == (0.5, 1.5)


@pytest.mark.parametrize(
    ("number", "system", "code", "value", "unit"),
    [
        ("5.4", UCUM, "g/L", 5400.0, DENSITY),
        ("540", UCUM, "mg/dL", 5400.0, DENSITY),
        ("37", UCUM, "Cel", 310.15, f"{UCUM}|K"),
        ("98.6", UCUM, "[degF]", 310.15, f"{UCUM}|K"),
        ("60", UCUM, "dB[SPL]", 20.0, f"{UCUM}|g.m-1.s-2"),
        ("7.4", UCUM, "pH", 7.4, f"{UCUM}|pH"),
        ("3", UCUM, "{score}", 3.0, f"{UCUM}|1"),
        ("3", UCUM, "nonsense", 3.0, f"{UCUM}|nonsense"),
        ("3", "urn:x", "mg/dL", 3.0, "urn:x|mg/dL"),
        ("3", "", "mg/dL", 3.0, "|mg/dL"),
        ("3", "", "", 3.0, ""),
    ],
)
def test_units_as_a_search_asks_for_them(number, system, code, value, unit):
    found = asked(number, system, code)
    assert (found.value, found.unit) == (value, unit)
    assert amounts.unit_of(system, code) == unit or not code


def test_a_quantity_stands_under_any_unit_its_canonical_one_and_its_words():
    value = {"value": 5.4, "unit": "毫克/分升", "system": UCUM, "code": "mg/dL"}
    assert set(amounts.quantity(value)) == {
        ("", 5.4, 5.4),
        (DENSITY, 54.0, 54.0),
        ("|mg/dL", 5.4, 5.4),
        ("|毫克/分升", 5.4, 5.4),
    }


def test_the_written_unit_alone_is_not_taken_for_ucum():
    assert amounts.quantity({"value": 5.4, "unit": "mg/dL"}) == (("", 5.4, 5.4), ("|mg/dL", 5.4, 5.4))
    assert amounts.quantity({"unit": "mg/dL"}) == ()


@pytest.mark.parametrize(
    ("comparator", "low", "high"),
    [
        ("<", -math.inf, math.nextafter(5, 0)),
        ("<=", -math.inf, 5),
        (">", math.nextafter(5, 9), math.inf),
        (">=", 5, math.inf),
    ],
)
def test_a_comparator_opens_an_end(comparator, low, high):
    assert amounts.quantity({"value": 5, "comparator": comparator}) == [("", low, high)]


def test_money_has_its_currency_for_a_unit():
    assert amounts.money({"value": 150, "currency": "TWD"}) == (
        ("", 150, 150),
        (f"{CURRENCIES}|TWD", 150, 150),
        ("|TWD", 150, 150),
    )
    assert amounts.money({"currency": "TWD"}) == ()


def test_a_range_has_both_ends_and_an_open_one_where_it_is_silent():
    low, high = {"value": 1, "unit": "kg"}, {"value": 2, "unit": "kg"}
    assert amounts.extent({"low": low, "high": high}) == [("", 1, 2), ("|kg", 1, 2)]
    assert amounts.extent({"low": low}) == [("", 1, math.inf), ("|kg", 1, math.inf)]
    assert amounts.extent({"high": high}) == [("", -math.inf, 2), ("|kg", -math.inf, 2)]
    assert amounts.extent({}) == []


def test_a_range_of_two_units_meets_in_the_canonical_one():
    low = {"value": 500, "unit": "mg", "system": UCUM, "code": "mg"}
    high = {"value": 2, "unit": "g", "system": UCUM, "code": "g"}
    assert amounts.extent({"low": low, "high": high}) == [(f"{UCUM}|g", 0.5, 2)]


@pytest.mark.parametrize(
    ("said", "bounds"),
    [
        ({"data": "2 4 3"}, (10.2, 10.4)),
        ({"data": "2 E 4 U", "upperLimit": 9}, (10.2, 10.9)),
        ({"data": "E L"}, None),
        ({"lowerLimit": -1, "upperLimit": 1}, (9.9, 10.1)),
        ({}, None),
        ({"data": "x NaN 1"}, (10.1, 10.1)),
    ],
)
def test_sampled_data_is_found_by_the_bounds_of_its_values(said, bounds):
    value = {"origin": {"value": 10, "unit": "mV"}, "period": 2, "dimensions": 1, "factor": 0.1, **said}
    assert amounts.sampled(value) == ([("", *bounds), ("|mV", *bounds)] if bounds else [])


def test_a_number_beyond_all_doubles_is_infinite():
    assert amounts.number(10**400) == (math.inf, math.inf)
    assert amounts.number(-(10**400)) == (-math.inf, -math.inf)


def _codes(node):
    if isinstance(node, dict):
        if node.get("system") == UCUM:
            yield from (
                row["code"]
                for row in [node, *node.get("concept", ()), *node.get("contains", ())]
                if "code" in row
            )
        node = node.values()
    elif not isinstance(node, list):
        return
    for child in node:
        yield from _codes(child)


def test_every_ucum_code_of_r4s_value_sets_and_of_the_carried_guides_is_known():
    names = ("hl7.fhir.r4.core", "tw.gov.mohw.twcore", "tw.iii.ltc", "tw.gov.mohw.nhi.pas")
    found = {
        code
        for name in names
        for kind in (package(name).definitions(), package(name).examples())
        for code in _codes(list(kind))
    }
    assert len(found) > 1300
    assert [code for code in found if ucum.scale(code) is None] == []


def test_every_unit_of_the_synthetic_country_is_known():
    found = set()
    for file in files("camphora.synth").joinpath("data").iterdir():
        if file.name.endswith(".csv"):
            rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
            found |= {row["ucum"] for row in rows if row.get("ucum")}
    assert len(found) > 10
    assert [code for code in found if ucum.scale(code) is None] == []


@given(
    st.sampled_from([*ucum.SPECIAL, "mg/dL", "10*3/uL", "dB", "mCel"]), st.floats(-50, 50), st.floats(-50, 50)
)
def test_greater_stays_greater_in_the_canonical_unit(code, one, other):
    if code == "[m/s2/Hz^0.5]":
        one, other = abs(one), abs(other)
    (first, _), (second, _) = (ucum.canonical(Decimal(repr(value)), code) for value in (one, other))
    assert (one > other) <= (first >= second)
    assert (one < other) <= (first <= second)


@pytest.mark.parametrize("code", [*ucum.SPECIAL, "dB[W]"])
def test_special_units_come_back_from_what_they_became(code):
    found = ucum.scale(code)
    assert abs(found.out_of(found.into(Decimal("12.5"))) - Decimal("12.5")) < Decimal("1e-25")
