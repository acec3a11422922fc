"""What an Access may stand on beside its purpose: an emergency for one person, standing, projects."""

from datetime import date

import orjson
import pytest

from builders import NOW
from camphora.errors import Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.gate import Gate, Identity, User
from camphora.gate.bases import DAY
from camphora.gate.emergencies import HOUR
from camphora.gate.gate import Grounds
from camphora.gate.projects import Project
from camphora.policy import Purpose, Role, choices
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.derived import STAND_IN

MOI = "http://www.moi.gov.tw"
WHY = "昏迷送醫，需查過敏與用藥"
LIN = User("lin", "林醫師", Role.CLINICIAN, organisation="h1").reader()


def patient(name, number):
    return {"resourceType": "Patient", "id": name, "identifier": [{"system": MOI, "value": number}]}


def condition(name, person, label=None):
    made = {"resourceType": "Condition", "id": name, "subject": {"reference": f"Patient/{person}"}}
    if label:
        system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        made["meta"] = {"security": [{"system": system, "code": label}]}
    return made


@pytest.fixture
def gate(tmp_path, state, clock):
    """Ada restricts h1 and closes HIV, Bo closes HIV; both have a record of it."""
    store = SQLiteStore(tmp_path / "store")
    consents = [
        {**choices.restrict("ada", "h1", NOW), "id": "k1"},
        {**choices.close_part("ada", "HIV", NOW), "id": "k2"},
        {**choices.close_part("bo", "HIV", NOW), "id": "k3"},
    ]
    records = [
        patient("ada", "A123456789"), patient("bo", "B123456780"), patient("cy", "A123456789X"),
        condition("c1", "ada", "HIV"), condition("c2", "bo", "HIV"), condition("c3", "bo"),
    ]  # fmt: skip
    store.write(loading("t"), [Put(each) for each in records + consents])
    identity = Identity(tmp_path / "accounts.sqlite")
    made = Gate(identity, store, state)
    yield made
    identity.close()
    store.close()


def conditions(gate, person=None):
    access = gate.access(LIN, Purpose.CARE, person)
    found = gate._store.search(access, parse_query("Condition", [], strict=True))
    return [orjson.loads(row.body)["id"] for row in found.rows]


def test_an_emergency_opens_what_one_person_hid_and_closed_and_nothing_of_another(gate):
    assert conditions(gate, "ada") == ["c3"]
    gate.declare(LIN, "a123456789", WHY)
    assert conditions(gate, "ada") == ["c1"]
    assert conditions(gate) == ["c3"]
    assert conditions(gate, "bo") == ["c3"]
    access = gate.access(LIN, Purpose.CARE, "ada")
    assert (access.ground, access.emergency.identifier) == ("emergency", f"{MOI}|A123456789")
    with pytest.raises(NotFound):
        gate._store.read(access, "Patient", "bo")


def _naming(name, person, other):
    """A Condition of a person that names another."""
    return {**condition(name, person), "asserter": {"reference": f"Patient/{other}"}}


def _write(gate, *resources):
    gate._store.write(loading("t"), [Put(each) for each in resources])


def test_an_emergency_leaves_the_choices_of_whom_the_records_name_beside(gate):
    _write(gate, _naming("n1", "ada", "bo"), _naming("n2", "ada", "cy"))
    _write(gate, {**choices.restrict("bo", "h1", NOW), "id": "k4"})
    gate.declare(LIN, "A123456789", WHY)
    assert sorted(conditions(gate, "ada")) == ["c1", "n2"]


def test_an_emergency_opens_a_record_that_names_another_identity_of_the_same_person(gate):
    link = [{"other": {"reference": "Patient/ada"}, "type": "replaces"}]
    _write(gate, {**patient("ada2", "A199999999"), "link": link}, _naming("n1", "ada", "ada2"))
    gate.declare(LIN, "A123456789", WHY)
    assert sorted(conditions(gate, "ada")) == ["c1", "n1"]


def test_who_has_another_identifier_by_now_is_absent_as_before(gate):
    gate.declare(LIN, "A123456789", WHY)
    assert conditions(gate, "ada") == ["c1"]
    _write(gate, patient("ada", "A187654321"))
    assert conditions(gate, "ada") == []
    access = gate.access(LIN, Purpose.CARE, "ada")
    with pytest.raises(NotFound):
        gate._store.read(access, "Patient", "ada")


def test_nothing_is_called_closed_that_the_emergency_opens(gate):
    _write(gate, {**choices.restrict("ada", "h2", NOW), "id": "k1"})
    assert gate._store.has_closed_part(gate.access(LIN, Purpose.CARE), "ada")
    gate.declare(LIN, "A123456789", WHY)
    assert not gate._store.has_closed_part(gate.access(LIN, Purpose.CARE, "ada"), "ada")
    assert gate._store.has_closed_part(gate.access(LIN, Purpose.CARE), "bo")


def test_it_ends_by_itself_and_by_hand(gate, clock):
    declared = gate.declare(LIN, "A123456789", WHY)
    clock.now += 4 * HOUR
    assert conditions(gate, "ada") == ["c3"]
    clock.now -= 1
    assert conditions(gate, "ada") == ["c1"]
    gate.emergencies.end(declared.no, "lin")
    assert conditions(gate, "ada") == ["c3"]


@pytest.mark.parametrize(
    "number",
    ["A12345678", "A1234567890", "123456789", "ada", "A123456789,B123456780", "%", "A*", "x" * 101],
)
def test_only_a_whole_identifier_is_one(gate, number):
    with pytest.raises(NotFound, match="gate-emergency-nobody"):
        gate.declare(LIN, number, WHY)
    assert gate.emergencies.open_of("lin") == []
    assert [each.identifier for each in gate.emergencies.to_review()] == [""]


@pytest.mark.parametrize("number", ["", "   "])
def test_a_form_sent_without_a_number_is_no_declaration(gate, number):
    with pytest.raises(NotFound, match="gate-emergency-nobody"):
        gate.declare(LIN, number, WHY)
    assert gate.emergencies.to_review() == []


@pytest.mark.parametrize("later", ["dee", "bo", "cy"])
def test_a_number_is_of_who_bore_it_first(gate, later):
    """Who is recorded later with it, or comes to bear it later though recorded before, closes nothing and opens no one
    else: a number that anybody may write must not tell whether somebody hidden bears it."""
    _write(gate, {**choices.restrict("bo", "h1", NOW), "id": "k4"})
    _write(gate, condition("early", "dee"), patient("dee", "D100000001"))
    _write(gate, patient("ada", "A123456789") | {"active": True})
    _write(gate, patient(later, "a123456789"))
    declared = gate.declare(LIN, "A123456789", WHY)
    assert declared.person == "ada"
    assert conditions(gate, "ada") == ["c1"]
    assert "c2" not in conditions(gate, "bo")


def test_an_emergency_goes_on_when_somebody_else_comes_to_bear_the_number(gate):
    gate.declare(LIN, "A123456789", WHY)
    _write(gate, patient("dee", "A123456789"))
    assert conditions(gate, "ada") == ["c1"]


def test_a_number_that_the_first_bears_no_more_is_of_the_next(gate):
    _write(gate, patient("dee", "A123456789"), condition("c4", "dee"))
    _write(gate, patient("ada", "A187654321"))
    assert gate.declare(LIN, "A123456789", WHY).person == "dee"


def test_only_a_clinician_of_an_institution_declares(gate):
    for role in set(Role) - {Role.CLINICIAN}:
        reader = User("x", "x", role, organisation="h1", person="bo").reader()
        with pytest.raises(Forbidden, match="gate-emergency-role"):
            gate.declare(reader, "A123456789", WHY)
    with pytest.raises(Forbidden, match="gate-no-organisation"):
        gate.declare(User("y", "y", Role.CLINICIAN).reader(), "A123456789", WHY)
    with pytest.raises(Invalid, match="gate-emergency-reason"):
        gate.declare(LIN, "A123456789", "急診")
    assert gate.emergencies.to_review() == []


def test_standing_travels_with_the_access(gate):
    gate.standings.set("lin", "area", ["63000"])
    gate.standings.set("lin", "membership", ["CareTeam/t1"])
    access = gate.access(LIN, Purpose.CARE)
    assert access.scope.areas == {"63000"}
    assert access.asker.memberships == {"CareTeam/t1"}
    assert (access.asker.id, access.asker.device) == ("Practitioner/lin", None)
    gate.standings.set("lin", "record", ["Practitioner/p7", "PractitionerRole/r1", "Device/d"])
    asker = gate.access(LIN, Purpose.CARE).asker
    assert (asker.id, asker.device) == ("Practitioner/p7", "Device/d")
    assert asker.memberships == {"CareTeam/t1", "PractitionerRole/r1"}


def test_only_a_member_asks_in_a_projects_name(gate, clock):
    analyst = User("analyst", "分析員", Role.ANALYST).reader()
    project = Project("dm", "糖尿病照護研究", "HRESCH", "irb", clock.now, clock.now + HOUR)
    gate.projects.add(project, ["analyst"])
    access = gate.access(analyst, Purpose.SECONDARY, grounds=Grounds((project.code,)))
    assert access.purposes == (project.code,)
    other = User("officer", "防疫人員", Role.OFFICER).reader()
    with pytest.raises(Forbidden, match="gate-project-not-yours"):
        gate.access(other, Purpose.SECONDARY, grounds=Grounds((project.code,)))
    clock.now += HOUR
    with pytest.raises(Forbidden, match="gate-project-not-yours"):
        gate.access(analyst, Purpose.SECONDARY, grounds=Grounds((project.code,)))


OFFICER = User("officer", "防疫人員", Role.OFFICER).reader()


def approved(gate, clock, basis="statutory-duty", purposes=("GOV",), categories=()):
    claim = gate.bases.apply(
        "officer", basis, "依法執行監察職務", purposes=purposes, categories=categories, since=clock.now,
        until=clock.now + DAY, least_reason=4,
    )  # fmt: skip
    return gate.bases.decide(claim.no, "privacy", approved=True).no


def test_an_overriding_basis_hides_nothing_and_is_stated(gate, clock):
    gate.standings.set("officer", "organisation-kind", ["government"])
    number = approved(gate, clock, categories=["diagnoses"])
    usual = gate.access(OFFICER, Purpose.SECONDARY)
    opened = gate.access(OFFICER, Purpose.SECONDARY, grounds=Grounds(("GOV",), number))
    assert usual.hidden_for("Condition")
    assert opened.hidden_for("Condition") == ()
    assert opened.basis.approver == "privacy"
    assert opened.covers("Condition")
    assert not opened.covers("Observation")
    assert gate.bases.uses() == {number: 1}


def test_a_basis_that_does_not_override_leaves_choices_as_they_are(gate, clock):
    clinician = LIN
    claim = gate.bases.apply(
        "lin", "medical-care-referral", "轉診提供病歷摘要", purposes=["TREAT"], since=clock.now,
        until=clock.now + DAY, least_reason=4,
    )  # fmt: skip
    gate.bases.decide(claim.no, "privacy", approved=True)
    access = gate.access(clinician, Purpose.CARE, grounds=Grounds((), claim.no))
    assert access.hidden == gate.access(clinician, Purpose.CARE).hidden
    assert access.basis.id == "medical-care-referral"


@pytest.mark.parametrize(
    "case",
    [
        ("hospital", "statutory-duty", "GOV", "GOV"),
        ("government", "statutory-duty", "GOV", "HQUALIMP"),
        ("government", "biobank-use", "HRESCH", "HRESCH"),
        ("government", "unregistered", "GOV", "GOV"),
        ("government", "statutory-duty", "HRESCH", "HRESCH"),
    ],
)
def test_a_basis_serves_nothing_outside_it(gate, clock, case):
    kind, basis, purpose, asked = case
    gate.standings.set("officer", "organisation-kind", [kind])
    number = approved(gate, clock, basis, (purpose,))
    with pytest.raises(Forbidden, match="gate-basis-outside"):
        gate.access(OFFICER, Purpose.SECONDARY, grounds=Grounds((asked,), number))
    assert gate.bases.uses() == {}, "what was refused is no use"


@pytest.mark.parametrize("bearers", [["ada"], ["ada", "dee"]])
def test_a_letter_that_is_another_in_lower_case_is_another_number(gate, bearers):
    """The upper case of a dotless i is an I, which is not the same letter."""
    for each in bearers:
        _write(gate, patient(each, "I123456789"))
    with pytest.raises(NotFound, match="gate-emergency-nobody"):
        gate.declare(LIN, "\u0131123456789", WHY)
    assert gate.declare(LIN, "i123456789", WHY).person == "ada"


@pytest.mark.parametrize(("relation", "age", "ground"), [("GUARD", 9, "guardian"), ("PRN", 40, "let-in")])
def test_a_guardian_stands_on_the_law_and_not_on_a_consent_that_no_child_gave(gate, relation, age, ground):
    born = {**patient("kid", "C123456789"), "birthDate": f"{NOW.year - age}-01-01"}
    link = [{"url": STAND_IN, "valueReference": {"reference": "Patient/bo"}}]
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": relation}
    stands = {
        "resourceType": "RelatedPerson", "id": "m", "patient": {"reference": "Patient/kid"}, "extension": link,
        "relationship": [{"coding": [coding]}],
    }  # fmt: skip
    _write(gate, born, stands, {**choices.let_in("kid", "bo", date(2999, 1, 1), NOW), "id": "k9"})
    reader = User("bo", "波", Role.CITIZEN, person="bo").reader()
    found = gate.decide(reader, Purpose.SELF, "kid")
    assert found.access.ground == ground
    assert [each.code for each in found.reasons] == [ground]
