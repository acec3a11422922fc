"""Scores against a published example, against Bayes by counting every pattern, and by what must hold of any two."""

from itertools import product
from math import log2, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.records.identity import FIELDS, traits, weigh
from camphora.records.identity.weighing import PRIOR, Chances, probability, weight
from registering import CARD, MOI, NIA, person, phone


def test_the_weights_are_those_of_the_worked_example():
    """Month of birth, m 0.95, u 1/12: https://en.wikipedia.org/wiki/Record_linkage#Probabilistic_record_linkage."""
    assert weight(Chances(0.95, 1 / 12)) == pytest.approx(3.51, abs=0.005)
    assert weight(Chances(0.05, 11 / 12)) == pytest.approx(-4.20, abs=0.005)


@pytest.mark.parametrize("field", FIELDS)
def test_the_levels_of_a_field_are_all_that_can_be(field):
    for chance in ("m", "u"):
        assert sum(getattr(each, chance) for each in FIELDS[field].values()) == pytest.approx(1)


def test_the_score_is_what_bayes_gives_when_every_pattern_is_counted():
    """Among all pairs, those of one person at the prior odds: the share of these among the pairs of a pattern."""
    odds = 1 / 23_400_000
    share = odds / (1 + odds)
    total = 0.0
    for pattern in product(*(levels.values() for levels in FIELDS.values())):
        one = share * prod(each.m for each in pattern)
        two = (1 - share) * prod(each.u for each in pattern)
        total += one + two
        assert probability(PRIOR + sum(map(weight, pattern))) == pytest.approx(one / (one + two), rel=1e-9)
    assert total == pytest.approx(1)


def _weigh(one, other):
    return weigh(traits(one), traits(other))


def test_a_shared_number_with_the_same_birth_is_certain_whatever_the_name():
    found = _weigh(
        person("a", "王小明", "1950-02-01", (MOI, "A123456789")),
        person("b", "王曉明", "1950-02-01", (MOI, "a123456789")),
    )
    assert (found.grade, found.score, found.rule) == ("certain", 1.0, "same-number")


def test_a_shared_number_alone_is_weighed_and_not_certain():
    found = _weigh(
        person("a", "王小明", "1950-02-01", (CARD, "000012345678")),
        person("b", "林大同", "1953-08-09", (CARD, "000012345678")),
    )
    assert found.grade != "certain"
    assert found.rule == ""


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({"text": "王小民"}, ("name", "close")),
        ({"text": "王小"}, ("name", "close")),
        ({"text": "陳小明"}, ("name", "differ")),
        ({"born": "1950-01-02"}, ("birth", "close")),
        ({"born": "1950-02-11"}, ("birth", "close")),
        ({"born": "1950-03-11"}, ("birth", "differ")),
        ({"born": "1950"}, ("birth", "unknown")),
        ({"sex": "male"}, ("sex", "differ")),
        ({"sex": "unknown"}, ("sex", "unknown")),
    ],
)
def test_a_field_comes_out_at_its_level(other, level):
    found = _weigh(person("a"), person("b", **other))
    assert {each.field: each.level for each in found.evidence}[level[0]] == level[1]


def test_names_that_are_spelled_alike_in_latin_letters_are_not_the_same():
    one, other = person("a", "王小明"), person("b", "王曉銘")
    for each in (one, other):
        each["name"][0] |= {"family": "Wang", "given": ["Hsiao Ming"]}
    found = _weigh(one, other)
    assert found.evidence[1].level == "differ"


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (
            person("a", "林小花", "1990-05-01", (MOI, "A223456781")),
            person("b", "林小花", "2026-05-01", (MOI, "A223456781")),
            "parent-and-child",
        ),
        (
            person("a", "王之女一", "2026-05-01", **phone("0912345678"), multipleBirthInteger=1),
            person("b", "王之女二", "2026-05-01", **phone("0912345678"), multipleBirthInteger=2),
            "multiple-birth",
        ),
        (
            person("a", "王大明", "2000-05-01", (MOI, "A123456789"), **phone("0912345678")),
            person("b", "王小明", "2000-05-01", (MOI, "B123456780"), **phone("0912345678")),
            "two-national-numbers",
        ),
    ],
)  # fmt: skip
def test_a_rule_keeps_them_apart_whatever_they_weigh(one, other, rule):
    found = _weigh(one, other)
    assert (found.grade, found.score, found.rule) == ("certainly-not", 0.0, rule)


def test_the_old_and_the_new_form_of_a_resident_number_are_not_computed_from_each_other():
    found = _weigh(
        person("a", "A", "1980-01-01", (NIA, "AC01234567")),
        person("b", "B", "1980-01-01", (NIA, "A801234567")),
    )
    assert found.evidence[0].level == "unknown"


NAMES = st.text("王林小大明同", max_size=3)
DATES = st.sampled_from(["", "1950", "1950-02", "1950-02-01", "1950-01-02", "1951-02-01", "2020-02-01"])
VALUES = st.sampled_from(["A123456789", "A800000014", "000011112222"])
WHO = st.builds(
    lambda text, born, sex, numbers, calls: person("x", text, born, *numbers, sex=sex, **phone(calls)),
    NAMES, DATES, st.sampled_from(["", "male", "female"]),
    st.lists(st.tuples(st.sampled_from([MOI, NIA, CARD]), VALUES), max_size=2),
    st.sampled_from(["", "0912345678", "02-2345678"]),
)  # fmt: skip


@settings(deadline=None)
@given(WHO, WHO)
def test_any_two_weigh_the_same_in_either_order_and_by_their_own_evidence(one, other):
    there, back = _weigh(one, other), _weigh(other, one)
    assert there == back
    weights = [
        log2(FIELDS[e.field][e.level].m / FIELDS[e.field][e.level].u)
        for e in there.evidence
        if e.level != "unknown"
    ]
    assert there.bits == pytest.approx(PRIOR + sum(weights))
    assert 0 <= there.score <= 1
