"""Scenes of merged identities: who are one hide as one; parted again, each under their own."""

from dataclasses import replace
from datetime import date

from builders import NOW, observation, patient
from camphora.policy import choices
from camphora.policy.internal import deciding
from consented import consent, treating
from leak.ground import ADA, OTHER
from leak.scenarios import (
    CLINIC,
    FHIR,
    QUESTIONS,
    READ,
    alike,
    exactly,
    figures,
    scene,
    sees,
)

ZOE = replace(
    ADA,
    id="zoe",
    name="王曉明",
    number="Z123456780",
    chart="CH-0009999",
    born="1950-02-02",
    records=(("Patient", "zoe"), ("Observation", "zoe-value")),
    secrets=("王曉明", "Z123456780"),
)
"""The other identity of the one who hides, under which she was treated too."""


def zoe(*, merged):
    link = {"link": [{"other": {"reference": "Patient/ada"}, "type": "replaces"}]} if merged else {}
    return {**patient(ZOE.id, ZOE.name, ZOE.born, ZOE.number), **link}


def with_zoe(world):
    world.write(zoe(merged=False), observation("zoe-value", "zoe", "4548-4", "2026-01-05"))
    return world


@scene((*FHIR, *CLINIC), "merged")
def a_restriction_by_one_identity_holds_for_the_other(make):
    """Made before the merge or after it, by either; and nothing tells that two are one. Parted again, each stands under
    their own choices and those made meanwhile; the version that names the other stays hidden."""
    world, absent, beside = with_zoe(make()), make(there=False), with_zoe(make(there=False))
    assert sees(world, path="/fhir/Patient/zoe")
    world.write(zoe(merged=True))
    for her in (ADA, ZOE):
        alike(world, absent, READ, her)
    world.write(zoe(merged=False))
    for path in ("/fhir/Patient/zoe", "/fhir/Patient?identifier=Z123456780", "/fhir/Observation/zoe-value"):
        assert "zoe" in world.client("other").get(path).text, path
    assert not sees(world, path="/fhir/Patient/zoe/_history/2")
    alike(world, beside, (*READ[:4], *READ[5:7]))
    told = [
        world.client("other").get(f"/fhir/Patient/zoe{part}") for part in ("", "/_history", "/_history/2")
    ]
    assert not any("Patient/ada" in answer.text for answer in told)
    world.write(zoe(merged=True))
    world.choose("ada-restricts", choices.ended(choices.restrict("ada", OTHER, NOW)))
    assert sees(world)
    world.choose("zoe-restricts", choices.restrict("zoe", OTHER, NOW))
    for her in (ADA, ZOE):
        alike(world, absent, READ[:4], her)
    world.write(zoe(merged=False))
    for her in (ADA, ZOE):
        alike(world, absent, READ[:4], her)
    store = world.installation.store
    for kept in store.whom(deciding("ada"), "ada").consents:
        world.choose(kept["id"], choices.ended(kept))
    assert sees(world, path="/fhir/Observation/ada-last")
    assert not sees(world, path="/fhir/Patient/zoe")


@scene((*QUESTIONS, "lake.follower"), "merged", "stopped")
def a_stop_by_one_identity_counts_neither(make):
    world, absent = exactly(with_zoe(make(chosen=False))), exactly(make(there=False, parts=True))
    never = figures(absent)
    world.installation.lake.catch_up()
    assert figures(world) != never
    world.write(zoe(merged=True))
    world.choose("ada-stops", choices.stop_secondary_use("ada", NOW))
    assert figures(world) == never
    world.installation.lake.catch_up()
    assert figures(world) == never
    world.write(zoe(merged=False))
    for _ in range(2):
        assert figures(world) == never, "stopped while they were one: both keep it"
        world.installation.lake.catch_up()
    (kept,) = world.installation.store.whom(deciding("zoe"), "zoe").consents
    world.choose(kept["id"], choices.ended(kept))
    world.installation.lake.catch_up()
    alone = exactly(with_zoe(make(there=False, parts=True)))
    alone.installation.lake.catch_up()
    assert figures(world) == figures(alone)


@scene((*FHIR, *CLINIC), "merged", "ended-choice")
def who_are_parted_keep_what_denied_once(make):
    """Of what one chose while they were one the other keeps what denies and may concern them, once; a permit, a choice
    that had ended and one about records of the first alone go."""
    world = with_zoe(make(chosen=False))
    store = world.installation.store

    def about(*records):
        data = [{"meaning": "instance", "reference": {"reference": name}} for name in records]
        return consent("x", "ada", treating(data=data))

    world.write(zoe(merged=True))
    for name, choice in {
        "permits": choices.let_in("ada", "dan", date(2099, 1, 1), NOW),
        "ended": choices.ended(choices.restrict("ada", "h8", NOW)),
        "ones-own": about("Observation/ada-last"),
        "the-others": about("Observation/zoe-value"),
        "elsewhere": about("https://elsewhere.test/fhir/Observation/1"),
        "denies": choices.restrict("ada", OTHER, NOW),
    }.items():
        world.choose(f"ada-{name}", choice)
    for _ in range(2):
        world.write(zoe(merged=False))
        kept = store.whom(deciding("zoe"), "zoe").consents
        assert len(kept) == 3
        assert {each["provision"]["type"] for each in kept} == {"deny"}
        assert not sees(world, path="/fhir/Observation/zoe-value")
        world.write(zoe(merged=True))
