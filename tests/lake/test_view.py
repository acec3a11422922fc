"""Views beyond the official tests: titles in both languages, faults, the base views, days in Taiwan."""

import pytest

from builders import condition, observation, patient
from camphora.errors import Faults, Invalid
from camphora.fhir import fhirpath
from camphora.lake.cutting import cut
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


def _view(*paths, resource="Patient", **select):
    columns = [{"name": f"c{number}", "path": path} for number, path in enumerate(paths)]
    node = {"column": columns, **select}
    return View.of({"name": "v", "resource": resource, "select": [node]})


@pytest.mark.parametrize(
    ("path", "code"),
    [("name.", "fhirpath-syntax"), ("gendr", "fhirpath-no-element"), ("name.nothing()", "fhirpath-no-function"),
     ("%none", "fhirpath-variable"), ("name.where()", "fhirpath-arguments"),
     ("name.ofType(Nothing)", "fhirpath-no-type"), ("name.family + 1", "fhirpath-operands")],
)  # fmt: skip
def test_a_path_that_can_mean_nothing_is_refused_with_its_view_and_column(path, code):
    with pytest.raises(Faults) as refused:
        _view("id", path)
    about, cause = refused.value.faults
    assert (about.code, about.facts) == ("lake-view-path", {"view": "v", "column": "c1", "path": path})
    assert cause.code == code
    assert all(
        fault.text(lang) and fault.remedy(lang) for fault in (about, cause) for lang in ("zh-TW", "en")
    )


@pytest.mark.parametrize("key", ["forEach", "forEachOrNull"])
def test_paths_inside_are_held_to_the_type_of_the_element_around_them(key):
    assert _view("use", "family", **{key: "name"}).columns
    with pytest.raises(Faults) as refused:
        _view("telecom", **{key: "name"})
    assert refused.value.faults[1].facts == {"element": "telecom", "type": "HumanName"}


def test_a_fault_on_a_record_names_the_column_and_the_element():
    view = _view("birthDate", "name.family.single()")
    crowded = {"resourceType": "Patient", "name": [{"family": "王"}, {"family": "陳"}]}
    with pytest.raises(Faults) as refused:
        view.rows(crowded)
    assert refused.value.faults[0].facts["column"] == "c1"
    assert "王" not in str(refused.value.faults)


FLOWING = {
    "resourceType": "Observation",
    "id": "o",
    "component": [
        {
            "valueQuantity": {"value": 1.25, "unit": "mg"},
            "_id": {"extension": [{"url": "u", "valueCode": "x"}]},
        },
        {"valueDateTime": "2024-03", "extension": [{"url": "u", "valueDecimal": 2.5}]},
        {"_valueString": {"extension": [{"url": "u", "valueCode": "y"}]}},
    ],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("value.ofType(Quantity).value", [1.25, None, None]),
     ("value.ofType(Quantity).value.highBoundary(3)", [1.255, None, None]),
     ("value.ofType(dateTime).lowBoundary(8)", [None, "2024-03-01", None]),
     ("value.ofType(string).extension('u').value.ofType(code)", [None, None, "y"]),
     ("extension('u').value.ofType(decimal)", [None, 2.5, None]),
     ("value.exists()", [True, True, True]), ("value is dateTime", [False, True, False]),
     ("%rowIndex * 2", [0, 2, 4]), ("%resource.id", ["o", "o", "o"]),
     ("iif(value is Quantity, value)", [{"value": 1.25, "unit": "mg"}, None, None])],
)  # fmt: skip
def test_types_and_extensions_flow_into_nested_selects(path, expected):
    assert _view(path, resource="Observation", forEach="component").rows(FLOWING) == [(v,) for v in expected]


def test_items_of_several_types_keep_their_own():
    view = _view(
        "$this is Quantity", "unit", resource="Observation", forEach="component.value | component.code"
    )
    assert view.rows(FLOWING) == [(True, "mg"), (False, None), (False, None)]


def test_primitives_with_extensions_alone_are_items_too():
    view = _view("$this", "extension('u').value.ofType(string)", "%rowIndex", forEach="name.given")
    given = ["大明", None]
    beside = [None, {"extension": [{"url": "u", "valueString": "小"}]}]
    named = {"resourceType": "Patient", "name": [{"given": given, "_given": beside}]}
    assert view.rows(named) == [("大明", None, 0), (None, "小", 1)]


def test_a_column_on_nothing_is_null_but_for_what_it_says_itself():
    view = _view("family", "given.join()", "%rowIndex", "family.exists()", forEachOrNull="name")
    assert view.rows({"resourceType": "Patient"}) == [(None, None, 0, False)]


def test_repeat_reaches_every_level_and_each_path_where_it_can():
    below = {"linkId": "b", "answer": [{"item": [{"linkId": "c"}]}]}
    response = {"resourceType": "QuestionnaireResponse", "item": [{"linkId": "a", "item": [below]}]}
    view = _view("linkId", resource="QuestionnaireResponse", repeat=["item", "answer.item"])
    assert view.rows(response) == [("a",), ("b",), ("c",)]


def test_a_repeat_that_comes_back_to_itself_is_refused():
    view = _view("id", repeat=["$this"])
    with pytest.raises(Invalid, match="lake-view-endless"):
        view.rows({"resourceType": "Patient", "id": "p"})


@pytest.mark.parametrize("path", ["name.family", "telecom", "active.combine(active)", "active | true"])
def test_a_condition_must_be_true_or_false(path):
    definition = {"name": "v", "resource": "Patient", "where": [{"path": path}]}
    columns = [{"column": [{"name": "id", "path": "id"}]}]
    with pytest.raises(Invalid, match="lake-view-where"):
        View.of({**definition, "select": columns}).rows({"resourceType": "Patient", "active": False})


def test_keys_of_references_are_those_of_the_resources_that_they_name():
    links = ["Patient/q", "RelatedPerson/r/_history/2", "http://elsewhere/fhir/Patient/s", "#t", "urn:uuid:u"]
    linked = {
        "resourceType": "Patient",
        "id": "p",
        "link": [{"other": {"reference": text}} for text in links],
    }
    found = [
        fhirpath.compile(path)(linked)
        for path in ("getResourceKey()", "link.other.getReferenceKey()", "link.other.getReferenceKey(Patient)",
                     "link.other.getReferenceKey(DomainResource)", "link.other.getReferenceKey(Group)")
    ]  # fmt: skip
    assert found == [["p"], ["q", "r"], ["q"], ["q", "r"], []]
