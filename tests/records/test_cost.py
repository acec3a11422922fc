"""What law and consent may not cost: a statement planned anew for each execution, a request settled for each."""

import time
from dataclasses import replace
from datetime import datetime

import apsw

from builders import clinician, observation
from camphora.fhir.search import parse_query
from camphora.policy.asking import Basis
from camphora.policy.choices import TAIPEI
from camphora.policy.compiling import Compiled
from camphora.records import Put, judging
from camphora.records.judging import Judge
from consented import LOAD, consent, treating

SYSTOLIC = [{"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}]
OTHER = [{"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}]


def test_a_statement_of_an_analysed_store_is_planned_once(loaded):
    loaded._connections.writer.execute("ANALYZE")
    reader = loaded._connections.reader()
    query = parse_query("Observation", [("code", "8480-6")], strict=True)
    planned = []

    def noting(action, *_):
        planned.extend([action] if action == apsw.SQLITE_SELECT else [])
        return apsw.SQLITE_OK

    reader.authorizer = noting
    loaded.search(clinician(), query)
    loaded.search(clinician(), query)
    assert planned, "the authorizer is asked while a statement is planned"
    planned.clear()
    assert loaded.search(clinician(), query).rows
    assert planned == []


def test_statements_of_many_shapes_are_made_ready_once(loaded):
    """More of them than apsw remembers by itself: each search of a round would plan its own anew."""
    names = [f"o{number}" for number in range(60)]
    queries = [
        parse_query("Observation", [("_id", ",".join(names[: number + 1]))], strict=True)
        for number in range(len(names))
    ]
    reader, misses = loaded._connections.reader(), []
    for _ in range(2):
        for query in queries:
            loaded.search(clinician(), query)
        misses.append(reader.cache_stats()["misses"])
    assert misses[0] > 100
    assert misses[1] == misses[0]


def test_a_consent_begins_and_is_over_by_time_alone_while_requests_are_kept(loaded, monkeypatch):
    begins = int(time.time() * 1000) + 3_600_000
    over = begins + 3_600_000
    period = {"start": _written(begins), "end": _written(over)}
    loaded.write(LOAD, [Put(consent("k", "ada", treating(period=period, code=SYSTOLIC)))])
    query = parse_query("Observation", [("patient", "ada"), ("code", "8480-6")], strict=True)

    def seen(at):
        monkeypatch.setattr(time, "time", lambda: at / 1000)
        return len(loaded.search(clinician(), query).rows)

    open_ = seen(begins - 2000)
    assert open_
    assert [seen(at) for at in (begins - 1000, begins + 1000, begins + 2000)] == [open_, 0, 0]
    assert [seen(at) for at in (over + 2000, over + 3000, begins + 1000, begins - 1000)] == [
        open_, open_, 0, open_,
    ]  # fmt: skip


def test_a_settled_request_is_used_again_until_the_person_chooses_anew(loaded, monkeypatch):
    loaded.write(LOAD, [Put(consent("k", "ada", treating(code=SYSTOLIC)))])
    query = parse_query("Observation", [("patient", "ada"), ("code", "8480-6")], strict=True)
    settled = []
    permits = Compiled.permits

    def counting(self, asked):
        settled.append(asked)
        return permits(self, asked)

    monkeypatch.setattr(Compiled, "permits", counting)
    assert not any(loaded.search(clinician(), query).rows for _ in range(5))
    assert len(settled) == 1
    loaded.write(LOAD, [Put(consent("k", "ada", treating(code=OTHER)))])
    assert loaded.search(clinician(), query).rows
    assert len(settled) == 2


def test_a_version_is_judged_once_and_anew_when_it_or_the_choices_change(loaded, monkeypatch):
    loaded.write(LOAD, [Put(consent("k", "ada", treating(code=OTHER)))])
    query = parse_query("Observation", [("patient", "ada")], strict=True)
    judged, permits = [], Judge.permits
    monkeypatch.setattr(Judge, "permits", lambda *given: judged.append(given[2]) or permits(*given))

    def seen(access):
        judged.clear()
        return {row.id for row in loaded.search(access, query).rows}, len(judged)

    reader = clinician()
    first, each = seen(reader)
    assert first
    assert each >= len(first)
    assert seen(reader) == (first, 0)
    assert seen(clinician("h2"))[1] == each, "another reader is decided about for themselves"
    closed = observation("o1", "ada", "4548-4", "2026-01-01")
    loaded.write(LOAD, [Put(closed)])
    assert seen(reader)[0] == first - {"o1"}
    loaded.write(LOAD, [Put({**consent("k", "ada", treating(code=SYSTOLIC)), "status": "active"})])
    assert "o1" in seen(reader)[0]
    assert "o2" not in seen(reader)[0]


def test_what_a_basis_or_an_emergency_opens_is_judged_each_time(loaded, monkeypatch):
    """They hold for moments of their own, of which nothing is remembered."""
    loaded.write(LOAD, [Put(consent("k", "ada", treating(code=OTHER)))])
    now = int(time.time() * 1000)
    basis = Basis("no-such-basis", "依法調查", now - 1000, now + 100_000, "Practitioner/chief")
    reader = replace(clinician(), basis=basis)
    query = parse_query("Observation", [("patient", "ada")], strict=True)
    judged, permits = [], Judge.permits
    monkeypatch.setattr(Judge, "permits", lambda *given: judged.append(1) or permits(*given))
    counts = []
    for _ in range(2):
        judged.clear()
        loaded.search(reader, query)
        counts.append(len(judged))
    assert counts[0] == counts[1] > 0


def test_what_is_remembered_is_bounded(loaded, monkeypatch):
    loaded.write(LOAD, [Put(consent("k", "ada", treating(code=OTHER)))])
    monkeypatch.setattr(judging, "MOST_SAID", 2)
    query = parse_query("Observation", [("patient", "ada")], strict=True)
    found = [{row.id for row in loaded.search(clinician(), query).rows} for _ in range(4)]
    assert found[0]
    assert found == found[:1] * 4
    assert sum(len(each.said or ()) for each in judging.PERSONS._settled.values()) <= 2


def _written(at):
    return datetime.fromtimestamp(at / 1000, TAIPEI).isoformat(timespec="seconds")


def test_law_adds_no_statement_to_a_search_about_one_person(loaded):
    """The last change is looked up once for a snapshot, and the person once with what is chosen about them."""
    reader = loaded._connections.reader()
    query = parse_query("Observation", [("patient", "ada")], strict=True)
    loaded.search(clinician(), query)
    asked = []
    reader.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))
    assert loaded.search(clinician(), query).rows
    reader.trace_v2(0, None)
    assert len([sql for sql in asked if "max(no)" in sql and "FROM change" in sql]) == 1
    assert len([sql for sql in asked if "patient IN (" in sql or "patient = ?" in sql]) == 1
