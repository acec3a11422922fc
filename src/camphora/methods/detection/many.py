"""Many series at once: which of half a million small p-values are signals, and which of these are shown.

A nation's week has a p-value for the nation, each county, each township and each age there: a tree. One error rate of
0.01 a series would give thousands of false alarms a week. Here the share of false signals among all is limited, along
the tree; a signal that was shown is not shown again for some weeks; and a week shows no more than can be followed up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import MOST, Floats, flags, numbers, one_of, same_shape, within
from camphora.methods.detection.bounds import whole
from camphora.methods.made import Made

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Apart = Callable[[int, Whole], Whole]
"""Of a week, by its place, and the rows that are unusual in it, in order: those that are told apart."""


@dataclass(frozen=True, slots=True)
class Discoveries:
    """`found`: which are signals; `q`: the least rate of false discoveries at which each would be one (for a tree: the
    p-value of the node and all below it); `specific`: found, and none below it is."""

    found: Flags
    q: Floats
    specific: Flags
    made: Made


@dataclass(frozen=True, slots=True)
class Signals:
    """All of shape (series, weeks). `found`: as `Discoveries.specific` (`.found` where `apart`); `shown`: what is left
    after the weeks of silence and the budget; `rank`: the place among those not silent (and apart), from 1, and 0 for
    the others."""

    found: Flags
    shown: Flags
    rank: Whole
    made: Made


def flat(p: ArrayLike, *, q: float = 0.05, method: str = "bh") -> Discoveries:
    """False-discovery control over p-values without order among them, shape (series,).

    "bh": the expected share of false ones among the found is at most `q` if the p-values are independent or positively
    dependent (Benjamini and Hochberg, JRSS B 1995;57:289-300); "by": whatever their dependence (Benjamini and
    Yekutieli, Annals of Statistics 2001;29:1165-1188). NaN was not tested and does not count: give 1 for a series that
    was left out for having few cases. Errors: Invalid `methods-range`, `methods-choice`, `methods-shape`.
    """
    values = _p(p)
    within(q, 0, 1, "q")
    one_of(method, ("bh", "by"), "method")
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    number = len(order)
    harmonic = np.sum(1 / np.arange(1, number + 1)) if method == "by" else 1.0
    adjusted = np.full(len(values), np.nan)
    least = values[order] * number * harmonic / np.arange(1, number + 1)
    adjusted[order] = np.minimum(1, np.minimum.accumulate(least[::-1])[::-1])
    found = adjusted <= q
    return Discoveries(found, adjusted, found, Made("detection.many.flat", 1, {"q": q, "method": method}))


def tree(p: ArrayLike, parent: ArrayLike, *, q: float = 0.05) -> Discoveries:
    """False-discovery control along a tree of series: nation, county, township, age.

    `p`: shape (series,); `parent`: the row of each one's parent, -1 for the topmost. The p-value of a node and all
    below it is Simes' of its own and those of its children: the least of m p(i) / i over the m values in order. From
    the top, the children of a node that was found are tested among themselves by Benjamini and Hochberg, at `q` times
    the shares found in the families above. So the expected share of false ones is limited at every level, on average
    over the families tested, for positively dependent p-values. `specific` are the signals to look at: those found with
    none found below. NaN was not tested and does not count. An outbreak of one township is found even if the nation's
    own series shows nothing, since the nation's value holds the township's.

    Source: M. Bogomolov, C. B. Peterson, Y. Benjamini and C. Sabatti, Hypotheses on a tree: new error rates and testing
    strategies, Biometrika 2021;108:575-590. Errors: Invalid `methods-range`, `methods-shape`, `methods-tree`.
    """
    values = _p(p)
    within(q, 0, 1, "q")
    above = _parents(parent, len(values))
    depth = _depths(above)
    joint = _joint(values, above, depth)
    found = _descended(joint, above, depth, q)
    below = np.zeros(len(values), dtype=bool)
    below[above[found & (above >= 0)]] = True
    return Discoveries(found, joint, found & ~below, Made("detection.many.tree", 1, {"q": q}))


def signals(
    p: ArrayLike,
    score: ArrayLike,
    parent: ArrayLike | None = None,
    heard: ArrayLike | None = None,
    *,
    q: float = 0.05,
    silence: int = 0,
    louder: float | None = None,
    budget: int | None = None,
    apart: bool | Apart = False,
    own: float = 1.0,
) -> Signals:
    """What a week shows: the specific discoveries of `tree` (of `flat` without `parent`), less those silent, in order.

    `p`, `score`: shape (series, weeks), weeks in order; `score` is any measure of how far a count lies beyond what was
    expected. A series that was shown stays silent for `silence` weeks; but if `louder` is given, it is shown again when
    its score is more than `louder` times that of when it was shown. What is not silent is ranked by p, then by score,
    then by row, and the first `budget` are shown (None: all). What the budget cut is not silent the week after. An
    infinite score (a case where none could come) ranks first, NaN last.

    `apart`: one signal of each line of descent. All discoveries stand in order, the specific ones and those above, and
    one that lies above or below an earlier one of the week has no rank: an outbreak of all a county's townships is the
    county's one signal if the county's p is the least, and an outbreak of one township is that township's. So a large
    `q` (1: no control) fills a budget with different places in the order of their evidence.

    A function in place of it says itself which rows of a week are told apart, of all that are found and have a p of at
    most `own`, those that are silent among them, so that what is silent still speaks for its kin.

    `own`: what is shown has itself a p of at most so much. A node may be found for what lies below it alone; when that
    is silent, the node is not to speak in its place. `heard`: 1 for what was shown in weeks before the first, else 0,
    shape (series, weeks before), which is silent as if it were here. Errors: as `tree`.
    """
    values = np.atleast_2d(_p(p, flat=False))
    measure = same_shape(_scores(score), values, "score")
    whole(silence, 0, "silence")
    given = apart if callable(apart) else None
    if not callable(apart):
        flags(apart=apart)
    if budget is not None:
        whole(budget, 0, "budget", 10**9)
    if louder is not None:
        within(louder, 0, 1e9, "louder")
    within(own, 0, 1, "own")
    found = np.zeros(values.shape, dtype=bool)
    shown = np.zeros(values.shape, dtype=bool)
    rank = np.zeros(values.shape, dtype=np.int64)
    since = _last_shown(heard, len(values), -1 - silence)
    loudness = np.full(len(values), np.inf)
    above = _parents(parent, len(values)) if apart is True and parent is not None else None
    for week in range(values.shape[1]):
        now = values[:, week]
        made = flat(now, q=q) if parent is None else tree(now, parent, q=q)
        chosen = made.found if apart else made.specific
        found[:, week] = chosen
        free = week - since > silence
        if louder is not None:
            threshold = np.where(np.isinf(loudness), np.inf, louder * np.minimum(loudness, MOST))
            free |= measure[:, week] > threshold
        told_of = chosen & (now <= own)
        if given is None:
            order = in_order(np.flatnonzero(told_of & free), now, measure[:, week], above)
        else:
            order = given(week, in_order(np.flatnonzero(told_of), now, measure[:, week]))
            order = order[free[order]]
        rank[order, week] = np.arange(1, len(order) + 1)
        told = order[:budget]
        shown[told, week] = True
        since[told], loudness[told] = week, measure[told, week]
    said = "given" if given else apart
    parameters = {"q": q, "silence": silence, "louder": louder, "budget": budget, "apart": said, "own": own}
    return Signals(found, shown, rank, Made("detection.many.signals", 1, parameters))


def _last_shown(heard: ArrayLike | None, rows: int, never: int) -> Whole:
    """The week in which each row was last shown before the first week, which is 0."""
    since = np.full(rows, never, dtype=np.int64)
    if heard is not None:
        earlier = _heard(heard, rows)
        row, week = np.nonzero(earlier)
        np.maximum.at(since, row, week - earlier.shape[1])
    return since


def _heard(given: ArrayLike, rows: int) -> Whole:
    found = numbers(given, "heard")
    if found.ndim != 2 or len(found) != rows:
        raise Invalid(
            "methods-shape", argument="heard", wanted=f"({rows}, weeks before)", found=str(found.shape)
        )
    if not np.all((found == 0) | (found == 1)):
        raise Invalid("methods-range", argument="heard", low=0, high=1)
    return found.astype(np.int64)


def in_order(heard: Whole, p: Floats, score: Floats, parent: Whole | None = None) -> Whole:
    """The rows of one week in which something is heard as `signals` ranks them: by p, then by score, then by row. With
    `parent` the first of each line of descent alone."""
    order = heard[np.lexsort((-np.nan_to_num(score[heard], nan=-np.inf), p[heard]))]
    return order if parent is None else _apart(order, parent)


def _apart(order: Whole, parent: Whole) -> Whole:
    """Those of the order that lie neither above nor below an earlier one."""
    above = parent.tolist()
    taken: set[int] = set()
    over: set[int] = set()
    kept = []
    for row in order.tolist():
        line, node = [], above[row]
        while node >= 0:
            line.append(node)
            node = above[node]
        if row not in over and taken.isdisjoint(line):
            taken.add(row)
            over.update(line)
            kept.append(row)
    return np.array(kept, dtype=np.int64)


def _scores(given: ArrayLike) -> Floats:
    """Infinite ones as the largest number that is told apart."""
    try:
        return numbers(np.clip(given, -MOST, MOST), "score")
    except (TypeError, ValueError):
        return numbers(given, "score")


def _p(given: ArrayLike, *, flat: bool = True) -> Floats:
    found = numbers(given, "p")
    if flat and found.ndim != 1:
        raise Invalid("methods-shape", argument="p", wanted="(series,)", found=str(found.shape))
    if np.any((found < 0) | (found > 1)):
        raise Invalid("methods-range", argument="p", low=0, high=1)
    return found


def _parents(given: ArrayLike, series: int) -> Whole:
    found = numbers(given, "parent")
    if found.shape != (series,):
        raise Invalid("methods-shape", argument="parent", wanted=f"({series},)", found=str(found.shape))
    if not np.all((found >= -1) & (found < series) & (found == np.floor(found))):
        raise Invalid("methods-tree")
    return found.astype(np.int64)


def _depths(parent: Whole) -> Whole:
    """How far below the topmost each lies."""
    depth = np.zeros(len(parent), dtype=np.int64)
    above = parent.copy()
    while np.any(above >= 0):
        if depth.max(initial=0) > len(parent):
            raise Invalid("methods-tree")
        depth[above >= 0] += 1
        above = np.where(above >= 0, parent[above], -1)
    return depth


def _joint(p: Floats, parent: Whole, depth: Whole) -> Floats:
    """Simes' p-value of each node's own and of its children's such values, from the deepest up."""
    found = p.copy()
    for level in range(int(depth.max(initial=0)) - 1, -1, -1):
        nodes = np.flatnonzero((depth == level) & ~np.isnan(p))
        children = np.flatnonzero((depth == level + 1) & ~np.isnan(found))
        family = np.concatenate([nodes, parent[children]])
        values = np.concatenate([p[nodes], found[children]])
        order, starts, number, place = _families(family, values)
        if len(order):
            found[family[order][starts]] = np.minimum.reduceat(values[order] * number / place, starts)
    return found


def _descended(p: Floats, parent: Whole, depth: Whole, q: float) -> Flags:
    """The nodes found, family by family from the top."""
    found = np.zeros(len(p), dtype=bool)
    level_of = np.full(len(p), np.nan)  # the level at which the children of a node are tested
    for level in range(int(depth.max(initial=0)) + 1):
        nodes = np.flatnonzero((depth == level) & ~np.isnan(p))
        if level:
            nodes = nodes[found[parent[nodes]]]
        if not len(nodes):
            break
        order, starts, number, place = _families(parent[nodes], p[nodes])
        at = np.where(level == 0, q, level_of[parent[nodes[order]]])
        passing = np.where(p[nodes[order]] <= place * at / number, place, 0)
        last = np.repeat(np.maximum.reduceat(passing, starts), np.diff(np.append(starts, len(order))))
        inside = place <= last
        chosen = nodes[order[inside]]
        found[chosen] = True
        level_of[chosen] = (at * last / number)[inside]
    return found


def _families(family: Whole, values: Floats) -> tuple[Whole, Whole, Whole, Whole]:
    """The order by family and value; where each family starts; and for each in that order, how many its family has and
    its place there, from 1."""
    order = np.lexsort((values, family))
    ordered = family[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(order) else order
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes) + 1
    return order, starts, np.repeat(sizes, sizes), place
