"""What each choice does, as read back from its Consent."""

from datetime import UTC, date, datetime

import pytest

from camphora.policy import choices
from camphora.policy.choices import Allows, Closes, Hides, LetsIn, Ruled, effects
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
    ends = int(datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp() * 1000)
    assert effect == LetsIn("bo", int(NOW.timestamp() * 1000), ends)


def test_a_stop_of_a_part_names_its_category_and_purpose():
    def names(consent):
        return [effect.set_name for effect in effects(consent)]

    assert names(choices.stop_part("ada", NOW, "genetic")) == ["stopped:genetic:*"]
    assert names(choices.stop_part("ada", NOW, purpose="GOV")) == ["stopped:*:GOV"]
    assert names(choices.stop_part("ada", NOW, "genetic", "HRESCH")) == ["stopped:genetic:HRESCH"]
    project = "https://camphora.tw/project|p1"
    assert names(choices.stop_part("ada", NOW, purpose=project)) == [f"stopped:*:{project}"]


def test_agreeing_to_a_project_is_read_back_from_its_day_to_its_last():
    (effect,) = effects(
        choices.agree_to_project("ada", "https://camphora.tw/project|p1", date(2026, 12, 31), NOW)
    )
    ends = int(datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp() * 1000)
    assert effect == Allows("project:p1", int(NOW.timestamp() * 1000), ends)


@pytest.mark.parametrize("status", ["draft", "rejected", "inactive", "entered-in-error"])
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
def test_a_permit_that_says_more_is_decided_record_by_record(more):
    (effect,) = effects(_with(choices.let_in("ada", "bo", date(2026, 12, 31), NOW), **more))
    assert isinstance(effect, Ruled)
    assert effect.classes == ("family",)


@pytest.mark.parametrize(
    "more",
    [
        {"class": [{"code": "Observation"}]},
        {"securityLabel": [{"code": "PSY"}]},
        {"provision": [{"type": "permit"}]},
        {"actor": [{"reference": {"reference": "Practitioner/p"}}]},
        {"actor": [{"reference": {"identifier": {"value": "h1"}}}]},
        {"period": {"end": "soon"}},
    ],
)
def test_a_denial_that_says_more_is_decided_record_by_record(more):
    assert effects(_with(choices.restrict("ada", "h1", NOW), **more))[0].classes[0] == "care"


@pytest.mark.parametrize(
    "change",
    [
        {"performer": [{"reference": "RelatedPerson/mother"}]},
        {"verification": [{"verified": False}]},
        {"status": "proposed"},
    ],
)
def test_an_act_that_is_not_plainly_the_persons_own_is_decided_record_by_record(change):
    assert effects({**choices.restrict("ada", "h1", NOW), **change}) == (
        Ruled(("care", "secondary"), 0, None),
        Hides("stopped:*:TREAT", 0, None),
    )


def test_a_denial_for_secondary_use_that_says_more_hides_the_person_wholly_from_it():
    consent = _with(choices.stop_secondary_use("ada", NOW), securityLabel=[{"code": "PSY"}])
    assert effects(consent) == (Ruled(("secondary",), 0, None), Hides("stopped:secondary", 0, None))
    some = _with(choices.stop_part("ada", NOW, purpose="GOV"), code=[{"text": "x"}])
    assert effects(some) == (Ruled(("secondary",), 0, None), Hides("stopped:*:GOV", 0, None))


def test_a_permit_with_a_denial_inside_hides_from_secondary_use():
    consent = choices.agree_to_project("ada", "https://camphora.tw/project|p1", date(2026, 12, 31), NOW)
    nested = _with(consent, provision=[{"code": [{"coding": [{"code": "x"}]}]}])
    assert [type(effect) for effect in effects(nested)] == [Ruled, Hides]


def test_a_denial_of_everything_hides_and_rules():
    consent = choices.stop_secondary_use("ada", NOW)
    del consent["provision"]["purpose"]
    whole = ("care", "secondary", "family")
    assert effects(consent) == (Ruled(whole, 0, None), Hides("stopped:secondary", 0, None))


def test_a_denial_for_what_stands_on_statute_does_nothing():
    consent = choices.stop_secondary_use("ada", NOW)
    payment = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HPAYMT"}]
    assert effects(_with(consent, purpose=payment)) == ()


def test_the_same_institution_twice_is_one_effect():
    consent = choices.restrict("ada", "h1", NOW)
    consent["provision"]["actor"] *= 2
    assert len(effects(consent)) == 1


@pytest.mark.parametrize("end", ["9999", "9999-12", "9999-12-31", "2026-06-30T23:59:60+08:00"])
def test_far_and_odd_ends_are_no_fault(end):
    assert effects(_with(choices.restrict("ada", "h1", NOW), period={"end": end}))[0].until > 0


def test_what_a_provision_inside_states_anew_is_ruled_too():
    """A permit inside a permit may name another purpose and a later period than the root does."""
    inside = {"type": "permit", "purpose": [_reason("HRESCH")], "period": {"start": "2026-01-01"}}
    root = {
        "type": "permit",
        "purpose": [_reason("TREAT")],
        "period": {"end": "2025-12-31"},
        "provision": [inside],
    }
    consent = {"status": "active", "patient": {"reference": "Patient/p"}, "provision": root}
    assert effects(consent) == (Ruled(("care", "secondary"), 0, None),)


def test_an_exception_is_ruled_within_what_it_is_an_exception_to():
    inside = {"type": "permit", "purpose": [_reason("FAMRQT")]}
    root = {"type": "deny", "purpose": [_reason("ETREAT")], "provision": [inside]}
    consent = {"status": "active", "patient": {"reference": "Patient/p"}, "provision": root}
    assert effects(consent) == (Ruled(("care",), 0, None),)


def _reason(code):
    return {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code}
