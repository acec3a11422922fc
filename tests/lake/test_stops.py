"""Stops by category and purpose, and projects: random lives against an oracle that walks the choices of each person."""

import random
from datetime import UTC, date, datetime

import pytest

from builders import citizen, cohort, condition
from camphora.lake import By, Has, Is, Lake, Measure, Question, Rules
from camphora.policy import Purpose, Reader, Request, Role, admit
from camphora.policy.choices import agree_to_project, ended, stop_part, stop_secondary_use
from camphora.policy.internal import loading
from camphora.records import Put

LOAD = loading("test")
EXACT = Rules(least=1, base=1)
PERSONS = Measure("persons")
SIZE = 24
PROJECT = "https://camphora.tw/project|heart"
OTHER = "https://camphora.tw/project|lung"
ABOVE = {
    "HRESCH": {"HRESCH"},
    "CLINTRCH": {"CLINTRCH", "HRESCH"},
    "HQUALIMP": {"HQUALIMP", "HOPERAT"},
    PROJECT: {PROJECT, "HRESCH"},
    OTHER: {OTHER, "HRESCH"},
}
"""What the oracle knows of v3-ActReason: each purpose with those of the test's stops that stand above it."""
CATEGORIES = {"person": "person", "condition": "diagnoses", "observation": "laboratory"}
ASKED = [
    ("HRESCH",),
    ("CLINTRCH",),
    ("HQUALIMP",),
    (PROJECT,),
    (OTHER,),
    ("HQUALIMP", PROJECT),
    ("HRESCH", PROJECT),
]


def _access(*purposes):
    reader = Reader("analyst", "分析人員", Role.ANALYST)
    return admit(Request(reader, Purpose.SECONDARY, purposes=purposes)).access


class World:
    """The choices of each person as plain values beside a store and a lake that are told the same."""

    def __init__(self, store, lake, seed):
        self.store, self.lake, self.random = store, lake, random.Random(seed)
        self.choices = {}
        self.code = {f"p{number}": "I10" if number % 2 else "E11.9" for number in range(SIZE)}
        self.sex = {f"p{number}": "male" if number % 3 else "female" for number in range(SIZE)}

    def step(self):
        self.random.choice(
            [self.stop, self.stop, self.stop, self.agree, self.resume, self.follow, self.diagnose]
        )()

    def stop(self):
        person, chance = self._person(), self.random
        category = chance.choice([None, None, *CATEGORIES.values()])
        purpose = chance.choice([None, *ABOVE])
        made = (
            stop_part(person, datetime.now(UTC), category, purpose)
            if category or purpose
            else stop_secondary_use(person, datetime.now(UTC))
        )
        self._write(person, made, ("stop", category, purpose))

    def agree(self):
        person, project = self._person(), self.random.choice([PROJECT, OTHER])
        self._write(
            person, agree_to_project(person, project, date(2099, 1, 1), datetime.now(UTC)), ("agree", project)
        )

    def resume(self):
        if self.choices:
            name = self.random.choice(sorted(self.choices))
            consent, *_ = self.choices.pop(name)
            self.store.write(LOAD, [Put(ended(consent))])

    def follow(self):
        self.lake.catch_up()

    def diagnose(self):
        """A corrected diagnosis, which makes the range anew and no choice."""
        person = self._person()
        self.code[person] = self.random.choice(["I10", "E11.9"])
        self.store.write(LOAD, [Put(condition(f"pc{person[1:]}", person, self.code[person], None))])
        self.lake.catch_up()

    def reads(self, person, category, purposes):
        """Whether a question for all of these purposes reads a person's records of a category."""
        return not any(self._stopped(person, category, purpose) for purpose in purposes)

    def _stopped(self, person, category, purpose):
        mine = [choice for _, whose, choice in self.choices.values() if whose == person]
        stops = [said for kind, *said in mine if kind == "stop"]
        touching = [
            named
            for what, named in stops
            if what in (None, category) and (named or purpose) in ABOVE[purpose]
        ]
        agreed = ("agree", purpose) in mine
        return any(not agreed or named == purpose for named in touching)

    def _person(self):
        return f"p{self.random.randrange(SIZE)}"

    def _write(self, person, consent, choice):
        consent = {**consent, "id": f"choice-{self.random.getrandbits(60):x}"}
        self.store.write(LOAD, [Put(consent)])
        self.choices[consent["id"]] = consent, person, choice


@pytest.fixture
def small_ranges(monkeypatch):
    for where in ("follower", "cutting", "sides", "asking"):
        monkeypatch.setattr(f"camphora.lake.{where}.SPAN", 8)


@pytest.fixture
def opened(store, tmp_path, small_ranges):
    store.write(LOAD, [Put(resource) for resource in cohort(SIZE)])
    lake = Lake(tmp_path / "lake", store, rules=EXACT)
    lake.catch_up()
    yield lake
    lake.close()


def _figure(lake, access, source, *where):
    ((figure,),) = lake.ask(access, Question(source, PERSONS, where=where)).rows
    return figure or 0


def _check(world, purposes):
    lake, access = world.lake, _access(*purposes)
    reads = {
        source: {person for person in world.code if world.reads(person, category, purposes)}
        for source, category in CATEGORIES.items()
    }
    for source, persons in reads.items():
        assert _figure(lake, access, source) == len(persons)
    hypertensive = {person for person in reads["condition"] if world.code[person] == "I10"}
    having = Has("condition", (Is("code", ("I10",)),))
    assert _figure(lake, access, "observation", having) == len(hypertensive & reads["observation"])
    rows = lake.ask(access, Question("condition", PERSONS, by=(By("person.sex"),))).rows
    expected = {}
    for person in reads["condition"]:
        sex = world.sex[person] if person in reads["person"] else None
        expected[sex] = expected.get(sex, 0) + 1
    assert {sex: figure for sex, figure in rows if figure} == expected


@pytest.mark.parametrize("seed", range(6))
def test_every_question_reads_exactly_whom_the_choices_let_it_read(opened, store, seed):
    world = World(store, opened, seed)
    for _ in range(14):
        world.step()
        _check(world, world.random.choice(ASKED))
    for purposes in ASKED:
        _check(world, purposes)
    person = world.random.choice(sorted(world.code))
    for purposes in ASKED:
        rows = opened.open_rows_of(person, citizen(person), purposes=purposes)
        for source, category in CATEGORIES.items():
            assert rows[source] == int(world.reads(person, category, purposes))
