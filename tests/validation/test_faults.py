"""Faults against base R4 beyond structure, each at its element; and what is right stays right."""

import pytest

from camphora.errors import catalogue

XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}}
PATIENT = {"resourceType": "Patient"}


def said(validator, resource, severity="error"):
    found = validator.validate(resource)
    return [(one.code.removeprefix("validation-"), one.path) for one in found if one.severity == severity]


def narrative(inner):
    return {**PATIENT, "text": {"status": "generated", "div": inner}}


@pytest.mark.parametrize(
    ("div", "code"),
    [(XHTML.format("王小明&nbsp;<b>a</b>"), None), (XHTML.format(" "), "narrative-empty"),
     (XHTML.format("<script>a</script>"), "narrative-element"),
     (XHTML.format('<p onclick="a">a</p>'), "narrative-attribute"),
     (XHTML.format('<a href=" javascript:a">a</a>'), "narrative-attribute"), ("<div>a</div>", "narrative-element"),
     (XHTML.format("<b>a"), "narrative-xml"),
     ('<!DOCTYPE a [<!ENTITY b "c">]>' + XHTML.format("&b;"), "fhir-format")],
)  # fmt: skip
def test_narrative(validator, div, code):
    assert code in [found for found, _ in said(validator, narrative(div))] or (
        code is None and not said(validator, narrative(div))
    )


def extension(url, **more):
    return {**PATIENT, "extension": [{"url": url, **more}]}


HL7 = "http://hl7.org/fhir/StructureDefinition/"


@pytest.mark.parametrize(
    ("resource", "code", "path"),
    [
        (extension(HL7 + "patient-birthPlace", valueAddress={"text": "a"}), None, ""),
        (extension(HL7 + "patient-birthPlace", valueString="a"), "type", "Patient.extension[0].value"),
        (extension(HL7 + "patient-birthTime", valueDateTime="2024-01-01T00:00:00Z"), "extension-place",
         "Patient.extension[0]"),
        ({**PATIENT, "birthDate": "2024", "_birthDate": {"extension": [
            {"url": HL7 + "patient-birthTime", "valueDateTime": "2024-01-01T00:00:00Z"}]}}, None, ""),
        (extension(HL7 + "patient-nationality", extension=[{"url": "nope", "valueString": "a"}]), "extension-inner",
         "Patient.extension[0].extension[0]"),
        ({**PATIENT, "modifierExtension": [{"url": "urn:x:y", "valueString": "a"}]}, "modifier-unknown",
         "Patient.modifierExtension[0]"),
        (extension("urn:x:y", valueString="a", extension=[{"url": "urn:z", "valueString": "a"}]), "invariant",
         "Patient.extension[0]"),
    ],
)  # fmt: skip
def test_extensions(validator, resource, code, path):
    assert said(validator, resource) == ([(code, path)] if code else [])


def test_an_unknown_extension_is_said_and_no_fault(validator):
    resource = extension("urn:x:y", valueString="a")
    assert said(validator, resource) == []
    assert said(validator, resource, "information") == [("extension-unknown", "Patient.extension[0]")]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"reference": "Patient/1"}, []),
        ({"reference": "http://example.org/fhir/Patient/1"}, []),
        ({"reference": "urn:uuid:0a1b2c3d-0000-4000-8000-000000000001"}, []),
        ({"reference": "Medication/1"}, [("target", "Observation.subject")]),
        (
            {"reference": "http://example.org/fhir/Medication/1/_history/2"},
            [("target", "Observation.subject")],
        ),
        ({"type": "Medication", "identifier": {"value": "1"}}, [("target", "Observation.subject.type")]),
        ({"display": "a"}, []),
        (
            {"reference": "#p"},
            [("invariant", "Observation.subject"), ("contained-missing", "Observation.subject")],
        ),
    ],
)
def test_references(validator, subject, expected):
    assert sorted(said(validator, {**OBSERVATION, "subject": subject})) == sorted(expected)


def test_contained_resources(validator):
    patient = {**PATIENT, "id": "p"}
    right = {**OBSERVATION, "contained": [patient], "subject": {"reference": "#p"}}
    assert said(validator, right) == []
    assert said(validator, {**OBSERVATION, "contained": [patient]}) == [("invariant", "Observation")]
    twice = {**right, "contained": [patient, patient]}
    assert ("contained-id", "Observation.contained") in said(validator, twice)
    nested = {**right, "contained": [{**patient, "contained": [patient]}]}
    assert ("fhir-nested-contained", "Observation.contained[0].contained") in said(validator, nested)


def bundle(kind, *entries, **more):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **more}


ADDRESS = "https://example.org/fhir/Patient/1"
ENTRY = {"fullUrl": ADDRESS, "resource": {**PATIENT, "id": "1"}}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (bundle("collection", ENTRY), []),
        (bundle("collection", {"resource": PATIENT}), [("bundle-address", "Bundle.entry[0]")]),
        (bundle("collection", {**ENTRY, "fullUrl": "Patient/1"}), [("bundle-absolute", "Bundle.entry[0].fullUrl")]),
        (bundle("collection", {**ENTRY, "fullUrl": ADDRESS + "2"}), [("bundle-id", "Bundle.entry[0].fullUrl")]),
        (bundle("collection", ENTRY, ENTRY), [("invariant", "Bundle")]),
        (bundle("transaction", ENTRY), [("invariant", "Bundle")]),
        (bundle("document", ENTRY, timestamp="2024-01-01T00:00:00Z", identifier={"system": "urn:a", "value": "1"}),
         [("bundle-first", "Bundle.entry"), ("invariant", "Bundle")]),
        (bundle("message", ENTRY), [("bundle-first", "Bundle.entry"), ("invariant", "Bundle")]),
    ],
)  # fmt: skip
def test_bundles(validator, resource, expected):
    assert sorted(set(said(validator, resource))) == sorted(expected)


def test_codes_known_and_unknown(validator):
    category = {"system": "http://hl7.org/fhir/observation-status", "code": "nope"}
    coded = {**OBSERVATION, "code": {"coding": [category]}}
    assert said(validator, coded) == [("code-unknown", "Observation.code.coding[0].code")]
    assert said(validator, {**OBSERVATION, "status": "nope"}) == [("fhir-code", "Observation.status")]
    elsewhere = {**OBSERVATION, "code": {"coding": [{"system": "urn:not:here", "code": "1"}]}}
    assert said(validator, elsewhere) == []


def test_what_is_not_known_is_counted_and_not_judged(validator):
    elsewhere = {**OBSERVATION, "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1"}]}}
    assert ("code system", "http://snomed.info/sct") in validator.report(elsewhere).unchecked


def test_an_identifier_with_a_wrong_check_digit_warns_without_its_number(validator):
    odd = {**PATIENT, "identifier": [{"system": "http://www.moi.gov.tw", "value": "A123456780"}]}
    found = [one for one in validator.validate(odd) if one.code == "taiwan-id-checksum"]
    assert [(one.severity, one.path) for one in found] == [("warning", "Patient.identifier[0].value")]
    assert "A123456780" not in repr(found) + found[0].text("zh-TW")


def test_findings_stand_in_the_order_of_the_document(validator):
    resource = {**OBSERVATION, "valueQuantity": {"code": "g"}, "status": "nope", "nope": 1}
    paths = [one.path for one in validator.validate(resource) if one.severity == "error"]
    assert paths == ["Observation.status", "Observation.value", "Observation.nope"]


def test_every_severity_of_sentence_is_there_in_both_languages():
    rows = {code: entry for code, entry in catalogue().items() if code.startswith("validation-")}
    assert all(entry.text["zh-TW"] != entry.text["en"] and entry.remedy["zh-TW"] for entry in rows.values())
