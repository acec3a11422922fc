"""What a bulletin says: each sentence a function of figures and words, in the language of the words.

Every function gives one sentence or more, ready to be set, or "" where there is nothing to say.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from camphora.engines.watch.bulletin import FEW, LEAST, RISE, Bulletin, High, Late, Level
from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.forecasts import Ahead
from camphora.engines.watch.sweep import Signal
from camphora.errors import Lang
from camphora.pages import dates, numbers
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words

NAMED = 3
"""So many places are named in a sentence."""
WITHOUT_SHARE = {
    "above": "zero",
    "below": "least",
    "over": "higher",
    "under": "lower",
    "more": "more_few",
    "fewer": "fewer_few",
}
"""What is said where earlier years had so few that a share of them misleads: 7 where 1 was usual is no 600% more."""
LIKE = 0.02
"""A change of less than this share is none to speak of."""


@cache
def strings(lang: Lang) -> Mapping[str, object]:
    """The nested table of the bulletin's words."""
    text = files("camphora.engines.watch").joinpath(f"strings/bulletin.{lang}.toml").read_text("utf-8")
    return tomllib.loads(text)


def worded(words: Words) -> Words:
    """The bulletin's words with those of the page laid over them."""
    return Words(words.lang, strings(words.lang), words.texts)


def place(area: str, words: Words) -> str:
    """A county by its name, another place as its data call it, all of them together."""
    if not area:
        return words("bulletin.nation")
    return BY_CODE[area].name(words.lang) if area in BY_CODE else area


def group(watch: Watch, key: str, words: Words) -> str:
    """The label of a group; all of them together."""
    return watch.groups[key][words.lang] if key else words("bulletin.all")


def week(label: str, lang: Lang) -> str:
    """108 年第 5 週; 2019 week 5."""
    year, number = label.split("-")
    return dates.week(int(year), int(number), lang)


def short_week(label: str, lang: Lang) -> str:
    """As short as an axis wants it."""
    year, number = label.split("-")
    return dates.short_week(int(year), int(number), lang)


def counted(number: float, watch: Watch, words: Words) -> str:
    """A number with its unit, in the singular where the unit's is known: 1 visit, 1,234 visits."""
    unit = watch.unit[words.lang]
    known = f"bulletin.unit.{watch.unit['en']}"
    return words(known if known in words else "bulletin.unit_any", n=round(number), unit=unit)


def listed(names: Sequence[str], words: Words) -> str:
    """A、B、C; A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return words("bulletin.last", list=words("bulletin.comma").join(names[:-1]), last=names[-1])


def joined(sentences: Sequence[str], words: Words) -> str:
    """Sentences one behind another, those that say nothing left out."""
    return words("bulletin.space").strip("|").join(one for one in sentences if one)


def span(first: dt.date, until: dt.date, lang: Lang) -> str:
    """From the first to the last day of a week."""
    if lang == "en":
        begins = dates.month_day(first, lang) if first.year == until.year else dates.day(first, lang)
        return f"{begins} to {dates.day(until, lang)}"
    ends = dates.month_day(until, lang) if first.year == until.year else dates.day(until, lang)
    return f"{dates.day(first, lang)}至 {ends}"


def share(change: float) -> str:
    """A share without its sign: 12.3%; without decimals from 100% on."""
    return numbers.number(abs(change), "percent", 1 if abs(change) < 1 else 0)


def level(found: Bulletin, words: Words) -> str:
    """How many there were, and how many more or fewer than the week before."""
    nation, facts = found.nation, _facts(found, words)
    if nation.now is None:
        ended = found.watch.ended
        if ended and found.first > ended:
            return words("bulletin.level.ended", day=dates.day(ended, words.lang), **facts)
        return words("bulletin.level.none", **facts)
    facts["now"] = counted(nation.now, found.watch, words)
    return words("bulletin.level.now", change=_changed(nation, found.watch, words), **facts)


def _changed(one: Level, watch: Watch, words: Words) -> str:
    if one.last is None:
        return words("bulletin.level.first")
    last = counted(one.last, watch, words)
    more, change = one.more or 0.0, one.change
    if more == 0:
        return words("bulletin.level.same", last=last)
    if change is None:
        return words("bulletin.level.from_zero")
    if abs(change) < LIKE:
        return words("bulletin.level.like", last=last)
    return words(f"bulletin.level.{'up' if more > 0 else 'down'}", last=last, share=share(change))


def years(found: Bulletin, words: Words) -> str:
    """The week against the same week of earlier years."""
    nation = found.nation
    if nation.now is None:
        return ""
    if not nation.past:
        return words("bulletin.years.none")
    counts = [each.count for each in nation.past]
    facts = {
        "n": len(counts),
        "low": f"{round(min(counts)):,}",
        "high": f"{round(max(counts)):,}",
        "middle": f"{round(nation.usual or 0):,}",
        "than": _than(nation, words),
    }
    key = "one_year" if len(counts) == 1 else "alike" if min(counts) == max(counts) else "many"
    return words(f"bulletin.years.{key}", **facts)


def _than(one: Level, words: Words) -> str:
    counts, now, usual = [each.count for each in one.past], one.now or 0.0, one.usual or 0.0
    if now == usual:
        key = "as_many" if min(counts) == max(counts) else "equal"
    elif not usual:
        key = "zero" if now > max(counts) else "some"
    elif len(counts) == 1:
        key = "more" if now > usual else "fewer"
    elif now > max(counts):
        key = "above"
    elif now < min(counts):
        key = "below"
    else:
        key = "over" if now > usual else "under"
    if usual < FEW:
        key = WITHOUT_SHARE.get(key, key)
    return words(f"bulletin.than.{key}", share=share(now / usual - 1) if usual else "")


def trend(found: Bulletin, words: Words) -> str:
    """Two weeks or more in one direction."""
    weeks = found.nation.run
    if abs(weeks) < 2:
        return ""
    return words(f"bulletin.trend.{'up' if weeks > 0 else 'down'}", n=abs(weeks))


def record(one: High | None, words: Words) -> str:
    """A count not reached for half a year, or never."""
    if one is None:
        return ""
    if one.since:
        return words("bulletin.record.since", week=week(one.since, words.lang))
    return words("bulletin.record.ever", week=week(one.first, words.lang))


def holiday(found: Bulletin, words: Words) -> str:
    """The lunar new year, when clinics close and emergency rooms fill."""
    if not found.known or not (found.holiday or found.holiday_past):
        return ""
    which = "both" if found.holiday and found.holiday_past else "now" if found.holiday else "past"
    return words(f"bulletin.holiday.{which}")


def highest(found: Bulletin, words: Words) -> str:
    """Where most of them were."""
    if not found.known or not found.areas:
        return ""
    if not found.highest:
        return words("bulletin.highest.none")
    return words("bulletin.highest.some", places=_with(found.highest[:NAMED], words))


def _with(levels: Sequence[Level], words: Words) -> str:
    named = [
        words("bulletin.place_count", place=place(one.area, words), count=f"{round(one.now or 0):,}")
        for one in levels
    ]
    return listed(named, words)


def rising(found: Bulletin, words: Words) -> str:
    """Where there were clearly more than the week before."""
    if not found.known or found.nation.last is None or not found.areas:
        return ""
    facts = {"share": numbers.number(RISE, "percent", 0), "least": counted(LEAST, found.watch, words)}
    if not found.rising:
        return words("bulletin.rising.none", **facts)
    named = [
        words(
            "bulletin.place_change",
            place=place(one.area, words),
            more=f"+{round(one.more or 0):,}",
            share=words("bulletin.new") if one.change is None else f"+{share(one.change)}",
        )
        for one in found.rising[:NAMED]
    ]
    key = "all" if len(found.rising) <= NAMED else "most"
    return words(f"bulletin.rising.{key}", n=len(found.rising), places=listed(named, words), **facts)


def unusual(found: Bulletin, words: Words) -> str:
    """Where there were more than in the middle of the same week of earlier years, as the map shows."""
    compared = [one for one in found.areas if one.against is not None]
    if not compared:
        return words("bulletin.unusual.unknown", n=FEW)
    if not found.unusual:
        return words("bulletin.unusual.none", n=len(compared))
    named = [
        words("bulletin.place_times", place=place(one.area, words), times=times(one.against or 0.0))
        for one in found.unusual[:NAMED]
    ]
    facts = {"n": len(found.unusual), "of": len(compared), "places": listed(named, words)}
    every = len(found.unusual) == len(compared) > 1
    return words("bulletin.unusual.all" if every else "bulletin.unusual.some", **facts)


def times(ratio: float) -> str:
    """Of the middle of earlier years: 140%."""
    return numbers.number(ratio, "percent", 0)


def absent(found: Bulletin, words: Words) -> str:
    """Places that have not reported, or seem not to have."""
    said = []
    if found.known and found.missing:
        names = listed([place(each, words) for each in found.missing], words)
        said.append(words("bulletin.absent.missing", n=len(found.missing), places=names))
    if found.known and found.silent:
        names = listed([place(each, words) for each in found.silent], words)
        said.append(words("bulletin.absent.silent", n=len(found.silent), places=names))
    return joined(said, words)


def ages(found: Bulletin, words: Words) -> str:
    """Which group had most, and which gained most on the week before."""
    known = sorted((one for one in found.groups if one.now), key=lambda one: -(one.now or 0.0))
    total = sum(one.now or 0.0 for one in known)
    if not known:
        return ""
    top = known[0]
    parts = {
        "group": group(found.watch, top.group, words),
        "count": f"{round(top.now or 0):,}",
        "share": share((top.now or 0.0) / total),
    }
    gained = [one for one in found.groups if one.rising and one.change is not None]
    fastest = max(gained, key=lambda one: one.change or 0.0, default=None)
    said = [words("bulletin.ages.most", **parts)]
    if fastest and len(found.groups) > 1:
        name, more = group(found.watch, fastest.group, words), share(fastest.change or 0.0)
        said.append(words("bulletin.ages.gained", group=name, share=more))
    return joined(said, words)


def signals(found: Bulletin, words: Words) -> str:
    """How many signals the week shows."""
    if not found.known:
        return ""
    number = len(found.signals)
    if not found.judged:
        return words("bulletin.signals.too_early")
    if not number:
        return words("bulletin.signals.none", n=found.watch.budget.silence)
    return words("bulletin.signals.some", n=number)


def why(one: Signal, watch: Watch, words: Words) -> str:
    """Why a signal is there: the count, what was expected, how many methods say so, for how long."""
    said = [method for method in one.said if method.upper is not None]
    facts = {
        "now": counted(one.observed, watch, words),
        "expected": f"{one.expected:,.0f}",
        "upper": f"{one.upper:,.0f}",
        "n": one.alarms,
        "of": len(said),
    }
    text = [words("bulletin.why.count" if one.observed > one.upper else "bulletin.why.within", **facts)]
    text.append(words("bulletin.why.methods", **facts))
    if one.lasted > 1:
        text.append(words("bulletin.why.lasted", n=one.lasted))
    return joined(text, words)


def forecast(found: Bulletin, words: Words) -> str:
    """What is foreseen for the next week and the last, with intervals, and whether the next has more than now."""
    if not found.known:
        return ""
    if found.ahead is None:
        return words("bulletin.forecast.making")
    if not found.ahead:
        return words("bulletin.forecast.none")
    following, last = found.ahead[0], found.ahead[-1]
    facts = {
        "next": counted(following.median, found.watch, words),
        "next_low": f"{round(following.most[0]):,}",
        "next_high": f"{round(following.most[1]):,}",
        "way": words(f"bulletin.way.{direction(following, found.nation.now or 0.0)}"),
        "week": week(last.week, words.lang),
        "middle": f"{round(last.median):,}",
        "low": f"{round(last.most[0]):,}",
        "high": f"{round(last.most[1]):,}",
    }
    return words("bulletin.forecast.some", **facts)


def direction(ahead: Ahead, now: float) -> str:
    """`up` or `down` where half of what is held likely lies on one side of the present count, otherwise `open`."""
    low, high = ahead.half
    return "up" if low > now else "down" if high < now else "open"


def late(one: Late | None, watch: Watch, words: Words) -> str:
    """What has changed in the week's figures since an edition first held them."""
    if one is None:
        return words("bulletin.late.unknown")
    if one.editions == 1:
        return joined([words("bulletin.late.single"), _behind(one, words)], words)
    if one.latest:
        return words("bulletin.late.latest", n=one.editions)
    if not one.changed:
        return joined([words("bulletin.late.same", n=one.editions), _behind(one, words)], words)
    then, now = one.then, one.now
    if then is None or now is None:
        said = words("bulletin.late.partly")
    elif then == now:
        said = words("bulletin.late.moved", now=counted(now, watch, words))
    else:
        more = now - then
        facts = {
            "then": counted(then, watch, words),
            "now": counted(now, watch, words),
            "more": counted(abs(more), watch, words),
            "share": words("bulletin.late.of", share=share(more / then)) if then else "",
        }
        said = words(f"bulletin.late.{'more' if more > 0 else 'fewer'}", **facts)
    places = words("bulletin.late.places", n=len(one.areas)) if one.areas else ""
    return joined([said, places, _behind(one, words)], words)


def _behind(one: Late, words: Words) -> str:
    """That the first edition which holds the week is one of a later week."""
    if one.behind < 1:
        return ""
    return words("bulletin.late.behind", week=week(one.through, words.lang), n=one.behind)


def method(watch: Watch, words: Words) -> tuple[str, ...]:
    """How levels, signals and forecasts are made."""
    names = listed([each.label[words.lang] for each in watch.methods], words)
    return (
        words(f"bulletin.method.weeks_{watch.weeks}"),
        words("bulletin.method.past"),
        words(f"bulletin.method.absent_{watch.absent}"),
        words("bulletin.method.signals", methods=names, n=len(watch.methods), most=watch.budget.weekly),
        words("bulletin.method.forecast"),
    )


def _facts(found: Bulletin, words: Words) -> dict[str, str]:
    return {
        "title": found.watch.title[words.lang],
        "week": week(found.week, words.lang),
        "span": span(found.first, found.until, words.lang),
    }
