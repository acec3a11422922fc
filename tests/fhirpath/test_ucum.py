"""Units: published conversions (https://ucum.org), and laws."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir import ucum
from camphora.fhir.fhirpath import compile as compiled

UNITS = st.sampled_from(
    ["g", "mg/dL", "mmol/L", "10*3/uL", "mm[Hg]", "kg/m2", "mL/min/{1.73_m2}", "[iU]/L", "L/h", "cm2", "%"]
)


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        ("1", "[in_i]", "cm", "2.54"),
        ("1", "[lb_av]", "kg", "0.45359237"),
        ("120", "mm[Hg]", "kPa", "15.99864"),
        ("37", "Cel", "[degF]", "98.6"),
        ("0", "Cel", "K", "273.15"),
        ("1", "[mi_i]", "km", "1.609344"),
        ("5", "g/L", "mg/dL", "500"),
        ("1", "[gal_us]", "L", "3.785411784"),
        ("4.5", "10*3/uL", "10*9/L", "4.5"),
        ("60", "/min", "Hz", "1"),
        ("1", "kat", "U", "60000000"),
        ("1", "cal", "J", "4.184"),
        ("1", "wk", "d", "7"),
        ("1", "m[H2O]", "kPa", "9.80665"),
        ("1", "Ki.By", "bit", "8192"),
    ],
)  # fmt: skip
def test_published_conversions(value, source, target, result):
    found = ucum.convert(Decimal(value), source.replace("Ki.", "Ki"), target)
    assert abs(found - Decimal(result)) <= abs(Decimal(result)) * Decimal("1e-25")


@pytest.mark.parametrize(
    "text", ["", " ", "[s]", "foo", "m//s", "(m", "m)", "m s", "1.", "m-", "g{", "kkg", "min-x"]
)
def test_what_is_no_unit_is_none(text):
    assert ucum.unit(text) is None


@pytest.mark.parametrize(
    ("left", "right"), [("g", "m"), ("[iU]", "mol"), ("Cel", "g"), ("mg/dL", "mg"), ("pH", "1")]
)
def test_units_of_other_things_are_not_converted(left, right):
    assert not ucum.comparable(left, right)
    assert compiled(f"1 '{left}' = 1 '{right}'")({}) == []


def test_every_unit_of_the_table_is_read():
    for name in (*ucum.BASE, *ucum.METRIC, *ucum.OTHER, *ucum.ARBITRARY, *ucum.SPECIAL):
        assert ucum.unit(name) is not None, name


@given(UNITS, UNITS, st.decimals("0.001", 1000, places=3))
def test_there_and_back_again(one, other, value):
    moved = ucum.convert(value, one, other)
    assert (moved is None) == (not ucum.comparable(one, other))
    if moved is not None:
        assert abs(ucum.convert(moved, other, one) - value) < Decimal("1e-28") * value


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("1 'g' + 1 'mg' = 1.001 'g'", True),
        ("10 'mg' / 2 'dL' = 5 'mg/dL'", True),
        ("1 year = 12 months", True),
        ("1 year = 1 'a'", None),
        ("1 year ~ 1 'a'", True),
        ("2 days > 1 'h'", True),
        ("1 'kg'.toQuantity('g') = 1000 'g'", True),
        ("@2024-01-31 + 1 month = @2024-02-29", True),
        ("@2024 + 24 months = @2026", True),
        ("@2024-02-28 + 36 hours = @2024-02-29", True),
        ("@T23:30 + 45 minutes = @T00:15", True),
        ("@2024-03-01T00:00:00 + 0.5 seconds = @2024-03-01T00:00:00.5", True),
        ("@2024-03-01T00:00:00.0 + 0.5 seconds = @2024-03-01T00:00:00.5", True),
        ("5 'mg' < 1 'g'", True),
        ("5 'mg' < 1 'm'", None),
        ("1 'm' * 2 = 2 'm'", True),
    ],
)
def test_quantities_in_expressions(text, holds):
    assert compiled(text).holds({}) is holds
