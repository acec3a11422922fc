"""What each choice does, as read back from its Consent."""

from datetime import UTC, date, datetime

import pytest

from camphora.errors import Invalid
from camphora.policy import choices
from camphora.policy.choices import Closes, Hides, LetsIn, effects
from camphora.policy.vocabulary import label_mask

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)


def test_each_choice_reads_back_as_its_effect():
    assert effects(choices.stop_secondary_use("ada", NOW)) == (Hides("stopped:secondary", 0, None),)
    assert effects(choices.restrict("ada", "h1", NOW)) == (Hides("restricted:h1", 0, None),)
    assert effects(choices.close_part("ada", "PSY", NOW)) == (
        Closes("closed:care", label_mask(["PSY"]), 0, None),
    )


def test_letting_in_lasts_through_its_last_day_in_taiwan():
    (effect,) = effects(choices.let_in("ada", "bo", date(2026, 12, 31), NOW))
    assert effect == LetsIn("bo", 0, int(datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp() * 1000))


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
def test_only_an_active_consent_has_effect(status):
    assert effects({**choices.restrict("ada", "h1", NOW), "status": status}) == ()


@pytest.mark.parametrize(
    ("end", "after"),
    [
        ("2026", "2027-01-01"),
        ("2026-03", "2026-04-01"),
        ("2026-12", "2027-01-01"),
        ("2024-02-29", "2024-03-01"),
    ],
)
def test_a_partial_end_includes_all_of_it(end, after):
    consent = choices.restrict("ada", "h1", NOW)
    consent["provision"]["period"] = {"end": end}
    midnight = datetime.fromisoformat(after + "T00:00:00+08:00")
    assert effects(consent)[0].until == int(midnight.timestamp() * 1000)


def test_labels_outside_the_list_can_still_be_closed():
    assert label_mask(["UNHEARD"]) == label_mask(["OTHER"])
    assert label_mask([]) == 0


def _with(consent, **more):
    return {**consent, "provision": {**consent["provision"], **more}}


@pytest.mark.parametrize(
    "more",
    [
        {"class": [{"code": "Immunization"}]},
        {"provision": [{"type": "deny"}]},
        {"code": [{"text": "x"}]},
        {"dataPeriod": {"start": "2020"}},
        {"securityLabel": [{"code": "PSY"}]},
        {"action": [{"text": "collect"}]},
    ],
)
def test_a_permit_that_says_more_lets_nobody_in(more):
    assert effects(_with(choices.let_in("ada", "bo", date(2026, 12, 31), NOW), **more)) == ()


@pytest.mark.parametrize(
    "more",
    [
        {"class": [{"code": "Observation"}]},
        {"securityLabel": [{"code": "PSY"}]},
        {"provision": [{"type": "permit"}]},
        {"actor": [{"reference": {"reference": "Practitioner/p"}}]},
        {"actor": [{"reference": {"identifier": {"value": "h1"}}}]},
        {"purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HRESCH"}]},
        {"period": {"end": "soon"}},
    ],
)
def test_a_denial_that_is_not_understood_is_refused_not_ignored(more):
    with pytest.raises(Invalid, match="policy-consent-not-honoured"):
        effects(_with(choices.restrict("ada", "h1", NOW), **more))


def test_a_denial_of_all_care_is_refused_not_ignored():
    consent = choices.stop_secondary_use("ada", NOW)
    del consent["provision"]["purpose"]
    with pytest.raises(Invalid, match="policy-consent-not-honoured"):
        effects(consent)


def test_without_a_purpose_an_institution_is_restricted_for_all():
    consent = choices.restrict("ada", "h1", NOW)
    del consent["provision"]["purpose"]
    assert effects(consent) == (Hides("restricted:h1", 0, None),)


def test_the_same_institution_twice_is_one_effect():
    consent = choices.restrict("ada", "h1", NOW)
    consent["provision"]["actor"] *= 2
    assert len(effects(consent)) == 1


@pytest.mark.parametrize("end", ["9999", "9999-12", "9999-12-31", "2026-06-30T23:59:60+08:00"])
def test_far_and_odd_ends_are_no_fault(end):
    assert effects(_with(choices.restrict("ada", "h1", NOW), period={"end": end}))[0].until > 0
