"""Questions about persons: choices first, the right purpose, a receipt, and only open rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from builders import analyst, citizen, clinician, condition, patient
from camphora.errors import Busy, Forbidden, Invalid, NotFound
from camphora.lake import Between, By, Either, Has, Is, Lake, Measure, Missing, Not, Question, Rules
from camphora.policy.choices import ended, stop_secondary_use
from camphora.policy.internal import loading
from camphora.records import Put

LOAD = loading("test")
PERSONS = Measure("persons")
EXACT = Rules(least=1, base=1)


@pytest.fixture
def exact(lake, store, tmp_path):
    """The same lake with protection turned off, to see what is truly counted."""
    return Lake(tmp_path / "lake", store, rules=EXACT)


def _count(lake, source="person", *where, measure=PERSONS):
    ((figure,),) = lake.ask(analyst(), Question(source, measure, where=where)).rows
    return figure or 0


def _stop(store, person, **period):
    consent = {**stop_secondary_use(person, datetime.now(UTC)), "id": f"stop-{person}"}
    consent["provision"] = {**consent["provision"], **period}
    store.write(LOAD, [Put(consent)])
    return consent


def test_a_stop_takes_effect_in_the_very_next_question_and_its_end_too(exact, store):
    assert _count(exact) == 60
    consent = _stop(store, "p7")
    assert _count(exact) == 59
    store.write(LOAD, [Put(ended(consent))])
    assert _count(exact) == 60


def test_her_own_page_shows_exactly_that_no_row_remains_open(lake, store):
    assert lake.open_rows_of("p7", citizen("p7")) | {"x": 0} == {
        "person": 1, "condition": 1, "observation": 1, "encounter": 0, "immunization": 0,
        "medication_request": 0, "procedure": 0, "x": 0,
    }  # fmt: skip
    _stop(store, "p7")
    assert set(lake.open_rows_of("p7", citizen("p7")).values()) == {0}
    with pytest.raises(NotFound, match="records-not-found"):
        lake.open_rows_of("p7", citizen("p8"))
    with pytest.raises(NotFound, match="records-not-found"):
        lake.open_rows_of("p7", analyst())


def test_a_stop_that_is_limited_in_time_takes_effect_by_time_alone(exact, store, monkeypatch):
    start = datetime.now(UTC) + timedelta(days=1)
    _stop(store, "p7", period={"start": start.isoformat(), "end": (start + timedelta(days=1)).isoformat()})
    changes = store.last_change()
    seen = []
    for days in (0, 1.5, 3):
        later = (datetime.now(UTC) + timedelta(days=days)).timestamp()
        monkeypatch.setattr("camphora.records.sqlite.time.time", lambda later=later: later)
        seen.append(_count(exact))
    assert seen == [60, 59, 60]
    assert store.last_change() == changes


def test_no_filter_reaches_what_is_withheld(exact, store):
    _stop(store, "p7")
    everything = [
        (),
        (Is("birth_year", (1957,)),),
        (Not(Is("birth_year", ())),),
        (Either((Missing("deceased_on"), Missing("sex"))),),
        (Has("condition"),),
        (Not(Has("condition", (Is("code", ("E11.9",)),))),),
        (Between("birth_year", 1957, 1957),),
    ]
    open_rows = {number for number in range(60) if number != 7}
    born = [number for number in open_rows if number % 40 == 7]
    expected = [59, len(born), 59, 59, 59, 29, len(born)]
    assert [_count(exact, "person", *where) for where in everything] == expected


def test_the_counts_of_a_question_are_those_of_a_walk_through_the_people(exact):
    question = Question(
        "condition",
        PERSONS,
        by=(By("person.sex"), By("person.birth_year", band=20)),
        where=(Is("code", ("I10",)),),
    )
    truth = {}
    for number in range(1, 60, 2):
        key = ("female" if number % 3 == 0 else "male", (1950 + number % 40) // 20 * 20)
        truth[key] = truth.get(key, 0) + 1
    rows = exact.ask(analyst(), question).rows
    assert {row[:2]: row[2] for row in rows if row[2]} == truth


def test_a_mean_is_over_persons_and_a_date_is_cut_by_month(exact, store):
    store.write(LOAD, [Put(_value(f"n{number}", 100.0)) for number in range(50)])
    exact.catch_up()
    question = Question("observation", Measure("mean", "value"), by=(By("date", cut="month"),))
    assert exact.ask(analyst(), question).rows == (("2026-03", 8.0),)
    year = Question(
        "observation", Measure("rows"), by=(By("date", cut="year"),), where=(Between("date", high="2026"),)
    )
    assert exact.ask(analyst(), year).rows == (("2026", 100),)


def _value(name, value):
    """Fifty values of one person, who still counts once: (59 × 6.5 + (6.5 + 50 × 100) / 51) / 60 ≈ 8.0.

    Her 51 rows make the step of rounding for rows 100: there are 110.
    """
    return {
        "resourceType": "Observation", "id": name, "status": "final", "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"code": "x"}]}, "effectiveDateTime": "2026-03-02", "valueQuantity": {"value": value},
    }  # fmt: skip


def test_released_counts_are_protected(lake, store):
    answer = lake.ask(analyst(), Question("person", PERSONS, by=(By("sex"), By("birth_year", band=10))))
    assert {row[2] for row in answer.rows} <= {None, 10, 15}
    assert answer.certificate.suppressed == [row[2] for row in answer.rows].count(None) > 0
    assert answer.withheld_note["zh-TW"]
    assert (answer.data_version, answer.choices_version) == (store.last_change(), store.last_change())


def test_only_an_access_for_secondary_use_may_ask_about_persons(lake):
    for access in (clinician(), citizen("p1")):
        with pytest.raises(Forbidden, match="lake-purpose"):
            lake.ask(access, Question("person", PERSONS))
        with pytest.raises(Forbidden, match="lake-purpose"):
            lake.ask(access, Question("person", PERSONS, purpose=access.purpose))


def test_an_access_that_does_not_cover_a_type_asks_nothing_of_it_not_even_as_a_cohort(lake):
    narrow = _narrowed(analyst())
    for question in (
        Question("condition", PERSONS),
        Question("person", PERSONS, where=(Has("condition"),)),
        Question("observation", PERSONS, where=(Not(Has("condition")),)),
    ):
        with pytest.raises(Forbidden, match="records-type-refused"):
            lake.ask(narrow, question)


def _narrowed(access):
    return replace(access, types=frozenset({"Patient", "Observation"}))


def test_every_person_counted_finds_the_receipt(lake, store):
    lake.ask(analyst(), Question("condition", PERSONS, where=(Is("code", ("I10",)),)))
    store.settle()
    (look,) = store.looks(citizen("p1"), "p1")
    assert (look.act, look.purpose, look.types) == ("ask", "secondary", ("Condition",))
    assert store.looks(citizen("p2"), "p2") == []


def test_without_the_receipt_there_is_no_answer(lake, store, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.audit, "_write", full)
    with pytest.raises(Busy, match="audit-unwritable"):
        lake.ask(analyst(), Question("person", PERSONS))


def test_a_stop_during_the_question_is_still_obeyed(exact, store, monkeypatch):
    """The choice is written after the manifest was read and before the answer leaves."""
    first = exact._count
    pending = ["p7"]

    def slow(*given):
        counted = first(*given)
        while pending:
            _stop(store, pending.pop())
        return counted

    monkeypatch.setattr(exact, "_count", slow)
    assert _count(exact) == 59


def test_a_lake_that_was_never_filled_says_so(store, tmp_path):
    store.write(LOAD, [Put(patient("ada", "王小明", "1950-02-01", "A123456780"))])
    with pytest.raises(Busy, match="lake-not-ready"):
        Lake(tmp_path / "lake", store).ask(analyst(), Question("person", PERSONS))


@pytest.mark.parametrize(
    ("question", "code"),
    [(Question("none", PERSONS), "lake-source-unknown"),
     (Question("person", PERSONS, by=(By("name"),)), "lake-column-unknown"),
     (Question("person", PERSONS, by=(By("person"),)), "lake-column-unknown"),
     (Question("condition", PERSONS, by=(By("observation.code"),)), "lake-column-unknown"),
     (Question("person", PERSONS, by=(By("sex", cut="year"),)), "lake-cut"),
     (Question("person", PERSONS, by=(By("sex", band=5),)), "lake-cut"),
     (Question("person", PERSONS, where=(Is("birth_year", ("1950",)),)), "lake-filter-kind"),
     (Question("person", PERSONS, where=(Is("birth_year", (True,)),)), "lake-filter-kind"),
     (Question("person", Measure("mean", "sex")), "lake-measure"),
     (Question("person", Measure("total", "birth_year")), "lake-total-of-persons"),
     (Question("person", PERSONS, where=(Has("village"),)), "lake-no-persons"),
     (Question("person", PERSONS, where=(Has("condition", (Is("person.sex", ("male",)),)),)), "lake-column-unknown")],
)  # fmt: skip
def test_a_question_about_what_is_not_there_is_refused(lake, question, code):
    with pytest.raises((Invalid, NotFound, Forbidden), match=code):
        lake.ask(analyst(), question)


def test_values_are_bound_and_never_become_sql(exact):
    evil = "x') OR true; DROP TABLE cell; --"
    assert _count(exact, "condition", Is("code", (evil, "'"))) == 0
    assert _count(exact, "condition", Between("code", evil, evil)) == 0


def test_a_condition_written_later_is_counted_after_catching_up(exact, store):
    store.write(LOAD, [Put(condition("late", "p2", "C50", None))])
    assert _count(exact, "condition", Is("code", ("C50",))) == 0
    exact.catch_up()
    assert _count(exact, "condition", Is("code", ("C50",))) == 1
