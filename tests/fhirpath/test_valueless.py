"""Elements that have extensions but no value count as nothing where a value is needed (as in fhirpath.js 3.18)."""

import pytest

from camphora.fhir.fhirpath import Primitive
from camphora.fhir.fhirpath import compile as compiled

ABSENT = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    ]
}
PATIENT = {
    "resourceType": "Patient",
    "_active": ABSENT,
    "_gender": ABSENT,
    "_birthDate": ABSENT,
    "_multipleBirthInteger": ABSENT,
    "name": [{"given": [None, "b"], "_given": [ABSENT, None]}],
}
RANGE = {"low": {"unit": "g"}, "high": {"value": 3, "unit": "g"}}
NOTHING = [
    "active and true", "active or false", "active xor true", "active implies false", "active.not()",
    "gender and true", "gender.not()", "where(gender)", "gender > 'a'", "'a' <= gender", "gender + 'x'",
    "multipleBirth + 1", "1 - multipleBirth", "multipleBirth * 2", "2 / multipleBirth", "multipleBirth div 2",
    "multipleBirth mod 2", "-multipleBirth", "multipleBirth > 1", "multipleBirth.abs()", "name.given[multipleBirth]",
    "birthDate + 1 day", "birthDate < today()", "birthDate - multipleBirth", "birthDate.lowBoundary()",
    "birthDate.precision()", "gender.join(',')",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_operators_make_nothing_of_a_primitive_without_a_value(text):
    assert compiled(text)(PATIENT) == []
    assert compiled(text, "Patient")(PATIENT) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("active or true", [True]), ("active and false", [False]), ("iif(gender, 1, 2)", [2]), ("gender & 'x'", ["x"]),
        ("exists(active)", [False]), ("all(gender)", [False]), ("active.allTrue()", [True]),
        ("gender = 'male'", [False]),
        ("gender.exists()", [True]), ("name.given.join(',')", ["b"]), ("name.given.sort($this)", ["b"]),
        ("gender.extension.exists() and gender.hasValue().not()", [True]),
    ],
)  # fmt: skip
def test_what_asks_for_the_element_still_finds_it(text, found):
    assert compiled(text)(PATIENT) == found


@pytest.mark.parametrize("text", ["low < high", "high >= low", "low + high", "low * 2", "-low", "low.abs()"])
def test_a_quantity_without_a_value_has_no_order_and_no_sum(text):
    assert compiled(text, "Range")(RANGE) == []
    assert compiled("low.exists() and high.value = 3", "Range").holds(RANGE) is True


def test_an_invariant_that_comes_to_a_primitive_without_a_value_is_empty():
    assert compiled("gender").holds(PATIENT) is None
    assert compiled("gender", "Patient").holds({**PATIENT, "gender": "male"}) is True
    assert compiled("$this").holds(Primitive(None, ABSENT, "boolean")) is None
