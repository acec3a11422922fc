"""The whole decision inside the query: persons whose Consents say more than sets, scopes, surveillance, parts."""

import dataclasses
import time

import orjson
import pytest

from builders import NOW, citizen, clinician, observation, patient
from camphora.errors import Forbidden, NotFound
from camphora.fhir.search import parse_query
from camphora.policy import Purpose, Reader, Request, Role, choices
from camphora.policy.admission import admit
from camphora.policy.asking import Basis, Emergency
from camphora.policy.decision import decide
from camphora.policy.facts import facts_of
from camphora.policy.internal import deciding, following
from camphora.records import Put
from consented import ICD, LOAD, at_home, at_ward, consent, diagnosis, labelled_part, officer, treating


def _ids(store, access, text):
    kind, _, pairs = text.partition("?")
    parsed = [tuple(pair.split("=", 1)) for pair in pairs.split("&") if pair]
    return [row.id for row in store.search(access, parse_query(kind, parsed, strict=True)).rows]


def _total(store, access, text):
    kind, _, pairs = text.partition("?")
    parsed = [tuple(pair.split("=", 1)) for pair in f"{pairs}&_summary=count".split("&") if pair]
    return store.search(access, parse_query(kind, parsed, strict=True)).total


def _put(store, *resources):
    store.write(LOAD, [Put(one) for one in resources])


def test_a_code_that_is_closed_is_absent_from_rows_totals_reads_and_history(loaded):
    closed = treating(code=[{"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}])
    _put(loaded, consent("k", "ada", closed))
    assert _ids(loaded, clinician(), "Observation?patient=ada") == ["o3"]
    assert _total(loaded, clinician(), "Observation?code=8480-6") == 1
    for asked in (loaded.read, loaded.history):
        with pytest.raises(NotFound):
            asked(clinician(), "Observation", "o1")
    assert loaded.read(citizen(), "Observation", "o1").id == "o1"
    _put(loaded, {**consent("k", "ada", closed), "status": "inactive"})
    assert _total(loaded, clinician(), "Observation?code=8480-6") == 3


def test_one_record_is_closed_by_the_person(loaded):
    """A label of their own: a Consent that names the record."""
    data = [{"meaning": "instance", "reference": {"reference": "Observation/o1"}}]
    _put(loaded, consent("k", "ada", treating(data=data)))
    assert _ids(loaded, clinician(), "Observation?patient=ada&code=8480-6") == ["o2"]


def test_a_nested_exception_opens_what_the_root_closes(loaded):
    inner = {"type": "permit", "code": [{"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}]}
    _put(loaded, consent("k", "ada", {**treating(), "provision": [inner]}))
    assert _ids(loaded, clinician(), "Observation?patient=ada") == ["o3"]
    assert _ids(loaded, clinician(), "Observation?patient=bo") == ["o4"]


def test_every_row_that_a_search_shows_is_one_that_the_decision_permits(loaded):
    """The predicate and the pure function, over several Consents and readers."""
    rules = [
        treating(actor=[{"role": choices.RECIPIENT, "reference": {"reference": "Practitioner/dr-h2"}}]),
        treating(dataPeriod={"end": "2026-02"}),
        treating(securityLabel=[{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]),
        {"type": "permit", "provision": [treating(**{"class": [
            {"system": "http://hl7.org/fhir/resource-types", "code": "Condition"}]})]},
    ]  # fmt: skip
    for number, provision in enumerate(rules):
        _put(loaded, consent(f"k{number}", "ada", provision))
        whom = loaded.whom(deciding("ada"), "ada")
        for access in (clinician("h1"), clinician("h2")):
            for kind in ("Observation", "Condition", "Patient"):
                asked = access.asked("access", int(time.time() * 1000))
                bodies = [orjson.loads(row.body) for row in _scanned(loaded, kind, "ada")]
                may = {
                    body["id"]
                    for body in bodies
                    if decide(asked, whom, facts_of(body, _ruled(body))).permitted
                }
                named = "_id=ada" if kind == "Patient" else "patient=ada"
                assert set(_ids(loaded, access, f"{kind}?{named}")) == may, (number, kind)


def _scanned(store, kind, person):
    rows = store.scan(following("t"), 0, 100)
    own = [row for row in rows if row.type == kind and row.body]
    return [row for row in own if f'"Patient/{person}"'.encode() in row.body or row.id == person]


def _ruled(body):
    from camphora.policy.labels import Rules

    return {found.label for found in Rules.bundled().of(body) if found.label}


def test_a_record_that_names_a_ruled_person_is_judged_by_their_consents_too(loaded):
    both = [{"actor": {"reference": f"Patient/{one}"}, "status": "accepted"} for one in ("bo", "ada")]
    appointment = {"resourceType": "Appointment", "id": "a1", "status": "booked", "participant": both}
    _put(loaded, appointment)
    assert _ids(loaded, clinician(), "Appointment?actor=Patient/bo") == ["a1"]
    closed = treating(**{"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Appointment"}]})
    _put(loaded, consent("k", "bo", closed))
    assert _ids(loaded, clinician(), "Appointment?actor=Patient/ada") == []
    _put(loaded, {**consent("k", "bo", closed), "status": "inactive"}, consent("l", "ada", closed))
    assert _ids(loaded, clinician(), "Appointment?actor=Patient/bo") == []


def test_a_labelled_part_is_taken_out_in_the_select_and_is_never_indexed(loaded):
    _put(loaded, labelled_part("p1", "ada"))
    whole = loaded.read(clinician(), "Observation", "p1").body
    assert "陽性".encode() in whole
    assert _ids(loaded, clinician(), "Observation?combo-code=urn:t|hiv-test") == []
    assert _ids(loaded, clinician(), "Observation?combo-code=urn:t|other") == ["p1"]
    _put(loaded, choices.close_part("ada", "HIV", NOW))
    query = parse_query("Observation", [("_id", "p1")], strict=True)
    for version in (loaded.read(clinician(), "Observation", "p1"), loaded.search(clinician(), query).rows[0]):
        body = orjson.loads(version.body)
        assert "陽性" not in version.body.decode()
        assert "text" not in body
        assert body["component"][0]["extension"][0]["valueCode"] == "masked"
        assert body["component"][1]["valueString"] == "1.50"
        assert body["meta"]["security"][-1]["code"] == "REDACTED"
    assert loaded.read(citizen(), "Observation", "p1").body == whole


def test_redaction_keeps_the_digits_of_decimals(loaded):
    made = labelled_part("p1", "ada")
    raw = orjson.dumps(made).replace(b'"value":6.5', b'"value":6.50')
    loaded.write(LOAD, [Put(orjson.loads(raw), body=raw), Put(choices.close_part("ada", "HIV", NOW))])
    assert b'"value":6.50' in loaded.read(clinician(), "Observation", "p1").body


def test_versions_before_are_redacted_too(loaded):
    first = labelled_part("p1", "ada")
    _put(loaded, first, {**first, "status": "amended"}, choices.close_part("ada", "HIV", NOW))
    versions = loaded.history(clinician(), "Observation", "p1")
    assert len(versions) == 2
    assert not any("陽性".encode() in version.body for version in versions)


def test_an_emergency_opens_one_person_hidden_and_closed_alike_by_the_whole_identifier(loaded):
    _put(loaded, choices.restrict("ada", "h1", NOW), choices.restrict("bo", "h1", NOW))
    _put(loaded, choices.close_part("ada", "PSY", NOW), consent("k", "ada", treating(code=_code("I10"))))
    assert _ids(loaded, clinician(), "Condition?") == []
    declared = int(time.time() * 1000) - 1000
    opened = _opening(Emergency("a123456780", "昏迷送急診", declared))
    assert sorted(_ids(loaded, opened, "Condition?")) == ["c1", "c2"]
    assert _ids(loaded, opened, "Patient?") == ["ada"]
    for emergency in (
        Emergency("A12345678", "昏迷送急診昏迷", declared),
        Emergency("A123456780", "短", declared),
        Emergency("A123456780", "昏迷送急診昏迷", declared - 5 * 3_600_000),
    ):
        assert _ids(loaded, _opening(emergency), "Condition?") == []


def _opening(emergency):
    reason = emergency.reason if len(emergency.reason) < 5 else "昏迷送急診，家屬不在場"
    return dataclasses.replace(clinician(), emergency=dataclasses.replace(emergency, reason=reason))


def _code(code):
    return [{"coding": [{"system": ICD, "code": code}]}]


def test_a_claimed_basis_that_is_not_registered_opens_nothing(loaded):
    _put(loaded, choices.restrict("ada", "h1", NOW))
    now = int(time.time() * 1000)
    basis = Basis("no-such-basis", "依法調查", now - 1000, now + 100_000, "Practitioner/chief")
    assert _ids(loaded, dataclasses.replace(clinician(), basis=basis), "Patient?") == ["bo"]


def test_an_officer_sees_notifiable_records_of_the_area_and_their_patients(store):
    _put(
        store,
        at_home("pa", "臺北市", "信義區"),
        at_home("pb", "新北市", "板橋區"),
        at_home("pc", "台北市", "中正區"),
    )
    _put(store, patient("pd", "某人", "1980-01-01", "A1"))
    for person in ("pa", "pb", "pc", "pd"):
        _put(store, diagnosis(f"t-{person}", person, "A15.0"), diagnosis(f"f-{person}", person, "F32.9"))
    _put(store, diagnosis("only", "pc", "I10"))
    assert sorted(_ids(store, officer(), "Condition?")) == ["t-pa", "t-pb", "t-pc", "t-pd"]
    assert sorted(_ids(store, officer("63000"), f"Condition?code={ICD}|A15.0")) == ["t-pa", "t-pc"]
    assert _ids(store, officer("65000220"), "Condition?code=A15.0") == ["t-pb"]
    assert sorted(_ids(store, officer("65000220", "63000"), "Condition?code=A15.0")) == [
        "t-pa",
        "t-pb",
        "t-pc",
    ]
    assert sorted(_ids(store, officer("63000", "63000110"), "Condition?code=A15.0")) == ["t-pa", "t-pc"]
    assert sorted(_ids(store, officer("63000"), "Patient?")) == ["pa", "pc"]
    assert _ids(store, officer("nowhere"), "Condition?code=A15.0") == []
    with pytest.raises(NotFound):
        store.read(officer("63000"), "Condition", "f-pa")
    store.read(officer("63000"), "Condition", "t-pa")


def test_a_person_who_moves_takes_their_notifiable_records_along(store):
    _put(store, at_home("pa", "臺北市", "信義區"), diagnosis("t", "pa", "A15.0"))
    _put(store, at_home("pa", "高雄市", "三民區"))
    assert _ids(store, officer("63000"), "Condition?code=A15.0") == []
    assert _ids(store, officer("64000"), "Condition?code=A15.0") == ["t"]
    _put(store, diagnosis("t", "pa", "J06.9"))
    assert _ids(store, officer("64000"), "Condition?code=A15.0") == []
    assert _ids(store, officer("64000"), "Patient?") == []


def test_no_stop_and_no_restriction_applies_to_surveillance(store):
    _put(store, at_home("pa", "臺北市", "信義區"), diagnosis("t", "pa", "A15.0"))
    _put(store, choices.stop_secondary_use("pa", NOW), consent("k", "pa", treating(code=_code("A15.0"))))
    assert _ids(store, officer("63000"), "Condition?code=A15.0") == ["t"]


def test_a_reader_limited_to_an_institution_or_a_ward_sees_who_was_there(loaded):
    stay = {
        "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "IMP"},
        "subject": {"reference": "Patient/bo"}, "serviceProvider": {"reference": "Organization/h2"},
        "location": [{"location": {"reference": "Location/w7"}}],
    }  # fmt: skip
    _put(loaded, stay)
    assert _ids(loaded, at_ward(institutions=["Organization/h2"]), "Observation?") == ["o4"]
    assert _ids(loaded, at_ward(wards=["Location/w7"]), "Patient?") == ["bo"]
    assert _ids(loaded, at_ward(institutions=["Organization/h1"]), "Observation?") == []
    _put(loaded, {name: value for name, value in stay.items() if name not in {"serviceProvider", "location"}})
    assert _ids(loaded, at_ward(wards=["Location/w7"]), "Patient?") == []


GUARD = {
    "resourceType": "RelatedPerson", "id": "r1", "active": True, "patient": {"reference": "Patient/kid"},
    "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}]}],
    "extension": [{"url": "https://camphora.tw/StructureDefinition/stand-in-patient",
                   "valueReference": {"reference": "Patient/ada"}}],
}  # fmt: skip


def test_a_guardian_reads_for_a_child_until_majority(loaded):
    year = time.gmtime().tm_year
    _put(loaded, patient("kid", "王小寶", f"{year - 9}-01-01", "A199999999"), GUARD)
    assert loaded.letting_in(deciding("kid"), "ada") == {"kid"}
    _put(loaded, patient("kid", "王小寶", f"{year - 30}-01-01", "A199999999"))
    assert loaded.letting_in(deciding("kid"), "ada") == set()
    flag = {
        "resourceType": "Flag", "id": "f1", "status": "active", "subject": {"reference": "Patient/kid"},
        "code": {"coding": [{"system": "https://camphora.tw/person-status", "code": "incapable"}]},
    }  # fmt: skip
    _put(loaded, flag)
    assert loaded.letting_in(deciding("kid"), "ada") == {"kid"}
    _put(loaded, {**GUARD, "active": False})
    assert loaded.letting_in(deciding("kid"), "ada") == set()


def test_a_stand_in_is_also_named_by_the_link_of_their_patient(loaded):
    year = time.gmtime().tm_year
    bare = {name: value for name, value in GUARD.items() if name != "extension"}
    linked = {**patient("ada", "王小明", "1950-02-01", "A123456780")}
    linked["link"] = [{"other": {"reference": "RelatedPerson/r1"}, "type": "seealso"}]
    _put(loaded, patient("kid", "王小寶", f"{year - 9}-01-01", "A199999999"), bare, linked)
    assert loaded.letting_in(deciding("kid"), "ada") == {"kid"}
    whom = loaded.whom(deciding("kid"), "kid")
    assert {stand.who for stand in whom.stand_ins} == {"RelatedPerson/r1", "Patient/ada"}


@pytest.mark.parametrize("made", [
    GUARD,
    {"resourceType": "Flag", "id": "f1", "status": "active", "subject": {"reference": "Patient/ada"},
     "code": {"coding": [{"system": "https://camphora.tw/person-status", "code": "incapable"}]}},
    {**patient("ada", "王小明", "1950-02-01", "A123456780"),
     "link": [{"other": {"reference": "Patient/bo"}, "type": "replaces"}]},
])  # fmt: skip
def test_who_may_act_for_a_person_is_written_by_no_clinician(loaded, made):
    _put(loaded, patient("kid", "王小寶", "2020-01-01", "A199999999"))
    with pytest.raises(Forbidden, match="records-write-refused"):
        loaded.write(clinician(), [Put(made)])
    _put(loaded, made)
    kept = {name: value for name, value in made.items() if name != "link"}
    kept |= {name: value for name, value in {"active": False, "status": "inactive"}.items() if name in made}
    with pytest.raises(Forbidden, match="records-write-refused"):
        loaded.write(clinician(), [Put(kept, expect="present")])


def test_whom_tells_a_life_and_its_consents(loaded):
    _put(
        loaded,
        {**at_home("ada", "新北市", "板橋區"), "deceasedDateTime": "2026-05"},
        consent("k", "ada", treating()),
    )
    whom = loaded.whom(deciding("ada"), "ada")
    assert (whom.id, whom.born, whom.died, whom.area) == ("Patient/ada", "1980-01-01", "2026-05", "65000220")
    assert [each["id"] for each in whom.consents] == ["k"]
    before = whom.version
    _put(loaded, {**consent("k", "ada", treating()), "status": "inactive"})
    assert loaded.whom(deciding("ada"), "ada").version > before
    for access in (clinician(), deciding("bo")):
        with pytest.raises(NotFound):
            loaded.whom(access, "ada")


def test_a_choice_of_one_identity_holds_for_a_merged_one_before_and_after_the_merge(loaded):
    _put(loaded, choices.restrict("ada", "h1", NOW))
    joined = patient("bo", "陳美玲", "1990-07-15", "B223456780")
    _put(loaded, {**joined, "link": [{"other": {"reference": "Patient/ada"}, "type": "replaces"}]})
    assert _ids(loaded, clinician("h1"), "Observation?") == []
    assert len(_ids(loaded, clinician("h2"), "Observation?")) == 4
    assert len(loaded.whom(deciding("bo"), "bo").consents) == 1
    _put(loaded, choices.restrict("bo", "h2", NOW))
    assert _ids(loaded, clinician("h2"), "Observation?") == []
    _put(loaded, joined)
    assert _ids(loaded, clinician("h1"), "Observation?") == ["o4"]
    assert _ids(loaded, clinician("h2"), "Observation?") == [], "chosen while merged: kept by both"


def test_a_relative_let_in_for_one_kind_of_record_reads_only_that(loaded):
    family = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "FAMRQT"}
    provision = {
        "type": "permit", "purpose": [family],
        "actor": [{"role": choices.RECIPIENT, "reference": {"reference": "Patient/bo"}}],
        "class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}],
    }  # fmt: skip
    _put(loaded, consent("k", "ada", provision))
    reader = Reader("citizen-bo", "親屬", Role.CITIZEN, person="bo")
    access = admit(Request(reader, Purpose.SELF, person="ada", lets_in=frozenset({"ada"}))).access
    assert len(_ids(loaded, access, "Observation?")) == 3
    assert _ids(loaded, access, "Condition?") == []


def test_parts_of_a_patient_are_observed_by_a_second_reading_too(loaded):
    """The person of a record with a labelled subject is still found: who it is about is never left out."""
    made = observation("s1", "ada", "8480-6", "2026-01-01")
    made["subject"]["extension"] = labelled_part("x", "ada")["component"][0]["extension"]
    _put(loaded, made, choices.restrict("ada", "h1", NOW))
    with pytest.raises(NotFound):
        loaded.read(clinician("h1"), "Observation", "s1")
    assert loaded.read(clinician("h2"), "Observation", "s1").id == "s1"


CLOSINGS = {
    "one record": {"data": [{"meaning": "instance", "reference": {"reference": "Observation/o1"}}]},
    "a code": {"code": [{"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}]},
    "a code of nothing there": {"code": [{"coding": [{"system": "http://loinc.org", "code": "1-8"}]}]},
    "a kind": {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Condition"}]},
}


@pytest.mark.parametrize("closing", CLOSINGS.values(), ids=CLOSINGS)
def test_whatever_a_consent_closes_is_named_as_closed_whether_or_not_anything_is_in_it(loaded, closing):
    denial = consent("k", "ada", treating(**closing))
    assert not loaded.has_closed_part(clinician(), "ada")
    _put(loaded, denial)
    assert loaded.has_closed_part(clinician(), "ada")
    assert not loaded.has_closed_part(clinician(), "bo")
    assert not loaded.has_closed_part(citizen(), "ada")
    opened = _opening(Emergency("a123456780", "昏迷送急診", int(time.time() * 1000) - 1000))
    assert not loaded.has_closed_part(opened, "ada")
    _put(loaded, {**denial, "status": "inactive"})
    assert not loaded.has_closed_part(clinician(), "ada")


def test_what_is_closed_to_another_hospital_or_wholly_is_not_named(loaded):
    actor = {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "Organization/h2"}}
    _put(loaded, consent("k", "ada", treating(actor=[actor], **CLOSINGS["a code"])))
    assert not loaded.has_closed_part(clinician(), "ada")
    _put(loaded, consent("k", "ada", treating(**CLOSINGS["a code"])), choices.restrict("ada", "h1", NOW))
    assert not loaded.has_closed_part(clinician(), "ada"), "who may not be known has no closed part either"


@pytest.mark.parametrize("role", ["CST", "AUT"])
def test_a_denial_of_what_a_hospital_keeps_or_wrote_is_no_restriction_of_its_readers(loaded, role):
    """An actor may say whose record it is, not who reads: such a Consent is weighed record by record."""
    kept = {
        **observation("k1", "ada", "8480-6", "2026-01-01"),
        "performer": [{"reference": "Organization/h1"}],
    }
    system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    actor = {
        "role": {"coding": [{"system": system, "code": role}]},
        "reference": {"reference": "Organization/h1"},
    }
    _put(loaded, kept, consent("k", "ada", treating(actor=[actor])))
    for by in ("h1", "h2"):
        assert set(_ids(loaded, clinician(by), "Observation?patient=ada")) == {"o1", "o2", "o3"}, by
