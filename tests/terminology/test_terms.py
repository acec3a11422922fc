"""Whether a value set has a code: over the file and the bundled guides; what cannot be known is None."""

import json
import threading

import pytest

from camphora.fhir.packages import Guides, Package
from camphora.fhir.packages.shelf import Shelf, pack
from camphora.terminology import add_edition, file
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
        (GENDER + "|9.9", "http://hl7.org/fhir/administrative-gender", "zzz", None),
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


def kept(path, folder, **sets):
    """Loads value sets, `urn:NAME` each."""
    for name, said in sets.items():
        about = {"resourceType": "ValueSet", "url": f"urn:{name}", "version": "1", "status": "active"}
        (folder / "one.json").write_text(json.dumps({**about, **said}))
        load(path, folder / "one.json")


def chosen(prop, op, value):
    return {"system": "urn:s", "filter": [{"property": prop, "op": op, "value": value}]}


LEAVES = {"system": "urn:s", "concept": [{"code": "a"}]}
ODD = {
    "op": {"compose": {"include": [chosen("concept", "bogus", "a")]}},
    "regex": {"compose": {"include": [chosen("code", "regex", "(?<=a)b")]}},
    "empty": {"compose": {"include": [chosen("code", "=", "")]}},
    "property": {"compose": {"include": [chosen("colour", "=", "red")]}},
    "without": {"compose": {"include": [{"system": "urn:s"}], "exclude": [chosen("colour", "=", "red")]}},
    "nowhere": {"compose": {"include": [{"concept": [{"code": "a"}]}]}},
    "both": {"compose": {"include": [{**LEAVES, **chosen("code", "=", "b")}]}},
    "version": {"compose": {"include": [{"valueSet": ["urn:regex|9"]}]}},
    "text": {"compose": {"include": "x"}},
    "list": {"compose": ["a"]},
    "number": {"compose": {"include": [{"system": "urn:s", "concept": [5]}]}},
}


class Carried(Guides):
    """Guides that carry `ODD`: what is loaded into the file is checked before it is kept."""

    def __init__(self):
        rows = [{"resourceType": "ValueSet", "url": f"urn:{name}", **said} for name, said in ODD.items()]
        lines = [(json.dumps(row).encode(), False) for row in rows]
        super().__init__([Package(Shelf(pack({"name": "own", "version": "1"}, lines)))])


@pytest.mark.parametrize("name", ODD)
def test_a_value_set_that_is_not_understood_is_not_known(own, name):
    add_edition(own.path, Edition("urn:s", "1", "s", "s", "own", "test"), [{"code": "a"}, {"code": "b"}])
    held = HeldTerms.over(own, Carried())
    assert [held.contains(f"urn:{name}", system, "a") for system in ("urn:s", None)] == [None, None]


@pytest.mark.parametrize(
    "more", [{"total": 5000}, {"offset": 1000},
             {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/valueset-toocostly"}]}],
)  # fmt: skip
def test_an_expansion_in_part_says_nothing_of_other_codes(own, tmp_path, more):
    kept(own.path, tmp_path, part={"expansion": {"contains": [{"system": "urn:s", "code": "a"}], **more}})
    held = HeldTerms.over(own)
    assert [held.contains("urn:part", "urn:s", code) for code in "ab"] == [True, None]


def test_value_sets_that_import_others_on_many_ways_are_each_compiled_and_asked_once(own, tmp_path):
    both = {f"v{at}": {"compose": {"include": [{"valueSet": [f"urn:v{at + 1}"]}] * 2}} for at in range(30)}
    kept(own.path, tmp_path, **both, v30={"compose": {"include": [LEAVES]}})
    held = HeldTerms.over(own)
    read = []
    held.library.value_set = lambda *which, own=held.library.value_set: (read.append(which), own(*which))[1]
    assert [held.contains("urn:v0", "urn:s", code) for code in "ab"] == [True, False]
    assert len(read) == 31


def elsewhere(ask):
    """The answer in a thread of its own."""
    said = []
    thread = threading.Thread(target=lambda: said.append(ask()))
    thread.start()
    thread.join()
    return said[0]


def test_a_thread_that_still_sees_the_old_codes_does_not_tell_the_others(own, tmp_path, monkeypatch):
    monkeypatch.setattr(file, "SNAPSHOT_SECONDS", 600)
    monkeypatch.setattr(file, "noticed", lambda: None)  # as when another process writes
    held = HeldTerms.over(own)
    assert held.contains("urn:one", "urn:s", "a") is None
    kept(own.path, tmp_path, one={"compose": {"include": [LEAVES]}}, two={"compose": {"include": [LEAVES]}})
    assert elsewhere(lambda: held.contains("urn:one", "urn:s", "a")) is True
    assert held.contains("urn:two", "urn:s", "a") is None
    assert elsewhere(lambda: held.contains("urn:two", "urn:s", "a")) is True
    monkeypatch.undo()
    file.noticed()
    assert held.contains("urn:two", "urn:s", "a") is True
