"""A condition is asked again while every other writer waits: not for long."""

import pytest

from builders import clinician, condition, observation, people
from camphora.errors import Busy
from camphora.fhir.search import parse_query
from camphora.policy.internal import loading
from camphora.records import Given, Put, SQLiteStore, conditional

SLOW = [
    ("value-quantity", ",".join(f"ge{1000 + 200 * row + column}.5" for column in range(200)))
    for row in range(5)
]


def test_a_condition_that_takes_too_long_is_ended_and_the_next_writes_go_on(tmp_path, monkeypatch):
    store = SQLiteStore(tmp_path)
    more = [observation(f"m{number}", "ada", "8480-6", "2026-01-05") for number in range(400)]
    store.write(loading("t"), [Put(each) for each in [*people(), *more]])
    monkeypatch.setattr(conditional, "SECONDS", 0.001)
    monkeypatch.setattr(conditional, "EACH", 0.0)
    given = [Given(parse_query("Observation", SLOW, strict=True), frozenset())]
    with pytest.raises(Busy) as refused:
        store.write(clinician(), [Put(condition("late", "ada", "I10", None))], given)
    assert refused.value.code == "service-time-over"
    assert "late" not in {
        row.id for row in store.search(clinician(), parse_query("Condition", [], strict=True)).rows
    }
    (written,) = store.write(loading("t"), [Put(condition("next", "ada", "I10", None))])
    assert written.made
    store.close()
