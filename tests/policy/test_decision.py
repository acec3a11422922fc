"""Every reason that a decision can give, and what holds for all decisions."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Faults
from camphora.fhir.dates import span
from camphora.policy import Facts, Obligation, Policy, Role, decide
from camphora.policy.asking import Part, StandIn
from camphora.policy.saying import say, sentences
from policy.asking_about import (
    ADA,
    PROJECT,
    TEST,
    asked,
    basis,
    citizen,
    consent,
    emergency,
    label,
    limited,
    ms,
    reason,
    who,
    with_consents,
)

CLINICIAN, ANALYST, OFFICER = Role.CLINICIAN, Role.ANALYST, Role.OFFICER
CHILD = replace(ADA, born="2015-01-01", stand_ins=(StandIn("guardian", "Patient/mother"),))
UNABLE = replace(ADA, incapable=((None, None),), stand_ins=(StandIn("proxy", "Patient/son"),))
INVESTIGATION, REFERRAL = "communicable-disease-investigation", "medical-care-referral"
GOVERNMENT = {"organisation_kind": "government"}
STOP = consent("deny", ["HRESCH"])
RESTRICTED = with_consents(consent("deny", ["TREAT"]))

REASONS = {
    "purpose-missing": (replace(asked(), purposes=()), ADA, TEST),
    "purpose-unknown": (asked(CLINICIAN, "NOSUCH"), ADA, TEST),
    "purpose-refused": (asked(CLINICIAN, "HMARKT"), ADA, TEST),
    "role-lacks-purpose": (asked(CLINICIAN, "HRESCH"), ADA, TEST),
    "applicant-not-eligible": (asked(ANALYST, organisation_kind="commercial"), ADA, TEST),
    "type-refused": (asked(Role.PHARMACIST), ADA, TEST),
    "no-organisation": (asked(organisation=None), ADA, TEST),
    "not-notifiable": (asked(OFFICER), ADA, TEST),
    "outside-area": (asked(scope=limited(areas=["63000"])), ADA, TEST),
    "outside-institution": (asked(scope=limited(institutions=["Organization/h2"])), ADA, TEST),
    "outside-ward": (asked(scope=limited(wards=["Location/w2"])), ADA, TEST),
    "shared": (asked(), None, Facts("Organization", "h1")),
    "unlinked": (asked(), None, TEST),
    "own-record": (citizen("Patient/ada", "PATRQT"), ADA, TEST),
    "guardian": (citizen("Patient/mother"), CHILD, TEST),
    "proxy": (citizen("Patient/son"), UNABLE, TEST),
    "let-in": (
        citizen("Patient/bo"),
        with_consents(consent("permit", ["FAMRQT"], actor=[who("Patient/bo")])),
        TEST,
    ),
    "not-let-in": (citizen("Patient/bo"), ADA, TEST),
    "legal-basis": (asked(OFFICER, basis=basis(INVESTIGATION), **GOVERNMENT), ADA, replace(TEST, notifiable=True)),
    "basis-noted": (asked(basis=basis(REFERRAL)), ADA, TEST),
    "basis-unregistered": (asked(basis=basis("no-such")), ADA, TEST),
    "basis-no-reason": (asked(basis=basis(REFERRAL, reason=" abc  ")), ADA, TEST),
    "basis-not-in-force": (asked(basis=basis(REFERRAL, until="2026-11-21T10:00:00+08:00")), ADA, TEST),
    "basis-no-approver": (asked(basis=basis(REFERRAL, approver="Practitioner/lin")), ADA, TEST),
    "basis-other-purpose": (asked(basis=basis(INVESTIGATION)), ADA, TEST),
    "basis-outside": (asked(ANALYST, basis=basis("biobank-use")), ADA, TEST),
    "emergency": (asked(emergency=emergency()), RESTRICTED, TEST),
    "emergency-role": (asked(Role.PHARMACIST, emergency=emergency()), ADA, replace(TEST, type="Patient")),
    "emergency-identifier": (asked(emergency=emergency("A12345678")), ADA, TEST),
    "emergency-no-reason": (asked(emergency=emergency(reason="昏迷")), ADA, TEST),
    "emergency-over": (asked(emergency=emergency(declared="2026-11-21T06:00:00+08:00")), ADA, TEST),
    "emergency-undeclared": (asked(CLINICIAN, "BTG"), ADA, TEST),
    "emergency-not-care": (asked(ANALYST, emergency=emergency()), ADA, TEST),
    "stopped": (asked(ANALYST), with_consents(STOP), TEST),
    "restricted": (asked(), RESTRICTED, TEST),
    "part-closed": (
        asked(), with_consents(consent("deny", ["TREAT"], securityLabel=[label("PSY")])),
        replace(TEST, labels=frozenset({"PSY"})),
    ),
    "consent-permits": (asked(), with_consents(consent("permit", ["TREAT"])), TEST),
    "project-consent": (asked(ANALYST, PROJECT), with_consents(consent("permit", [PROJECT])), TEST),
    "care": (asked(), ADA, TEST),
    "surveillance": (asked(OFFICER), ADA, replace(TEST, notifiable=True)),
    "claims": (asked(Role.MANAGER), ADA, replace(TEST, type="Claim")),
    "secondary-by-statute": (asked(ANALYST), ADA, TEST),
    "specimen-needs-consent": (asked(ANALYST), ADA, replace(TEST, type="Specimen")),
    "no-default": (asked(Role.ADMINISTRATOR), ADA, TEST),
}  # fmt: skip


@pytest.mark.parametrize("code", REASONS)
def test_each_reason_is_given_where_its_rule_says(code):
    decision = decide(*REASONS[code])
    assert code in [each.code for each in decision.reasons]
    assert decision.permitted == decision.reasons[-1].permits


def test_every_reason_can_be_said_and_its_law_is_named_in_english():
    policy = Policy.taiwan()
    assert set(REASONS) | {"operation"} == set(sentences())
    cited = {each.source for case in REASONS.values() for each in decide(*case).reasons if each.source}
    assert {law for law in cited if law not in policy.laws} == set()
    said = decide(*REASONS["care"]).reasons[-1]
    assert say(said, "zh-TW") == "為照護病人而查閱（個人資料保護法第6條第1項第4款、醫療法第67條）"
    assert "Medical Care Act" in say(said, "en")


def test_a_decision_by_consent_names_the_provision():
    inside = {"actor": [who("Practitioner/lin")]}
    last = decide(asked(), with_consents(consent("permit", within=[inside])), TEST).reasons[-1]
    assert (last.code, last.consent, last.provision) == ("restricted", "c1", "provision.provision[0]")


def test_purposes_are_weighed_each_and_their_reasons_joined():
    both = decide(asked(CLINICIAN, "TREAT", "CAREMGT"), with_consents(consent("permit", ["TREAT"])), TEST)
    assert [each.code for each in both.reasons] == ["consent-permits", "care"]
    mixed = decide(asked(CLINICIAN, "TREAT", "HRESCH"), ADA, TEST)
    assert [each.code for each in mixed.reasons] == ["role-lacks-purpose"]


def test_an_emergency_must_be_told_and_reviewed_and_a_used_basis_logged():
    opened = decide(*REASONS["emergency"])
    assert [each.kind for each in opened.obligations] == ["notify", "review"]
    used = decide(*REASONS["legal-basis"])
    assert [each.kind for each in used.obligations] == ["log-override"]


def test_parts_are_redacted_or_masked_and_no_redisclosure_is_passed_on():
    code = {"coding": [{"system": "http://loinc.org", "code": "1"}]}
    closed = (
        consent("deny", ["TREAT"], securityLabel=[label("HIV")]),
        consent("deny", ["TREAT"], name="c2", code=[code]),
    )
    parts = (
        Part("component[0]", labels=frozenset({"HIV"})),
        Part("component[1]", codes=frozenset({"http://loinc.org|1"})),
        Part("component[2]", labels=frozenset({"BH"})),
    )
    record = replace(TEST, parts=parts, labels=frozenset({"NORDSCLCD"}))
    assert decide(asked(), with_consents(*closed), record).obligations == (
        Obligation("redact", "component[0]", labels=frozenset({"HIV"})),
        Obligation("mask", "component[1]", codes=frozenset({"http://loinc.org|1"})),
        Obligation("no-redisclosure"),
    )


@pytest.mark.parametrize(
    ("lives", "limit", "inside"),
    [
        ("65000220", "65000", True),
        ("65000220", "65000220", True),
        ("65000", "65000220", False),
        ("65000220", "6500", False),
        (None, "65000", False),
    ],
)
def test_a_county_holds_its_townships(lives, limit, inside):
    request = asked(scope=limited(areas=[limit]))
    assert decide(request, replace(ADA, area=lives), TEST).permitted is inside


def test_closing_a_label_closes_what_stands_below_it():
    whom = with_consents(consent("deny", ["TREAT"], securityLabel=[label("SUD")]))
    assert not decide(asked(), whom, replace(TEST, labels=frozenset({"OPIOIDUD"}))).permitted
    assert decide(asked(), whom, replace(TEST, labels=frozenset({"PSY"}))).permitted


def test_a_permit_that_lapses_leaves_the_denial_around_it():
    inside = {"purpose": [{"system": "https://camphora.tw/project", "code": "p1"}]}
    given_for_child = consent("deny", ["HRESCH"], by="Patient/mother", within=[inside])
    request = asked(ANALYST, PROJECT)
    assert decide(request, with_consents(given_for_child, whom=CHILD), TEST).permitted
    grown = replace(CHILD, born="2008-11-21")
    assert not decide(request, with_consents(given_for_child, whom=grown), TEST).permitted


def test_majority_is_reached_at_the_start_of_the_day_in_taiwan():
    child = replace(CHILD, born="2008-11-21")
    for at, permitted in (("2026-11-20T23:59:59.999+08:00", True), ("2026-11-21T00:00:00+08:00", False)):
        assert decide(citizen("Patient/mother", at=at), child, TEST).permitted is permitted


def test_who_is_born_on_the_29th_of_february_comes_of_age_on_the_1st_of_march():
    child = replace(CHILD, born="2012-02-29")
    for at, permitted in (("2030-02-28T23:59:59+08:00", True), ("2030-03-01", False)):
        assert decide(citizen("Patient/mother", at=at), child, TEST).permitted is permitted


def test_stand_ins_who_differ_deny_and_one_who_changes_their_mind_does_not():
    both = (StandIn("guardian", "Patient/mother"), StandIn("guardian", "Patient/father"))
    child = replace(CHILD, stand_ins=both)
    older = consent("deny", ["TREAT"], by="Patient/mother", date="2026-01-01")
    for by, permitted in (("Patient/mother", True), ("Patient/father", False)):
        newer = consent("permit", ["TREAT"], name="c2", by=by, date="2026-02-01")
        assert decide(asked(), with_consents(older, newer, whom=child), TEST).permitted is permitted


def test_the_last_wish_of_somebody_able_stands_before_their_proxys():
    own = consent("deny", ["TREAT"], date="2020-01-01")
    proxy = consent("permit", ["TREAT"], name="c2", by="Patient/son")
    unable = replace(UNABLE, incapable=((ms("2025-01-01"), None),))
    assert not decide(asked(), with_consents(own, proxy, whom=unable), TEST).permitted


def test_what_cannot_be_read_permits_nothing_and_denies_without_it():
    for broken in ({"period": {"start": "2026-02-30"}}, {"dataPeriod": {"end": "soon"}}):
        permit = with_consents(consent("permit", ["TREAT"], **broken))
        assert [each.code for each in decide(asked(), permit, TEST).reasons] == ["care"]
        assert not decide(asked(), with_consents(consent("deny", ["TREAT"], **broken)), TEST).permitted


def test_without_a_record_a_permit_about_records_matches_and_a_denial_does_not():
    classes = [{"system": "http://hl7.org/fhir/resource-types", "code": "Condition"}]
    for sense, code in (("permit", "consent-permits"), ("deny", "care")):
        whom = with_consents(consent(sense, ["TREAT"], class_=classes))
        assert decide(asked(), whom, None).reasons[-1].code == code


@pytest.mark.parametrize(
    ("algorithm", "permitted"),
    [
        ("deny-overrides", False),
        ("permit-overrides", True),
        ("most-recent", True),
        ("specific-then-recent", False),
        ("deny-unless-permit", True),
        ("permit-unless-deny", False),
    ],
)
def test_combining_algorithms(algorithm, permitted):
    policy = Policy.taiwan().set({"combining.care": algorithm})
    older = consent("deny", ["TREAT"], date="2026-01-01", actor=[who("Practitioner/lin")])
    newer = consent("permit", ["TREAT"], name="c2", date="2026-02-01")
    assert decide(asked(), with_consents(older, newer), TEST, policy).permitted is permitted


def test_an_algorithm_that_always_decides_speaks_where_no_consent_does():
    deny = Policy.taiwan().set({"combining.care": "deny-unless-permit"})
    assert decide(asked(), ADA, TEST, deny).reasons[-1].code == "restricted"
    permit = Policy.taiwan().set({"combining.secondary": "permit-unless-deny"})
    assert (
        decide(asked(ANALYST), ADA, replace(TEST, type="Specimen"), permit).reasons[-1].code
        == "consent-permits"
    )


def test_a_policy_states_no_parameter_that_the_decision_does_not_know():
    with pytest.raises(Faults) as refused:
        Policy.taiwan().set({"defaults.care": "maybe", "no.such": 1})
    assert [fault.place.path for fault in refused.value.faults] == ["defaults.care", "no.such"]


# What holds for every decision

SENSES = st.sampled_from(["permit", "deny"])
LABELS = st.sampled_from(["PSY", "HIV", "SUD", "OPIOIDUD", "BH"])
CODES = st.sampled_from(["TREAT", "HRESCH", "GOV", "CLINTRCH"])
DATES = st.sampled_from(["2025-01-01", "2025-07", "2026-01-31", "2026-05-02", "2026-06", "2027"])


@st.composite
def provisions(draw, depth=2):
    found = {}
    if draw(st.booleans()):
        found["purpose"] = [reason(code) for code in draw(st.sets(CODES, min_size=1))]
    if draw(st.booleans()):
        found["securityLabel"] = [label(draw(LABELS))]
    if draw(st.booleans()):
        found["actor"] = [
            who(draw(st.sampled_from(["Practitioner/lin", "Organization/h1", "Organization/h2"])))
        ]
    if draw(st.booleans()):
        found["dataPeriod"] = {"start": draw(DATES)}
    if depth and draw(st.booleans()):
        found["provision"] = draw(st.lists(provisions(depth - 1), min_size=1, max_size=2))
    return found


@st.composite
def persons(draw):
    dates = draw(st.lists(DATES, max_size=4, unique=True))
    return with_consents(
        *(
            consent(draw(SENSES), name=f"c{number}", date=date, **_as_criteria(draw(provisions())))
            for number, date in enumerate(dates)
        )
    )


def _as_criteria(provision):
    return {"within" if key == "provision" else key: value for key, value in provision.items()}


REQUESTS = st.sampled_from([asked(), asked(CLINICIAN, "ETREAT"), asked(ANALYST), asked(ANALYST, "GOV")])
RECORDS = st.builds(
    Facts, st.just("Observation"), st.just("o1"), st.just("laboratory"), st.frozensets(LABELS, max_size=2),
    period=st.sampled_from([None, span("2025-03"), span("2026-05-02")]),
)  # fmt: skip


@given(persons(), REQUESTS, RECORDS, st.randoms())
@settings(max_examples=200)
def test_the_order_of_consents_of_different_dates_does_not_matter(whom, request, record, random):
    shuffled = list(whom.consents)
    random.shuffle(shuffled)
    assert decide(request, replace(whom, consents=tuple(shuffled)), record) == decide(request, whom, record)


@given(persons(), st.sampled_from([asked(ANALYST), asked(ANALYST, "CLINTRCH")]), RECORDS, DATES)
@settings(max_examples=200)
def test_one_more_denial_never_opens_secondary_use(whom, request, record, date):
    denial = consent("deny", ["HRESCH"], name="more", date=date)
    more = replace(whom, consents=(*whom.consents, denial))
    assert not decide(request, more, record).permitted


@given(persons(), REQUESTS, RECORDS)
@settings(max_examples=200)
def test_consents_that_say_only_unknown_things_change_nothing(whom, request, record):
    foreign = [{"system": "http://example.org", "code": "x"}]
    odd = (
        {**consent("permit", name="odd1"), "status": "draft"},
        consent("permit", name="odd2", by="Practitioner/lin"),
        {**consent("permit", name="odd3"), "verification": [{"verified": False}]},
        {**consent("permit", name="odd4"), "provision": {"type": "permit", "purpose": foreign}},
        {**consent("maybe", name="odd5")},
        consent("permit", name="odd6", period={"start": "2026-99"}),
    )
    assert decide(request, replace(whom, consents=(*whom.consents, *odd)), record) == decide(
        request, whom, record
    )


@given(persons(), REQUESTS, RECORDS)
@settings(max_examples=200)
def test_a_record_with_more_labels_is_permitted_no_more_by_denials_alone(whom, request, record):
    def only_denials(consents):
        return tuple({**each, "provision": _denials(each["provision"])} for each in consents)

    strict = replace(whom, consents=only_denials(whom.consents))
    more = replace(record, labels=record.labels | {"HIV"})
    if decide(request, strict, more).permitted:
        assert decide(request, strict, record).permitted


def _denials(provision):
    within = (
        {"provision": [_denials(each) for each in provision["provision"]]} if "provision" in provision else {}
    )
    return {**provision, "type": "deny", **within}
