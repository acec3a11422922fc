"""A compiled policy decides as the decision does, record by record."""

from dataclasses import replace

from camphora.policy import Facts, Policy, Role, decide
from camphora.policy.compiling import compile as compile_policy
from policy.asking_about import ADA, TEST, asked, consent, label, who, with_consents

RECORDS = [
    Facts(kind, "r", category, labels)
    for kind, category in (("Observation", "laboratory"), ("Consent", "other"), ("Specimen", "laboratory"))
    for labels in (frozenset[str](), frozenset({"PSY"}), frozenset({"R"}), frozenset({"OPIOIDUD", "N"}))
]
WHOM = with_consents(
    consent("deny", ["TREAT"], name="c1", securityLabel=[label("PSY")], within=[{"actor": [who("Practitioner/wu")]}]),
    consent("deny", ["HRESCH"], name="c2", date="2026-02-01", class_=[
        {"system": "https://camphora.tw/data-category", "code": "laboratory"}]),
    consent("permit", ["HRESCH"], name="c3", date="2026-03-01"),
    consent("deny", name="c4", date="2026-04-01", actor=[who("Organization/h9")]),
)  # fmt: skip


def test_one_compiled_policy_serves_many_requests_and_records():
    policy = Policy.taiwan()
    compiled = compile_policy(WHOM, policy)
    requests = [asked(), asked(id="Practitioner/wu"), asked(Role.ANALYST), asked(Role.OFFICER, "GOV")]
    outcomes = set()
    for request in requests:
        judge, permits = compiled.judge(request), compiled.permits(request)
        for record in [*RECORDS, None]:
            told = decide(request, WHOM, record, policy)
            assert judge(record) == told
            assert permits(record) is told.permitted
            outcomes.add(told.reasons[-1].code)
    assert outcomes == {
        "care", "part-closed", "consent-permits", "type-refused", "stopped", "secondary-by-statute",
        "specimen-needs-consent",
    }  # fmt: skip


def test_nobody_is_compiled_too():
    judge = compile_policy(None, Policy.taiwan()).judge(asked())
    assert judge(Facts("Organization", "h1")).permitted
    assert not judge(TEST).permitted
    assert not judge(None).permitted


def test_another_policy_decides_otherwise():
    policy = Policy.taiwan().set({"defaults.care": "deny"})
    assert not compile_policy(ADA, policy).permits(asked())(TEST)
    assert compile_policy(ADA, Policy.taiwan()).permits(asked())(TEST)


def test_a_purpose_of_ours_stands_where_the_policy_puts_it():
    foreign = "http://example.org/purpose|audit"
    policy = Policy.taiwan().set({"purposes.under": {foreign: "HQUALIMP"}})
    request = asked(Role.MANAGER, foreign)
    assert compile_policy(ADA, Policy.taiwan()).judge(request)(TEST).reasons[-1].code == "purpose-unknown"
    assert compile_policy(ADA, policy).judge(request)(TEST).reasons[-1].code == "secondary-by-statute"
    stop = with_consents(consent("deny", ["HQUALIMP"]))
    assert compile_policy(stop, policy).judge(request)(TEST).reasons[-1].code == "stopped"


def test_membership_counts_as_it_is_at_the_moment_of_asking():
    team = with_consents(consent("deny", ["TREAT"], actor=[who("CareTeam/t")]))
    compiled = compile_policy(team, Policy.taiwan())
    assert not compiled.permits(asked(memberships=frozenset({"CareTeam/t"})))(TEST)
    assert compiled.permits(asked())(TEST)


def test_a_consent_speaks_of_the_institution_that_keeps_and_the_one_who_made_a_record():
    def actor(role, reference):
        return {**who(reference), "role": {"coding": [{"code": role}]}}

    kept = with_consents(consent("deny", ["TREAT"], actor=[actor("CST", "Organization/h7")]))
    made = with_consents(consent("deny", ["TREAT"], actor=[actor("AUT", "Practitioner/wu")]))
    theirs = replace(TEST, organisation="Organization/h7", authors=frozenset({"Practitioner/wu"}))
    for whom in (kept, made):
        permits = compile_policy(whom, Policy.taiwan()).permits(asked())
        assert not permits(theirs)
        assert permits(TEST)
