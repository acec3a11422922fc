from __future__ import annotations

import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from camphora.synth.families import CHILD, ELDER, MIDDLE, family
from camphora.synth.names import name_lists
from camphora.synth.numbers import LETTER_OF_COUNTY, LETTER_VALUES, mobile, national_id, resident_number

TODAY = date(2026, 11, 21).toordinal()
counties, sexes = st.sampled_from(sorted(LETTER_OF_COUNTY)), st.sampled_from("mf")
WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)


def weighted_sum(number: str) -> int:
    """The Ministry's checksum written out as its rule says: right numbers give a multiple of ten."""
    digits = [*divmod(LETTER_VALUES[number[0]], 10), *map(int, number[1:])]
    return sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=True))


def test_the_checksum_knows_published_right_and_wrong_numbers():
    assert weighted_sum("A123456789") % 10 == 0
    assert weighted_sum("A800000014") % 10 == 0
    assert weighted_sum("D123456789") % 10 != 0
    assert weighted_sum("Z596839485") % 10 != 0


@given(counties, sexes, st.integers(0, 10**9))
def test_a_national_id_has_the_right_form_and_a_wrong_checksum(county, sex, serial):
    number = national_id(county, sex, serial)
    assert re.fullmatch("[A-Z][12][0-9]{8}", number)
    assert number[0] == LETTER_OF_COUNTY[county]
    assert number[1] == ("1" if sex == "m" else "2")
    assert weighted_sum(number) % 10 != 0


@given(counties, sexes, st.integers(0, 10**9), st.sampled_from([*range(7), 9]))
def test_a_resident_number_has_the_right_form_and_a_wrong_checksum(county, sex, serial, group):
    number = resident_number(county, sex, serial, group)
    assert re.fullmatch("[A-Z][89][0-9]{8}", number)
    assert number[1:3] == f"{8 if sex == 'm' else 9}{group}"
    assert weighted_sum(number) % 10 != 0


@given(st.integers(0, 10**8), st.integers(1, 9_999_999))
def test_national_ids_of_different_people_differ(serial, distance):
    assert national_id("臺北市", "f", serial)[:9] != national_id("臺北市", "f", serial + distance)[:9]


@given(st.integers(0, 10**9))
def test_telephone_numbers_cannot_be_dialled(serial):
    assert re.fullmatch("0000-[0-9]{3}-[0-9]{3}", mobile(serial))


def test_no_person_in_a_population_bears_a_right_number_or_anothers(homes, shared):
    people = [person for home in homes for person in home.household.people]
    numbers = [person.identity for person in people]
    numbers += [r["identifier"][0]["value"] for r in shared if r["resourceType"] == "Practitioner"]
    assert len(set(numbers)) == len(numbers)
    assert all(weighted_sum(number) % 10 for number in numbers)


@given(st.randoms(use_true_random=False), st.integers(0, 100), sexes)
def test_a_family_holds_its_anchor_and_its_ages_hang_together(rng, age, sex):
    members = family(rng, age, sex)
    assert any((kin.age, kin.sex) == (age, sex) for kin in members)
    parents = {kin.sex: kin.age for kin in members if kin.generation == MIDDLE}
    for kin in members:
        assert kin.age >= 0
        if kin.generation == CHILD and "f" in parents:
            assert 18 <= parents["f"] - kin.age <= 46
        if kin.generation == ELDER and len(parents) == 1:
            assert kin.age - min(parents.values()) >= 12
    assert sum(kin.generation == MIDDLE for kin in members) in {1, 2}


def test_parents_are_older_and_children_bear_a_parents_surname(homes):
    links = 0
    for home in homes:
        people = home.household.people
        for person in people:
            for parent in (n for n in (person.mother, person.father) if n >= 0):
                links += 1
                assert people[parent].born < person.born - 18 * 365
                assert people[parent].sex == ("f" if parent == person.mother else "m")
            father = people[person.father] if person.father >= 0 else None
            if father and not father.origin and "‧" not in person.name.text:
                assert person.name.family == father.name.family
    assert links > 150


def test_partners_point_at_each_other_and_are_adults(homes):
    for home in homes:
        people = home.household.people
        for n, person in enumerate(people):
            if person.partner >= 0:
                assert people[person.partner].partner == n
                assert {person.sex, people[person.partner].sex} == {"m", "f"}
                assert person.age(TODAY) >= 18


def test_names_are_of_the_length_and_letters_that_people_bear(homes):
    surnames = {word.written for word in name_lists().surnames}
    for person in (person for home in homes for person in home.household.people):
        name = person.name
        assert name.family
        assert name.given
        if person.origin and person.origin != "china":
            assert re.fullmatch("[A-Z ]+", name.text)
        elif "‧" not in name.text:
            assert re.fullmatch("[\u4e00-\u9fff]{2,3}", name.text)
            assert name.text[0] in surnames


def test_deaths_are_few_recent_and_mostly_of_the_old(homes):
    people = [person for home in homes for person in home.household.people]
    ages = sorted(person.age(person.died) for person in people if person.died)
    assert 0.02 < len(ages) / len(people) < 0.09
    assert ages[len(ages) // 2] > 65
    assert all(TODAY - 5.1 * 366 < person.died < TODAY for person in people if person.died)
