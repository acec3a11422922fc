"""What was found in a value is found in it again, and only where the value alone decides."""

import copy
import tracemalloc
from datetime import date

import pytest
from hypothesis import given, settings

from camphora.fhir.structure import check
from camphora.fhir.validation import Validator
from camphora.fhir.validation.remembering import Memory, remembering
from camphora.fhir.validation.scope import Scope
from camphora.synth import Country, population
from fhir_strategies import resources

OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}}


@pytest.fixture(scope="module")
def forgetful(guides):
    """A validator that remembers no values."""
    made = Validator(guides)
    made._compiler._memory = None
    return made


def _said(validator, resource):
    return [(one.severity, one.code, one.path, one.rule, one.facts) for one in validator.validate(resource)]


def test_synthetic_people_are_found_as_without_a_memory(guides, forgetful):
    remembers = Validator(guides)
    (household, *_) = population(Country.load(), 1, 7, date(2026, 11, 1))
    for _ in range(2):
        for resource in household.resources():
            assert _said(remembers, resource) == _said(forgetful, resource)


@settings(max_examples=60, deadline=None)
@given(resource=resources())
def test_whatever_comes_twice_is_found_twice(validator, forgetful, resource):
    first = _said(validator, resource)
    assert first == _said(validator, copy.deepcopy(resource)) == _said(forgetful, resource)


def test_a_fault_is_found_again(validator):
    wrong = {**OBSERVATION, "category": [{"coding": [{"system": "urn:a", "code": ""}]}]}
    first = _said(validator, wrong)
    assert first
    assert _said(validator, wrong) == first
    assert [fault.code for fault in check(wrong)] == [fault.code for fault in check(wrong)] != []


def test_a_reference_into_the_resource_is_looked_up_in_each(validator):
    whole = {
        **OBSERVATION,
        "contained": [{"resourceType": "Patient", "id": "p"}],
        "subject": {"reference": "#p"},
    }
    lacking = {name: value for name, value in whole.items() if name != "contained"}
    assert "validation-contained-missing" not in [row[1] for row in _said(validator, whole)]
    assert "validation-contained-missing" in [row[1] for row in _said(validator, lacking)]


def test_an_id_is_its_own_in_each_resource(validator):
    part = {"id": "x", "text": "a"}
    once, twice = {**OBSERVATION, "code": part}, {**OBSERVATION, "code": part, "bodySite": {**part}}
    for _ in range(2):
        assert "validation-element-id" not in [row[1] for row in _said(validator, once)]
        assert "validation-element-id" in [row[1] for row in _said(validator, twice)]


def test_what_json_cannot_tell_apart_is_not_remembered(validator):
    def measured(value):
        quantity = {"value": value, "unit": "a"}
        return [row[1] for row in _said(validator, {**OBSERVATION, "valueQuantity": quantity})]

    right = measured(1.5)
    assert measured(float("nan")) == right
    assert "fhir-null" in measured(None)


class _Terms:
    state = 1


def _counted(memory):
    seen = []

    def check(value, scope):
        seen.append(value)
        if value.get("looks"):
            assert scope.resource == {}

    return remembering(check, memory), seen


def test_a_value_is_checked_once_unless_it_looks_around():
    quick, seen = _counted(Memory(_Terms()))
    for value in ({"a": 1}, {"a": 1}, {"looks": True}, {"looks": True}, {"a": 1.0}, {"a": True}):
        assert quick(value, Scope({})) is None
    assert seen == [{"a": 1}, {"looks": True}, {"looks": True}, {"a": 1.0}, {"a": True}]


def test_what_was_looked_at_before_is_not_forgotten():
    quick, _ = _counted(Memory(_Terms()))
    scope = Scope({})
    assert scope.resource == {}
    quick({"a": 1}, scope)
    assert scope.looked


def test_nothing_is_kept_under_other_codes():
    terms = _Terms()
    quick, seen = _counted(Memory(terms))
    terms.state = 2
    for _ in range(2):
        quick({"a": 1}, Scope({}))
    assert len(seen) == 2


def test_inside_another_resource_nothing_is_remembered():
    quick, seen = _counted(Memory(_Terms()))
    for _ in range(2):
        quick({"a": 1}, Scope({}, None, Scope({})))
    assert len(seen) == 2


def test_the_memory_has_an_end(monkeypatch):
    monkeypatch.setattr("camphora.fhir.validation.remembering.ROOM", 1_000)
    memory = Memory(_Terms())
    quick, _ = _counted(memory)
    for number in range(100):
        quick({"a": number}, Scope({}))
    assert sum(map(len, memory._known)) < 10


def test_values_that_never_come_again_are_given_up(monkeypatch):
    monkeypatch.setattr("camphora.fhir.validation.remembering.TRIED", 10)
    memory = Memory(_Terms())
    quick, seen = _counted(memory)
    for number in range(20):
        quick({"a": number}, Scope({}))
    quick({"a": 19}, Scope({}))
    assert len(seen) == 21
    assert sum(map(len, memory._known)) == 11


def test_what_is_remembered_takes_about_as_much_memory_as_is_reckoned():
    """orjson gives short bytes in room for long ones."""
    memory = Memory(_Terms())
    check = remembering(lambda *_: None, memory)
    tracemalloc.start()
    try:
        for number in range(1_000):
            check({"code": str(number)}, Scope({}))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 3 * memory._held
