"""What might make a person's choice not hold: who writes about them, what is rolled back, moved, deleted, or broken."""

import dataclasses
from datetime import date

import pytest

from builders import NOW, citizen, clinician, observation, patient
from camphora.errors import Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.policy import Purpose, Reader, Request, Role, admit, choices
from camphora.policy.internal import deciding
from camphora.policy.vocabulary import ACT_CODE
from camphora.records import Delete, Put
from consented import LOAD, REASON, consent, labelled_part, treating

ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
PRESSURE = {"code": [{"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}]}
SUGAR = {"code": [{"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}]}


def _ids(store, access, patient="ada"):
    query = parse_query("Observation", [("patient", patient)], strict=True)
    return [row.id for row in store.search(access, query).rows]


def _put(store, *resources, access=LOAD):
    store.write(access, [Put(one) for one in resources])


def _anew(resource):
    return Put({name: value for name, value in resource.items() if name != "id"}, expect="new")


@pytest.mark.parametrize(
    "changed",
    [{"birthDate": "2020-02-01"}, {"deceasedDateTime": "2000-01-01"}, {"deceasedBoolean": True}],
    ids=["a minor", "dead then", "dead"],
)
def test_who_treats_a_person_cannot_make_their_own_choices_void_by_other_dates_of_life(loaded, changed):
    _put(loaded, consent("k", "ada", treating(**PRESSURE)))
    told = {**patient("ada", "王小明", "1950-02-01", "A123456780"), **changed}
    with pytest.raises(Forbidden) as refused:
        _put(loaded, told, access=clinician())
    assert refused.value.code == "records-write-refused"
    assert _ids(loaded, clinician()) == ["o3"]
    _put(loaded, patient("ada", "王大明", "1950-02-01", "A123456780"), access=clinician())


def _mother(child):
    return {
        "resourceType": "RelatedPerson",
        "id": "mother",
        "patient": {"reference": f"Patient/{child}"},
        "relationship": [{"coding": [{"system": ROLE_CODE, "code": "GUARD"}]}],
    }


def test_nobody_becomes_a_guardian_by_what_a_clinician_writes_about_them(loaded):
    _put(loaded, patient("kid", "林小明", "2020-01-01", "C1"), _mother("kid"))
    link = {"link": [{"other": {"reference": "RelatedPerson/mother"}, "type": "seealso"}]}
    linked = {**patient("bo", "陳美玲", "1990-07-15", "B223456780"), **link}
    with pytest.raises(Forbidden):
        _put(loaded, linked, access=clinician())
    with pytest.raises(Forbidden):
        loaded.write(clinician(), [_anew({**linked, "id": "new"})])
    assert loaded.letting_in(deciding("bo"), "bo") == frozenset()
    _put(loaded, linked)
    assert loaded.letting_in(deciding("bo"), "bo") == {"kid"}


def test_a_guardian_by_link_is_one_no_more_once_the_link_is_gone(loaded):
    """The child's compiled policy is made anew, though only the guardian's own record changed."""
    _put(
        loaded,
        patient("kid", "林小明", "2020-01-01", "C1"),
        _mother("kid"),
        observation("x", "kid", "1-8", "2026-01-01"),
    )
    _put(loaded, consent("k", "kid", {"type": "deny"}, performer=[{"reference": "RelatedPerson/mother"}]))
    bo = patient("bo", "陳美玲", "1990-07-15", "B223456780")
    _put(loaded, {**bo, "link": [{"other": {"reference": "RelatedPerson/mother"}, "type": "seealso"}]})
    reader = Reader("citizen-bo", "家人", Role.CITIZEN, person="bo")
    access = admit(Request(reader, Purpose.SELF, "kid", frozenset({"kid"}))).access
    assert _ids(loaded, access, "kid") == ["x"]
    _put(loaded, bo)
    assert _ids(loaded, access, "kid") == []


def test_what_was_rolled_back_leaves_nothing_by_which_a_later_choice_is_passed_over(loaded):
    """A refused transaction weighs the person under a number that the next change gets."""
    _put(loaded, consent("k", "ada", treating(**SUGAR)))
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/ada"},
    }
    refused = [
        _anew(visit),
        _anew(observation("", "ada", "1-8", "2026-01-01")),
        _anew(observation("", "no", "1-8", "2026")),
    ]
    with pytest.raises(Invalid):
        loaded.write(clinician(), refused)
    _put(loaded, consent("k2", "ada", treating(**PRESSURE)), access=citizen())
    assert _ids(loaded, clinician()) == []


def test_a_consent_that_was_another_persons_decides_for_the_one_before_no_more(loaded):
    permits = {**treating(), "provision": [{"type": "permit", **SUGAR}]}
    _put(loaded, consent("k", "ada", permits), consent("old", "ada", treating(dataPeriod={"end": "1990"})))
    assert _ids(loaded, clinician()) == ["o3"]
    _put(loaded, consent("k", "bo", permits))
    assert _ids(loaded, clinician()) == ["o1", "o2", "o3"]
    assert _ids(loaded, clinician(), "bo") == []


@pytest.mark.parametrize(
    "criteria",
    [{"data": [{"meaning": "instance", "reference": {"reference": "Observation/o1"}}]}, PRESSURE],
    ids=["by name", "by code"],
)
def test_a_closed_record_that_was_deleted_is_as_absent_as_one_that_never_was(loaded, criteria):
    _put(loaded, consent("k", "ada", treating(**criteria)))
    loaded.write(LOAD, [Delete("Observation", "o1")])
    for ask in (loaded.read, loaded.history):
        with pytest.raises(NotFound) as refused:
            ask(clinician(), "Observation", "o1")
        assert refused.value.code == "records-not-found"
    with pytest.raises(NotFound) as gone:
        loaded.read(citizen(), "Observation", "o1")
    assert gone.value.code == "records-gone"


def test_a_denial_whose_purpose_cannot_be_read_is_refused_where_it_is_written_and_denies_where_it_stands(
    loaded,
):
    unread = consent("k", "ada", {"type": "deny", "purpose": [{"system": REASON, "display": "care"}]})
    with pytest.raises(Invalid) as refused:
        _put(loaded, unread)
    assert refused.value.code == "records-consent-purpose"
    assert choices.effects(unread) != ()


def test_who_restricted_an_institution_is_absent_for_those_who_belong_below_it(loaded):
    _put(loaded, {**choices.restrict("ada", "h9", NOW), "id": "k"})
    reader = Reader(
        "dr", "林醫師", Role.CLINICIAN, organisation="h1", memberships=frozenset({"Organization/h9"})
    )
    assert _ids(loaded, admit(Request(reader, Purpose.CARE)).access) == []
    assert len(_ids(loaded, clinician("h1"))) == 3


def test_a_child_too_young_to_choose_lets_nobody_in(loaded):
    _put(loaded, patient("kid", "林小明", "2016-01-01", "C1"))
    _put(loaded, {**choices.let_in("kid", "bo", date(2030, 1, 1), NOW), "id": "k"})
    assert loaded.letting_in(deciding("bo"), "bo") == frozenset()
    _put(loaded, patient("kid", "林小明", "1996-01-01", "C1"))
    assert loaded.letting_in(deciding("bo"), "bo") == {"kid"}


def test_breaking_the_glass_without_an_emergency_opens_nothing(loaded):
    reader = Reader("dr", "林醫師", Role.CLINICIAN, organisation="h1")
    access = admit(Request(reader, Purpose.CARE, purposes=("BTG",))).access
    assert _ids(loaded, access) == []
    assert len(_ids(loaded, dataclasses.replace(access, purposes=("TREAT",)))) == 3


def test_a_record_of_which_a_part_is_closed_is_not_written_over_nor_guessed(loaded):
    """The same content again makes no version, which would tell that the guess was right."""
    whole = labelled_part("part", "ada")
    _put(loaded, whole)
    _put(loaded, whole, access=clinician())
    _put(loaded, {**choices.close_part("ada", "HIV", NOW), "id": "k"})
    for guess in (whole, {**whole, "component": whole["component"][1:] or [{"code": {"text": "1"}}]}):
        with pytest.raises(Forbidden):
            _put(loaded, guess, access=clinician())
    assert loaded.read(citizen(), "Observation", "part").version == 1


def _nested(depth):
    made = {"type": "deny"}
    for _ in range(depth - 1):
        made = {"type": "deny", "provision": [made]}
    return made


@pytest.mark.parametrize(
    ("provision", "path"),
    [
        (_nested(21), "Consent.provision" + ".provision[0]" * 20),
        ({"type": "deny", "provision": [{"type": "permit"}] * 500}, "Consent.provision"),
    ],
    ids=["too deep", "too many"],
)
def test_a_consent_that_no_decision_could_weigh_in_time_is_not_taken(loaded, provision, path):
    for access in (LOAD, citizen()):
        with pytest.raises(Invalid) as refused:
            _put(loaded, consent("big", "ada", provision), access=access)
        assert (refused.value.code, str(refused.value.place.path)) == ("records-consent-too-large", path)


def test_a_consent_of_the_largest_size_is_taken(loaded):
    widest = {"type": "deny", "provision": [{"type": "permit"}] * 499}
    _put(loaded, consent("deep", "ada", _nested(20)), consent("wide", "ada", widest))
    assert _ids(loaded, clinician()) == []


ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"


def _acting(*actions):
    return {"action": [{"coding": [{"system": ACTION, "code": each}]} for each in actions]}


def test_a_denial_of_changing_leaves_reading_and_refuses_the_change_as_if_it_were_hidden(loaded):
    _put(loaded, consent("k", "ada", treating(**_acting("correct"))))
    assert len(_ids(loaded, clinician())) == 3
    for change in (Put(observation("o1", "ada", "8480-6", "2026-01-06")), Delete("Observation", "o1")):
        with pytest.raises(NotFound) as refused:
            loaded.write(clinician(), [change])
        assert refused.value.code == "records-not-found"
    loaded.write(clinician(), [_anew(observation("", "ada", "8480-6", "2026-01-06"))])


def test_a_denial_of_collecting_leaves_reading_and_refuses_a_new_record_as_if_the_person_were_hidden(loaded):
    _put(loaded, consent("k", "ada", treating(**_acting("collect"), **PRESSURE)))
    before = len(_ids(loaded, clinician()))
    with pytest.raises(Invalid) as refused:
        loaded.write(clinician(), [_anew(observation("", "ada", "8480-6", "2026-01-06"))])
    assert refused.value.code == "records-no-person"
    loaded.write(clinician(), [_anew(observation("", "ada", "1-8", "2026-01-06"))])
    _put(loaded, observation("o1", "ada", "8480-6", "2026-01-06"), access=clinician())
    assert len(_ids(loaded, clinician())) == before + 1


def test_a_denial_of_reading_alone_does_not_open_what_is_changed_blindly(loaded):
    _put(loaded, consent("k", "ada", treating(**_acting("access"))))
    with pytest.raises(NotFound):
        _put(loaded, observation("o1", "ada", "8480-6", "2026-01-06"), access=clinician())


@pytest.mark.parametrize("closed", [PRESSURE, {"securityLabel": [{"system": ACT_CODE, "code": "PSY"}]}])
def test_who_treats_records_in_a_closed_part_and_finds_it_closed_like_the_rest(loaded, closed):
    _put(loaded, consent("k", "ada", treating(**closed)))
    before = len(_ids(loaded, clinician()))
    psychiatric = observation("", "ada", "8480-6", "2026-01-06")
    psychiatric["meta"] = {"security": [{"system": ACT_CODE, "code": "PSY"}]}
    loaded.write(clinician(), [_anew(psychiatric)])
    assert len(_ids(loaded, clinician())) == before
