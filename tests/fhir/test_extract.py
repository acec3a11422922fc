import pytest

from camphora.fhir import definitions
from camphora.fhir.dates import LATEST, span
from camphora.fhir.extract import ELSEWHERE, extract
from camphora.fhir.folding import fold
from camphora.fhir.registry import Registry
from camphora.fhir.structure import check

TYPES = {name.lower() for name in definitions.types()}


def test_every_search_parameter_of_r4_is_compiled_or_answered_elsewhere():
    """1,375 parameters, and those that Camphora adds to them; of none is it unsaid who answers it."""
    left, seen = {}, set()
    for kind in definitions.resource_types():
        extractor = extract(kind)
        seen |= {parameter.url for parameter in extractor.parameters.values()}
        assert extractor.compiled | extractor.uncompiled.keys() == extractor.parameters.keys()
        left |= extractor.uncompiled
    assert left == ELSEWHERE
    assert len([url for url in seen if definitions.search_parameter(url)]) == 1375
    assert seen == {parameter.url for parameter in Registry.bundled().parameters} | {
        url for url in seen if definitions.search_parameter(url)
    }


def test_an_observation_is_found_by_all_that_it_says(observation):
    observation["meta"] = {"security": [{"system": "urn:x", "code": "PSY"}], "tag": [{"code": "t"}]}
    values = extract("Observation")(observation)
    effective = span("2024-03-01T08:30:00+08:00")
    assert values.tokens == [
        ("status", "http://hl7.org/fhir/observation-status", "final"),
        ("code", "http://loinc.org", "4548-4"),
        ("combo-code", "http://loinc.org", "4548-4"),
        ("_security", "urn:x", "PSY"),
        ("_tag", None, "t"),
    ]
    assert values.references == [("patient", "Patient", "p1"), ("subject", "Patient", "p1")]
    assert values.dates == [("date", *effective)]
    assert (values.person, values.main_date, values.labels) == (("Patient", "p1"), effective[0], ("PSY",))


def test_a_patient_is_found_by_name_in_any_spelling(patient):
    patient["name"] = [{"family": "WÁNG", "given": ["Da  Ming"]}, {"family": "王", "given": ["大明"]}]
    values = extract("Patient")(patient)
    names = {text for code, text in values.strings if code == "name"}
    assert names == {"wang", "da ming", "da ming wang", "王", "大明", "王大明"}
    assert ("name:exact", None, "WÁNG") in values.tokens


def test_a_patient_is_its_own_person_and_dated_by_nothing(patient):
    values = extract("Patient")(patient)
    assert (values.person, values.main_date) == (("Patient", "p1"), None)


@pytest.mark.parametrize(
    ("death", "code"),
    [({}, "false"), ({"deceasedBoolean": False}, "false"), ({"deceasedBoolean": True}, "true"),
     ({"deceasedDateTime": "2024"}, "true")],
)  # fmt: skip
def test_deceased_is_known_also_where_it_is_not_said(patient, death, code):
    del patient["deceasedBoolean"]
    values = extract("Patient")(patient | death)
    assert [c for name, _, c in values.tokens if name == "deceased"] == [code]


def test_a_condition_on_the_literal_chooses_items(patient):
    patient["telecom"] = [{"system": "phone", "value": "02"}, {"system": "email", "value": "a@b"}]
    values = extract("Patient")(patient)
    found = {(name, code) for name, _, code in values.tokens if name in {"phone", "email", "telecom"}}
    assert found == {("phone", "02"), ("email", "a@b"), ("telecom", "02"), ("telecom", "a@b")}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("Patient/1/_history/2", [
            ("patient", "Patient", "1"), ("patient", "", "Patient/1/_history/2"),
            ("subject", "Patient", "1"), ("subject", "", "Patient/1/_history/2"),
        ]),
        ("Group/1", [("subject", "Group", "1")]),
        ("#inside", []),
        ("urn:uuid:0", [("subject", "", "urn:uuid:0")]),
        ("http://e.org/fhir/Patient/1", [
            ("patient", "", "http://e.org/fhir/Patient/1"), ("subject", "", "http://e.org/fhir/Patient/1"),
        ]),
    ],
)  # fmt: skip
def test_references_are_kept_as_far_as_they_say_where(observation, reference, found):
    observation["subject"] = {"reference": reference}
    assert extract("Observation")(observation).references == found


def test_a_logical_reference_is_a_token_of_its_identifier(observation):
    observation["subject"] = {"type": "Patient", "identifier": {"system": "urn:n", "value": "7"}}
    tokens = extract("Observation")(observation).tokens
    assert {t for t in tokens if ":" in t[0]} == {
        ("subject:identifier", "urn:n", "7"),
        ("patient:identifier", "urn:n", "7"),
    }


def test_the_subject_is_the_person_before_any_performer(observation):
    observation |= {"performer": [{"reference": "Patient/mother"}], "subject": {"reference": "Patient/child"}}
    assert extract("Observation")(dict(reversed(observation.items()))).person == ("Patient", "child")


def test_a_period_without_end_lasts(observation):
    del observation["effectiveDateTime"]
    observation["effectivePeriod"] = {"start": "2024"}
    values = extract("Observation")(observation)
    assert values.dates == [("date", span("2024")[0], LATEST)]
    assert values.main_date == span("2024")[0]


def test_a_timing_reaches_from_its_first_to_its_last_event(observation):
    del observation["effectiveDateTime"]
    observation["effectiveTiming"] = {"event": ["2024-05-01", "2024-01-01"]}
    assert extract("Observation")(observation).dates == [
        ("date", span("2024-01-01")[0], span("2024-05-01")[1])
    ]


def test_a_cast_takes_subtypes_too():
    """FHIRPath `as`: a canonical is a uri (https://hl7.org/fhir/R4/datatypes.html)."""
    values = extract("ConceptMap")({"resourceType": "ConceptMap", "sourceCanonical": "http://e.org/vs|1"})
    assert ("source-uri", "", "http://e.org/vs") in values.references


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [
        ("Encounter", "period", {"start": "2024-03-01"}),
        ("Condition", "onsetDateTime", "2024-03-01"),
        ("Condition", "recordedDate", "2024-03-01"),
        ("Procedure", "performedDateTime", "2024-03-01"),
        ("MedicationRequest", "authoredOn", "2024-03-01"),
        ("MedicationDispense", "whenHandedOver", "2024-03-01"),
        ("Immunization", "occurrenceDateTime", "2024-03-01"),
        ("DiagnosticReport", "effectiveDateTime", "2024-03-01"),
        ("ServiceRequest", "authoredOn", "2024-03-01"),
        ("AllergyIntolerance", "recordedDate", "2024-03-01"),
        ("Composition", "date", "2024-03-01"),
        ("DocumentReference", "date", "2024-03-01T00:00:00+08:00"),
        ("Task", "authoredOn", "2024-03-01"),
        ("Claim", "created", "2024-03-01"),
        ("ImagingStudy", "started", "2024-03-01"),
        ("CarePlan", "period", {"start": "2024-03-01"}),
        ("Appointment", "start", "2024-03-01T00:00:00+08:00"),
        ("QuestionnaireResponse", "authored", "2024-03-01"),
        ("Specimen", "collection", {"collectedDateTime": "2024-03-01"}),
        ("Provenance", "recorded", "2024-03-01T00:00:00+08:00"),
        ("AuditEvent", "recorded", "2024-03-01T00:00:00+08:00"),
        ("Consent", "dateTime", "2024-03-01"),
        ("Goal", "startDate", "2024-03-01"),
    ],
)
def test_each_clinical_type_has_its_leading_date(kind, element, value):
    values = extract(kind)({"resourceType": kind, element: value})
    assert values.main_date == span("2024-03-01")[0]


def _leaves(node, names):
    """All values at a path of names, a choice by any of its types: written without the definitions."""
    if not names:
        return [node]
    if isinstance(node, list):
        return [leaf for item in node for leaf in _leaves(item, names)]
    if not isinstance(node, dict):
        return []
    head, *rest = names
    choices = [k for k in node if k.startswith(head) and k.removeprefix(head).lower() in TYPES]
    keys = [head] if head in node else choices
    return [leaf for key in keys for leaf in _leaves(node[key], rest)]


def _coded(leaf):
    if isinstance(leaf, list):
        return {pair for item in leaf for pair in _coded(item)}
    if isinstance(leaf, dict):
        rows = leaf.get("coding", [leaf])
        return {row.get("code", row.get("value")) for row in rows} - {None}
    return {str(leaf).lower() if isinstance(leaf, bool) else leaf}


def test_token_index_agrees_with_a_plain_walk_on_every_example(examples, taiwan):
    """Each plain path of each token parameter, walked by the code above, gives the codes that are indexed."""
    compared = 0
    for resource in [*examples.values(), *taiwan]:
        kind = resource["resourceType"]
        if check(resource):
            continue
        tokens = extract(kind)(resource).tokens
        for code, parameter in definitions.search_parameters(kind).items():
            parts = [part.strip() for part in parameter.expression.split("|")]
            own = [part.split(".")[1:] for part in parts if part.startswith(kind + ".")]
            plain = own and all("(" not in ".".join(names) for names in own) and len(own) == len(parts)
            if parameter.type == "token" and plain and code in extract(kind).compiled:
                expected = {c for names in own for leaf in _leaves(resource, names) for c in _coded(leaf)}
                assert {c for name, _, c in tokens if name == code} == expected, (
                    kind,
                    resource.get("id"),
                    code,
                )
                compared += bool(expected)
    assert compared > 300


def test_strings_in_the_index_are_folded(examples, taiwan):
    right = [row for row in [*examples.values(), *taiwan] if not check(row)]
    texts = [text for row in right for _, text in extract(row["resourceType"])(row).strings]
    assert len(texts) > 250
    assert all(text == fold(text) for text in texts)
