"""Whatever is brought: an answer, the same each time, in the same order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.fhir.definitions import resource_types
from fhir_strategies import resources

ORDER = ["error", "warning", "information"]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
names = st.sampled_from(
    ["id", "meta", "text", "div", "extension", "url", "valueString", "code", "coding", "system", "contained",
     "subject", "reference", "entry", "resource", "fullUrl", "identifier", "status", "_status", "resourceType"]
) | st.text(max_size=4)  # fmt: skip
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(names, v, max_size=5), max_leaves=20
)


def seen(validator, resource):
    return [(one.severity, one.code, one.path, one.rule) for one in validator.validate(resource)]


@settings(max_examples=300, deadline=None)
@given(value=values)
def test_no_json_makes_it_fail(validator, value):
    assert seen(validator, value)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(sorted(resource_types())), value=st.dictionaries(names, values, max_size=6))
def test_no_content_of_a_resource_makes_it_fail(validator, kind, value):
    resource = {**value, "resourceType": kind}
    assert seen(validator, resource) == seen(validator, resource)


@settings(max_examples=100, deadline=None)
@given(resource=resources())
def test_what_is_right_in_structure_has_no_fault_of_structure(validator, resource):
    faults = [
        row for row in seen(validator, resource) if row[1].startswith("fhir-") and row[1] != "fhir-code"
    ]
    assert faults == []


@settings(max_examples=60, deadline=None)
@given(resource=resources("Patient"))
def test_a_count_changes_no_verdict(validator, resource):
    report = validator.report(resource)
    assert report.findings == validator.validate(resource)
    assert report.nodes > 0
