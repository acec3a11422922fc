import orjson
import pytest

from camphora.fhir.packages import NOT_CARRIED, Guides, Package
from camphora.fhir.packages.shelf import Shelf, pack
from camphora.fhir.validation import GuideTerms, Validator
from camphora.fhir.validation.bindings import Bindings
from camphora.fhir.validation.parts import Part
from camphora.fhir.validation.scope import Scope

TREE = {
    "resourceType": "CodeSystem", "url": "urn:tree", "content": "complete",
    "property": [{"code": "kind", "type": "code"}], "concept": [
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


ALL = {"system": "urn:tree"}
ODD = [
    include({"concept": [{"code": "a"}]}),
    include({"valueSet": ["urn:leaves"], "concept": [{"code": "a"}]}),
    filtered("colour", "=", "red"),
    include(ALL, exclude=filtered("colour", "=", "red")["compose"]["include"]),
    include(ALL, exclude=[{"concept": [{"code": "a"}]}]),
    filtered("concept", "bogus", "a"),
    filtered("concept", "is-a", ["a"]),
    include({"valueSet": ["urn:leaves|9.9"]}),
    {"compose": {"include": "x"}},
    {"compose": ["a"]},
    include("x"),
    include({"system": "urn:tree", "concept": [5]}),
    include({"system": "urn:tree", "concept": [{"code": ["a"]}]}),
    {"expansion": {"contains": [{"code": "x", "contains": "a"}]}},
]


@pytest.mark.parametrize("said", ODD)
def test_a_value_set_that_is_not_understood_is_not_known(said):
    known = terms(set=said, leaves=filtered("kind", "=", "leaf"))
    assert [known.contains("urn:set", system, "a") for system in ("urn:tree", None)] == [None, None]


@pytest.mark.parametrize(
    "more", [{"total": 5000}, {"offset": 1000},
             {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/valueset-toocostly"}]}],
)  # fmt: skip
def test_an_expansion_in_part_says_nothing_of_other_codes(more):
    known = terms(set={"expansion": {"contains": [{"system": "urn:tree", "code": "a"}], **more}})
    assert [known.contains("urn:set", "urn:tree", code) for code in "ab"] == [True, None]


def test_value_sets_that_import_others_on_many_ways_are_each_asked_once():
    ladder = {
        f"v{at}": include({"valueSet": [f"urn:v{at + 1}"]}, {"valueSet": [f"urn:v{at + 1}"]})
        for at in range(30)
    }
    known = terms(**ladder, v30=include(ALL))
    asked = []
    known.system = lambda url, own=known.system: (asked.append(url), own(url))[1]
    assert (known.contains("urn:v0", "urn:tree", "a"), known.contains("urn:v0", "urn:tree", "z")) == (
        True,
        False,
    )
    assert len(asked) == 2


def test_a_binding_to_a_value_set_that_is_not_understood_is_told_once_as_unchecked(guides):
    url = "http://hl7.org/fhir/StructureDefinition/"
    element = {"id": "Patient.maritalStatus", "path": "Patient.maritalStatus",
               "binding": {"strength": "required", "valueSet": "urn:odd"}}  # fmt: skip
    profile = {
        "resourceType": "StructureDefinition", "url": "urn:p", "name": "P", "status": "draft", "kind": "resource",
        "abstract": False, "type": "Patient", "baseDefinition": url + "Patient", "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, element]},
    }  # fmt: skip
    odd = {
        "resourceType": "ValueSet",
        "url": "urn:odd",
        "status": "draft",
        **filtered("concept", "bogus", "a"),
    }
    lines = [(orjson.dumps(row), False) for row in (TREE, profile, odd)]
    more = Package(Shelf(pack({"name": "own", "version": "1", "fhirVersions": ["4.0.1"]}, lines)))
    validator = Validator(guides.also([more]))
    codes = [{"system": "urn:tree", "code": code} for code in "ab"]
    report = validator.report({"resourceType": "Patient", "maritalStatus": {"coding": codes}}, ["urn:p"])
    assert [one for one in report.unchecked if one[1] == "urn:odd"] == [("value set", "urn:odd")]
    assert not [one for one in report.findings if one.severity == "error"]


class Loaded(GuideTerms):
    """Terms whose state each thread sees for itself."""

    seen, held = 1, True

    @property
    def state(self):
        return self.seen

    def contains(self, value_set, system, code):
        return self.held


def test_a_thread_that_sees_another_state_leaves_nothing_behind(guides):
    known = Loaded(guides)
    binding = {"strength": "required", "valueSet": "urn:set"}
    part = Part({"path": "Patient.gender", "binding": binding}, "urn:p", None)
    (check,) = Bindings(known).primitive((part,), "code")
    known.seen = 0
    assert check("a", Scope({})) is None
    known.seen, known.held = 1, False
    assert check("a", Scope({})) is not None
