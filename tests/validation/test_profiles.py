"""What a profile can ask, each in a profile of its own: one resource that fits, and faults at their element."""

import pytest

OWN = ("urn:own",)


def sliced(kind, path, rules="open", **more):
    return {"discriminator": [{"type": kind, "path": path}], "rules": rules, **more}


def said(validator, resource):
    found = validator.validate(resource, OWN)
    return [(one.code.removeprefix("validation-"), one.path) for one in found if one.severity == "error"]


def patient(**more):
    return {"resourceType": "Patient", **more}


SYSTEMS = (
    {"id": "Patient.identifier:card", "min": 1, "max": "1", "type": [{"code": "Identifier"}]},
    {"id": "Patient.identifier:card.system", "min": 1, "fixedUri": "urn:card", "type": [{"code": "uri"}]},
    {"id": "Patient.identifier:chart", "max": "2", "type": [{"code": "Identifier"}]},
    {"id": "Patient.identifier:chart.system", "min": 1, "patternUri": "urn:chart", "type": [{"code": "uri"}]},
)


def identifiers(*systems):
    return patient(identifier=[{"system": f"urn:{one}", "value": "1"} for one in systems])


@pytest.mark.parametrize(
    ("rules", "systems", "expected"),
    [
        ({}, ["card", "other", "chart"], []),
        ({}, ["chart"], [("slice-few", "Patient.identifier")]),
        ({}, ["card", "card"], [("slice-many", "Patient.identifier")]),
        ({"rules": "closed"}, ["card", "other"], [("slice-none", "Patient.identifier[1]")]),
        ({"rules": "openAtEnd"}, ["other", "card"], [("slice-none", "Patient.identifier[0]")]),
        ({"rules": "openAtEnd"}, ["card", "other"], []),
        ({"ordered": True}, ["chart", "card"], [("slice-order", "Patient.identifier[1]")]),
    ],
)
def test_slices_by_value(profiled, rules, systems, expected):
    slicing = {"id": "Patient.identifier", "slicing": {**sliced("value", "system"), **rules}}
    assert said(profiled("Patient", slicing, *SYSTEMS), identifiers(*systems)) == expected


def test_what_no_slice_takes_falls_to_the_default(profiled):
    rest = {"id": "Patient.identifier:@default", "max": "1", "type": [{"code": "Identifier"}]}
    slicing = {"id": "Patient.identifier", "slicing": sliced("value", "system")}
    validator = profiled("Patient", slicing, *SYSTEMS, rest)
    assert said(validator, identifiers("card", "a")) == []
    assert said(validator, identifiers("card", "a", "b")) == [("slice-many", "Patient.identifier")]


def test_slices_of_slices(profiled):
    rows = (
        {"id": "Patient.telecom", "slicing": sliced("value", "system")},
        {
            "id": "Patient.telecom:phone",
            "max": "*",
            "slicing": sliced("value", "use"),
            "type": [{"code": "ContactPoint"}],
        },
        {"id": "Patient.telecom:phone.system", "min": 1, "fixedCode": "phone", "type": [{"code": "code"}]},
        {"id": "Patient.telecom:phone/home", "sliceName": "phone/home", "type": [{"code": "ContactPoint"}]},
        {"id": "Patient.telecom:phone/home.use", "min": 1, "fixedCode": "home", "type": [{"code": "code"}]},
    )
    home = {"system": "phone", "use": "home", "value": "1"}
    validator = profiled("Patient", *rows)
    assert said(validator, patient(telecom=[home, {**home, "use": "work"}])) == []
    assert said(validator, patient(telecom=[home, home])) == [("slice-many", "Patient.telecom")]


def test_slices_by_pattern_exists_and_type(profiled):
    rows = (
        {"id": "Observation.category", "slicing": sliced("pattern", "$this")},
        {"id": "Observation.category:lab", "min": 1, "type": [{"code": "CodeableConcept"}],
         "patternCodeableConcept": {"coding": [{"code": "laboratory"}]}},
    )  # fmt: skip
    lab = {"coding": [{"system": "urn:x", "code": "laboratory"}]}
    validator = profiled("Observation", *rows)
    resource = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}}
    assert said(validator, {**resource, "category": [{"text": "a"}, lab]}) == []
    assert said(validator, {**resource, "category": [{"text": "a"}]}) == [
        ("slice-few", "Observation.category")
    ]


def test_a_slice_of_a_choice_is_its_type(profiled):
    rows = (
        {"id": "Observation.value[x]", "min": 1, "slicing": sliced("type", "$this", "closed")},
        {"id": "Observation.value[x]:valueQuantity", "min": 1, "type": [{"code": "Quantity"}]},
        {"id": "Observation.value[x]:valueQuantity.unit", "min": 1, "type": [{"code": "string"}]},
    )
    validator = profiled("Observation", *rows)
    resource = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}}
    assert said(validator, {**resource, "valueQuantity": {"value": 1, "unit": "g"}}) == []
    assert said(validator, {**resource, "valueQuantity": {"value": 1}}) == [
        ("fhir-missing", "Observation.value.unit")
    ]
    assert said(validator, {**resource, "valueString": "1"}) == [("type", "Observation.value")]


RESOURCES = (
    {"id": "Bundle.entry:first", "min": 1, "type": [{"code": "BackboneElement"}]},
    {"id": "Bundle.entry:first.resource", "min": 1, "type": [{"code": "Patient"}]},
)


@pytest.mark.parametrize("kind", ["type", "profile"])
def test_slices_by_the_kind_of_an_entrys_resource(profiled, kind):
    rows = [dict(row) for row in RESOURCES]
    if kind == "profile":
        rows[1]["type"] = [
            {"code": "Patient", "profile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}
        ]
    validator = profiled("Bundle", {"id": "Bundle.entry", "slicing": sliced(kind, "resource")}, *rows)
    entry = {"fullUrl": "urn:uuid:0a1b2c3d-0000-4000-8000-000000000001", "resource": patient(active=True)}
    other = {
        "fullUrl": "urn:uuid:0a1b2c3d-0000-4000-8000-000000000002",
        "resource": {"resourceType": "Basic", "code": {"text": "a"}},
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [other]}
    assert said(validator, bundle) == [("slice-few", "Bundle.entry")]
    assert said(validator, {**bundle, "entry": [other, entry]}) == []


@pytest.mark.parametrize(
    ("row", "right", "wrong", "expected"),
    [
        ({"id": "Patient.gender", "min": 1}, {"gender": "male"}, {}, ("fhir-missing", "Patient.gender")),
        ({"id": "Patient.gender", "max": "0"}, {}, {"gender": "male"}, ("prohibited", "Patient.gender")),
        ({"id": "Patient.name", "max": "1"}, {"name": [{"text": "a"}]}, {"name": [{"text": "a"}, {"text": "b"}]},
         ("many", "Patient.name")),
        ({"id": "Patient.name", "min": 2}, {"name": [{"text": "a"}, {"text": "b"}]}, {"name": [{"text": "a"}]},
         ("few", "Patient.name")),
        ({"id": "Patient.deceased[x]", "type": [{"code": "boolean"}]}, {"deceasedBoolean": False},
         {"deceasedDateTime": "2024"}, ("type", "Patient.deceased")),
        ({"id": "Patient.gender", "fixedCode": "male"}, {"gender": "male"}, {"gender": "female"},
         ("fixed", "Patient.gender")),
        ({"id": "Patient.maritalStatus", "patternCodeableConcept": {"coding": [{"code": "M"}]}},
         {"maritalStatus": {"coding": [{"code": "S"}, {"code": "M"}], "text": "a"}},
         {"maritalStatus": {"coding": [{"code": "S"}]}}, ("pattern", "Patient.maritalStatus")),
        ({"id": "Patient.birthDate", "minValueDate": "1900-01-01"}, {"birthDate": "1950"}, {"birthDate": "1899-12-31"},
         ("small", "Patient.birthDate")),
        ({"id": "Patient.multipleBirth[x]", "maxValueInteger": 9}, {"multipleBirthInteger": 9},
         {"multipleBirthInteger": 10}, ("great", "Patient.multipleBirth")),
        ({"id": "Patient.language", "maxLength": 5}, {"language": "zh-TW"}, {"language": "zh-Hant"},
         ("long", "Patient.language")),
        ({"id": "Patient.managingOrganization", "type": [{"code": "Reference", "aggregation": ["contained"]}]},
         {}, {"managingOrganization": {"reference": "#x"}}, ("contained-missing", "Patient.managingOrganization")),
        ({"id": "Patient", "constraint": [{"key": "own-1", "severity": "error", "human": "a name or a gender",
                                           "expression": "name.exists() or gender.exists()"}]},
         {"gender": "male"}, {"active": True}, ("invariant", "Patient")),
    ],
)  # fmt: skip
def test_each_limit(profiled, row, right, wrong, expected):
    validator = profiled("Patient", row)
    assert said(validator, patient(**right)) == []
    assert expected in said(validator, patient(**wrong))


def test_several_profiles_are_one_walk_and_say_a_fault_once(profiled):
    validator = profiled("Patient", {"id": "Patient.gender", "min": 1})
    twcore = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/Patient-twcore"
    found = validator.validate(patient(birthDate="1950-13"), (twcore, "urn:own"))
    assert [one.code for one in found if one.path == "Patient.birthDate"] == ["fhir-format"]
    assert [one.code for one in found if one.path == "Patient.gender"] == ["fhir-missing"]
    assert {one.profile.partition("|")[0] for one in found} >= {twcore, "urn:own"} - {"urn:own"}


def test_a_finding_names_profile_rule_and_what_to_do(profiled):
    validator = profiled("Patient", {"id": "Patient.name", "max": "1"})
    found = validator.validate(patient(name=[{"text": "a"}, {"text": "b"}]), OWN)
    one = next(one for one in found if one.severity == "error")
    assert (one.profile, one.rule, one.found, one.expected) == ("urn:own|1", "Patient.name", "2", "1")
    assert one.text("zh-TW") == "有 2 項，至多允許 1 項"
    assert one.remedy("en") == "Remove the items beyond the limit"


def test_a_profile_with_limits_that_are_no_numbers_cannot_be_used_and_that_is_said(profiled):
    broken = profiled("Patient", {"id": "Patient.name", "max": "many"})
    assert said(broken, patient(name=[{"text": "x"}])) == [("profile-unknown", "Patient")]
