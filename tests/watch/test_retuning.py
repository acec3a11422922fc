"""Thresholds changed by a recorded decision: from which week on, and every older signal as it was."""

from dataclasses import replace

import numpy as np
import pytest

from camphora.engines.watch import Retuning, Watched, retunings_of
from camphora.engines.watch.bulletin import digest_of
from camphora.engines.watch.keeping import keep, kept_sweep, name_of
from camphora.engines.watch.pages import PAGES
from camphora.engines.watch.sweep import swept, tried
from camphora.formats.declaration import base_tables
from camphora.pages import Prose, Table
from watch.test_pages import system
from watch.watched import series, sweep, watch

FROM = "2017-25"
ROW = {
    "watch": "ili",
    "week": FROM,
    "setting": "own",
    "value": 1e-7,
    "decided_by": "疫情中心",
    "decided": "2017-06-20",
    "why": "假訊號過多",
}


def decided(**changes):
    return retunings_of([{**ROW, **changes}])


@pytest.fixture(scope="module")
def stricter():
    return swept(watch("ili").retuned(decided()), series("ili"))


@pytest.fixture(scope="module")
def parameter():
    tuned = watch("ili").retuned(decided(setting="detection.ears.c2.alpha", value=0.001))
    return tuned, swept(tuned, series("ili"))


def test_the_table_of_decisions_takes_the_row_and_refuses_another_setting():
    table = base_tables()["retuning"]
    names = {column.key for column in table.columns}
    assert names == set(ROW)
    assert table.readers == ("public",)
    assert not table.whole


def test_every_older_signal_is_as_it_was_and_later_ones_by_the_new_threshold(stricter):
    before, at = sweep("ili"), series("ili").at(FROM)
    assert np.array_equal(before.shown.shown[:, :at], stricter.shown.shown[:, :at])
    assert np.array_equal(before.p, stricter.p, equal_nan=True)
    weeks = [str(label) for label in series("ili").label]
    for week in weeks[at - 5 : at]:
        assert before.signals(week) == stricter.signals(week)
    assert len(stricter.signals(FROM)) < len(before.signals(FROM))
    assert any(stricter.signals(week) for week in weeks[at:])
    assert all(one.p <= 1e-7 for week in weeks[at:] for one in stricter.signals(week))


def test_a_methods_parameter_is_told_with_the_signal_of_its_week(parameter):
    _, made = parameter
    at = series("ili").at(FROM)
    row = series("ili").row("09020")

    def alpha(when):
        return made.signal(row, when).said[1].made["parameters"]["alpha"]

    assert (alpha(at - 1), alpha(at)) == (0.01, 0.001)
    old = sweep("ili").signal(row, at - 1)
    assert made.signal(row, at - 1) == old
    assert made.signal(row, at).said[1].upper > sweep("ili").signal(row, at).said[1].upper


def test_what_was_shown_before_stays_silent_after_the_change(stricter):
    at, silence = series("ili").at(FROM), watch("ili").budget.silence
    for week in range(at, at + silence):
        heard = stricter.shown.shown[:, week - silence : week].any(axis=1)
        assert not (heard & stricter.shown.shown[:, week]).any()


def test_a_later_decision_on_the_same_setting_stands_and_both_are_kept():
    two = watch("ili").retuned((*decided(), *decided(week="2018-01", value=0.005)))
    assert [two.as_in(week).budget.own for week in ("2017-24", "2017-25", "2018-01")] == [0.01, 1e-7, 0.005]
    assert len(two.retunings) == 2
    assert watch("ili").retuned(decided(watch="enterovirus")) == watch("ili")
    assert Retuning("ili", FROM, "least", 9.0, "a", "d", "w").number == 9


def test_a_kept_sweep_knows_how_each_week_was_weighed(tmp_path, parameter):
    tuned, made = parameter
    name = name_of(tuned, series("ili"))
    assert name != name_of(watch("ili"), series("ili"))
    keep(tmp_path, "sweep", name, made)
    again = kept_sweep(tmp_path, name, tuned, series("ili"))
    at = series("ili").at(FROM)
    for when in (at - 1, at):
        assert again.signal(0, when) == made.signal(0, when)


def test_the_digest_of_an_older_bulletin_is_the_same():
    given, at = series("ili"), series("ili").at(FROM)
    tuned = watch("ili").retuned(decided())
    assert digest_of(tuned, given, at - 1) == digest_of(watch("ili"), given, at - 1)
    assert digest_of(tuned, given, at) != digest_of(watch("ili"), given, at)


def test_the_pages_tell_of_the_decision_from_its_week_on():
    plain = Watched(
        watch("ili"), series("ili"), "2023-07-01", {"zh-TW": "x", "en": "x"}, "d", beforehand=False
    )
    plain.take(sweep("ili"))
    tuned = replace(plain, watch=watch("ili").retuned(decided()))
    words = system().words("en")

    def told(page, **given):
        blocks = PAGES[page]({"ili": tuned}, words, {**given, "system": "s"}).blocks
        return " ".join(text for block in blocks if isinstance(block, Prose) for text in block.paragraphs)

    assert "1 decision was in force: own = 1e-07" in told("signal", key="ili-2017-25-09020-all")
    assert "in force" not in told("signal", key="ili-2017-24-09020-all")
    shown = PAGES["method"]({"ili": tuned}, words, {"system": "s"})
    (table,) = (block for block in shown.blocks if isinstance(block, Table) and block.name == "retuned")
    assert [(row["setting"], row["by"], row["why"]) for row in table.rows] == [
        ("own", "疫情中心", "假訊號過多")
    ]
    none = PAGES["method"]({"ili": plain}, words, {"system": "s"})
    assert any("No threshold" in text for b in none.blocks if isinstance(b, Prose) for text in b.paragraphs)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("own", 1e-7), ("weekly", 3.0), ("least", 200.0), ("detection.ears.c2.alpha", 0.001)],
)
def test_what_a_decision_would_have_changed_is_what_it_changes_in_those_weeks(setting, value):
    """Tried over the last year: as the sweep by a decision that was in force from that week on."""
    before, (made,) = sweep("ili"), decided(setting=setting, value=value, week="9999-01")
    start = len(series("ili").label) - 52
    after = tried(before, made, 52)
    (then,) = decided(setting=setting, value=value, week=str(series("ili").label[start]))
    truly = swept(watch("ili").retuned((then,)), series("ili"))
    assert np.array_equal(after.shown.shown, truly.shown.shown)
    assert np.array_equal(before.shown.shown[:, :start], after.shown.shown[:, :start])
