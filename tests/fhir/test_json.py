import json as stdlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.fhir import json


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"", "fhir-json-empty", None, None),
        (b" \n ", "fhir-json-empty", None, None),
        (b'{"a":1', "fhir-json-truncated", 1, 7),
        (b'{"a":\n "b', "fhir-json-truncated", 2, 4),
        (b'{"a":\n  1,}', "fhir-json-broken", 2, 4),
        (b'{"a": NaN}', "fhir-json-broken", 1, 7),
        (b'{"a": 1}}', "fhir-json-broken", 1, 9),
        (b"[1]", "fhir-json-object", 1, 1),
        ('{"a":\n"王"}'.encode("cp950"), "fhir-json-encoding", 2, 2),
        ('{"病": 1}'.encode("utf-16"), "fhir-json-encoding", 1, 1),
    ],
)
def test_what_is_not_json_is_refused_where_it_breaks(data, code, line, column):
    with pytest.raises(Invalid) as caught:
        json.parse(data, file="a.json")
    place = caught.value.place
    assert (caught.value.code, place.file, place.line, place.column) == (code, "a.json", line, column)


@pytest.mark.parametrize(
    ("codec", "name"), [("cp950", "Big5"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16")]
)
def test_the_likely_encoding_is_named(codec, name):
    data = '{"name": "衛生福利部桃園醫院"}'.encode(codec)
    with pytest.raises(Invalid) as caught:
        json.parse(data)
    if codec != "utf-16-le" or caught.value.code == "fhir-json-encoding":
        assert caught.value.facts == {"encoding": name}


def test_a_byte_order_mark_is_passed_over():
    assert json.parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("levels", [65, 200, 2_000, 100_000])
def test_too_deep_is_refused(levels):
    with pytest.raises(Invalid) as caught:
        json.parse(b'{"a":' * levels + b"1" + b"}" * levels)
    assert caught.value.code == "fhir-json-deep"


def test_wide_is_not_deep():
    assert len(json.parse(b'{"a":[' + b"[1]," * 500 + b"[1]]}")["a"]) == 501


def test_bundle_entries_keep_their_very_bytes():
    body = b'{"resourceType": "Observation",  "valueQuantity": {"value": 1.00}}'
    data = (
        b'{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"urn:x","resource":' + body + b"},{}]}"
    )
    first, second = json.split_bundle(data).entry
    assert (first.full_url, bytes(first.resource)) == ("urn:x", body)
    assert bytes(second.resource) == b""


def test_bundle_requests_are_read():
    request = b'{"method":"POST","url":"Patient","ifNoneExist":"identifier=x"}'
    bundle = json.split_bundle(b'{"resourceType":"Bundle","entry":[{"request":' + request + b"}]}")
    assert bundle.entry[0].request == json.Request("POST", "Patient", if_none_exist="identifier=x")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"resourceType":"Patient"}', "fhir-json-bundle"),
        (b'{"resourceType":"Bundle","entry":{}}', "fhir-json-bundle"),
        (b'{"resourceType":"Bundle","entry":[', "fhir-json-truncated"),
        (
            b'{"resourceType":"Bundle","entry":[{"resource":'
            + b'{"a":' * 5_000
            + b"1"
            + b"}" * 5_000
            + b"}]}",
            "fhir-json-deep",
        ),
        (b'{"resourceType":"Bundle","entry":[{"fullUrl":"\xa4\xa4"}]}', "fhir-json-encoding"),
    ],
)
def test_what_is_no_bundle_is_refused(data, code):
    with pytest.raises(Invalid) as caught:
        json.split_bundle(data)
    assert caught.value.code == code


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=20
)


@given(st.dictionaries(st.text(), values))
def test_what_is_written_reads_back_the_same(value):
    assert json.parse(json.write(value)) == value
    assert stdlib.loads(json.canonical(value)) == value


@given(st.binary(max_size=60))
def test_bytes_are_an_object_or_a_located_fault(data):
    try:
        stdlib.loads(data)
    except ValueError:
        with pytest.raises(Invalid):
            json.parse(data)
