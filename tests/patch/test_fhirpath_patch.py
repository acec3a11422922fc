import copy
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import CamphoraError, Invalid
from camphora.fhir import json, xml
from camphora.fhir.patch import fhirpath_patch

from .conftest import document, xml_cases

CASES = list(xml_cases("fhir-patch-tests.xml"))


def read(element):
    return xml.parse(document(element), exact=True)


def plain(resource):
    """The narrative without the white space that lays it out."""
    if "text" in resource:
        div = ET.canonicalize(resource["text"]["div"], strip_text=True)
        resource = {**resource, "text": {**resource["text"], "div": div}}
    return resource


def operation(**parts):
    return {"name": "operation", "part": [{"name": name, **value} for name, value in parts.items()]}


def do(kind, path, **parts):
    """One operation; a part's text or number as its value, an object as it is."""
    said = {name: {"valueString": part} if isinstance(part, str) else {"valueInteger": part} if isinstance(part, int)
            else part for name, part in parts.items()}  # fmt: skip
    return operation(type={"valueCode": kind}, path={"valueString": path}, **said)


def patch(resource, *operations):
    return fhirpath_patch(resource, {"resourceType": "Parameters", "parameter": list(operations)})


REFUSALS = {
    "No content found at Patient.identifier.where(use = 'official').period when adding": "patch-absent"
}


def test_the_suite_is_whole():
    assert len(CASES) == 33
    assert {case.values[0]["failing"] for case in CASES} == {"", *REFUSALS}


@pytest.mark.conformance
@pytest.mark.parametrize("case", CASES)
def test_published_case(case):
    resource, parameters = read(case["input"]), read(case["diff"])
    before = copy.deepcopy((resource, parameters))
    if case["failing"]:
        with pytest.raises(Invalid) as caught:
            fhirpath_patch(resource, parameters)
        assert caught.value.code == REFUSALS[case["failing"]]
    else:
        assert plain(fhirpath_patch(resource, parameters)) == plain(read(case["output"]))
    assert (resource, parameters) == before


PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "name": [{"given": ["一", None, "三"], "_given": [None, {"id": "g"}]}, {"family": "王"}],
    "birthDate": "2000-01-01",
    "_birthDate": {"extension": [{"url": "urn:x", "valueCode": "y"}]},
    "deceasedBoolean": False,
    "contained": [{"resourceType": "Patient", "active": True}],
}


def test_a_choice_takes_the_name_of_its_new_type_at_the_old_place():
    after = patch(PATIENT, do("replace", "Patient.deceased", value={"valueDateTime": "2024"}))
    assert list(after) == [key if key != "deceasedBoolean" else "deceasedDateTime" for key in PATIENT]
    assert after["deceasedDateTime"] == "2024"


def test_a_choice_is_added_by_the_name_without_its_type():
    observation = {"resourceType": "Observation", "status": "final"}
    added = do("add", "Observation", name="value", value={"valueQuantity": {"value": 1}})
    assert patch(observation, added)["valueQuantity"] == {"value": 1}
    with pytest.raises(Invalid) as caught:
        patch(observation, added, do("add", "Observation", name="value", value={"valueString": "x"}))
    assert caught.value.code == "patch-present"


def test_the_two_arrays_of_a_repeating_primitive_stay_aligned():
    moved = patch(PATIENT, do("move", "Patient.name[0].given", source=1, destination=0))["name"][0]
    assert moved == {"given": [None, "一", "三"], "_given": [{"id": "g"}, None, None]}
    inserted = patch(PATIENT, do("insert", "Patient.name[0].given", index=0, value={"valueString": "零"}))[
        "name"
    ][0]
    assert inserted == {"given": ["零", "一", None, "三"], "_given": [None, None, {"id": "g"}, None]}
    deleted = patch(PATIENT, do("delete", "Patient.name[0].given[1]"))["name"][0]
    assert deleted == {"given": ["一", "三"]}


def test_a_replaced_primitive_loses_its_extensions_and_a_deleted_one_too():
    after = patch(PATIENT, do("replace", "Patient.birthDate", value={"valueDate": "1999"}))
    assert (after["birthDate"], "_birthDate" in after) == ("1999", False)
    assert not {"birthDate", "_birthDate"} & set(patch(PATIENT, do("delete", "Patient.birthDate")))


def test_an_extension_is_added_to_a_primitive():
    added = do("add", "Patient.name[0].given[2]", name="id", value={"valueString": "h"})
    assert patch(PATIENT, added)["name"][0]["_given"] == [None, {"id": "g"}, {"id": "h"}]
    added = do("add", "Patient.name[1].family", name="id", value={"valueString": "f"})
    assert patch(PATIENT, added)["name"][1] == {"family": "王", "_family": {"id": "f"}}


def test_what_is_empty_after_a_deletion_goes_too():
    after = patch(
        PATIENT, do("delete", "Patient.birthDate.extension[0]"), do("delete", "Patient.name[1].family")
    )
    assert "_birthDate" not in after
    assert after["name"] == PATIENT["name"][:1]
    assert "contained" not in patch(PATIENT, do("delete", "Patient.contained[0]"))


def test_a_deletion_of_nothing_does_nothing():
    assert patch(PATIENT, do("delete", "Patient.maritalStatus")) == PATIENT


def test_a_resource_is_added_to_the_contained_ones():
    added = do("add", "Patient", name="contained", value={"resource": {"resourceType": "Group", "id": "g"}})
    assert patch(PATIENT, added)["contained"][1] == {"resourceType": "Group", "id": "g"}
    assert "active" not in patch(PATIENT, do("delete", "Patient.contained[0].active"))["contained"][0]


def test_decimals_keep_their_digits():
    resource = json.parse(
        b'{"resourceType":"Observation","valueQuantity":{"value":1.00,"unit":"g"}}', exact=True
    )
    after = patch(resource, do("replace", "Observation.value.unit", value={"valueString": "kg"}))
    assert json.write(after) == b'{"resourceType":"Observation","valueQuantity":{"value":1.00,"unit":"kg"}}'


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"name": "other", "part": []}, "patch-operation"),
        ({"name": "operation"}, "patch-operation"),
        (do("spoil", "Patient"), "patch-operation"),
        (do("add", "Patient", name="active"), "patch-lacks"),
        (do("insert", "Patient.name", index="1", value={"valueString": "x"}), "patch-value"),
        (do("move", "Patient.name", source="1", destination=0), "patch-lacks"),
        (do("delete", "Patient..name"), "patch-expression"),
        (do("replace", "1 + 1", value={"valueInteger": 3}), "patch-expression"),
        (do("replace", "Patient.gender", value={"valueCode": "male"}), "patch-absent"),
        (do("delete", "Patient.name"), "patch-several"),
        (do("delete", "Patient"), "patch-target"),
        (do("insert", "Patient.birthDate", index=0, value={"valueDate": "2000"}), "patch-target"),
        (do("insert", "Patient.name[1]", index=0, value={"valueHumanName": {}}), "patch-target"),
        (do("insert", "Patient.name", index=3, value={"valueHumanName": {"text": "x"}}), "patch-index"),
        (do("move", "Patient.name", source=2, destination=0), "patch-index"),
        (do("move", "Patient.name", source=-1, destination=0), "patch-index"),
        (do("add", "Patient", name="birthDate", value={"valueDate": "2000"}), "patch-present"),
        (do("add", "Patient", name="nome", value={"valueString": "x"}), "patch-element"),
        (do("add", "Patient", name="active", value={"valueString": "true"}), "patch-value"),
        (
            do("add", "Patient", name="contact", value={"part": [{"name": "nome", "valueString": "x"}]}),
            "patch-value",
        ),
        (do("replace", "Patient.id", value={"valueId": "b"}), "patch-identity"),
        (do("delete", "Patient.id"), "patch-identity"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_done(made, code):
    before = copy.deepcopy(PATIENT)
    with pytest.raises(Invalid) as caught:
        patch(
            PATIENT,
            do("delete", "Patient.deceased"),
            made,
        )
    assert caught.value.code == code
    assert caught.value.text("zh-TW")
    assert before == PATIENT


def test_an_error_repeats_no_literal_of_a_path():
    with pytest.raises(Invalid) as caught:
        patch(
            PATIENT,
            do("replace", "Patient.name.where(family = '陳')", value={"valueHumanName": {"text": "x"}}),
        )
    assert caught.value.facts["path"] == "Patient.name.where(family = '…')"


@pytest.mark.parametrize("name", ["deceasedBoolean", "deceasedDateTime", "deceased"])
@pytest.mark.parametrize(
    "held", [{"deceasedDateTime": "2020"}, {"_deceasedDateTime": {"id": "d"}}, {"deceasedBoolean": True}]
)
def test_a_choice_never_gets_a_second_type(name, held):
    value = {"valueDateTime": "2021"} if name == "deceasedDateTime" else {"valueBoolean": True}
    with pytest.raises(Invalid) as caught:
        patch({"resourceType": "Patient", **held}, do("add", "Patient", name=name, value=value))
    assert caught.value.code == "patch-present"


def test_a_property_that_r4_does_not_know_is_left_alone():
    odd = {"resourceType": "Patient", "nome": 1, "name": [{"nomen": ["x"], "given": ["y"]}]}
    after = patch(
        odd,
        do("add", "Patient", name="gender", value={"valueCode": "male"}),
        do("add", "Patient.name[0]", name="family", value={"valueString": "王"}),
    )
    assert after == {**odd, "gender": "male", "name": [{"nomen": ["x"], "given": ["y"], "family": "王"}]}
    stranger = {"resourceType": "Patient", "contained": [{"resourceType": "Patiens", "id": "a"}]}
    with pytest.raises(Invalid) as caught:
        patch(stranger, do("add", "Patient.contained[0]", name="name", value={"valueString": "x"}))
    assert caught.value.code == "patch-expression"
    for kind in ("replace", "add"):
        with pytest.raises(Invalid) as caught:
            patch(odd, do(kind, "nome", name="id", value={"valueString": "x"}))
        assert caught.value.code == "patch-absent"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("multipleBirthInteger", {"valueInteger": "abc"}),
        ("multipleBirth", {"valueInteger": 1.5}),
        ("multipleBirth", {"valueBoolean": "true"}),
        ("gender", {"valueString": 5}),
        ("gender", {"valueCode": None}),
        ("birthDate", {"valueString": "yesterday"}),
        ("birthDate", {"valueDate": "2000", "_valueDate": "x"}),
        ("maritalStatus", {"valueCodeableConcept": "M"}),
        ("maritalStatus", {"valueCodeableConcept": {}}),
        ("contained", {"resource": []}),
        ("contained", {"resource": {"id": "a"}}),
        ("contained", {"resource": {"resourceType": "Patiens"}}),
        ("contact", {"part": [{"name": "gender", "valueCode": 5}]}),
    ],
)
def test_a_value_must_be_of_the_type_under_whose_name_it_is_given(name, value):
    with pytest.raises(Invalid) as caught:
        patch({"resourceType": "Patient"}, do("add", "Patient", name=name, value=value))
    assert caught.value.code == "patch-value"


paths = st.sampled_from(["Patient", "Patient.name", "Patient.name[0]", "Patient.name[0].given", "Patient.birthDate",
                         "Patient.deceased", "Patient.contained[0]", "Patient.name[0].given[1].id", "name.family",
                         "x(", "Patient.nome", "Patient.multipleBirth", "Patient.name[0].nomen",
                         "contained[1]"])  # fmt: skip
given_values = st.sampled_from([
    {"valueString": "x"}, {"valueHumanName": {"text": "y"}}, {"valueDate": "2001"}, {"_valueString": {"id": "z"}},
    {"part": [{"name": "text", "valueString": "p"}]}, {"resource": {"resourceType": "Group"}}, {"valueBoolean": True},
    {"valueDateTime": "2020"}, {"valueInteger": "abc"}, {"valueInteger": 2}, {"resource": 1},
])  # fmt: skip


starts = st.sampled_from([
    PATIENT,
    {"resourceType": "Patient", "nome": 1, "name": [{"given": ["x"], "nomen": {}}]},
    {"resourceType": "Patient", "_deceasedDateTime": {"id": "d"}, "multipleBirthInteger": 1},
    {"resourceType": "Patient", "deceasedDateTime": "2020", "contained": [{"resourceType": "Patiens"}, {"id": "a"}]},
])  # fmt: skip


@settings(max_examples=300)
@given(starts, st.lists(st.tuples(st.sampled_from(["add", "insert", "delete", "replace", "move"]), paths, given_values,
                          st.sampled_from(["name", "given", "id", "deceased", "contained", "nome",
                                           "deceasedBoolean", "deceasedDateTime", "multipleBirth"]),
                          st.integers(-1, 3), st.integers(-1, 3)), max_size=4))  # fmt: skip
def test_any_patch_gives_a_resource_or_an_error_and_changes_nothing_given(start, rows):
    before = copy.deepcopy(start)
    operations = [
        do(kind, path, value=value, name=name, index=index, source=index, destination=other)
        for kind, path, value, name, index, other in rows
    ]
    try:
        after = patch(start, *operations)
        assert len({key.lstrip("_") for key in after if "deceased" in key}) <= 1
    except CamphoraError as error:
        error.text("en")
    assert before == start
