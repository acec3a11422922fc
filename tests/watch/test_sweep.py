"""Signals of real series: few, ranked, each made again from what it says of itself, and never from what came later."""

from dataclasses import replace

import numpy as np
import pytest

from camphora.engines.watch import evidence
from camphora.engines.watch.evidence import WEIGHED, weighed
from camphora.engines.watch.series import Series
from camphora.engines.watch.sweep import digest, swept
from camphora.methods.made import Made
from watch.watched import series, sweep, watch

BOUND = ("method", "version", "parameters")


def until(made, at):
    """The series as they were known in that week."""
    cut = slice(0, at + 1)
    return Series(made.keys, made.parent, made.counts[:, cut], made.first[cut], made.label[cut], made.system)


def test_a_week_shows_few_and_one_of_each_event():
    made = sweep("ili")
    shown = made.shown.shown
    assert shown.sum() > 100
    assert shown.sum(axis=0).max() <= 20
    for week in np.flatnonzero(shown.any(axis=0)):
        rows = set(np.flatnonzero(shown[:, week]).tolist())
        assert not rows & made.under(int(week)).keys()
        ranks = sorted(made.shown.rank[list(rows), week].tolist())
        assert ranks == list(range(1, len(rows) + 1))


def test_what_was_shown_is_silent_for_two_weeks():
    shown = sweep("ili").shown.shown
    assert not (shown[:, 1:] & shown[:, :-1]).any()
    assert not (shown[:, 2:] & shown[:, :-2]).any()


@pytest.mark.parametrize("week", ["2014-05", "2019-05", "2019-06", "2020-06"])
def test_no_week_knows_what_came_later(week):
    whole, at = sweep("ili"), series("ili").at(week)
    then = swept(watch("ili"), until(series("ili"), at))
    assert [repr(each) for each in then.signals(week)] == [repr(each) for each in whole.signals(week)]
    assert np.array_equal(then.shown.rank, whole.shown.rank[:, : at + 1])
    assert np.allclose(then.p, whole.p[:, : at + 1], rtol=1e-9, equal_nan=True)


def test_a_signal_is_made_again_from_what_it_says():
    made, counts = sweep("ili"), series("ili").counts
    week = next(label for label in reversed(made.series.label) if made.signals(str(label)))
    for signal in made.signals(str(week))[:3]:
        row, at = made.series.row(signal.area, signal.group), made.series.at(signal.week)
        assert signal.data == digest(counts[row, : at + 1])
        assert signal.observed > signal.expected
        for said in signal.said:
            again = Made(**{key: said.made[key] for key in BOUND}).again(counts[row : row + 1, : at + 1])
            assert again.upper[0, -1] == pytest.approx(said.upper, rel=1e-9)
            assert bool(again.alarm[0, -1]) is said.alarm


def test_few_cases_are_no_signal():
    declared = replace(watch("ili"), budget=replace(watch("ili").budget, least=10_000_000))
    assert not swept(declared, until(series("ili"), 400)).shown.shown.any()


def test_a_fall_is_no_signal():
    made = sweep("ili")
    for week in np.flatnonzero(made.shown.shown.any(axis=0)):
        for signal in made.signals(str(made.series.label[week])):
            assert signal.observed > signal.expected


def test_a_short_series_is_ranked_by_what_can_weigh_it():
    short = until(series("ili"), 40)
    counts = short.counts.copy()
    row = short.row("10002", "65+")
    counts[row, -1] += 10 * np.nanmax(counts[row])
    made = swept(watch("ili"), replace(short, counts=counts))
    found = made.signal(row, 40)
    assert made.by[row, 40] == 1
    assert found.said[0].p is None
    assert found.rank


@pytest.mark.parametrize("method", sorted(WEIGHED))
def test_series_weighed_in_parts_are_those_weighed_together(method, monkeypatch):
    """On several cores each says of its series what one says of all."""
    counts = np.random.default_rng(5).negative_binomial(3, 0.1, (12, 330)).astype(np.float64)
    counts[3, :100] = np.nan
    monkeypatch.setattr(evidence, "_cores", lambda: 1)
    alone = weighed(method, {}, counts)
    monkeypatch.setattr(evidence, "_cores", lambda: 5)
    monkeypatch.setattr(evidence, "LEAST", 2)
    parted, parts = [], WEIGHED[method]
    counted = {**WEIGHED, method: lambda each, **more: parted.append(len(each)) or parts(each, **more)}
    monkeypatch.setattr(evidence, "WEIGHED", counted)
    together = weighed(method, {}, counts)
    assert sorted(parted) == [2, 2, 2, 3, 3]
    assert (together.method, together.made, together.before) == (alone.method, alone.made, alone.before)
    for name in evidence.ARRAYS:
        assert np.array_equal(getattr(together, name), getattr(alone, name), equal_nan=name != "alarm"), name


def test_weeks_of_few_cases_need_no_fit():
    """What is said is the same where they are fitted all the same."""
    random = np.random.default_rng(6)
    mean = np.exp(random.normal(0, 2, (12, 1))) * np.exp(0.5 * np.cos(np.arange(330) / 8.3))
    counts = random.poisson(mean).astype(np.float64)
    counts[3, :100] = np.nan
    few = weighed("detection.farrington.flexible", {}, counts)
    every = weighed("detection.farrington.flexible", {"fit_all": True}, counts)
    assert (few.made["parameters"]["fit_all"], every.made["parameters"]["fit_all"]) == (False, True)
    assert np.isnan(few.upper[:, -60:]).any()
    assert np.isfinite(few.upper[:, -60:]).any()
    for name in evidence.ARRAYS:
        one, other = getattr(few, name), getattr(every, name)
        assert np.array_equal(one, other, equal_nan=name != "alarm"), name
