"""Search parameters that an operator or a guide declares: taken, extracted by, and refused where the fault lies."""

import pytest

from camphora.errors import Faults
from camphora.fhir import definitions
from camphora.fhir.declared import plus, with_guide
from camphora.fhir.extract import extract
from camphora.fhir.packages import package
from camphora.fhir.registry import Registry
from camphora.fhir.search import parameters

TRIBE = "https://example.org/StructureDefinition/tribe"
BASE = Registry.bundled()


def declared(code="tribe", kind="token", expression="Patient.gender", base=("Patient",), **more):
    return {"resourceType": "SearchParameter", "url": f"https://example.org/SearchParameter/{code}", "status": "active",
            "code": code, "type": kind, "expression": expression, "base": list(base), **more}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "expression", "lists"),
    [
        ("token", f"Patient.extension.where(url='{TRIBE}').value.as(CodeableConcept)",
         {"tokens": [("x", "urn:t", "AMI")], "strings": [("x:text", "阿美族")]}),
        ("token", f"Patient.extension('{TRIBE}').value", {"tokens": [("x", "urn:t", "AMI")]}),
        ("token", f"(Patient.extension('{TRIBE}').value as CodeableConcept).coding.code",
         {"tokens": [("x", None, "AMI")]}),
        ("token", "Patient.name.exists()", {"tokens": [("x", "http://hl7.org/fhir/special-values", "true")]}),
        ("string", "Patient.name.first().family", {"strings": [("x", "王")], "tokens": [("x:exact", None, "王")]}),
        ("string", "Patient.contact.name.given.first() + '!'", {"strings": [("x", "一!")]}),
        ("number", "Patient.name.count()", {"numbers": [("x", 1.0, 1.0)]}),
        ("number", "Patient.contact.telecom.rank", {"numbers": [("x", 1.0, 1.0)]}),
        ("quantity", "4 'g'", {"quantities": [("x", "", 4.0, 4.0), ("x", "http://unitsofmeasure.org|g", 4.0, 4.0)]}),
        ("date", "Patient.birthDate | Practitioner.birthDate", {"dates": 1}),
        ("date", "Patient.birthDate.first()", {"dates": 1}),
        ("reference", "Patient.generalPractitioner.where(resolve() is Organization)",
         {"references": [("x", "Organization", "h")]}),
        ("reference", "Patient.generalPractitioner.where(resolve() is Organization and display.exists())",
         {"references": []}),
        ("reference", "Patient.generalPractitioner.where(resolve() is Practitioner or display.exists())",
         {"references": [("x", "Practitioner", "d")]}),
        ("uri", "Patient.extension.url", {"tokens": [("x", None, TRIBE)]}),
    ],
)  # fmt: skip
def test_what_a_declared_parameter_finds(patient, kind, expression, lists):
    patient["extension"] = [
        {
            "url": TRIBE,
            "valueCodeableConcept": {"coding": [{"system": "urn:t", "code": "AMI", "display": "阿美族"}]},
        }
    ]
    patient["generalPractitioner"] = [{"reference": "Organization/h"}, {"reference": "Practitioner/d"}]
    registry = plus(BASE, declared("x", kind, expression))
    found = extract("Patient", registry)(patient)
    for name, rows in lists.items():
        own = [row for row in getattr(found, name) if row[0].partition(":")[0] == "x"]
        if isinstance(rows, int):
            assert len(own) == rows
        else:
            assert set(rows) <= set(own)
            assert bool(rows) == bool(own)
    assert "x" in extract("Patient", registry).compiled
    assert "x" not in extract("Patient").parameters


def test_a_declared_composite_holds_of_one_element(patient):
    patient["contact"] = [
        {"gender": "male", "name": {"family": "林"}},
        {"gender": "female", "name": {"family": "陳"}},
    ]
    parts = [
        {"definition": "http://hl7.org/fhir/SearchParameter/individual-gender", "expression": "gender"},
        {"definition": "http://hl7.org/fhir/SearchParameter/individual-family", "expression": "name.family"},
    ]
    registry = plus(BASE, declared("kin", "composite", "Patient.contact", component=parts))
    gender = "http://hl7.org/fhir/administrative-gender"
    assert extract("Patient", registry)(patient).composites == [
        ("kin", (("token", gender, "male"), ("string", "林"))),
        ("kin", (("token", gender, "female"), ("string", "陳"))),
    ]
    parts[1]["expression"] = "iif(gender = 'male', name.family, {})"
    registry = plus(
        BASE, declared("kin", "composite", "Patient.contact.where(gender.exists())", component=parts)
    )
    assert extract("Patient", registry)(patient).composites == [
        ("kin", (("token", gender, "male"), ("string", "林")))
    ]


def test_a_declared_date_does_not_lead():
    """What a record's row says must not hang on what is declared beside R4."""
    study = {"resourceType": "ImagingStudy", "started": "2024-03-01"}
    assert {name for name, _, _ in extract("ImagingStudy")(study).dates} == {"started", "date"}
    patient = {"resourceType": "Patient", "birthDate": "1970-01-01"}
    registry = plus(BASE, declared("date", "date", "Patient.birthDate"))
    found = extract("Patient", registry)(patient)
    assert "date" in {name for name, _, _ in found.dates}
    assert found.main_date is None


def test_an_expression_that_fails_on_a_record_finds_nothing_in_it(patient):
    registry = plus(BASE, declared("x", "string", "Patient.name.given.single()"))
    assert [row for row in extract("Patient", registry)(patient).strings if row[0] == "x"] == []
    patient["name"] = [{"given": ["一"]}]
    assert [row for row in extract("Patient", registry)(patient).strings if row[0] == "x"] == [("x", "一")]


def test_an_expression_that_multiplies_finds_nothing_and_ends():
    many = {"resourceType": "Patient", "name": [{"given": [str(n) for n in range(150)]}]}
    registry = plus(BASE, declared("x", "string", "Patient.name.given.select(%resource.name.given)"))
    assert [row for row in extract("Patient", registry)(many).strings if row[0] == "x"] == []
    few = {"resourceType": "Patient", "name": [{"given": ["一", "二"]}]}
    assert [row for row in extract("Patient", registry)(few).strings if row[0] == "x"] != []


@pytest.mark.parametrize(
    ("change", "code", "path", "column"),
    [
        ({"url": ""}, "fhir-parameter-url", "url", None),
        ({"code": "_mine"}, "fhir-parameter-code", "code", None),
        ({"code": "a:b"}, "fhir-parameter-code", "code", None),
        ({"base": ["Person", "Tribe"]}, "fhir-parameter-base", "base[1]", None),
        ({"base": []}, "fhir-parameter-base", "base", None),
        ({"target": ["Tribe"]}, "fhir-parameter-base", "target[0]", None),
        ({"code": "gender"}, "fhir-parameter-taken", "base[0]", None),
        ({"code": "gender", "base": ["DomainResource"]}, "fhir-parameter-taken", "base[0]", None),
        ({"type": "special"}, "fhir-parameter-kind", "type", None),
        ({"expression": ""}, "fhir-parameter-expression", "expression", None),
        ({"expression": "Patient.gender ="}, "fhirpath-syntax", "expression", 17),
        ({"expression": "Patient.gender | Patient.tribe"}, "fhirpath-no-element", "expression", 26),
        ({"expression": "Patient.name"}, "fhir-parameter-values", "expression", None),
        ({"expression": "Practitioner.gender"}, "fhir-parameter-values", "expression", None),
        ({"type": "composite"}, "fhir-parameter-component", "component", None),
        ({"type": "composite", "component": [
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-gender", "expression": "gender"},
            {"definition": "http://example.org/none", "expression": "gender"},
        ], "expression": "Patient.contact"}, "fhir-parameter-component", "component[1].definition", None),
        ({"type": "composite", "component": [
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-gender", "expression": "gender"},
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-birthdate", "expression": "period.("},
        ], "expression": "Patient.contact"}, "fhirpath-syntax", "component[1].expression", 8),
        ({"type": "composite", "component": [
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-gender", "expression": "gender"},
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-birthdate", "expression": "gender"},
        ], "expression": "Patient.contact"}, "fhir-parameter-values", "component[1].expression", None),
    ],
)  # fmt: skip
def test_a_fault_is_said_where_it_lies(change, code, path, column):
    with pytest.raises(Faults) as caught:
        plus(BASE, declared() | change)
    fault = caught.value.faults[0]
    assert (fault.code, fault.place.path, fault.place.column) == (code, f"SearchParameter.{path}", column)
    assert fault.text("zh-TW")
    assert fault.remedy("en")


def test_a_registry_is_a_value_that_says_what_changed():
    one = plus(BASE, declared("x", expression="Patient.gender"))
    assert plus(BASE, declared("x", expression="Patient.gender")) == one != BASE
    assert len({one.digest, BASE.digest, Registry().digest}) == 3
    again = plus(one, declared("x", expression="Patient.contact.gender"))
    assert len(again.parameters) == len(one.parameters)
    assert one.changed(again) == {"Patient"}
    assert one.changed(one) == frozenset()
    assert plus(one, declared("x") | {"status": "retired"}) == BASE
    everywhere = plus(BASE, declared("x", expression="meta.versionId", base=["Resource"]))
    assert BASE.changed(everywhere) == definitions.resource_types()


def test_taiwan_core_adds_what_r4_lacks_and_repeats_the_rest():
    resources = list(package("tw.gov.mohw.twcore").definitions("SearchParameter"))
    registry, faults = with_guide(Registry(), resources)
    assert faults == ()
    assert {(each.base, each.code) for each in registry.parameters} == {
        (("CareTeam",), "role"), (("Goal",), "description"), (("ImagingStudy",), "date")
    }  # fmt: skip
    assert set(registry.parameters) <= set(BASE.parameters)
    assert parameters("CareTeam")["role"].kind == "token"


def test_what_is_wrong_in_a_guide_is_said_by_address_and_the_rest_taken():
    rows = [declared("right"), declared("wrong", expression="Patient.tribe")]
    registry, faults = with_guide(BASE, rows)
    assert "right" in registry.of("Patient")
    assert [(each.code, each.place.file) for each in faults] == [
        ("fhirpath-no-element", "https://example.org/SearchParameter/wrong")
    ]
