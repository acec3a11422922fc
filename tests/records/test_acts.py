"""Whose act a Consent is: nobody gives one in another's name, nor ends or changes what another gave for them."""

import dataclasses

import orjson
import pytest

from builders import citizen, observation, patient
from camphora.errors import Forbidden
from camphora.fhir.search import parse_query
from camphora.policy import Purpose, Reader, Request, Role, admit
from camphora.records import Delete, Put
from consented import LOAD, consent, treating

ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
FLAG = {"system": "https://camphora.tw/person-status", "code": "incapable"}


def _stand_in(name, person, who, code="GUARD"):
    return {
        "resourceType": "RelatedPerson",
        "id": name,
        "patient": {"reference": f"Patient/{person}"},
        "relationship": [{"coding": [{"system": ROLE_CODE, "code": code}]}],
        "extension": [
            {
                "url": "https://camphora.tw/StructureDefinition/stand-in-patient",
                "valueReference": {"reference": f"Patient/{who}"},
            }
        ],
    }


def _incapable(person):
    return {
        "resourceType": "Flag",
        "id": f"incapable-{person}",
        "status": "active",
        "code": {"coding": [FLAG]},
        "subject": {"reference": f"Patient/{person}"},
    }


def _acting(reader, person, ground):
    """The Access that the gate gives to who acts for a person."""
    asks = Reader(f"citizen-{reader}", "代理人", Role.CITIZEN, person=reader)
    access = admit(Request(asks, Purpose.SELF, person, frozenset({person}))).access
    return dataclasses.replace(access, ground=ground, refused=frozenset(), writes=frozenset({"Consent"}))


def _act(name, person, *performers, **more):
    return consent(name, person, treating(), performer=[{"reference": each} for each in performers], **more)


@pytest.fixture
def family(loaded):
    """A minor of sixteen with two guardians, a grown person, an incapable one with a proxy."""
    _write(
        loaded, LOAD,
        patient("teen", "林小明", "2010-06-01", "C1"), _stand_in("mother", "teen", "bo"),
        _stand_in("father", "teen", "ada"), observation("x", "teen", "1-8", "2026-01-01"),
        patient("old", "林老", "1940-01-01", "C2"), _stand_in("proxy", "old", "bo", "HPOWATT"), _incapable("old"),
    )  # fmt: skip
    return loaded


def _write(store, access, *resources):
    return store.write(access, [Put(one) for one in resources])


def _refused(store, access, *changes):
    with pytest.raises(Forbidden) as refused:
        store.write(access, list(changes))
    assert refused.value.code in {"records-act-of-another", "records-act-not-able"}


@pytest.mark.parametrize(
    "performer",
    [{"reference": "RelatedPerson/mother"}, {"reference": "Patient/bo"}, {"display": "母親"}],
    ids=["their guardian's record", "their guardian", "somebody named"],
)
def test_a_minor_gives_no_consent_in_a_guardians_name(family, performer):
    forged = consent("f", "teen", treating(), performer=[performer])
    _refused(family, citizen("teen"), Put(forged))
    _refused(family, citizen("teen"), Put({**forged, "id": "x"}, expect="new"))
    both = [{"reference": "Patient/teen"}, performer]
    _refused(family, citizen("teen"), Put({**forged, "performer": both}))


@pytest.mark.parametrize("performers", [["Patient/teen"], []], ids=["named", "not named"])
def test_a_minor_of_the_age_for_it_gives_changes_and_ends_their_own(family, performers):
    own = _act("own", "teen", *performers)
    own = {name: value for name, value in own.items() if value}
    _write(family, citizen("teen"), own)
    _write(family, citizen("teen"), {**own, "provision": {"type": "deny"}})
    _write(family, citizen("teen"), {**own, "status": "inactive"})
    family.write(citizen("teen"), [Delete("Consent", "own")])


@pytest.mark.parametrize("performer", ["RelatedPerson/mother", "Patient/bo"])
def test_a_minor_neither_ends_nor_changes_nor_takes_over_what_a_guardian_gave(family, performer):
    given = _act("g", "teen", performer)
    _write(family, LOAD, given)
    own = [{"reference": "Patient/teen"}]
    for other in ({"status": "inactive"}, {"performer": own}, {"performer": own, "status": "inactive"}):
        _refused(family, citizen("teen"), Put({**given, **other}))
    _refused(family, citizen("teen"), Delete("Consent", "g"))


def test_from_majority_a_person_ends_what_a_guardian_gave_and_changes_nothing_of_it(family):
    given = _act("g", "teen", "RelatedPerson/mother")
    _write(family, LOAD, given, patient("teen", "林小明", "2000-06-01", "C1"))
    _refused(family, citizen("teen"), Put({**given, "provision": {"type": "permit"}}))
    _refused(family, citizen("teen"), Put({**given, "status": "inactive", "provision": {"type": "permit"}}))
    present = orjson.loads(family.read(citizen("teen"), "Consent", "g").body)
    _write(family, citizen("teen"), {**present, "status": "inactive"})
    _refused(family, citizen("teen"), Put(given))


def test_who_cannot_choose_writes_no_consent_whatever_its_date(family):
    _write(family, LOAD, patient("kid", "林幼", "2016-06-01", "C3"), _act("p", "old", "RelatedPerson/proxy"))
    for person in ("kid", "old"):
        undated = {name: value for name, value in _act("u", person).items() if name != "dateTime"}
        undated.pop("performer")
        _refused(family, citizen(person), Put(undated))
        _refused(family, citizen(person), Put({**undated, "dateTime": "2000-01-01"}))
    _refused(family, citizen("old"), Put(_act("p", "old", "RelatedPerson/proxy", status="inactive")))


@pytest.mark.parametrize(
    ("reader", "person", "ground", "performer"),
    [
        ("bo", "teen", "guardian", "Patient/bo"),
        ("bo", "teen", "guardian", "RelatedPerson/mother"),
        ("bo", "old", "proxy", "Patient/bo"),
        ("bo", "old", "proxy", "RelatedPerson/proxy"),
    ],
)
def test_who_acts_for_a_person_gives_changes_and_ends_in_their_own_name(
    family, reader, person, ground, performer
):
    access, given = _acting(reader, person, ground), _act("g", person, performer)
    _write(family, access, given)
    _write(family, access, {**given, "status": "inactive"})
    family.write(access, [Delete("Consent", "g")])


@pytest.mark.parametrize(
    "performers",
    [
        [],
        ["Patient/teen"],
        ["Patient/ada"],
        ["RelatedPerson/father"],
        ["Patient/bo", "Patient/teen"],
        ["RelatedPerson/proxy"],
    ],
)
def test_a_guardian_gives_no_consent_in_anothers_name_and_leaves_anothers_alone(family, performers):
    access = _acting("bo", "teen", "guardian")
    given = _act("g", "teen", *performers)
    if not performers:
        del given["performer"]
    _refused(family, access, Put(given))
    _write(family, LOAD, given)
    mine = [{"reference": "Patient/bo"}]
    for other in ({"status": "inactive"}, {"performer": mine}, {"performer": mine, "status": "inactive"}):
        _refused(family, access, Put({**given, **other}))
    _refused(family, access, Delete("Consent", "g"))


def test_a_power_that_is_over_writes_nothing(family):
    _write(family, LOAD, patient("teen", "林小明", "2000-06-01", "C1"))
    _refused(family, _acting("bo", "teen", "guardian"), Put(_act("g", "teen", "Patient/bo")))


def test_nothing_of_a_transaction_with_a_forged_act_is_kept(family):
    forged = Put(_act("f", "teen", "RelatedPerson/mother"))
    _refused(family, citizen("teen"), Put(_act("own", "teen", "Patient/teen")), forged)
    assert list(family.search(citizen("teen"), parse_query("Consent", [], strict=True)).rows) == []


def test_a_guardian_sees_a_consent_that_names_no_purpose(family):
    _write(family, LOAD, _act("g", "teen", "Patient/bo") | {"provision": {"type": "deny"}})
    found = family.search(_acting("bo", "teen", "guardian"), parse_query("Consent", [], strict=True)).rows
    assert [row.id for row in found] == ["g"]
