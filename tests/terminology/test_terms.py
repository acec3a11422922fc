"""Whether a value set has a code: over the file and the bundled guides; what cannot be known is None."""

import json

import pytest

from camphora.terminology import add_edition
from camphora.terminology.loaders import load
from camphora.terminology.terms import HeldTerms
from camphora.terminology.writing import Edition

SETS, CODES = (f"https://twcore.mohw.gov.tw/ig/twcore/{kind}/" for kind in ("ValueSet", "CodeSystem"))
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"


@pytest.fixture(scope="module")
def held(terms):
    return HeldTerms.over(terms)


@pytest.mark.parametrize(
    ("value_set", "system", "code", "expected"),
    [
        (GENDER, None, "male", True),
        (GENDER, None, "mann", False),
        (GENDER, "http://hl7.org/fhir/administrative-gender", "female", True),
        (GENDER, "urn:other", "female", False),
        (GENDER + "|4.0.1", None, "male", True),
        (SETS + "medication-nhi-tw", CODES + "medication-nhi-tw", "A022224100", True),
        (SETS + "medication-nhi-tw", CODES + "medication-nhi-tw", "X", False),
        (SETS + "postal-code3-tw", CODES + "postal-code3-tw", "100", True),
        (SETS + "condition-code-sct-tw", "http://snomed.info/sct", "44054006", None),
        (SETS + "icd-10-cm-2023-tw", CODES + "icd-10-cm-2023-tw", "A00.0", None),
        ("urn:no-such-value-set", "urn:x", "1", None),
    ],
)
def test_contains(held, value_set, system, code, expected):
    assert held.contains(value_set, system, code) is expected
    assert held.contains(value_set, system, code) is expected


def test_codes_of_a_system_are_known_displayed_and_ordered(held):
    drug = CODES + "medication-nhi-tw"
    assert (held.knows(drug, "A022224100"), held.knows(drug, "X"), held.knows("urn:x", "1")) == (
        True,
        False,
        None,
    )
    assert held.display(CODES + "postal-code3-tw", "100", "en") == "臺北市中正區"
    assert held.display(CODES + "postal-code3-tw", "no", "en") is None
    assert held.displays(CODES + "postal-code3-tw", "100") == ("臺北市中正區",)
    assert held.subsumes(CODES + "industry-dgbas-tw", "A", "A") is True
    assert held.subsumes(CODES + "postal-code3-tw", "100", "103") is False
    assert held.subsumes(CODES + "postal-code3-tw", "100", "no") is None


def test_a_value_set_over_a_system_loaded_later_is_known_at_once(own):
    held = HeldTerms.over(own)
    system = CODES + "icd-10-cm-2023-tw"
    asked = (SETS + "icd-10-cm-2023-tw", system)
    assert held.contains(*asked, "A00.0") is None
    edition = Edition(system, "2024-01-31", "ICD-10-CM", "ICD-10-CM", "own", "test")
    add_edition(
        own.path,
        edition,
        [{"code": "A00", "more": '{"USE": "0"}'}, {"code": "A00.0", "more": '{"USE": "1"}'}],
    )
    assert [held.contains(*asked, code) for code in ("A00.0", "A00", "B99")] == [True, False, False]


COMPOSED = {
    "include": [
        {"system": "urn:s", "filter": [{"property": "concept", "op": "is-a", "value": "a"}]},
        {"system": "urn:s", "concept": [{"code": "d"}]},
        {"valueSet": ["urn:vs:two", "urn:vs:three"]},
    ],
    "exclude": [{"system": "urn:s", "concept": [{"code": "c"}]}],
}


def value_set(url, compose):
    return {"resourceType": "ValueSet", "url": url, "version": "1", "status": "active", "compose": compose}


def listed(*codes):
    return {"include": [{"system": "urn:s", "concept": [{"code": code} for code in codes]}]}


def test_includes_add_excludes_take_away_and_named_value_sets_must_all_have_it(own, tmp_path):
    rows = [
        {"code": "a"},
        *({"code": code, "more": '{"parent": "a"}'} for code in "bc"),
        *({"code": c} for c in "defg"),
    ]
    add_edition(own.path, Edition("urn:s", "1", "s", "s", "own", "test"), rows)
    sets = (("urn:vs:one", COMPOSED), ("urn:vs:two", listed("e", "f", "g")), ("urn:vs:three", listed("f", "h")),
            ("urn:vs:loop", {"include": [{"valueSet": ["urn:vs:loop"]}, *listed("a")["include"]]}))  # fmt: skip
    for number, (url, compose) in enumerate(sets):
        (tmp_path / f"{number}.json").write_text(json.dumps(value_set(url, compose)))
        load(own.path, tmp_path / f"{number}.json")
    held = HeldTerms.over(own)
    assert {code: held.contains("urn:vs:one", "urn:s", code) for code in "abcdefgz"} == {
        "a": True, "b": True, "c": False, "d": True, "e": False, "f": True, "g": False, "z": False,
    }  # fmt: skip
    assert held.contains("urn:vs:loop", "urn:s", "a") is True
    assert held.contains("urn:vs:loop", "urn:s", "b") is None


def test_a_value_set_that_is_only_its_expansion(own, tmp_path):
    nested = [{"system": "urn:s", "code": "a", "contains": [{"system": "urn:s", "code": "b"}]}]
    whole = {
        "resourceType": "ValueSet",
        "url": "urn:vs:x",
        "status": "active",
        "expansion": {"contains": nested},
    }
    (tmp_path / "vs.json").write_text(json.dumps(whole))
    load(own.path, tmp_path / "vs.json")
    held = HeldTerms.over(own)
    assert [held.contains("urn:vs:x", *asked) for asked in (("urn:s", "b"), (None, "a"), ("urn:t", "a"))] == [
        True, True, False,
    ]  # fmt: skip
