"""One budget of signals over all that a nation watches."""

from dataclasses import replace

import numpy as np
import pytest

from camphora.engines.watch import Series
from camphora.engines.watch.declaration import Budget
from camphora.engines.watch.events import Lattice, Rises
from camphora.engines.watch.pages import PAGES
from camphora.engines.watch.retuning import Retuning
from camphora.engines.watch.sweep import ranked_by, swept
from camphora.engines.watch.together import together
from camphora.engines.watch.watching import Watched, nation_of
from camphora.methods.detection import many
from camphora.pages import Figures, Ranked
from watch.test_pages import block, system
from watch.watched import sweep, watch

NAMES = ("ili", "enterovirus", "dengue_weekly")
WEEK = "2012-05"
"""A week in which the watches by themselves would show 32 signals together."""


def real():
    return {name: sweep(name) for name in NAMES}


def shown(sweeps):
    """How many signals each week shows of all."""
    found = {}
    for one in sweeps.values():
        for label, number in zip(one.series.label, one.shown.shown.sum(axis=0), strict=True):
            found[str(label)] = found.get(str(label), 0) + int(number)
    return found


def test_a_week_that_overflowed_shows_twenty_of_all():
    alone, found = real(), together(real())
    assert shown(alone)[WEEK] == 32
    assert shown(found)[WEEK] == 20
    assert max(shown(alone).values()) == 32
    assert max(shown(found).values()) == 20


def test_the_least_probable_of_all_watches_are_shown():
    alone, found = real(), together(real())
    ranked = sorted(
        (each.p, each.key) for one in alone.values() if WEEK in one.series.label for each in one.signals(WEEK)
    )
    left = {each.key for one in found.values() if WEEK in one.series.label for each in one.signals(WEEK)}
    assert left == {key for _, key in ranked[:20]}


def test_what_no_budget_cut_is_as_it_was():
    """A watch whose weeks were never too many is the very same sweep; so is one that is alone."""
    assert together(real())["dengue_weekly"] is sweep("dengue_weekly")
    assert together({"ili": sweep("ili")})["ili"] is sweep("ili")


@pytest.mark.parametrize("seed", range(4))
def test_two_trees_share_a_budget_as_one_forest_does(seed):
    """Without control of false ones several watches are one forest, which the methods rank as a whole."""
    sweeps = {name: made(name, seed * 10 + number) for number, name in enumerate(("one", "two", "three"))}
    found = together(sweeps)
    measures = [ranked_by(one.series.counts, one.p, one.by, one.evidence, 0) for one in sweeps.values()]
    parent, start = [], 0
    for one in sweeps.values():
        parent += [each + start if each >= 0 else -1 for each in one.series.parent]
        start += len(one.series.parent)
    p, score = (np.concatenate(each) for each in zip(*measures, strict=True))
    counts, expected = (
        np.concatenate([getattr(each, key) for each in held])
        for key, held in (
            ("counts", [one.series for one in sweeps.values()]),
            ("expected", [one.evidence[0] for one in sweeps.values()]),
        )
    )
    apart = Rises(Lattice(np.array(parent), np.full(len(parent), -1)), counts, expected, p, 0.3).apart
    forest = many.signals(p, score, np.array(parent), q=1, silence=2, budget=3, apart=apart, own=0.3)
    assert forest.shown.sum(axis=0).max() == 3
    assert np.array_equal(np.concatenate([one.shown.shown for one in found.values()]), forest.shown)


def made(name, seed, retunings=()):
    """A nation of three places over sixty random weeks, weighed by EARS alone."""
    counts = np.random.default_rng(seed).poisson(9, (3, 60)).astype(float)
    counts = np.vstack([counts.sum(axis=0), counts])
    keys = (("", ""), ("a", ""), ("b", ""), ("c", ""))
    first = np.datetime64("2020-01-05") + 7 * np.arange(60)
    label = np.array([f"{2020 + at // 52}-{at % 52 + 1:02d}" for at in range(60)])
    series = Series(keys, np.array([-1, 0, 0, 0]), counts, first, label, "cdc")
    budget = Budget(3, q=1, own=0.3, least=0)
    declared = replace(watch("ili"), name=name, methods=watch("ili").methods[1:2], budget=budget)
    return swept(replace(declared, retunings=retunings), series)


def test_the_greatest_budget_in_force_is_the_nations():
    """A decision that gives one watch more gives it to all together, from its week on."""
    more = Retuning("one", "2020-40", "weekly", 4, "x", "2020-09-30", "why")
    found = shown(
        together({"one": made("one", 1, retunings=(more,)), "two": made("two", 2), "three": made("three", 3)})
    )
    assert max(number for week, number in found.items() if week < "2020-40") == 3
    assert max(number for week, number in found.items() if week >= "2020-40") == 4


def test_the_bulletin_and_the_list_of_a_week_keep_the_budget_and_say_what_was_left_out():
    source = {"zh-TW": "疾管署", "en": "Taiwan CDC"}
    every = {}
    for name in NAMES:
        one = Watched(watch(name), sweep(name).series, "2023-07-01", source, "d", beforehand=False)
        one.take(sweep(name))
        every[name] = one
    found = nation_of(every)
    words = system().words("en")
    bulletin = PAGES["bulletin"](found, words, {"week": WEEK})
    assert block(bulletin, Figures).items[-1].value == "20"
    listed = PAGES["signals"](found, words, {"watch": "enterovirus", "week": WEEK, "system": "x"})
    number = len(block(listed, Ranked).items)
    alone = len(sweep("enterovirus").signals(WEEK))
    assert number < alone
    assert f"{alone - number} more rank behind the 20 that all that is watched shares" in listed.lead
    assert "at most 20 a week in all" in [each.note for each in block(listed, Figures).items]
