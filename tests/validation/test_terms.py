import orjson
import pytest

from camphora.fhir.packages import NOT_CARRIED, Guides, Package
from camphora.fhir.packages.shelf import Shelf, pack
from camphora.fhir.validation import GuideTerms

TREE = {
    "resourceType": "CodeSystem", "url": "urn:tree", "content": "complete", "concept": [
        {"code": "a", "display": "A", "designation": [{"language": "zh-TW", "value": "甲"}],
         "concept": [{"code": "b", "property": [{"code": "kind", "valueCode": "leaf"}]}, {"code": "c"}]},
        {"code": "d", "property": [{"code": "parent", "valueCode": "c"}]},
    ],
}  # fmt: skip
PART = {"resourceType": "CodeSystem", "url": "urn:part", "content": "fragment", "concept": [{"code": "p"}]}


def include(*rows, exclude=()):
    return {"compose": {"include": list(rows), "exclude": list(exclude)}}


def terms(**sets):
    rows = [{"resourceType": "ValueSet", "url": f"urn:{name}", **said} for name, said in sets.items()]
    lines = [(orjson.dumps(row), False) for row in (TREE, PART, *rows)]
    return GuideTerms(Guides([Package(Shelf(pack({"name": "own", "version": "1"}, lines)))]))


def filtered(prop, op, value):
    return include({"system": "urn:tree", "filter": [{"property": prop, "op": op, "value": value}]})


@pytest.mark.parametrize(
    ("said", "inside"),
    [
        (include({"system": "urn:tree"}), {"a", "b", "c", "d"}),
        (include({"system": "urn:tree", "concept": [{"code": "b"}]}), {"b"}),
        (filtered("concept", "is-a", "a"), {"a", "b", "c", "d"}),
        (filtered("concept", "descendent-of", "c"), {"d"}),
        (filtered("concept", "is-not-a", "c"), {"a", "b"}),
        (filtered("concept", "in", "a, b"), {"a", "b"}),
        (filtered("kind", "=", "leaf"), {"b"}),
        (filtered("kind", "exists", "false"), {"a", "c", "d"}),
        (
            include({"system": "urn:tree"}, exclude=[{"system": "urn:tree", "concept": [{"code": "a"}]}]),
            {"b", "c", "d"},
        ),
        (include({"valueSet": ["urn:leaves"]}), {"b"}),
        (
            {"expansion": {"contains": [{"code": "x", "contains": [{"code": "a", "system": "urn:tree"}]}]}},
            {"a"},
        ),
    ],
)
def test_membership(said, inside):
    known = terms(set=said, leaves=filtered("kind", "=", "leaf"))
    assert {code for code in "abcd" if known.contains("urn:set", "urn:tree", code)} == inside
    assert {code for code in "abcd" if known.contains("urn:set", None, code)} == inside
    assert all(known.contains("urn:set", "urn:tree", code) is not None for code in "abcd")


def test_what_is_not_known_is_neither_in_nor_out():
    said = include({"system": "urn:part"}, {"system": "urn:nowhere"},
                   {"system": "urn:big", "extension": [{"url": NOT_CARRIED, "valueCode": "size"}]})  # fmt: skip
    known = terms(set=said, odd=filtered("kind", "regex", "l.*"))
    answers = [
        known.contains("urn:set", system, "p")
        for system in ("urn:part", "urn:nowhere", "urn:big", "urn:tree")
    ]
    assert answers == [True, None, None, False]
    assert known.contains("urn:set", "urn:part", "q") is None
    assert known.contains("urn:nothing", "urn:tree", "a") is None
    assert known.contains("urn:odd", "urn:tree", "b") is None


def test_names_and_hierarchy():
    known = terms()
    assert [known.display("urn:tree", "a", lang) for lang in ("zh-TW", "en")] == ["甲", "A"]
    assert known.display("urn:tree", "z", "en") is None
    assert [known.subsumes("urn:tree", "a", code) for code in "adz"] == [True, True, None]
    assert known.subsumes("urn:tree", "d", "a") is False
    assert [known.knows("urn:tree", "a"), known.knows("urn:tree", "z"), known.knows("urn:part", "z")] == [
        True,
        False,
        None,
    ]


def test_value_sets_that_name_each_other_end():
    known = terms(set=include({"valueSet": ["urn:other"]}), other=include({"valueSet": ["urn:set"]}))
    assert known.contains("urn:set", "urn:tree", "a") is None


def test_hl7s_own_systems_may_have_grown_since_r4(guides):
    known = GuideTerms(guides)
    url = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    assert [known.knows(url, "active"), known.knows(url, "of-a-later-year")] == [True, None]
    assert (
        known.contains("http://hl7.org/fhir/ValueSet/condition-clinical|4.0.1", url, "of-a-later-year")
        is False
    )
