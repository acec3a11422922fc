"""Views beyond the official tests: titles in both languages, faults, the base views, days in Taiwan."""

import pytest

from builders import condition, observation, patient
from camphora.errors import Invalid
from camphora.lake.cutting import cut
from camphora.lake.paths import compile_path
from camphora.lake.sources import base_views, day, view_source
from camphora.lake.view import View

VIEWS = {definition["name"]: definition for definition in base_views()}


def _rows(name, resource):
    return cut(view_source(VIEWS[name]), resource)


def test_every_base_view_has_titles_and_labels_in_both_languages():
    expected = "condition encounter immunization medication_request observation person procedure"
    assert " ".join(sorted(VIEWS)) == expected
    for definition in VIEWS.values():
        view = View.of(definition)
        for text in (view.title, *(column.label for column in view.columns)):
            assert set(text) == {"zh-TW", "en"}


def test_a_person_gives_one_row_without_name_or_number():
    home = {"use": "home", "city": "信義區", "district": "臺北市", "line": ["松仁路"]}
    (row,) = _rows("person", {**patient("a", "王小明", "1950-02-01", "A123456780"), "address": [home]})
    assert row == {
        "sex": "female", "birth_year": 1950, "county": "臺北市", "township": "信義區",
        "deceased": None, "deceased_on": None,
    }  # fmt: skip


def test_a_panel_gives_one_row_for_itself_and_one_for_each_component():
    panel = observation("o", "a", "85354-9", "2026-01-05T23:30:00Z")
    del panel["valueQuantity"]
    parts = [("8480-6", 140), ("8462-4", 90)]
    panel["component"] = [
        {"code": {"coding": [{"code": code}]}, "valueQuantity": {"value": value, "unit": "mmHg"}}
        for code, value in parts
    ]
    rows = _rows("observation", panel)
    assert [(row["code"], row["value"], row["date"]) for row in rows] == [
        ("85354-9", None, "2026-01-06"),
        ("8480-6", 140, "2026-01-06"),
        ("8462-4", 90, "2026-01-06"),
    ]


def test_what_was_entered_in_error_is_not_counted():
    wrong = {
        **condition("c", "a", "I10", None),
        "verificationStatus": {"coding": [{"code": "entered-in-error"}]},
    }
    assert _rows("condition", wrong) == []
    assert len(_rows("condition", condition("c", "a", "I10", None))) == 1


def test_a_record_with_more_values_than_the_view_has_room_for_is_none():
    definition = {
        "name": "x",
        "resource": "Patient",
        "select": [{"column": [{"name": "n", "path": "name.given"}]}],
    }
    crowded = {"resourceType": "Patient", "name": [{"given": ["a", "b"]}]}
    assert cut(view_source(definition), crowded) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026", "2026"), ("2026-03", "2026-03"), ("2026-03-01T08:00:00+08:00", "2026-03-01"),
     ("2025-12-31T16:00:00Z", "2026-01-01"), ("2026-01-01T01:00:00+09:00", "2026-01-01")],
)  # fmt: skip
def test_a_moment_falls_on_its_day_in_taiwan(text, expected):
    assert day(text) == expected


@pytest.mark.parametrize(
    ("path", "code"),
    [("name.", "lake-path-syntax"), ("a b", "lake-path-syntax"), ("(a", "lake-path-syntax"),
     ("name.repeat(x)", "lake-path-function"), ("name.where()", "lake-path-function"),
     ("%none", "lake-path-constant"), ("@2020", "lake-path-syntax"), ("a | b", "lake-path-syntax")],
)  # fmt: skip
def test_what_is_not_in_the_subset_is_refused_when_it_is_compiled(path, code):
    with pytest.raises(Invalid, match=code):
        compile_path(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("1 + 2 * 3", [7]), ("-(2) + 5", [3]), ("4 / 0", []), ("'a' & 'b'", ["ab"]), ("b = 1", []),
     ("x = 1 or b = 1", [True]), ("x = 2 and b = 1", [False]), ("x = 1 and b = 1", []), ("(b = 1).not()", []),
     ("x != 2", [True]), ("true = 1", [False]), ("list.count()", [3]), ("list.last()", [3]), ("list[1]", [2]),
     ("list.where($this > 1).first()", [2]), ("list.exists($this = 3)", [True]), (r"'it\'s'", ["it's"]),
     ("born.substring(0, 4).toInteger()", [1950]), ("born.substring(9)", []), ("word.toInteger()", [])],
)  # fmt: skip
def test_paths_follow_fhirpath(path, expected):
    item = {"x": 1, "list": [1, 2, 3], "born": "1950-02", "word": "abc"}
    assert compile_path(path)(item, 0) == expected
