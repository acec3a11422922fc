"""Households and persons: who they are, before anything is known of their health.

Each household has its own random numbers, derived from the seed and its index, so that any household can
be made without the others. A place and a first person (the anchor) are drawn from the weights of
`data/seeds.csv.gz`; `families.family` adds those who live with that person. The living therefore follow
the real township × age × sex table; beside them stand those who died within the last five years.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from camphora.synth.families import CHILD, ELDER, MIDDLE, Kin, Sex, family
from camphora.synth.mortality import hazard
from camphora.synth.names import Name, Word, han_name, other_name, people_of, surname
from camphora.synth.numbers import LETTER_OF_COUNTY, national_id, resident_number
from camphora.synth.places import Country, Place

MOST = 16
"""A household has at most this many members."""
YEARS_OF_DEATHS = 5
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_COUNTIES = tuple(LETTER_OF_COUNTY)


def code_of(index: int) -> str:
    """The household's code: base 32, at least four characters."""
    digits = ""
    while index or len(digits) < 4:
        index, rest = divmod(index, 32)
        digits = _DIGITS[rest] + digits
    return digits


@dataclass(slots=True)
class Person:
    """One resident. `born` and `died` are day numbers (`date.toordinal`); `mother`, `father`, `partner` are
    positions in the household, -1 where none lives (or lived) there."""

    id: str
    serial: int
    sex: Sex
    born: int
    name: Name
    place: Place
    generation: int
    identity: str
    origin: str = ""
    """Empty for people with a national ID; else the country of a foreign resident."""
    died: int = 0
    mother: int = -1
    father: int = -1
    partner: int = -1
    widowed: bool = False

    def age(self, day: int) -> int:
        """Whole years on a day (day number), by calendar date."""
        born, on = date.fromordinal(self.born), date.fromordinal(day)
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@dataclass(slots=True)
class Member:
    """A place in the household before it has a name."""

    kin: Kin
    dead: bool = False
    of: int = -1
    """Whose partner a dead member was; -1 for a brother or sister."""


CAST_HOME = ("臺南市", "東區")
CAST_NAMES = (
    Name("林美玉", "Lin", "Mei Yu"),
    Name("陳文雄", "Chen", "Wen Hsiung"),
    Name("陳怡君", "Chen", "Yi Chun"),
)


def _cast_members() -> list[Member]:
    """Household 0 of every population: a citizen of 67, her husband and their daughter (see `cast.py`)."""
    return [Member(Kin(MIDDLE, "f", 67)), Member(Kin(MIDDLE, "m", 70)), Member(Kin(CHILD, "f", 38))]


def draw(country: Country, seed: int, index: int) -> tuple[Random, Place, list[Member]]:
    """The household's random numbers, its place and its members, adults first."""
    rng = Random(f"{seed}/{index}")
    if index == 0:
        home = next(place for place in country.places if (place.county, place.town) == CAST_HOME)
        return rng, home, _cast_members()
    cell = bisect(country.seeds, rng.random() * country.seeds[-1])
    place, (age, woman) = country.places[cell // 202], divmod(cell % 202, 2)
    members = [Member(kin) for kin in family(rng, age, "f" if woman else "m")]
    return rng, place, _with_the_dead(rng, members)[:MOST]


def _with_the_dead(rng: Random, members: list[Member]) -> list[Member]:
    """Adds those who died in the last years: as many per living person as the hazard of their age gives."""
    dead = []
    for position, member in enumerate(members):
        kin = member.kin
        odds = hazard(kin.sex, kin.age) * YEARS_OF_DEATHS
        if rng.random() < odds:
            alone = kin.age >= 40 and not any(
                other is not member and other.kin.generation == kin.generation for other in members
            )
            sex: Sex = kin.sex if not alone else "f" if kin.sex == "m" else "m"
            age = max(0, kin.age + int(rng.random() * 7) - 3)
            dead.append(Member(Kin(kin.generation, sex, age), dead=True, of=position if alone else -1))
    return members + dead


def people_in(country: Country, seed: int, index: int) -> int:
    """How many people this household has, without making them."""
    return len(draw(country, seed, index)[2])


def settle(rng: Random, place: Place, members: list[Member], index: int, today: int) -> tuple[Person, ...]:
    """Turns members into persons with names, numbers, birthdays and family ties."""
    people = [_person(rng, place, member, index * MOST + n, today) for n, member in enumerate(members)]
    _tie(people, members)
    if index == 0:
        for person, name in zip(people, CAST_NAMES, strict=False):
            person.name = name
    else:
        _give_names(rng, people, people_of(place.county, place.town))
    return tuple(_numbered(rng, person) for person in people)


def _person(rng: Random, place: Place, member: Member, serial: int, today: int) -> Person:
    kin, (index, number) = member.kin, divmod(serial, MOST)
    born = _birthday(rng, kin.age, today)
    died = 0
    if member.dead:
        died = max(born + 1, today - int(rng.random() * YEARS_OF_DEATHS * 365.25) - 1)
    key = f"{code_of(index)}-{number + 1}"
    return Person(key, serial, kin.sex, born, Name("", "", ""), place, kin.generation, "", died=died)


def _birthday(rng: Random, age: int, today: int) -> int:
    """A day of birth that makes this whole age today."""
    if age == 0:
        return today - int(rng.random() * 364)
    latest = date.fromordinal(today)
    year_start = date(latest.year - age - 1, latest.month, min(latest.day, 28)).toordinal() + 4
    return year_start + int(rng.random() * 360)


def _tie(people: list[Person], members: list[Member]) -> None:
    """Partners, parents and children. A dead partner counts as the other parent where there is none."""
    for generation in (ELDER, MIDDLE):
        alive = [n for n, m in enumerate(members) if m.kin.generation == generation and not m.dead]
        if len(alive) == 2 and people[alive[0]].sex != people[alive[1]].sex:
            people[alive[0]].partner, people[alive[1]].partner = alive[1], alive[0]
    for n, member in enumerate(members):
        if member.of >= 0 and people[member.of].partner < 0:
            people[n].partner, people[member.of].partner, people[member.of].widowed = member.of, n, True
    for child, parent in ((CHILD, MIDDLE), (MIDDLE, ELDER)):
        _give_parents(people, members, child, parent)


def _give_parents(people: list[Person], members: list[Member], child: int, parent: int) -> None:
    parents = [n for n, m in enumerate(members) if m.kin.generation == parent and (not m.dead or m.of >= 0)]
    children = [n for n, m in enumerate(members) if m.kin.generation == child and not m.dead]
    if parent == ELDER:
        children = children[:1]
    for n in children:
        for p in parents:
            years = (people[n].born - people[p].born) / 365.25
            if people[p].died and people[p].died < people[n].born:
                continue
            if people[p].sex == "f" and 18 <= years <= 48:
                people[n].mother = p
            elif people[p].sex == "m" and 18 <= years <= 62:
                people[n].father = p


def _give_names(rng: Random, people: list[Person], indigenous: str) -> None:
    """Children bear their father's surname (else their mother's), as most do; foreigners romanised names."""
    traditional = indigenous if indigenous and rng.random() < 0.3 else ""
    surnames: dict[int, Word] = {}
    for n in sorted(range(len(people)), key=lambda n: people[n].born):
        person = people[n]
        surnames[n] = surnames.get(person.father) or surnames.get(person.mother) or surname(rng)
        born = date.fromordinal(person.born).year
        if traditional:
            person.name = other_name(rng, traditional, person.sex)
            continue
        person.origin = _origin(rng, person, people)
        if person.origin and person.origin != "china":
            person.name = other_name(rng, person.origin, person.sex)
        else:
            person.name = han_name(rng, surnames[n], person.sex, born)


def _origin(rng: Random, person: Person, people: list[Person]) -> str:
    """The country of foreign wives and of some people who live alone (shares are ours); else empty."""
    adult = person.generation == MIDDLE and person.mother < 0 and person.father < 0 and not person.died
    wife = person.sex == "f" and person.partner >= 0
    share = 0.035 if wife else 0.03 if len(people) == 1 else 0.0
    if not adult or rng.random() >= share:
        return ""
    if wife:
        return rng.choice(("china", "china", "vietnam", "vietnam", "indonesia", "philippines", "thailand"))
    return rng.choice(("vietnam", "indonesia", "philippines", "thailand"))


def _numbered(rng: Random, person: Person) -> Person:
    if person.origin:
        group = 9 if person.origin == "china" else int(rng.random() * 7)
        number = resident_number(person.place.county, person.sex, person.serial, group)
    else:
        county = person.place.county if rng.random() < 0.72 else _COUNTIES[int(rng.random() * len(_COUNTIES))]
        number = national_id(county, person.sex, person.serial)
    return replace(person, identity=number)


def indexes(country: Country, seed: int, people: int, start: int) -> Iterator[tuple[int, int]]:
    """(household index, how many of its members belong to a population of `people`) from `start` on."""
    left, index = people, 0
    while left > 0:
        size = people_in(country, seed, index)
        if index >= start:
            yield index, min(size, left)
        left, index = left - size, index + 1
