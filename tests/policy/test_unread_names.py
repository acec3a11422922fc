"""Names that nobody here can bear: a denial by them holds for all, a permit counts for nothing."""

import orjson
import pytest

from camphora.policy import Policy, Role
from camphora.policy.asking import Asked, Asker, Whom
from camphora.policy.choices import Ruled, effects
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.facts import FactsOnDemand, facts_of, own_labels
from policy import oracle

NOW = 1_780_000_000_000
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
MODIFIED = {"modifierExtension": [{"url": "urn:x:not", "valueBoolean": True}]}
LIN = Asker(
    "Practitioner/lin",
    Role.CLINICIAN,
    organisation="Organization/h1",
    identifiers=frozenset({"urn:licence|T1", "urn:house|H1"}),
)
OBSERVATION = {
    "resourceType": "Observation",
    "id": "x",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "1"}]},
    "subject": {"reference": "Patient/ada"},
}


def consent(kind, more=None, **criteria):
    return {
        "resourceType": "Consent", "id": "c", "status": "active", "patient": {"reference": "Patient/ada"},
        "provision": {"type": kind, **criteria}, **(more or {}),
    }  # fmt: skip


def permitted(given, record=None, defaults="permit"):
    """Ours, of a record read whole and of one read on demand, and the oracle's, which must say the same."""
    record = record or OBSERVATION
    settings = {"defaults.care": defaults}
    asked, whom = Asked(LIN, ("TREAT",), "access", NOW), Whom("Patient/ada", consents=(given,))
    permits = compile_policy(whom, Policy.taiwan().set(settings)).permits(asked)
    body = orjson.dumps(record)
    stored = FactsOnDemand(record["resourceType"], body, lambda row: own_labels(row.resource), lambda: False)
    facts = facts_of(record)
    said = {permits(facts), permits(stored)}
    said.add(oracle.decide(asked, whom, facts, oracle.with_settings(settings)).permitted)
    assert len(said) == 1, said
    return said.pop()


def both(criteria, record=None, more=None):
    """Whether a denial holds, and whether a permit counts."""
    return (
        not permitted(consent("deny", more, **criteria), record),
        permitted(consent("permit", more, **criteria), record, defaults="deny"),
    )


def role(code):
    return {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": code}]
    }


UNREAD_REFERENCES = (
    "#nobody",
    "Organization?identifier=urn:house|H1",
    "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
    "https://elsewhere.tw/fhir/Practitioner/lin",
    "Practitioner",
)


@pytest.mark.parametrize("text", UNREAD_REFERENCES)
@pytest.mark.parametrize("code", ["IRCP", "CST", "AUT"])
def test_an_actor_by_an_address_that_names_nobody_here(text, code):
    assert both({"actor": [{"role": role(code), "reference": {"reference": text}}]}) == (True, False)


@pytest.mark.parametrize("text", UNREAD_REFERENCES)
@pytest.mark.parametrize("meaning", ["instance", "related", "dependents", "authoredby"])
def test_data_by_an_address_that_names_no_record_here(text, meaning):
    assert both({"data": [{"meaning": meaning, "reference": {"reference": text}}]}) == (True, False)


def test_an_identifier_without_a_system_names_nobody():
    assert both({"actor": [{"reference": {"identifier": {"value": "T1"}}}]}) == (True, False)


def contained(*identifiers, **more):
    named = [dict(zip(("system", "value"), each.rsplit("|", 1), strict=True)) for each in identifiers]
    return {"contained": [{"resourceType": "Organization", "id": "a", "identifier": named, **more}]}


INSIDE = {"actor": [{"reference": {"reference": "#a"}}]}


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (contained("urn:house|H1"), (True, True)),
        (contained("urn:old|9", "urn:house|H1"), (True, True)),
        (contained("urn:house|H2"), (False, False)),
        (contained(), (True, False)),
        (contained("urn:house|H2", **MODIFIED), (True, False)),
        ({}, (True, False)),
    ],
    ids=["ours", "one of two", "another's", "none", "modified", "not there"],
)
def test_a_contained_actor_is_known_by_its_identifiers(more, wanted):
    assert both(INSIDE, more=more) == wanted


BY_IDENTIFIER = {"identifier": {"system": "urn:licence", "value": "T9"}}
AUTHORS = {
    "the same": ([{**BY_IDENTIFIER, "display": "林醫師"}], (True, True)),
    "another": ([{"identifier": {"system": "urn:licence", "value": "T8"}}], (False, False)),
    "nobody": ([], (False, False)),
    "by reference alone": ([{"reference": "Practitioner/p"}], (True, False)),
    "by both, another": (
        [{"reference": "Practitioner/p", "identifier": {"system": "urn:licence", "value": "T8"}}],
        (False, False),
    ),
    "contained": ([{"reference": "#p"}], (True, True)),
}


@pytest.mark.parametrize("code", ["AUT", "CST"])
@pytest.mark.parametrize("name", AUTHORS)
def test_an_author_or_keeper_by_identifier(code, name):
    performers, wanted = AUTHORS[name]
    if code == "CST":
        performers = [
            {**each, **({"reference": "Organization/p"} if each.get("reference") == "Practitioner/p" else {})}
            for each in performers
        ]
    record = {
        **OBSERVATION, "performer": performers,
        "contained": [{"resourceType": "Organization", "id": "p", "identifier": [BY_IDENTIFIER["identifier"]]}],
    }  # fmt: skip
    assert both({"actor": [{"role": role(code), "reference": BY_IDENTIFIER}]}, record) == wanted


def test_an_author_by_reference_whom_the_record_names_by_identifier_alone():
    record = {**OBSERVATION, "performer": [BY_IDENTIFIER]}
    named = {"actor": [{"role": role("AUT"), "reference": {"reference": "Practitioner/p"}}]}
    assert both(named, record) == (True, False)
    assert both(named, {**OBSERVATION, "performer": [{"reference": "Practitioner/q"}]}) == (False, False)


def test_an_actor_who_is_both_keeper_and_author_is_compared_with_both():
    both_roles = {"coding": [*role("CST")["coding"], *role("AUT")["coding"]]}
    record = {**OBSERVATION, "performer": [{"reference": "Practitioner/p"}]}
    named = {"actor": [{"role": both_roles, "reference": {"reference": "Practitioner/p"}}]}
    assert both(named, record) == (True, True)


# What changes a meaning and is not understood

OTHER = {"reference": {"reference": "Practitioner/other"}}
LONG_AGO = {"end": "2001"}


def test_a_modifier_of_the_consent_or_a_provision_leaves_a_denial_and_no_permit():
    for more, criteria in ((MODIFIED, {}), ({}, MODIFIED)):
        assert both({**criteria}, more=more) == (True, False)
        assert both({**criteria, "actor": [OTHER], "period": LONG_AGO}, more=more) == (True, False)


def test_a_modifier_of_one_actor_or_datum_leaves_that_unread():
    own = {"reference": {"reference": "Practitioner/lin"}}
    assert both({"actor": [{**OTHER, **MODIFIED}]}) == (True, False)
    assert both({"actor": [OTHER, {**OTHER, **MODIFIED}]}) == (True, False)
    assert both({"actor": [own, {**OTHER, **MODIFIED}]}) == (True, True)
    datum = {"meaning": "instance", "reference": {"reference": "Observation/y"}}
    assert both({"data": [{**datum, **MODIFIED}]}) == (True, False)


def test_a_modified_exception_in_a_denial_is_none():
    exception = {"type": "permit", "actor": [{"reference": {"reference": "Practitioner/lin"}}]}
    assert permitted(consent("deny", provision=[exception]))
    assert not permitted(consent("deny", provision=[{**exception, **MODIFIED}]))
    assert not permitted(consent("deny", MODIFIED, provision=[exception]))


def test_a_modified_verification_verifies_nothing():
    checked = {"verification": [{"verified": True, **MODIFIED}]}
    assert not permitted(consent("permit", checked), defaults="deny")
    assert permitted(consent("permit", {"verification": [{"verified": True}]}), defaults="deny")


def _forms():
    treat = [{"system": REASON, "code": "TREAT"}]
    actor = {"role": role("IRCP"), "reference": {"reference": "Organization/h2"}}
    yield "consent", consent("deny", MODIFIED, purpose=treat, actor=[actor])
    yield "provision", consent("deny", purpose=treat, actor=[actor], **MODIFIED)
    yield "actor", consent("deny", purpose=treat, actor=[{**actor, **MODIFIED}])
    research = [{"system": REASON, "code": "HRESCH"}]
    yield "stop", consent("deny", MODIFIED, purpose=research, period=LONG_AGO)
    second = {**actor, "reference": {**actor["reference"], **BY_IDENTIFIER}}
    yield "two names", consent("deny", purpose=treat, actor=[second])


@pytest.mark.parametrize(("name", "given"), list(_forms()), ids=[name for name, _ in _forms()])
def test_no_set_stands_for_what_is_modified_or_named_twice(name, given):
    """The person is decided record by record, without end where a period cannot be trusted."""
    ruled = [each for each in effects(given) if isinstance(each, Ruled)]
    assert ruled
    if name in {"consent", "provision", "stop"}:
        assert (ruled[0].classes, ruled[0].since, ruled[0].until) == (
            ("care", "secondary", "family"),
            0,
            None,
        )
