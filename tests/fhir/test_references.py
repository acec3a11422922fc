import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir.references import parse_reference, references, relative, rewrite


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Patient/1", ("local", "Patient", "1", "")),
        ("Patient/1/_history/2", ("local", "Patient", "1", "2")),
        ("https://me.tw/fhir/Patient/1", ("local", "Patient", "1", "")),
        ("https://me.tw/fhirs/Patient/1", ("absolute", "Patient", "1", "")),
        ("https://you.tw/x/Patient/1/_history/2", ("absolute", "Patient", "1", "2")),
        ("http://e.org/ValueSet", ("absolute", "", "", "")),
        ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", ("urn", "", "", "")),
        ("#a", ("contained", "", "a", "")),
        ("Dog/1", ("other", "", "", "")),
        ("Patient/1 2", ("other", "", "", "")),
        ("", ("other", "", "", "")),
    ],
)
def test_a_reference_says_what_it_is(text, found):
    assert parse_reference(text, "https://me.tw/fhir")[:4] == found


def test_every_literal_reference_is_found_wherever_it_lies():
    resource = {
        "a": [{"reference": "Patient/1"}, {"b": {"reference": "#x"}}],
        "reference": {"reference": "Group/2"},
    }
    assert {row["reference"] for row in references(resource)} == {"Patient/1", "#x", "Group/2"}


def test_rewriting_leaves_every_other_byte():
    body = b'{ "subject":{"reference" : "urn:uuid:1"}, "value": 1.00, "note": "\\"reference\\":\\"urn:uuid:1\\"" }'
    new = rewrite(body, {"urn:uuid:1": "Patient/1"})
    assert new == body.replace(b': "urn:uuid:1"}', b': "Patient/1"}')


def test_our_own_full_addresses_become_relative():
    body = b'{"a":{"reference":"https://me.tw/fhir/Patient/1"},"b":{"reference":"https://you.tw/fhir/Patient/1"}}'
    assert relative(body, "https://me.tw/fhir/") == body.replace(b"https://me.tw/fhir/", b"")


@pytest.mark.parametrize(
    "own", [r"https:\/\/me.tw\/fhir\/", r"https://me.tw/fhir\u002f", r"\u0068ttps://me.tw/fhir/"]
)
def test_our_own_address_is_found_however_it_is_escaped(own):
    body = b'{"subject":{"reference":"%bPatient/1"}}' % own.encode()
    assert relative(body, "https://me.tw/fhir") == b'{"subject":{"reference":"Patient/1"}}'


def test_a_body_without_our_address_is_not_looked_through(monkeypatch):
    monkeypatch.setattr("camphora.fhir.references.parse_reference", None)
    body = b'{"subject":{"reference":"Patient/1"}}'
    assert relative(body, "https://me.tw/fhir") is body
    assert rewrite(body, {}) is body


def test_unknown_references_stay():
    body = b'{"subject":{"reference":"urn:uuid:2"}}'
    assert rewrite(body, {"urn:uuid:1": "Patient/1"}) == body


@given(
    st.recursive(
        st.text(), lambda v: st.dictionaries(st.sampled_from(["reference", "x", "y"]), v) | st.lists(v)
    )
)
def test_rewriting_bytes_is_rewriting_the_parsed_value(value):
    def changed(node):
        if isinstance(node, dict):
            return {
                k: v + "!" if k == "reference" and isinstance(v, str) else changed(v) for k, v in node.items()
            }
        return [changed(item) for item in node] if isinstance(node, list) else node

    assert orjson.loads(rewrite(orjson.dumps(value), lambda text: text + "!")) == changed(value)
