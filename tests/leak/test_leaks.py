"""Whoever is refused learns nothing: every path answers as if what is hidden did not exist."""

import pytest

from leak import (  # noqa: F401 - they register their attacks
    attacks_api,
    attacks_audit,
    attacks_bulk,
    attacks_gate,
    attacks_implementers,
    attacks_planted,
    attacks_pointing,
    attacks_search,
    portal_attacks,
    waiting_attacks,
)
from leak.attacks import ATTACKS, SECONDARY, every_attack
from leak.comparing import compare, said
from leak.ground import ADA, CYD, JUDGED

EVERY = every_attack()
NOW = [one for one in EVERY if not one.waits]
CARE = [one for one in EVERY if one.by in {"other", "pharmacist"}]
BROAD = [
    one
    for one in NOW
    if one.name.startswith(
        ("by_address", "by_looking", "by_opening_her", "by_asking", "by_every_page", "fhir.search-")
    )
    and not one.name.endswith("-sort")
]
"""What is asked of the people made by synth too, whose records are of more kinds."""


def _ids(attack):
    return str(attack)


@pytest.mark.parametrize("attack", EVERY, ids=_ids)
def test_she_who_hides_is_as_if_she_had_never_been(pair, attack):
    answers = compare(attack, pair, ADA)
    if attack.waits:
        assert {answer.status_code for answer in answers} <= waiting_attacks.REFUSED, "the path has come"
    if attack.by in SECONDARY and attack.ask.__module__ == "leak.attacks":
        _opens_no_record(answers)


@pytest.mark.parametrize("attack", CARE, ids=_ids)
def test_a_closed_part_is_as_if_it_were_empty(pair, attack):
    compare(attack, pair, CYD)


RULED = sorted(
    {
        one
        for (kind, _), several in ATTACKS.items()
        if kind == "ruled-part"
        for one in several
        if one.by == "other"
    },
    key=str,
)


@pytest.mark.parametrize("subject", [subject for subject, *_ in JUDGED], ids=lambda one: one.id)
def test_what_a_consent_denies_is_as_if_it_were_not(pair, subject):
    for attack in RULED:
        compare(attack, pair, subject)


@pytest.mark.parametrize("attack", BROAD, ids=_ids)
def test_she_is_hidden_among_a_people(twins, attack):
    worlds, her = twins
    compare(attack, worlds, her)


@pytest.mark.parametrize("attack", attacks_pointing.POINTING, ids=_ids)
def test_who_points_to_a_closed_record_is_as_if_it_were_not(pair, attack):
    compare(attack, pair, next(subject for subject, *_ in JUDGED if subject.id == "kim"))


@pytest.mark.parametrize("attack", attacks_planted.PLANTED, ids=_ids)
def test_who_plants_a_reference_learns_nothing_by_what_becomes_of_it(pair, attack):
    compare(attack, pair, next(subject for subject, *_ in JUDGED if subject.id == "kim"))


def test_the_attacks_would_find_who_points_where_nothing_is_closed(open_world, pair):
    """To who may see her each way tells something else than where nothing points."""
    her = next(subject for subject, *_ in JUDGED if subject.id == "kim")
    for attack in attacks_pointing.POINTING:
        if attack.by == "other" and not attack.name.startswith("by_changing"):
            there, absent = (
                list(attack.ask(world.client("welcome"), her)) for world in (open_world, pair[1])
            )
            assert any(said(one) != said(other) for one, other in zip(there, absent, strict=False)), attack


def _opens_no_record(answers):
    """Secondary use is refused every request at /fhir that is not malformed; in a batch each entry."""
    found = {status for answer in answers for status in _statuses(answer)}
    assert found <= {400, 403, 404, 405, 415}
    assert 403 in found


def _statuses(answer):
    if answer.status_code != 200 or not answer.content:
        return {answer.status_code}
    return {int(entry["response"]["status"][:3]) for entry in answer.json()["entry"]}


@pytest.mark.parametrize(
    ("kind", "path", "least"),
    [
        ("key", "fhir.search", 8),
        ("about", "fhir.search-post", 6),
        ("total", "fhir.bundle", 1),
        ("status", "fhir.read", 10),
        ("version", "fhir.vread", 10),
        ("history", "fhir.history", 10),
        ("inside", "fhir.search", 3),
        ("status", "clinic.patient", 3),
        ("status", "clinic.record", 5),
        ("key", "clinic.patients", 5),
    ],
)
def test_the_attacks_would_find_her_where_she_has_restricted_nothing(open_world, kind, path, least):
    """The same requests by a clinician who may see her do find her: the suite can fail."""
    asked = [one for one in ATTACKS[kind, path] if one.by == "other"]
    answers = [answer for one in asked for answer in one.ask(open_world.client("welcome"), ADA)]
    found = [answer for answer in answers if answer.status_code == 200 and ADA.id in answer.text]
    assert len(found) >= least


@pytest.mark.parametrize(
    ("kind", "least"),
    [("chain", 6), ("reverse-chain", 4), ("include", 4), ("reverse-include", 4), ("composite", 3), ("filter", 8),
     ("sort", 8), ("total", 2)],
)  # fmt: skip
def test_the_whole_grammar_would_find_her_where_she_has_restricted_nothing(open_world, pair, kind, least):
    """To who may see her each of these searches says something else than where she never was."""
    ask = attacks_search.got(kind)
    there, absent = (list(ask(world.client("welcome"), ADA)) for world in (open_world, pair[1]))
    told = {str(one.request.url).partition("&_page")[0] for one in there} & {
        str(one.request.url) for one, other in zip(there, absent, strict=False) if said(one) != said(other)
    }
    assert len(told) >= least


def test_the_attacks_would_find_the_part_that_is_not_closed(open_world):
    asked = [one for one in ATTACKS["closed-part", "fhir.search"] if one.by == "other"]
    answers = [answer for one in asked for answer in one.ask(open_world.client("welcome"), CYD)]
    assert any(CYD.secrets[0] in answer.text for answer in answers)
