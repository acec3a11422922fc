"""Whatever resource R4 allows, it is the same after XML, and after a patch and its opposite."""

import copy
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camphora.fhir import json, xml
from camphora.fhir.patch import fhirpath_patch, json_patch, xml_patch
from camphora.fhir.structure import check
from fhir_strategies import elements, exact, resources

calm = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@calm
@given(resources())
def test_what_the_strategies_build_is_right_in_structure(resource):
    assert check(resource) == []


@calm
@given(resources(), st.booleans())
def test_a_resource_comes_back_from_xml_digit_by_digit(resource, pretty):
    resource = exact(resource)
    once = xml.write(resource, pretty=pretty)
    back = xml.parse(once, exact=True)
    assert json.canonical(back) == json.canonical(resource)
    assert xml.write(back, pretty=pretty) == once


@calm
@given(resources())
def test_a_resource_comes_back_from_json_digit_by_digit(resource):
    data = json.write(exact(resource))
    assert json.write(json.parse(data, exact=True)) == data


@calm
@given(resources("Patient"), st.data())
def test_an_element_added_by_a_patch_and_deleted_again_leaves_the_resource(patient, data):
    before = copy.deepcopy(patient)
    name = data.draw(elements("HumanName"))
    add = [{"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Patient"},
           {"name": "name", "valueString": "name"}, {"name": "value", "valueHumanName": name}]  # fmt: skip
    at = f"Patient.name[{len(patient.get('name', []))}]"
    delete = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": at}]
    operations = [{"name": "operation", "part": parts} for parts in (add, delete)]
    done = fhirpath_patch(patient, {"resourceType": "Parameters", "parameter": operations[:1]})
    assert done["name"][-1] == name
    assert (
        fhirpath_patch(patient, {"resourceType": "Parameters", "parameter": operations}) == before == patient
    )


@calm
@given(resources("Patient"))
def test_the_three_forms_of_patch_agree(patient):
    patient = exact({**patient, "active": True})
    patient.pop("_active", None)
    parts = [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Patient.active"},
             {"name": "value", "valueBoolean": False}]  # fmt: skip
    by_path = fhirpath_patch(
        patient, {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    )
    by_json = json_patch(patient, [{"op": "replace", "path": "/active", "value": False}])
    diff = b'<diff><replace sel="f:Patient/f:active/@value">false</replace></diff>'
    by_xml = xml.parse(xml_patch(xml.write(patient), diff), exact=True)
    assert json.canonical(by_path) == json.canonical(by_json)
    assert json.canonical(plain(by_path)) == json.canonical(plain(by_xml))


def plain(resource):
    """The narrative as canonical XML: a patched document may write its quotes in another way."""
    if "div" in resource.get("text", {}):
        return {
            **resource,
            "text": {**resource["text"], "div": ET.canonicalize(resource["text"]["div"], with_comments=True)},
        }
    return resource
