"""What is worked out beforehand, in a process of its own: kept for the next start, equal to what is made at once."""

import subprocess
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from camphora.engines.watch import Series, Watched, Watching, keeping, watching
from camphora.engines.watch.forecasts import forecasts_of
from camphora.engines.watch.sweep import swept
from camphora.engines.watch.workshop import Job, Workshop
from watch.watched import rows, series, watch

SOURCE = {"zh-TW": "x", "en": "x"}


@pytest.fixture
def workshop(tmp_path):
    made = Workshop(tmp_path / "watched")
    yield made
    made.close()


@cache
def short(weeks=400):
    """The nation and one county, which are quick."""
    found = series("enterovirus")
    keep = [row for row, (area, group) in enumerate(found.keys) if area in ("", "67000") and not group]
    keys = tuple(found.keys[row] for row in keep)
    counts, parent = found.counts[keep, :weeks], np.array([-1, 0])
    return Series(keys, parent, counts, found.first[:weeks], found.label[:weeks], found.system)


@cache
def here():
    return swept(watch("enterovirus"), short())


def asked(workshop):
    """As `Watching` makes it, of the short series."""
    job = Job(workshop, watch("enterovirus"), short())
    workshop.ask("sweep", job)
    return Watched(watch("enterovirus"), short(), "d", SOURCE, "a", job=job)


def signals(found):
    return [found.signals(str(label)) for label in short().label]


def equal(one, other):
    return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")


def test_a_sweep_of_another_process_gives_the_same_signals(workshop):
    found = asked(workshop)
    assert not found.is_swept
    there = found.sweep
    assert found.is_swept
    assert any(signals(there))
    assert signals(there) == signals(here())
    assert equal(there.p, here().p)
    assert there.shown.made == here().shown.made


def test_the_next_start_finds_it_and_starts_no_process(workshop, monkeypatch):
    keeping.keep(workshop.folder, "sweep", Job(workshop, watch("enterovirus"), short()).name, here())
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setattr(watching, "swept", None)
    found = asked(workshop)
    assert found.is_swept
    assert signals(found.sweep) == signals(here())


def test_who_keeps_what_is_watched_has_all_of_it_made(workshop, monkeypatch):
    begun = []
    monkeypatch.setattr(workshop, "ask", lambda kind, job: begun.append((kind, job.name)))
    ask = Watching(workshop).watched
    for _ in range(2):
        found = ask(watch("enterovirus"), ["a"], "d", SOURCE, lambda: rows("enterovirus_visits")[:500])
    assert begun == [("sweep", found.job.name), ("forecasts", found.job.name)]


def test_forecasts_are_kept_to_the_last_digit_and_wanted_only_once_they_are_there(workshop):
    few = short(110)
    found = Watched(watch("enterovirus"), few, "d", SOURCE, "a", job=Job(workshop, watch("enterovirus"), few))
    workshop.ask("forecasts", found.job)
    assert not found.is_foreseen
    workshop.wait("forecasts", found.job.name)
    assert found.is_foreseen
    there, now = found.foreseen(), forecasts_of(few)
    assert there.areas == now.areas
    assert there.made == now.made
    assert equal(there.quantiles, now.quantiles)
    assert all(equal(there.baselines[name], now.baselines[name]) for name in now.baselines)
    assert there.scores("2008-10", "2009-01")[1].wis == now.scores("2008-10", "2009-01")[1].wis


def test_other_counts_another_declaration_and_other_code_have_another_name(monkeypatch):
    first = keeping.name_of(watch("ili"), short())
    assert keeping.name_of(watch("ili"), short()) == first
    assert keeping.name_of(watch("enterovirus"), short()) != first
    changed = short().counts.copy()
    changed[1, 5] += 1
    assert keeping.name_of(watch("ili"), replace(short(), counts=changed)) != first
    monkeypatch.setattr(keeping, "code", lambda: "another")
    assert keeping.name_of(watch("ili"), short()) != first


def test_a_file_cut_short_is_as_none_and_the_page_is_made_all_the_same(workshop):
    name = Job(workshop, watch("enterovirus"), short()).name
    keeping.keep(workshop.folder, "sweep", name, here())
    (file,) = workshop.folder.glob("sweep-*.npz")
    file.write_bytes(file.read_bytes()[:1000])
    assert keeping.kept_sweep(workshop.folder, name, watch("enterovirus"), short()) is None
    assert not file.exists()
    assert signals(asked(workshop).sweep) == signals(here())


def test_a_process_that_cannot_begin_leaves_it_to_who_asks(workshop, monkeypatch):
    monkeypatch.setattr("camphora.engines.watch.workshop.sys.executable", "/nothing")
    assert signals(asked(workshop).sweep) == signals(here())


def test_nobody_else_may_read_what_is_kept_and_the_oldest_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 2)
    folder = tmp_path / "watched"
    for name in ("a", "b", "c"):
        keeping.keep(folder, "sweep", name, here())
    assert folder.stat().st_mode & 0o77 == 0
    assert all(file.stat().st_mode & 0o77 == 0 for file in folder.iterdir())
    assert len(list(folder.iterdir())) == 2


def test_who_closes_the_workshop_waits_for_nothing(workshop):
    found = asked(workshop)
    workshop.close()
    assert workshop.is_done("sweep", found.job.name)
    workshop.wait("sweep", found.job.name)
