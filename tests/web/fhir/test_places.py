"""Line and column of a fault in the text that was sent."""

import json
import subprocess
import sys

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.web.fhir.places import locate, locate_all
from web.fhir.asking import bundle, entry, post

TEXT = """ {
  "resourceType": "Observation",
  "note": "a \\"status\\": {[,",
  "status": "done",
  "code": {
    "coding": [{"code": "a"}, {"code": 1}] },
  "valueQuantity": {"value": "x"}
}"""


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ("Observation", 1, 2),
        ("Observation.status", 4, 3),
        ("Observation.code.coding[0]", 6, 16),
        ("Observation.code.coding[1].code", 6, 32),
        ("Observation.value.value", 7, 21),
        ("Observation.code.text", 5, 3),
        ("Observation.subject", 1, 2),
    ],
)
def test_an_element_is_found_or_else_what_is_around_it(path, line, column):
    assert locate(TEXT, path) == (line, column)


_KEYS = st.text("abcXY", min_size=1, max_size=3)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text('a"\\{[]},:é王\n', max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=20,
)


def _places(value, path):
    """Every array item with its path: an oracle that walks the parsed value."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in rows:
        step = f".{key}" if isinstance(key, str) else f"[{key}]"
        if isinstance(key, int):
            yield path + step, item
        yield from _places(item, path + step)


@given(st.dictionaries(_KEYS, _JSON, min_size=1, max_size=4), st.sampled_from([None, 2]))
def test_the_text_at_an_items_place_begins_that_item(value, indent):
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    for path, item in _places(value, "Any"):
        line, column = locate(text, path)
        rest = "\n".join(text.split("\n")[line - 1 :])[column - 1 :]
        assert json.JSONDecoder().raw_decode(rest)[0] == item


def test_structural_faults_carry_line_and_column_too(doctor):
    wrong = bundle("transaction", entry("POST", "Patient", {"resourceType": "Patient", "gender": "wrong"}))
    text = orjson.dumps(wrong, option=orjson.OPT_INDENT_2)
    issue = post(doctor, "/", text).json()["issue"][0]
    line = text.decode().split("\n").index('        "gender": "wrong"') + 1
    assert issue["expression"] == ["Bundle.entry[0].resource.gender"]
    assert [row["valueInteger"] for row in issue["extension"]] == [line, 9]


HOSTILE = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from camphora.errors import Faults, Invalid, Place
from camphora.web.fhir.places import LONGEST, in_json, locate, placed
HEAD = '{"resourceType":"Consent"}'
for junk in (" " * LONGEST, '"\\\\"' * (LONGEST // 3), '"' * LONGEST, "\\\\" * LONGEST):
    locate(HEAD + junk, "Consent.status")
locate(" " * LONGEST + HEAD, "Consent.status")
key = '{"value' + "A" * LONGEST + '":1}'
locate(key, "Consent.value")
count = 60_000
body = ("{" + ",".join(f'"a{n}":1' for n in range(count)) + "}").encode()
wrong = Faults([Invalid("fhir-json-object", place=Place(path=f"Consent.a{n}")) for n in range(count)])
assert placed(wrong, body, in_json).faults[-1].place.column > 500_000
print("done")
"""


def test_a_hostile_text_costs_no_more_than_its_length():
    """Twenty seconds of processor time are a hundred times what it needs, and a thousandth of what a square would."""
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr


@given(st.dictionaries(_KEYS, _JSON, min_size=1, max_size=4))
def test_many_places_found_at_once_are_those_found_one_by_one(value):
    text = json.dumps(value)
    paths = [path for path, _ in _places(value, "Any")] + ["Any.a.b", "Any.a[0].X", "Any", "Any.aX"]
    assert locate_all(text, paths) == [locate(text, path) for path in paths]
