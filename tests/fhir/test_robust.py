"""Whatever JSON is put anywhere into a right resource, it is checked without a stumble, and what is found right
can be indexed."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.fhir import definitions
from camphora.fhir.dates import span
from camphora.fhir.extract import extract
from camphora.fhir.primitives import primitive
from camphora.fhir.structure import check

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["", " ", "x", "2024", "2024-02-30", "#", "Patient/1", "<div>", "http://e.org|1", "臺 北"]
    ),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"resourceType": "Patient"}),
    st.just({"reference": "Patient/1"}),
    st.just([{"coding": [{"code": "x"}]}]),
)


def places(node, way=()):
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*way, key)
        yield from places(value, (*way, key))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_value_anywhere_is_checked_and_what_is_right_is_indexed(examples, data):
    resource = copy.deepcopy(examples[data.draw(st.sampled_from(sorted(examples)))])
    way = data.draw(st.sampled_from(list(places(resource))))
    node = resource
    for part in way[:-1]:
        node = node[part]
    node[way[-1]] = data.draw(odd)
    faults = check(resource)
    assert all(isinstance(fault, Invalid) for fault in faults)
    if not faults:
        extract(resource["resourceType"])(resource)


@pytest.mark.parametrize("name", ["date", "dateTime", "instant"])
@given(data=st.data())
def test_every_date_that_is_right_has_a_span(name, data):
    text = data.draw(st.from_regex(definitions.types()[name].pattern, fullmatch=True))
    if primitive(name)(text, {}) is None:
        low, high = span(text)
        assert low <= high


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("id", ["a-1.B"], ["a b", "é", "", "x" * 65]),
        ("code", ["a", "a b"], [" a", "a  b", "a\n"]),
        ("uri", ["urn:x", "http://e.org/臺"], ["a b", ""]),
        ("oid", ["urn:oid:1.2.3"], ["1.2.3", "urn:oid:3.1"]),
        ("uuid", ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"], ["c757873d-ec9a-4326-a141-556f43239520"]),
        ("time", ["08:30:00"], ["08:30", "24:00:00"]),
        ("base64Binary", ["aGk=", "a G\nk="], ["aGk", "a=Gk", "----"]),
        ("integer", [0, -(2**31), 2**31 - 1], [2**31, 1.0, "1", True]),
        ("unsignedInt", [0], [-1]),
        ("positiveInt", [1], [0]),
        ("decimal", [0, 1.5, -2e10], ["1", True]),
        ("boolean", [True, False], [0, "true"]),
        ("string", ["x", "\u3000", "\n"], ["", "x" * (1024 * 1024 + 1)]),
        ("xhtml", ['<div xmlns="http://www.w3.org/1999/xhtml">x</div>'], ["x", "<p>x</p>", "<divx></div>"]),
    ],
)
def test_primitives_take_what_the_specification_takes(name, right, wrong):
    assert [value for value in right if primitive(name)(value, {}) is not None] == []
    assert [value for value in wrong if primitive(name)(value, {}) is None] == []
