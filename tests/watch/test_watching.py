"""What is watched is made once for each state of the data; forecasts in a thread, by whoever asks first."""

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from camphora.engines.watch import Watched, Watching, watching
from camphora.errors import Invalid
from watch.watched import rows, series, watch

SOURCE = {"zh-TW": "x", "en": "x"}


def fresh(**more):
    return Watched(watch("ili"), series("ili"), "2023-07-01", SOURCE, "d", **more)


def test_what_is_watched_is_read_once_for_each_state_of_the_data():
    kept, read = Watching(), []

    def reading():
        read.append(1)
        return rows("ili_visits")[:500]

    def ask(*digests, declared=None):
        return kept.watched(declared or watch("ili"), digests, "2023-07-01", SOURCE, reading)

    first = ask("a")
    assert ask("a") is first
    assert len(read) == 1
    assert ask("a", "b") is not first
    assert kept.known(watch("ili"), ("a",)) is first
    assert kept.known(watch("ili"), ("c",)) is None
    other = replace(watch("ili"), absent="missing")
    assert ask("a", declared=other) is not first
    assert len(read) == 3


def test_many_who_ask_at_once_have_it_made_once():
    kept, read, barrier, found = Watching(), [], threading.Barrier(4), []

    def reading():
        read.append(1)
        return rows("ili_visits")[:500]

    def ask():
        barrier.wait()
        found.append(kept.watched(watch("ili"), ("a",), "2023-07-01", SOURCE, reading))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 1
    assert len({id(one) for one in found}) == 1


def test_forecasts_are_made_in_a_thread_once_somebody_asks(monkeypatch):
    made, go, calls = object(), threading.Event(), []

    def slow(given):
        calls.append(given)
        go.wait(10)
        return made

    monkeypatch.setattr(watching, "forecasts_of", slow)
    found = fresh()
    assert not found.is_foreseen
    assert found.foreseen() is None
    assert found.foreseen() is None
    go.set()
    assert found.forecasts is made
    assert found.is_foreseen
    assert found.foreseen() is made
    assert calls == [series("ili")]


def test_who_wants_none_beforehand_starts_no_thread(monkeypatch):
    monkeypatch.setattr(watching, "forecasts_of", lambda given: given)
    found = fresh(beforehand=False)
    assert found.foreseen() is None
    assert not found.is_foreseen
    assert found.forecasts is found.series
    assert found.foreseen() is found.series


def test_forecasts_that_cannot_be_made_are_said_to_be_so(monkeypatch):
    def refused(given):
        raise Invalid("watch-no-rows", table="x")

    monkeypatch.setattr(watching, "forecasts_of", refused)
    found = fresh()
    with suppress(Invalid):  # the thread may be done before it is looked at
        assert found.foreseen() is None
    for thread in threading.enumerate():
        if thread.name == "watched":
            thread.join(60)
    with pytest.raises(Invalid, match="watch-no-rows"):
        found.foreseen()
