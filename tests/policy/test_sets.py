"""What the sets of an Access hide is what the decision denies: the same rule for one record and for a million."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW
from camphora.policy import Facts, Purpose, Reader, Request, Role, admit, choices, decide
from camphora.policy.asking import Scope
from camphora.policy.choices import Allows, Closes, Hides, effects
from camphora.policy.codes import categories
from camphora.policy.vocabulary import label_mask
from policy.asking_about import ADA, PROJECT

LATER = NOW + timedelta(days=1)
AT = int(LATER.timestamp() * 1000)
TYPES = ("Observation", "Condition", "MedicationRequest", "MolecularSequence", "Patient", "Basic")
PURPOSES = ("HRESCH", "CLINTRCH", "GOV", "HQUALIMP", "POPHLTH", PROJECT)
CATEGORIES = (None, "laboratory", "diagnoses", "other")

CHOICES = st.one_of(
    st.just(choices.stop_secondary_use("ada", NOW)),
    st.builds(choices.stop_part, st.just("ada"), st.just(NOW), st.sampled_from(CATEGORIES), st.sampled_from(
        (None, "HRESCH", "GOV", "HOUTCOMS", PROJECT))),
    st.just(choices.agree_to_project("ada", PROJECT, date(2027, 1, 1), NOW)),
    st.just(choices.restrict("ada", "h1", NOW)),
    st.just(choices.close_part("ada", "PSY", NOW)),
)  # fmt: skip


def hidden(access, record_type, labels, rows):
    """What a query would join, in Python."""
    names = {row.set_name for row in rows if isinstance(row, Hides | Allows)}
    absent = any(
        each.name in names and not (each.unless and each.unless in names)
        for each in access.hidden_for(record_type)
    )
    mask = label_mask(list(labels))
    closed = {each.name for each in access.closed}
    return absent or any(
        isinstance(row, Closes) and row.set_name in closed and row.mask & mask for row in rows
    )


@given(
    st.lists(CHOICES, max_size=4), st.sampled_from(TYPES), st.sampled_from(PURPOSES),
    st.sampled_from([(), ("PSY",), ("HIV",)]),
)  # fmt: skip
def test_secondary_use_is_hidden_exactly_where_it_is_denied(consents, record_type, purpose, labels):
    reader = Reader("x", "x", Role.ANALYST, organisation="h1")
    access = admit(Request(reader, Purpose.SECONDARY, purposes=(purpose,))).access
    rows = [row for consent in consents for row in effects(consent)]
    said = _decided(access, consents, record_type, labels)
    if said.reasons[-1].code == "specimen-needs-consent":
        assert not any(isinstance(row, Allows) for row in rows) or purpose != PROJECT
    else:
        assert said.permitted is not hidden(access, record_type, labels, rows)


@given(st.lists(CHOICES, max_size=4), st.sampled_from(TYPES), st.sampled_from([(), ("PSY",), ("HIV",)]))
def test_care_is_hidden_exactly_where_it_is_denied(consents, record_type, labels):
    for organisation in ("h1", "h2"):
        reader = Reader("x", "x", Role.CLINICIAN, organisation=organisation)
        access = admit(Request(reader, Purpose.CARE)).access
        rows = [row for consent in consents for row in effects(consent)]
        said = _decided(access, consents, record_type, labels)
        assert said.permitted is not hidden(access, record_type, labels, rows)


def _decided(access, consents, record_type, labels):
    named = tuple({**each, "id": f"c{number}"} for number, each in enumerate(consents))
    facts = Facts(record_type, "r", categories().get(record_type, "other"), frozenset(labels))
    return decide(access.asked("access", AT), replace(ADA, consents=named), facts)


def _access(reader, purpose=Purpose.SECONDARY, **more):
    return admit(Request(reader, purpose, **more)).access


def test_another_scope_purpose_or_basis_is_another_access():
    analyst = Reader("x", "x", Role.ANALYST, organisation="h1")
    plain = _access(analyst)
    others = [
        _access(analyst, purposes=("CLINTRCH",)),
        _access(replace(analyst, scope=Scope(areas=frozenset({"67000"})))),
        _access(replace(analyst, memberships=frozenset({"Group/g"}))),
        replace(plain, emergency="declared"),
        replace(plain, basis="claimed"),
    ]
    digests = {each.digest() for each in (plain, *others)}
    assert len(digests) == 6
    assert _access(replace(analyst)).digest() == plain.digest()


def test_the_version_of_a_set_makes_no_other_access():
    plain = _access(Reader("x", "x", Role.ANALYST))
    later = replace(plain, hidden=tuple(replace(each, version=7) for each in plain.hidden))
    assert (later, later.digest()) == (plain, plain.digest())


@pytest.mark.parametrize(
    ("role", "purpose", "code"),
    [
        (Role.CLINICIAN, Purpose.CARE, "TREAT"),
        (Role.ANALYST, Purpose.SECONDARY, "HRESCH"),
        (Role.OFFICER, Purpose.SECONDARY, "GOV"),
        (Role.OFFICER, Purpose.SURVEILLANCE, "PUBHLTH"),
        (Role.ADMINISTRATOR, Purpose.OPERATION, "HSYSADMIN"),
    ],
)
def test_a_role_asks_for_its_usual_purpose(role, purpose, code):
    reader = Reader("lin", "林", role, organisation="h1")
    asked = _access(reader, purpose).asked("access", AT)
    assert asked.purposes == (code,)
    assert (asked.reader.id, asked.reader.organisation) == ("Practitioner/lin", "Organization/h1")


def test_a_purpose_of_another_class_is_refused():
    reader = Reader("lin", "林", Role.CLINICIAN, organisation="h1")
    refused = admit(Request(reader, Purpose.CARE, purposes=("HRESCH",)))
    assert (refused.access, refused.reasons[-1].code) == (None, "purpose-of-another-class")


def test_who_may_not_apply_is_told_so():
    reader = Reader("x", "x", Role.ANALYST, organisation_kind="commercial")
    assert admit(Request(reader, Purpose.SECONDARY)).reasons[-1].code == "applicant-not-eligible"
