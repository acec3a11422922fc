"""A sweep renewed from an earlier one is the whole sweep to the last bit, with less work."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.engines.watch import evidence
from camphora.engines.watch.declaration import Budget, Method
from camphora.engines.watch.keeping import keep, kept_before, name_of
from camphora.engines.watch.renewing import Renewing
from camphora.engines.watch.retuning import Retuning
from camphora.engines.watch.series import Series
from camphora.engines.watch.sweep import swept
from watch.watched import watch

TIMES = 300
AREAS, AGES = ("a", "b", "c"), ("x", "y")
METHODS = (
    Method("detection.farrington.flexible", {}, {"b": 5, "alpha": 0.01, "share": 0.5}),
    Method("detection.ears.c2", {}, {"alpha": 0.01}),
    Method("detection.ewma.ewma", {}),
    Method("detection.moving.moving_percentile", {}),
)


def declared(**more):
    budget = Budget(3, q=1, own=0.05, least=5, silence=2)
    return replace(watch("ili"), methods=METHODS, budget=budget, **more)


def nation(cells, areas=AREAS):
    """The series of counts of shape (areas, ages, weeks)."""
    keys, parent = [("", "")], [-1]
    counts = [cells.sum((0, 1))]
    keys += [("", age) for age in AGES]
    parent += [0, 0]
    counts += list(cells.sum(0))
    for number, area in enumerate(areas):
        parent += [0, len(keys), len(keys)]
        keys += [(area, ""), *((area, age) for age in AGES)]
        counts += [cells[number].sum(0), *cells[number]]
    first = np.datetime64("2015-01-04") + 7 * np.arange(cells.shape[2])
    label = np.array([f"{2015 + at // 52}-{at % 52 + 1:02d}" for at in range(cells.shape[2])])
    return Series(tuple(keys), np.array(parent), np.array(counts), first, label, "cdc")


def drawn():
    random = np.random.default_rng(7)
    season = 12 + 6 * np.cos(np.arange(TIMES) / 8.3)
    cells = random.negative_binomial(6, 6 / (6 + season), (3, 2, TIMES)).astype(float)
    cells[2, :, :30] = np.nan
    return cells


CELLS = drawn()
SERIES = nation(CELLS)
BEFORE = swept(declared(), SERIES)


def require_equal(one, other):
    """To the last bit."""
    assert [(each.method, each.made, each.before) for each in one.evidence] == [
        (each.method, each.made, each.before) for each in other.evidence
    ]
    for ours, theirs in zip(one.evidence, other.evidence, strict=True):
        for name in evidence.ARRAYS:
            assert getattr(ours, name).tobytes() == getattr(theirs, name).tobytes(), (ours.method, name)
    for name in ("found", "shown", "rank"):
        assert np.array_equal(getattr(one.shown, name), getattr(other.shown, name)), name
    assert np.array_equal(one.p, other.p, equal_nan=True)
    assert np.array_equal(one.by, other.by)
    assert repr(one.shown.made) == repr(other.shown.made)


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 1),
        st.integers(0, TIMES - 1),
        st.sampled_from([0, 1, 9, 60, np.nan]),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(CHANGES, st.integers(-3, 3))
def test_a_renewed_sweep_is_the_whole_one(changes, weeks):
    """After any counts changed, weeks came, or weeks went."""
    cells = CELLS[:, :, : TIMES + min(weeks, 0)].copy()
    cells = np.concatenate([cells, CELLS[:, :, 50 : 50 + max(weeks, 0)] + 3], axis=2)
    for area, age, week, count in changes:
        cells[area, age, min(week, cells.shape[2] - 1)] = count
    after = nation(cells)
    require_equal(swept(declared(), after, BEFORE), swept(declared(), after))


def test_a_place_that_came_or_went_changes_what_it_must():
    more = nation(np.concatenate([CELLS, CELLS[:1]]), (*AREAS, "d"))
    require_equal(swept(declared(), more, BEFORE), swept(declared(), more))
    fewer = nation(CELLS[:2], AREAS[:2])
    require_equal(swept(declared(), fewer, BEFORE), swept(declared(), fewer))


@pytest.mark.parametrize(
    ("week", "count", "series"), [(TIMES - 1, 50, 4), (100, 50, 4), (TIMES - 1, None, 0)]
)
def test_only_series_that_differ_are_weighed(week, count, series, monkeypatch):
    """Of one county, age and week: its own series, the county's, the nation's of the age and the nation's."""
    cells = CELLS.copy()
    if count is not None:
        cells[1, 0, week] = count
    weighed = []
    whole = dict(evidence.WEIGHED)

    def counted(method):
        def weigh(counts, **parameters):
            weighed.append((len(counts), parameters["since"]))
            return whole[method](counts, **parameters)

        return weigh

    monkeypatch.setattr(evidence, "WEIGHED", {method: counted(method) for method in whole})
    swept(declared(), nation(cells), BEFORE)
    assert weighed == ([(series, week)] * 4 if series else [])


def test_nothing_is_kept_by_other_settings_or_from_other_weeks():
    assert Renewing.of(replace(SERIES, first=SERIES.first + 7), SERIES) is None
    other = declared(retunings=(Retuning("ili", "2020-01", "own", 0.2, "x", "2020-01-01", "why"),))
    require_equal(swept(other, SERIES, BEFORE), swept(other, SERIES))
    stricter = replace(declared(), budget=replace(declared().budget, own=0.001))
    require_equal(swept(stricter, SERIES, BEFORE), swept(stricter, SERIES))


def test_the_newest_kept_sweep_of_a_watch_is_the_one_renewed(tmp_path):
    assert kept_before(tmp_path, declared()) is None
    keep(tmp_path, "sweep", name_of(declared(), SERIES), BEFORE)
    other = replace(declared(), name="other")
    assert kept_before(tmp_path, other) is None
    found = kept_before(tmp_path, declared())
    assert found.series.keys == SERIES.keys
    assert found.series.counts.tobytes() == SERIES.counts.tobytes()
    cells = CELLS.copy()
    cells[0, 1, 250] = 70
    require_equal(swept(declared(), nation(cells), found), swept(declared(), nation(cells)))
    next(tmp_path.glob("sweep-*.npz")).write_bytes(b"broken")
    assert kept_before(tmp_path, declared()) is None
