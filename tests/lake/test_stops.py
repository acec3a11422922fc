"""Stops by category and purpose, and projects: random lives against an oracle that walks the choices of each person."""

import random
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from builders import analyst, citizen, cohort, condition, observation
from camphora.errors import Busy, Forbidden, NotFound
from camphora.lake import By, Has, Is, Lake, Measure, Question, Rules
from camphora.policy import Purpose, Reader, Request, Role, admit
from camphora.policy.asking import Basis, Scope
from camphora.policy.choices import agree_to_project, ended, stop_part, stop_secondary_use
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore

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
    monkeypatch.setattr("camphora.lake.cutting.WIDE", 2)


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


def test_a_relative_does_not_learn_from_open_rows_whether_somebody_stopped(opened):
    reader = Reader("citizen-p2", "家人", Role.CITIZEN, person="p2")
    relative = admit(Request(reader, Purpose.SELF, "p1", frozenset({"p1"}))).access
    with pytest.raises(NotFound, match="records-not-found"):
        opened.open_rows_of("p1", relative)


def test_a_value_beyond_all_bands_is_no_error_that_tells_it(opened, store):
    huge = {**observation("huge", "p1", "8480-6", "2026-01-05"), "valueQuantity": {"value": 1e300}}
    store.write(LOAD, [Put(huge)])
    opened.catch_up()
    rows = opened.ask(analyst(), Question("observation", PERSONS, by=(By("value", band=10),))).rows
    assert dict(rows) == {0: SIZE, None: 1}


def test_only_the_sources_that_a_stop_touches_are_moved(opened, store):
    before = {
        name: {part.file for part in opened._follower.snapshot().manifest.of(name)} for name in CATEGORIES
    }
    store.write(LOAD, [Put(stop_part("p3", datetime.now(UTC), "diagnoses"), expect="new")])
    opened.catch_up()
    after = {
        name: {part.file for part in opened._follower.snapshot().manifest.of(name)} for name in CATEGORIES
    }
    moved = {name: len(before[name] - after[name]) for name in CATEGORIES}
    assert moved == {"person": 0, "condition": 1, "observation": 0}


def test_an_answer_names_its_purposes_and_choices(opened, store):
    answer = opened.ask(_access(PROJECT), Question("person", PERSONS))
    assert (answer.purposes, answer.basis, answer.choices_version) == ((PROJECT,), None, store.last_change())


def test_what_is_left_uncounted_by_a_stop_is_counted_again_after_it_is_taken_back(opened, store):
    consent = {**stop_part("p3", datetime.now(UTC), None, "HRESCH"), "id": "s"}
    store.write(LOAD, [Put(consent)])
    seen = [_figure(opened, _access(each), "person") for each in ("HRESCH", "HQUALIMP")]
    opened.catch_up()
    seen += [_figure(opened, _access(each), "person") for each in ("HRESCH", "HQUALIMP")]
    store.write(LOAD, [Put(ended(consent))])
    seen += [_figure(opened, _access("HRESCH"), "person")]
    assert seen == [SIZE - 1, SIZE, SIZE - 1, SIZE, SIZE]


def test_a_question_that_choices_keep_changing_under_is_refused(opened, store, monkeypatch):
    count, left = opened._count, iter(range(SIZE))

    def slow(*given):
        counted = count(*given)
        store.write(LOAD, [Put(stop_secondary_use(f"p{next(left)}", datetime.now(UTC)), expect="new")])
        return counted

    monkeypatch.setattr(opened, "_count", slow)
    with pytest.raises(Busy, match="lake-moving"):
        _figure(opened, analyst(), "person")


def test_a_stop_of_another_purpose_does_not_disturb_a_question(opened, store, monkeypatch):
    count, asked = opened._count, []

    def slow(*given):
        asked.append(count(*given))
        store.write(LOAD, [Put(stop_part("p1", datetime.now(UTC), None, "HQUALIMP"), expect="new")])
        return asked[-1]

    monkeypatch.setattr(opened, "_count", slow)
    assert (_figure(opened, _access("HRESCH"), "person"), len(asked)) == (SIZE, 1)


def test_a_record_that_names_a_second_person_has_no_rows(opened, store):
    shared = {**observation("shared", "p1", "8480-6", "2026-01-05"), "focus": [{"reference": "Patient/p2"}]}
    store.write(LOAD, [Put(shared)])
    opened.catch_up()
    assert opened.open_rows_of("p1", citizen("p1"))["observation"] == 1


def _officer(scope, purpose=Purpose.SECONDARY):
    return admit(Request(Reader("officer", "承辦", Role.OFFICER, scope=scope), purpose)).access


def test_an_officer_of_an_area_counts_that_area_alone(opened, store):
    far = {**cohort(1)[0], "id": "far", "address": [{"use": "home", "city": "板橋區", "district": "新北市"}]}
    store.write(LOAD, [Put(far), Put(condition("farc", "far", "I10", None))])
    opened.catch_up()
    areas = {"63000": SIZE, "65000": 1, "68000": 0}
    for code, persons in areas.items():
        access = _officer(Scope(areas=frozenset({code})))
        assert _figure(opened, access, "condition") == persons
        assert _figure(opened, access, "person", Has("condition")) == persons
    assert _figure(opened, _officer(Scope(areas=frozenset(areas))), "person") == SIZE + 1
    assert _figure(opened, _officer(Scope()), "person") == SIZE + 1


def test_a_reader_of_an_institution_counts_those_who_were_seen_there(opened, store):
    visit = {
        "resourceType": "Encounter", "id": "v1", "status": "finished", "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p4"}, "serviceProvider": {"reference": "Organization/h1"},
    }  # fmt: skip
    store.write(LOAD, [Put(visit)])
    opened.catch_up()
    counts = [
        _figure(opened, _officer(Scope(institutions=frozenset({name}))), "condition") for name in ("h1", "h2")
    ]
    assert counts == [1, 0]


def test_surveillance_reads_notifiable_records_whatever_was_stopped_and_nothing_else(opened, store):
    store.write(LOAD, [Put(condition("n1", "p1", "A15.0", None)), Put(condition("n2", "p2", "A15.0", None))])
    store.write(LOAD, [Put(stop_secondary_use("p1", datetime.now(UTC)), expect="new")])
    opened.catch_up()
    here, there = (
        _officer(Scope(areas=frozenset({code})), Purpose.SURVEILLANCE) for code in ("63000", "68000")
    )
    for access, persons in ((here, 2), (there, 0)):
        for source in ("condition", "person"):
            question = Question(source, PERSONS, purpose=Purpose.SURVEILLANCE)
            assert (opened.ask(access, question).rows[0][0] or 0) == persons
    with pytest.raises(Forbidden, match="lake-purpose"):
        opened.ask(here, Question("person", PERSONS))


DIES = """
import os, signal, sys
from pathlib import Path
from camphora.lake import Lake
from camphora.lake.duckdb import Engine
from camphora.lake.follower import Follower
from camphora.records import SQLiteStore

for where in ("follower", "cutting", "sides", "asking"):
    sys.modules[f"camphora.lake.{where}"].SPAN = 8
sys.modules["camphora.lake.cutting"].WIDE = 2
folder, name, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
owner = Engine if name == "gather" else Follower
true = getattr(owner, name)

def dying(*given, **named):
    global left
    found = true(*given, **named) if name == "gather" else None
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return found if name == "gather" else true(*given, **named)

setattr(owner, name, dying)
lake = Lake(folder / "lake", SQLiteStore(folder / "store"))
lake.catch_up()
"""


@pytest.mark.parametrize(("call", "number"), [("gather", 1), ("gather", 5), ("_swap", 1), ("_swap", 3)])
def test_a_process_killed_while_it_moves_rows_leaves_nobody_doubled_and_nobody_lost(
    tmp_path, small_ranges, call, number
):
    store = SQLiteStore(tmp_path / "store")
    store.write(LOAD, [Put(resource) for resource in cohort(SIZE)])
    lake = Lake(tmp_path / "lake", store)
    lake.catch_up()
    for person in (1, 9, 17):
        store.write(LOAD, [Put(stop_part(f"p{person}", datetime.now(UTC), None, "HRESCH"), expect="new")])
    lake.close()
    store.close()
    died = subprocess.run(
        [sys.executable, "-c", DIES, tmp_path, call, str(number)], check=False, capture_output=True
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    store = SQLiteStore(tmp_path / "store")
    lake = Lake(tmp_path / "lake", store, rules=EXACT)
    for _ in range(2):
        assert [_figure(lake, _access(each), "condition") for each in ("HRESCH", "HQUALIMP")] == [
            SIZE - 3,
            SIZE,
        ]
        lake.catch_up()
    assert len(lake._follower.snapshot().manifest.withheld["condition"]) == 3
    lake.close()
    store.close()


STOPS = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from camphora.policy.choices import stop_secondary_use
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore

store = SQLiteStore(Path(sys.argv[1]))
for line in sys.stdin:
    store.write(loading("other"), [Put(stop_secondary_use(line.strip(), datetime.now(UTC)), expect="new")])
    print("written", flush=True)
"""


def test_a_stop_that_another_process_writes_holds_in_the_next_question(opened, store):
    command = [sys.executable, "-c", STOPS, str(store.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        counts = []
        for number in range(5):
            other.stdin.write(f"p{number}\n")
            other.stdin.flush()
            assert other.stdout.readline() == "written\n"
            counts.append(_figure(opened, analyst(), "condition"))
        other.stdin.close()
    assert counts == [SIZE - 1 - number for number in range(5)]


def _based(**changes):
    """An officer's Access that claims a legal basis."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    basis = Basis("urgent-danger", "防止生命危害之統計", now - 1000, now + 3_600_000, "Practitioner/chief")
    reader = Reader("officer", "承辦", Role.OFFICER, organisation_kind="government")
    return replace(_officer(Scope()), reader=reader, basis=replace(basis, **changes), purposes=("GOV",))


def test_a_legal_basis_that_overrides_reads_whom_stops_withhold_and_its_receipt_says_so(opened, store):
    store.write(LOAD, [Put(stop_secondary_use("p1", datetime.now(UTC)), expect="new")])
    opened.catch_up()
    question = Question("condition", PERSONS)
    plain, based = (opened.ask(access, question) for access in (_officer(Scope()), _based()))
    assert (plain.rows, plain.basis) == (((SIZE - 1,),), None)
    assert (based.rows, based.basis) == (((SIZE,),), "urgent-danger")
    receipts = _left(store, 2)
    assert [(each["decision"], each["basis"]) for each in receipts] == [
        ("permit", None),
        ("override", "urgent-danger"),
    ]
    assert {tuple(each["purposes"]) for each in receipts} == {("GOV",)}


def _left(store, count):
    store.settle()
    return [store.audit.receipt(number) for number in range(len(store.audit))][-count:]


def test_a_receipt_keeps_a_digest_of_what_was_released(opened, store):
    answer = opened.ask(analyst(), Question("condition", PERSONS))
    number = len(store.audit) - 1
    assert store.salt_for(number, list(answer.parts())) is not None
    other = replace(answer, rows=((SIZE + 1,),))
    assert store.salt_for(number, list(other.parts())) is None


def test_a_question_that_is_refused_leaves_a_receipt_of_nobody(opened, store):
    before = len(store.audit)
    reader = Reader("seller", "業者", Role.ANALYST, organisation_kind="commercial")
    refused = replace(analyst(), reader=reader)
    for access in (refused, replace(analyst(), types=frozenset())):
        with pytest.raises(Forbidden):
            opened.ask(access, Question("condition", PERSONS))
    receipts = _left(store, 2)
    assert len(store.audit) == before + 2
    assert [each["decision"] for each in receipts] == ["deny", "deny"]
    assert all(each["types"] == ["Condition"] and not each["persons"] for each in receipts)


@pytest.mark.parametrize(
    "changes",
    [{"reason": "x"}, {"approver": None}, {"until": 1}, {"id": "none"}, {"approver": "Practitioner/officer"}],
)
def test_a_legal_basis_that_does_not_hold_lets_nobody_be_read(opened, store, changes):
    store.write(LOAD, [Put(stop_secondary_use("p1", datetime.now(UTC)), expect="new")])
    answer = opened.ask(_based(**changes), Question("condition", PERSONS))
    assert (answer.rows, answer.basis) == (((SIZE - 1,),), None)


def test_an_applicant_whom_the_law_excludes_asks_nothing(opened):
    reader = Reader("seller", "業者", Role.ANALYST, organisation_kind="commercial")
    access = replace(analyst(), reader=reader)
    with pytest.raises(Forbidden, match="lake-refused"):
        opened.ask(access, Question("condition", PERSONS))


SPECIMENS = {
    "name": "specimen", "title": "檢體", "resource": "Specimen",
    "select": [{"column": [{"name": "status", "path": "status", "type": "code"}]}],
}  # fmt: skip


def test_specimens_are_read_with_consent_to_the_project_alone(store, tmp_path, small_ranges):
    made = [
        {"resourceType": "Specimen", "id": f"s{n}", "subject": {"reference": f"Patient/p{n}"}}
        for n in range(9)
    ]
    store.write(LOAD, [Put(resource) for resource in [*cohort(9), *made]])
    lake = Lake(tmp_path / "lake", store, views=[SPECIMENS], rules=EXACT)
    lake.catch_up()
    for person in ("p1", "p8", "p2"):
        agreed = agree_to_project(person, PROJECT, date(2099, 1, 1), datetime.now(UTC))
        store.write(LOAD, [Put(agreed, expect="new")])
    store.write(LOAD, [Put(stop_part("p2", datetime.now(UTC), None, PROJECT), expect="new")])
    store.write(LOAD, [Put(stop_secondary_use("p8", datetime.now(UTC)), expect="new")])
    assert [_figure(lake, _access(each), "specimen") for each in ("HRESCH", PROJECT, OTHER)] == [0, 2, 0]
    assert lake.open_rows_of("p8", citizen("p8"), purposes=(PROJECT,))["specimen"] == 1
    lake.close()
