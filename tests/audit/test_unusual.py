"""Unusual reading: planted misuse is found and ranked, usual reading is left alone, small numbers prove nothing."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.wards import START, Wards
from camphora.audit.unusual import (
    DAY,
    HOUR,
    LEAST,
    Home,
    Known,
    Look,
    binomial_bits,
    poisson_bits,
    unusual,
)

SEEDS = range(5)


def _found(wards):
    return unusual(wards.looks, wards.known, wards.homes)


@pytest.fixture(scope="module")
def months():
    return [(wards := Wards(seed), _found(wards)) for seed in SEEDS]


def test_the_planted_misuse_stands_at_the_top(months, record_property):
    precisions = []
    for wards, found in months:
        top = [one.reader for one in found[: len(wards.misused)]]
        precisions.append(len(set(top) & set(wards.misused)) / len(wards.misused))
    record_property("precision_at_12", statistics.mean(precisions))
    assert statistics.mean(precisions) >= 0.9
    assert min(precisions) >= 0.75


def test_each_is_found_for_the_reason_that_was_planted(months):
    told = [
        (kind, {finding.kind for one in found if one.reader == reader for finding in one.findings})
        for wards, found in months
        for reader, kind in wards.misused.items()
    ]
    right = sum(kind in kinds for kind, kinds in told)
    assert right / len(told) >= 0.9


def test_few_of_the_others_are_listed(months):
    for wards, found in months:
        others = [one for one in found if one.reader not in wards.misused]
        assert len(others) <= len(wards.staff) // 10


def test_findings_say_whom_and_which_receipts(months):
    wards, found = months[0]
    for suspicion in found:
        assert suspicion.rank >= LEAST
        assert [one.bits for one in suspicion.findings] == sorted(
            (one.bits for one in suspicion.findings), reverse=True
        )
        for finding in suspicion.findings:
            acts = [wards.looks[number] for number in finding.receipts]
            assert {act.reader for act in acts} == {suspicion.reader}
            assert set(finding.persons) <= {person for act in acts for person in act.persons}


def _looks(*rows):
    return [
        Look(number, at, reader, "nurse", "h1", (person,)) for number, (reader, at, person) in enumerate(rows)
    ]


def test_peers_who_are_all_alike_make_nobody_unusual():
    """Ties: the deviation of equal figures is nought, and one person more is no finding."""
    rows = [(f"r{reader}", START + 3 * HOUR, person) for reader in range(9) for person in range(12)]
    known = {person: Known(encounters={"h1": (START // DAY,)}) for person in range(20)}
    assert unusual(_looks(*rows, ("r0", START + 3 * HOUR, 13)), known, {}) == []


def test_one_reader_alone_is_not_compared_with_nobody():
    rows = [("only", START + 3 * HOUR, person) for person in range(300)]
    known = {person: Known(encounters={"h1": (START // DAY,)}) for person in range(300)}
    assert unusual(_looks(*rows), known, {}) == []


def test_a_neighbour_who_is_a_patient_is_no_finding():
    home = Home("村1", "村1中山路1號", "陳")
    known = {0: Known(home, {"h1": (START // DAY,)}), 1: Known(home)}
    rows = [("r", START, 0), ("r", START, 1)]
    (found,) = unusual(_looks(*rows), known, {"r": Home("村1", "村1中山路9號", "陳")})
    assert {finding.kind: finding.persons for finding in found.findings}["household"] == (1,)
    assert all(0 not in finding.persons for finding in found.findings)


def test_an_encounter_long_ago_is_none():
    known = {0: Known(encounters={"h1": (START // DAY - 91,)}, well_known=True)}
    (found,) = unusual(_looks(("r", START, 0)), known, {})
    assert "well-known" in {finding.kind for finding in found.findings}
    near = {0: Known(encounters={"h1": (START // DAY - 90,)}, well_known=True)}
    assert unusual(_looks(("r", START, 0)), near, {}) == []


def _tried(at, count, reader="r0", every=60_000, first=10_000):
    """So many acts that asked for somebody who is not there."""
    return [Look(first + number, at + number * every, reader, "nurse", "h1", ()) for number in range(count)]


def _ward(readers=9, acts=40):
    """Peers who read their own patients, one of them after a slip of the pen now and then."""
    looks = _looks(
        *(
            (f"r{reader}", START + 3 * HOUR + act * HOUR, act)
            for reader in range(readers)
            for act in range(acts)
        )
    )
    looks += [
        look for reader in range(readers) for look in _tried(START, 1, f"r{reader}", first=5_000 + reader)
    ]
    return looks, {person: Known(encounters={"h1": (START // DAY,)}) for person in range(acts)}


@pytest.mark.parametrize("count", [8, 12, 300])
def test_whoever_tries_numbers_in_vain_is_shown_with_the_reason(count):
    """A number tried again and again, of a neighbour who is not there, or a sweep of ids: nothing keeps which."""
    looks, known = _ward()
    tried = _tried(START + 5 * HOUR, count, every=10_000)
    (found,) = unusual([*looks, *tried], known, {})
    assert found.reader == "r0"
    kinds = {finding.kind: finding for finding in found.findings}
    assert {"in-vain", "trying"} <= set(kinds)
    assert kinds["trying"].numbers["n"] == count
    assert set(kinds["trying"].receipts) == {look.receipt for look in tried}
    assert (kinds["in-vain"].numbers["n"], kinds["in-vain"].persons) == (count + 1, ())


def test_a_slip_now_and_then_is_none():
    looks, known = _ward()
    spread = _tried(START + 2 * DAY, 2, every=3 * DAY)
    assert unusual([*looks, *spread], known, {}) == []


def test_who_tries_no_more_than_peers_is_not_shown():
    """Where a ward admits people who are not there yet, everybody asks for them in vain."""
    looks, known = _ward()
    looks += [one for reader in range(9) for one in _tried(START, 20, f"r{reader}", every=9 * HOUR)]
    assert unusual(looks, known, {}) == []


def test_tries_within_an_hour_are_counted_not_those_of_a_day():
    looks, known = _ward()
    (found,) = unusual([*looks, *_tried(START, 12, every=20 * 60_000)], known, {})
    assert [one.kind for one in found.findings] == ["in-vain"]


def test_emergencies_add_up():
    known = {person: Known(encounters={"h1": (START // DAY,)}) for person in range(3)}
    looks = [Look(number, START, "r", "nurse", "h1", (number,), emergency=True) for number in range(3)]
    (found,) = unusual(looks, known, {})
    assert (found.findings[0].kind, found.findings[0].numbers["n"]) == ("emergency", 3)


@given(st.integers(0, 200), st.floats(0.01, 200))
def test_bits_bound_the_tail_of_a_poisson_count(count, mean):
    import math

    tail = 1 - sum(math.exp(-mean + one * math.log(mean) - math.lgamma(one + 1)) for one in range(count))
    bits = poisson_bits(count, mean)
    assert bits == 40.0 or 2**-bits >= tail - 1e-9


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_bits_bound_the_tail_of_a_share(count, more, chance):
    import math

    of = count + more
    tail = sum(math.comb(of, one) * chance**one * (1 - chance) ** (of - one) for one in range(count, of + 1))
    bits = binomial_bits(count, of, chance)
    assert bits == 40.0 or 2**-bits >= tail - 1e-9
