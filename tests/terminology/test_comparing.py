"""A code across editions and systems."""

import json

import pytest

from camphora.terminology import Edition, Term, add_edition
from camphora.terminology.comparing import changes, compared, editions, mapped
from camphora.terminology.loaders import load
from camphora.terminology.naming import names_in
from camphora.terminology.stored_library import Holdings
from camphora.terminology.systems import Concept, Designation

TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"


def term(zh="", en="", status="active"):
    return Term("urn:s", "1", "a", zh, en, status, active=status == "active")


@pytest.mark.parametrize(
    ("now", "older", "expected"),
    [
        (term("鹽"), [], ("first",)),
        (term("鹽"), [term("鹽")], ("same",)),
        (term("鹽", "salt"), [term("塩", "salt")], ("zh",)),
        (term("鹽", "salt"), [term("塩", "Salt", "inactive")], ("zh", "en", "status")),
        (term("鹽"), [None, term("鹽")], ("new",)),
        (None, [term("鹽")], ("absent",)),
        (None, [None, term("鹽")], ("same",)),
        (term("鹽"), [term("", "salt"), term("鹽")], ("same",)),
        (term("鹽"), [term("", "salt"), term("糖")], ("zh",)),
        (term("鹽"), [term("", "salt")], ("same",)),
    ],
)
def test_what_changed(now, older, expected):
    assert changes(now, older) == expected


def test_editions_of_a_family_are_compared_newest_first(own):
    for version, url, name in (("1", "urn:old", "糖"), ("2", "urn:new", "鹽"), ("3", "urn:new", "鹽")):
        edition = Edition(url, version, "表", "table", "own", "test", family="salts")
        add_edition(own.path, edition, [{"code": "a", "zh": name}])
    add_edition(
        own.path, Edition("urn:new", "0", "表", "table", "own", "test", family="salts"), [{"code": "z"}]
    )
    found = editions(own, own.lookup("urn:new", "a"))
    assert [(one.edition.version, one.changes) for one in found] == [
        ("3", ("same",)),
        ("2", ("zh",)),
        ("1", ("first",)),
    ]


def test_maps_are_followed_both_ways_and_name_the_other_code(own, tmp_path):
    target = {"code": "100", "equivalence": "wider"}
    element = [{"code": "a", "target": [target]}]
    group = {"source": "urn:s", "target": TWCORE + "postal-code3-tw", "element": element}
    (tmp_path / "map.json").write_text(
        json.dumps(
            {
                "resourceType": "ConceptMap",
                "url": "urn:map",
                "version": "1",
                "status": "active",
                "group": [group],
            }
        )
    )
    load(own.path, tmp_path / "map.json")
    add_edition(own.path, Edition("urn:s", "1", "鹽", "salts", "own", "test"), [{"code": "a", "zh": "鹽"}])
    library = Holdings.of(own)
    (there,) = mapped(library, own.lookup("urn:s", "a"))
    assert (there.zh, there.relationship, there.origin) == (
        "臺北市中正區",
        "source-is-narrower-than-target",
        "urn:map|1",
    )
    (back,) = mapped(library, own.lookup(TWCORE + "postal-code3-tw", "100"))
    assert (back.system, back.code, back.relationship) == ("urn:s", "a", "source-is-broader-than-target")


def test_parents_and_children_have_their_names(own):
    rows = [{"code": "A", "zh": "甲"}, {"code": "A1", "zh": "甲一", "more": '{"parent": "A"}'}]
    add_edition(own.path, Edition("urn:t", "1", "樹", "tree", "own", "test"), rows)
    library = Holdings.of(own)
    assert [one.zh for one in compared(own, library, own.lookup("urn:t", "A"), 10).children] == ["甲一"]
    assert [one.zh for one in compared(own, library, own.lookup("urn:t", "A1"), 10).parents] == ["甲"]


@pytest.mark.parametrize(
    ("display", "language", "designations", "expected"),
    [
        ("鹽", "", (), ("鹽", "")),
        ("Salt", "", (), ("", "Salt")),
        ("Salt", "en-US", (("zh-TW", "鹽"),), ("鹽", "Salt")),
        ("Salz", "de", (("en-GB", "salt"), ("zh-Hant-TW", "鹽")), ("鹽", "salt")),
        ("Vitamin B12 缺乏", "", (("en", "B12 deficiency"),), ("Vitamin B12 缺乏", "B12 deficiency")),
        (None, "zh", (("en", "salt"),), ("", "salt")),
        ("Salt", "", (("zh-CN", "盐"), ("zh-TW", "鹽")), ("鹽", "Salt")),
    ],
)
def test_which_name_is_chinese_and_which_english(display, language, designations, expected):
    names = tuple(Designation(value, tag) for tag, value in designations)
    assert names_in(Concept("a", display, designations=names), language) == expected
