import copy
import json as stdlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import CamphoraError, Invalid, TooLarge
from camphora.fhir import json
from camphora.fhir.patch import json_patch
from camphora.fhir.patch.json_form import same

from .conftest import SUITE

CASES = stdlib.loads((SUITE / "json-patch-tests.json").read_bytes())


REFUSALS = {
    "path /a does not exist -- missing objects are not created recursively": "patch-absent",
    "string not equivalent": "patch-test",
    "add to a non-existent target": "patch-absent",
    "number is not equal to string": "patch-test",
}


NEW_FIRST = {"A.1.  Adding an Object Member"}
"""Cases whose result the suite writes with the added property first; objects have no order (RFC 6902, appendix A.1)."""


def written(value, *, ordered=False):
    """As text, in which true is not 1; `ordered`: with the order of properties."""
    return stdlib.dumps(value, sort_keys=not ordered)


def test_properties_stand_in_the_published_order_but_for_one_case():
    done = {case["comment"]: (json_patch(case["doc"], case["patch"]), case["expected"]) for case in CASES
            if "error" not in case}  # fmt: skip
    assert {
        name for name, pair in done.items() if len({written(one, ordered=True) for one in pair}) > 1
    } == NEW_FIRST


def test_the_suite_is_whole():
    assert len(CASES) == 16
    assert {case["error"] for case in CASES if "error" in case} == set(REFUSALS)


@pytest.mark.conformance
@pytest.mark.parametrize("case", CASES, ids=[case["comment"] for case in CASES])
def test_published_case(case):
    before = copy.deepcopy(case)
    if "error" in case:
        with pytest.raises(Invalid) as caught:
            json_patch(case["doc"], case["patch"])
        assert caught.value.code == REFUSALS[case["error"]]
    else:
        assert written(json_patch(case["doc"], case["patch"])) == written(case["expected"])
    assert case == before


DOCUMENT = {"a": {"b": [1, 2]}, "c": "x"}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("add", "patch-operation"),
        ({"op": "spoil", "path": "/a"}, "patch-operation"),
        ({"op": ["add"], "path": "/a"}, "patch-operation"),
        ({"op": "add", "path": "/a"}, "patch-lacks"),
        ({"op": "add", "value": 1}, "patch-lacks"),
        ({"op": "move", "path": "/a"}, "patch-lacks"),
        ({"op": "add", "path": "a", "value": 1}, "patch-pointer"),
        ({"op": "add", "path": "/a~2", "value": 1}, "patch-pointer"),
        ({"op": "add", "path": "/a/b/3", "value": 1}, "patch-index"),
        ({"op": "add", "path": "/a/b/01", "value": 1}, "patch-index"),
        ({"op": "add", "path": "/a/b/-1", "value": 1}, "patch-index"),
        ({"op": "add", "path": "/a/b/99999999999", "value": 1}, "patch-index"),
        ({"op": "replace", "path": "/a/b/-", "value": 1}, "patch-absent"),
        ({"op": "replace", "path": "/d", "value": 1}, "patch-absent"),
        ({"op": "remove", "path": "/c/d"}, "patch-absent"),
        ({"op": "remove", "path": ""}, "patch-identity"),
        ({"op": "move", "from": "/a", "path": "/a/b/0"}, "patch-inside"),
        ({"op": "copy", "from": "/x", "path": "/y"}, "patch-absent"),
        ({"op": "test", "path": "/a/b/0", "value": True}, "patch-test"),
        ({"op": "test", "path": "/a/b", "value": [2, 1]}, "patch-test"),
    ],
)
def test_what_cannot_be_done_names_its_operation_and_nothing_is_done(operation, code):
    before = copy.deepcopy(DOCUMENT)
    with pytest.raises(Invalid) as caught:
        json_patch(
            DOCUMENT,
            [{"op": "remove", "path": "/a/b/0"}, {"op": "add", "path": "/a/b/0", "value": 1}, operation],
        )
    assert (caught.value.code, caught.value.place.path, caught.value.facts["operation"]) == (code, "[2]", 3)
    assert caught.value.text("zh-TW")
    assert before == DOCUMENT


def test_decimals_and_the_order_of_properties_are_kept():
    resource = json.parse(
        b'{"resourceType":"Observation","valueQuantity":{"value":1.00,"unit":"%"},"status":"final"}',
        exact=True,
    )
    operations = json.parse_list(
        b'[{"op":"replace","path":"/valueQuantity/unit","value":"g"},{"op":"add","path":"/component","value":[2.50]}]',
        exact=True,
    )
    assert json.write(json_patch(resource, operations)) == (
        b'{"resourceType":"Observation","valueQuantity":{"value":1.00,"unit":"g"},"status":"final","component":[2.50]}'
    )


def test_numbers_are_tested_by_their_value():
    resource = json.parse(b'{"a":1.00,"b":100}', exact=True)
    json_patch(
        resource, [{"op": "test", "path": "/a", "value": 1}, {"op": "test", "path": "/b", "value": 1e2}]
    )
    assert not same(1, True)
    assert same(json.parse(b'{"a":0.10}', exact=True), {"a": 0.1})


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/id", "value": "b"},
        {"op": "remove", "path": "/id"},
        {"op": "replace", "path": "/resourceType", "value": "Group"},
        {"op": "replace", "path": "", "value": {"resourceType": "Patient"}},
        {"op": "replace", "path": "", "value": []},
    ],
)
def test_type_and_id_stay(operation):
    with pytest.raises(Invalid) as caught:
        json_patch({"resourceType": "Patient", "id": "a"}, [operation])
    assert caught.value.code == "patch-identity"


def test_copies_of_copies_are_stopped():
    copies = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 40
    with pytest.raises(CamphoraError) as caught:
        json_patch({"a": [0] * 1_000}, copies)
    assert caught.value.code in {"patch-deep", "patch-large"}
    wide = [{"op": "copy", "from": "/a", "path": f"/b{n}"} for n in range(30)]
    with pytest.raises(TooLarge):
        json_patch({"a": "x" * 1_000_000}, wide)


def test_too_many_operations_are_refused():
    with pytest.raises(Invalid) as caught:
        json_patch({}, [{"op": "add", "path": "/a", "value": 1}] * 1_001)
    assert caught.value.code == "patch-many"


def test_what_was_put_in_by_one_operation_is_not_shared_with_the_patch():
    patch = [{"op": "add", "path": "/a", "value": {"b": 1}}, {"op": "add", "path": "/a/c", "value": 2}]
    assert json_patch({}, patch) == {"a": {"b": 1, "c": 2}}
    assert patch[0]["value"] == {"b": 1}


keys = st.sampled_from(["a", "b", "/", "~", ""])
values = st.recursive(
    st.integers(0, 9) | st.booleans() | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(keys, values, max_size=4)


def ways(value, way=""):
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from ways(item, f"{way}/{str(key).replace('~', '~0').replace('/', '~1')}")


@given(documents, values, st.data())
def test_an_added_member_is_found_and_its_removal_gives_the_first_document(document, value, data):
    containers = [way for way in ways(document) if isinstance(at(document, way), dict | list)]
    where = data.draw(st.sampled_from(containers))
    held = at(document, where)
    pointer = where + (f"/{data.draw(st.integers(0, len(held)))}" if isinstance(held, list) else "/new")
    add, test = (
        {"op": "add", "path": pointer, "value": value},
        {"op": "test", "path": pointer, "value": value},
    )
    assert json_patch(document, [add, test, {"op": "remove", "path": pointer}]) == document


@given(documents, st.data())
def test_a_move_back_gives_the_first_document(document, data):
    inner = [way for way in ways(document) if way and isinstance(at(document, way.rpartition("/")[0]), dict)]
    if inner:
        way = data.draw(st.sampled_from(inner))
        there, back = {"op": "move", "from": way, "path": "/new"}, {"op": "move", "from": "/new", "path": way}
        assert json_patch(document, [there, back]) == document


def at(document, way):
    for step in way.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


pointers = st.sampled_from(["", "/a", "/b/0", "/a/-", "/a/b", "a", "/~1", "/~", "/0"])
operations = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": pointers},
        optional={"from": pointers, "value": values},
    ),
    max_size=5,
)


@settings(max_examples=200)
@given(documents, operations)
def test_any_patch_gives_a_document_or_an_error_and_changes_nothing_given(document, patch):
    before = copy.deepcopy((document, patch))
    try:
        json_patch(document, patch)
    except CamphoraError as error:
        error.text("en")
    assert (document, patch) == before
