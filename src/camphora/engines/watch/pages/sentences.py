"""Sentences made from counts. Each is whole by itself; none is said where its data are not known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from camphora.engines.watch.pages.asked import Asked, Count, Floats, known
from camphora.engines.watch.pages.frame import about, area_name, counted, place, times, week_text
from camphora.engines.watch.sweep import Signal
from camphora.pages import numbers
from camphora.pages.words import Words

YEAR = 52
FEWEST = 1e-6
STEADY = 0.1
"""A change of less than a tenth is none."""
WEEKS = 4
AFTER = 4


def joined(parts: Sequence[str], words: Words) -> str:
    """Sentences behind one another; English ones with a blank between."""
    return ("" if words.lang == "zh-TW" else " ").join(part for part in parts if part)


def short(count: Count, alarms: int, able: int, asked: Asked, words: Words) -> str:
    """The one sentence of a list: the count, the expected one, how many methods find it unusual."""
    if count.observed is None:
        return words("said.no_data")
    number = counted(count.observed, asked.watch, words)
    first = (
        words("said.number", number=number)
        if count.expected is None
        else words("said.short", number=number, expected=about(count.expected))
    )
    return joined([first, methods(alarms, able, words)], words)


def level(count: Count, asked: Asked, words: Words) -> str:
    """What was counted and what was to be expected."""
    where = {
        "week": week_text(asked.week, words),
        "place": place(asked.watch, asked.area, asked.group, words),
    }
    if count.observed is None:
        return words("said.no_count", **where)
    facts = {**where, "number": counted(count.observed, asked.watch, words)}
    if count.expected is None or count.upper is None:
        return words("said.no_bound", **facts)
    if count.verdict == "first":
        return words("said.first_cases", **facts)
    first = words("said.level", expected=about(count.expected), upper=about(count.upper), **facts)
    return joined([first, words("said.late") if count.verdict == "late" else ""], words)


def lasted(weeks: int, words: Words) -> str:
    """For how many weeks in a row the bound has been exceeded."""
    return words("said.lasted", n=weeks) if weeks else words("said.below")


def change(now: float | None, before: float | None, words: Words, *, first: bool = False) -> str:
    """Against the week before; `first`: the place had not reported before."""
    if now is None:
        return ""
    if before is None:
        return words("said.first" if first else "said.no_before")
    more = round(now - before)
    if not more:
        return words("said.same")
    key = "said.more" if more > 0 else "said.fewer"
    if not before:
        return words("said.from_none", n=abs(more))
    share = numbers.number(abs(now - before) / before, "percent", 0)
    return words(key, n=abs(more), share=share)


def record(counts: Floats, at: int, labels: Sequence[str], words: Words) -> str:
    """That a count had not been reached for a year or ever, where at least a year is known; else nothing."""
    past, now = counts[:at], counts[at]
    if np.isnan(now) or now <= 0 or int((~np.isnan(past)).sum()) < YEAR:
        return ""
    reached = np.flatnonzero(np.nan_to_num(past, nan=-1.0) >= now)
    first = int(np.flatnonzero(~np.isnan(past))[0])
    if not len(reached):
        return words("said.record", since=week_text(str(labels[first]), words))
    last = int(reached[-1])
    return words("said.highest", since=week_text(str(labels[last]), words)) if at - last > YEAR else ""


def methods(alarms: int, able: int, words: Words) -> str:
    """How many of the methods that can tell find a count unusual."""
    if not able:
        return words("said.no_method")
    return words("said.methods", alarms=alarms, n=able)


def unusual(p: float | None, words: Words) -> str:
    """How probable so many or more would be if nothing were unusual."""
    if p is None:
        return ""
    if p < FEWEST:
        return words("said.p_least")
    if p >= 0.001:
        return words("said.p_share", share=f"{p * 100:.2g}%" if p < 0.995 else "100%")
    return words("said.p_one", n=rounded(1 / p))


def probability(p: float | None) -> str | None:
    """A probability for a cell of a table: 1.2e-05 as 0.000012, less than a millionth as such."""
    if p is None:
        return None
    return (
        "< 0.000001" if p < FEWEST else np.format_float_positional(p, precision=2, fractional=False, trim="-")
    )


def rounded(number: float) -> int:
    """To two figures: 12,345 is 12,000."""
    size = int(10 ** max(0, math.floor(math.log10(number)) - 1))
    return int(round(number / size) * size)


def why(signal: Signal, asked: Asked, words: Words) -> list[str]:
    """Why a signal is there, as paragraphs: the count, how long, how unusual, by how many methods."""
    counts, at = asked.counts, asked.at
    count = Count(known(signal.observed), known(signal.expected), known(signal.upper))
    before = known(counts[at - 1]) if at else None
    first = bool(np.isnan(counts[:at]).all())
    able = sum(each.upper is not None for each in signal.said)
    return [
        joined([level(count, asked, words), lasted(signal.lasted, words)], words),
        joined(
            [
                change(count.observed, before, words, first=first),
                record(counts, at, list(map(str, asked.watched.series.label)), words),
            ],
            words,
        ),
        joined([methods(signal.alarms, able, words), unusual(known(signal.p), words)], words),
    ]


def counties(found: Sequence[tuple[str, Count]], words: Words) -> str:
    """How many places are above their bound, and which lies furthest above what was expected."""
    above = sum(count.above for _, count in found)
    first = words("said.counties", n=above) if above else words("said.counties_none")
    rated = [(ratio, area) for area, count in found if (ratio := count.ratio) is not None]
    if not rated:
        return first
    ratio, area = max(rated)
    second = words("said.furthest", place=area_name(area, words), times=times(ratio))
    return joined([first, second], words)


def past_weeks(found: Sequence[Count], labels: Sequence[str], asked: Asked, words: Words) -> str:
    """Of the weeks of a chart: how many lay above the bound, and the highest."""
    seen = [
        (each.observed, label) for each, label in zip(found, labels, strict=True) if each.observed is not None
    ]
    if not seen:
        return words("said.no_data")
    above, weeks = sum(each.above for each in found), len(seen)
    most, when = max(seen)
    first = words("said.weeks_above", n=above, weeks=weeks) if above else words("said.weeks_none", n=weeks)
    highest = words("said.most", week=week_text(when, words), number=counted(most, asked.watch, words))
    return joined([first, highest], words)


def outcome(stayed: int, number: int, words: Words) -> str:
    """What earlier signals of the place came to: above the bound again within the weeks that followed, or not."""
    if not number:
        return words("said.no_earlier")
    return words("said.earlier", n=number, stayed=stayed)


def trend(counts: Floats, at: int) -> str:
    """`rising`, `falling` or `steady` against the mean of the four weeks before, or `unknown`."""
    past = counts[max(0, at - WEEKS) : at]
    if len(past) < WEEKS or np.isnan(past).any() or np.isnan(counts[at]):
        return "unknown"
    mean = float(past.mean())
    if not mean:
        return "rising" if counts[at] > 0 else "steady"
    moved = float(counts[at]) / mean - 1
    if abs(moved) < STEADY:
        return "steady"
    return "rising" if moved > 0 else "falling"
