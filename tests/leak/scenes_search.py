"""Scenarios of the ways of a search: what the law keeps from a reader leads nowhere, not in chains, lists, hierarchies,
value sets, nor beside what is found."""

from unittest.mock import patch

from builders import NOW, observation, patient
from camphora.fhir.search import parse_query
from camphora.policy import Purpose, choices
from camphora.records.planning import driving, statement
from leak.comparing import said
from leak.ground import ADA, HOSPITAL, LOINC, OTHER, visit
from leak.scenarios import REASON, reader, scene
from leak.test_work import SLACK, cost

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
SEARCHES = ("fhir.search", "fhir.search-post", "fhir.bundle")


def found(client, search):
    """The ids in the answer to a search that was understood, in order."""
    answer = client.get(f"/fhir/{search}")
    assert answer.status_code == 200, (search, answer.text)
    return [one["resource"]["id"] for one in answer.json().get("entry", ())]


def prescribed(world):
    """A prescription at a visit that lies in another."""
    world.write(
        visit("bo-whole", "bo", "2026-02-05"),
        {**visit("bo-inner", "bo", "2026-02-05"), "partOf": {"reference": "Encounter/bo-whole"}},
        {
            "resourceType": "MedicationRequest",
            "id": "bo-medicine",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"coding": [{"system": LOINC, "code": "x"}]},
            "subject": {"reference": "Patient/bo"},
            "encounter": {"reference": "Encounter/bo-inner"},
        },
        {
            "resourceType": "List",
            "id": "bo-list",
            "status": "current",
            "mode": "working",
            "subject": {"reference": "Patient/bo"},
            "entry": [{"item": {"reference": "MedicationRequest/bo-medicine"}}],
        },
    )


@scene(SEARCHES, "type", "chain", "reverse-chain", "include", "reverse-include", "filter")
def a_type_that_is_not_read_leads_to_none_that_is(make):
    """A pharmacist reads no visit, value or list: none is gone through, beside or along."""
    world = make()
    prescribed(world)
    pharmacist, clinician = world.client("pharmacist"), world.client("welcome")
    for search, sees in (
        ("MedicationRequest?encounter:Encounter.status=finished", ["bo-medicine"]),
        ("MedicationRequest?encounter:below=Encounter/bo-whole", ["bo-medicine"]),
        ("MedicationRequest?_list=bo-list", ["bo-medicine"]),
        ("Patient?_id=bo&_has:Observation:patient:code=8480-6", ["bo"]),
        ("Patient?_id=bo&_has:Observation:patient:_id=bo-1", ["bo"]),
    ):
        assert found(clinician, search) == sees, search
        assert found(pharmacist, search) == [], search
    for search, more in (
        ("MedicationRequest?_id=bo-medicine&_include=MedicationRequest:encounter", "bo-inner"),
        ("Patient?_id=bo&_revinclude=Observation:patient", "bo-1"),
    ):
        assert more in found(clinician, search), search
        assert more not in found(pharmacist, search), search
    both = "?_type=Patient,Observation&_id=bo,bo-1"
    assert sorted(found(clinician, both)) == ["bo", "bo-1"]
    assert found(pharmacist, both) == ["bo"]
    world.choose("bo-chooses", choices.restrict("bo", "h9", NOW))
    for search in (
        "Patient?_id=bo&_has:Consent:patient:status=active",
        "Patient?_has:Consent:patient:_id=bo-chooses",
    ):
        assert found(clinician, search) == [], search
    assert found(clinician, "Patient?_id=bo&_revinclude=Consent:patient") == ["bo"]


@scene(SEARCHES, "filter", "chain")
def what_is_hidden_leads_no_further(make):
    """A list of hers names none; a visit of hers between two of others is no way between them."""
    world, absent = make(), make(there=False)
    for made in (world, absent):
        made.write(
            visit("bo-outer", "bo", "2026-02-06"),
            {**visit("bo-beside", "bo", "2026-02-06"), "partOf": {"reference": "Encounter/bo-outer"}},
            {**visit("bo-deep", "bo", "2026-02-07"), "partOf": {"reference": "Encounter/ada-between"}},
        )
    world.write(
        {**visit("ada-between", "ada", "2026-02-06"), "partOf": {"reference": "Encounter/bo-outer"}},
        {
            "resourceType": "List",
            "id": "ada-list",
            "status": "current",
            "mode": "working",
            "subject": {"reference": "Patient/ada"},
            "entry": [{"item": {"reference": "Observation/bo-1"}}],
        },
    )
    for search, shown in (
        ("Observation?_list=ada-list", ["bo-1"]),
        ("Encounter?part-of:below=Encounter/bo-outer", ["bo-beside", "bo-deep", "ada-between"]),
        ("Encounter?part-of:above=Encounter/ada-between", ["bo-beside", "bo-deep", "ada-between"]),
    ):
        seen = found(world.client("welcome"), search)
        assert sorted(seen) == sorted(shown), search
        there, never = (made.client("other").get(f"/fhir/{search}") for made in (world, absent))
        assert said(there) == said(never), search


@scene(SEARCHES, "filter", "missing")
def a_value_set_is_read_as_any_record(make):
    """By its id as by its address; one that was deleted, or is a record of another type, is none."""
    world = make()
    world.write({"resourceType": "ValueSet", "id": "genders", "status": "active", "url": GENDER})
    client = world.client("other")
    by_address = sorted(found(client, f"Patient?gender:in={GENDER}&_count=100"))
    assert by_address
    assert sorted(found(client, "Patient?gender:in=ValueSet/genders&_count=100")) == by_address
    unknown = client.get("/fhir/Patient?gender:in=ValueSet/nothing")
    assert unknown.status_code == 400
    world.remove("ValueSet", "genders")
    for name in ("genders", "bo", "ada"):
        answer = client.get(f"/fhir/Patient?gender:in=ValueSet/{name}")
        assert (answer.status_code, answer.json()["issue"]) == (400, unknown.json()["issue"]), name


@scene(SEARCHES, "about", "work")
def a_search_about_the_hidden_costs_what_one_about_nobody_costs(make):
    """However she is named, and however many records there are."""
    world = make()
    world.write(patient("far", "許多多", "1961-01-01", "F123456789"))
    world.write(*(observation(f"far-{number}", "far", "8480-6", "2026-01-01") for number in range(120)))
    world.choose("far-restricts", choices.restrict("far", OTHER, NOW))
    for search in (
        "/fhir/Observation?patient={id}",
        "/fhir/Observation?subject=Patient/{id}&code=8480-6&_total=accurate",
        "/fhir/Observation?_filter=subject re Patient/{id}",
    ):
        there, never = (cost(world, search, name) for name in ("far", "zed"))
        assert abs(there - never) <= SLACK, search


@scene((*SEARCHES, "clinic.patient"), "emergency", "about")
def who_is_opened_is_found_by_every_way(make):
    """In an emergency a search that names her finds what is hers."""
    world = make()
    gate, store = world.installation.gate, world.installation.store
    gate.declare(reader(world, "other"), ADA.number, REASON)
    opened = gate.access(reader(world, "other"), Purpose.CARE, person="ada")
    for name, value in (("patient", "ada"), ("subject", "Patient/ada"), ("_id", "ada-last")):
        page = store.search(opened, parse_query("Observation", [(name, value)], strict=True))
        assert "ada-last" in {row.id for row in page.rows}, name


@scene(SEARCHES, "total", "about")
def a_total_over_a_long_list_counts_what_one_over_a_short_one_counts(make):
    """Over a long list who is hidden or judged is read once for all rows; nobody is counted by it who was not."""
    world = make()
    client = world.client("other")

    def totals():
        answers = [client.get(f"/fhir/{each}&_summary=count") for each in COUNTED]
        return [each.json()["total"] for each in answers]

    def both():
        with patch.object(driving, "COUNTED", 1), patch.object(statement, "COUNTED", 1):
            long = totals()
        assert long == totals()
        return long

    before = both()
    assert any(before)
    world.write(patient("far", "許多多", "1961-01-01", "F123456789"))
    world.write(*(observation(f"far-{number}", "far", "8480-6", "2026-01-01") for number in range(3)))
    seen = both()
    assert seen != before
    world.choose("far-restricts", choices.restrict("far", OTHER, NOW))
    assert both()[:2] == before[:2]
    world.remove("Consent", "far-restricts")
    world.choose("far-refuses-another", choices.restrict("far", HOSPITAL, NOW))
    assert both()[:2] == seen[:2]


COUNTED = ("Observation?code=8480-6", "Observation?status=final", "Condition?code:missing=false")
