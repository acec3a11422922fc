"""The validator is a function: it answers whatever it is given, twice the same, and repeats no person's values."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camphora.fhir.validation import Validator
from mutation import own
from mutation.engine import mutants, put
from mutation.kinds import KINDS
from mutation.specimens import specimens

SECRET = "Zqxjv"
WORDS = {"string", "markdown", "xhtml", "date", "dateTime", "instant", "time", "base64Binary"}
STEADY = [name for name in KINDS if name != "too-long"]


@pytest.fixture(scope="module")
def validator():
    return Validator(own.guides())


@pytest.fixture(scope="module")
def some():
    """Every twelfth of the mutants, so that each kind is among them."""
    return [mutant for number, mutant in enumerate(mutants(specimens(), STEADY)) if number % 12 == 0]


def said(validator, resource):
    return [
        (one.severity, one.code, one.path, one.rule, one.text("zh-TW"))
        for one in validator.validate(resource)
    ]


def test_a_second_look_finds_the_same(validator, some):
    for mutant in some:
        assert said(validator, mutant.resource) == said(validator, mutant.resource), mutant.name


def test_what_was_seen_before_changes_nothing(validator, some):
    first = {mutant.name: said(validator, mutant.resource) for mutant in some}
    fresh = Validator(own.guides())
    for mutant in reversed(some):
        assert said(fresh, mutant.resource) == first[mutant.name], mutant.name


def test_an_id_that_stands_twice_is_told_every_time():
    """Found by mutation: codings that were seen before are not looked into again, but their ids count each time."""
    coding = {
        "id": "c",
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "vital-signs",
    }
    row = {"resourceType": "Observation", "status": "final", "category": [{"coding": [coding]}]}
    row["code"] = {"id": "c", "text": "x"}
    fresh = Validator(own.guides())
    told = [[one.path for one in fresh.validate(row) if one.severity == "error"] for _ in range(3)]
    assert told == [["Observation.code.id"]] * 3


def test_a_resource_is_left_as_it_was(validator, some):
    for mutant in some:
        before = json.dumps(mutant.resource)
        validator.validate(mutant.resource)
        assert json.dumps(mutant.resource) == before, mutant.name


def masked(specimen):
    """The record with another text for every value that may be a person's: names, words, dates, pictures."""
    resource = copy.deepcopy(specimen.resource)
    for node in specimen.nodes:
        if node.code in WORDS and isinstance(node.value, str):
            put(node.keys, SECRET)(resource)
    return resource


def test_no_finding_repeats_what_it_found(validator):
    told = 0
    for specimen in specimens():
        for one in validator.validate(masked(specimen)):
            told += 1
            words = f"{one} {one.text('zh-TW')} {one.text('en')} {one.remedy('en')}"
            assert SECRET not in words, (specimen.name, one.code)
    assert told > 1_000


NAMES = (
    "resourceType", "id", "meta", "profile", "text", "div", "status", "contained", "extension", "url", "valueString",
    "name", "family", "given", "_given", "identifier", "system", "value", "code", "coding", "subject", "reference",
    "entry", "resource", "item", "linkId", "component", "valueQuantity", "period", "start", "end", "modifierExtension",
)  # fmt: skip
WORDINGS = (
    "Patient",
    "Observation",
    "Bundle",
    "Questionnaire",
    "#",
    "#x",
    "2024-01-01",
    "final",
    "urn:uuid:",
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(WORDINGS),
)
ANY = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)
KIND = st.sampled_from(
    ["Patient", "Observation", "Bundle", "Questionnaire", "Composition", "Parameters", "List"]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(KIND, st.dictionaries(st.sampled_from(NAMES), ANY, max_size=8))
def test_anything_that_json_can_hold_gets_an_answer(validator, kind, content):
    resource = {**content, "resourceType": kind}
    before = copy.deepcopy(resource)
    found = said(validator, resource)
    assert found == said(validator, resource)
    assert resource == before


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY)
def test_what_is_no_resource_is_told_too(validator, value):
    known = isinstance(value, dict) and isinstance(value.get("resourceType"), str)
    found = validator.validate(value)
    assert known or any(one.severity == "error" for one in found)
