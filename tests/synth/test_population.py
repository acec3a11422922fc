from __future__ import annotations

from datetime import date
from hashlib import sha256
from itertools import islice

import orjson
import pytest

from camphora.errors import Invalid
from camphora.synth import population
from camphora.synth.people import MOST
from camphora.synth.places import aged, read_population

TODAY = date(2026, 11, 21)


def digest(households) -> str:
    seen = sha256()
    for household in households:
        for resource in household.resources():
            seen.update(orjson.dumps(resource))
    return seen.hexdigest()


def test_the_same_arguments_give_the_same_resources(country):
    first, again = (digest(population(country, 60, seed=3, today=TODAY)) for _ in range(2))
    other = digest(population(country, 60, seed=4, today=TODAY))
    assert first == again != other


def test_a_run_resumed_at_any_household_gives_the_rest_unchanged(country):
    whole = list(population(country, 150, seed=8, today=TODAY))
    for start in (0, 1, 17, len(whole) - 1):
        assert digest(population(country, 150, seed=8, today=TODAY, start=start)) == digest(whole[start:])
    assert list(population(country, 150, seed=8, today=TODAY, start=len(whole))) == []


@pytest.mark.parametrize("people", [0, 1, 2, 3, 4, 57, 200, 333])
def test_the_number_of_people_is_exact(country, people):
    households = list(population(country, people, seed=5, today=TODAY))
    assert sum(len(household.people) for household in households) == people
    assert [household.index for household in households] == list(range(len(households)))


def test_a_larger_population_begins_with_the_smaller(country):
    small = list(population(country, 90, seed=2, today=TODAY))[:-1]
    large = islice(population(country, 5000, seed=2, today=TODAY), len(small))
    assert digest(small) == digest(large)


@pytest.mark.parametrize(("people", "start"), [(-1, 0), (10, -2)])
def test_negative_counts_are_refused(country, people, start):
    with pytest.raises(Invalid) as refused:
        population(country, people, seed=1, today=TODAY, start=start)
    assert refused.value.code == "synth-people-count"
    assert str(people) in refused.value.text("zh-TW")


def test_every_patient_comes_before_the_rest_of_the_record(homes):
    for home in homes:
        seen = set()
        for resource in home.resources:
            if resource["resourceType"] == "Patient":
                seen.add(f"Patient/{resource['id']}")
            else:
                subject = resource.get("subject") or resource["patient"]
                assert subject["reference"] in seen


def chi_square(observed: dict, expected: dict) -> tuple[float, int]:
    total = sum(observed.values()) / sum(expected.values())
    cells = {key: count * total for key, count in expected.items() if count * total >= 5}
    return sum((observed.get(key, 0) - count) ** 2 / count for key, count in cells.items()), len(cells)


def living(country, people: int) -> list:
    today = TODAY.toordinal()
    households = population(country, people, seed=29, today=TODAY)
    return [(p, p.age(today)) for h in islice(households, 1, None) for p in h.people if not p.died]


def test_the_living_follow_the_real_table_by_township_age_and_sex(country):
    """Chi-square per degree of freedom: 1 for independent people; by place more, for families live together."""
    table = {place: aged(counts) for place, counts in read_population().items()}
    ages, places, seen_ages, seen_places = {}, {}, {}, {}
    for place, counts in table.items():
        places[place] = sum(counts)
        for cell, count in enumerate(counts):
            key = min(cell // 2 // 5, 18), "mf"[cell % 2]
            ages[key] = ages.get(key, 0) + count
    for person, age in living(country, 20_000):
        key, place = (min(age // 5, 18), person.sex), person.place.county + person.place.town
        seen_ages[key] = seen_ages.get(key, 0) + 1
        seen_places[place] = seen_places.get(place, 0) + 1
    by_age, cells = chi_square(seen_ages, ages)
    by_place, towns = chi_square(seen_places, places)
    assert cells == 38
    assert by_age / cells < 2
    assert towns > 300
    assert by_place / towns < 4.5


def test_the_real_table_counts_nobody_twice():
    """The Ministry's figure for 2015-11 of the 22 counties and cities together, from their own totals."""
    table = read_population()
    assert len(table) == 368
    assert sum(map(sum, table.values())) == 23_483_793
    assert sum(sum(counts) for place, counts in table.items() if place.startswith("臺北市")) == 2_702_809
    assert not any(place.startswith("台") for place in table)


def test_households_stay_within_the_most_that_ids_allow(homes):
    assert max(len(home.household.people) for home in homes) <= MOST


def test_a_billion_people_begin_at_once(country):
    """Nothing is made before it is asked for: a population of any size streams."""
    households = population(country, 1_000_000_000, seed=1, today=TODAY)
    assert sum(len(household.people) for household in islice(households, 50)) > 50
