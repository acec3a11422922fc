"""Write the table of known events into docs/explanation/known-events.md: what the watch saw of each, when, how sure.

    python tools/known_events.py            # rewrite the table
    python tools/known_events.py --check    # exit 1 where the page says something else

Each event is a span of weeks in which it is known to have happened. What was seen is worked out from the bundled series
alone, each week with nothing but the weeks before it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from camphora.catalogue import Catalogue
from camphora.engines.watch import Watch, series_of
from camphora.engines.watch.sweep import Signal, Sweep, swept
from camphora.engines.watch.together import together
from camphora.pages.counties import BY_CODE

PAGE = Path(__file__).resolve().parent.parent / "docs/explanation/known-events.md"
BEGIN, END = "<!-- events -->\n", "<!-- end of events -->\n"
SYSTEM = "smart_epidemic_prevention"


@dataclass(frozen=True)
class Event:
    """`first` and `last`: weeks in which it is known to have happened; `quiet`: nothing was to be seen."""

    watch: str
    zh: str
    en: str
    first: str
    last: str
    quiet: bool = False


EVENTS = (
    Event("enterovirus", "97 年腸病毒 71 型流行", "2008, epidemic of enterovirus A71", "2008-12", "2008-32"),
    Event("ili", "98 年 H1N1 新型流感大流行", "2009, the H1N1 pandemic", "2009-30", "2009-53"),
    Event("ili", "99–100 年冬季流感", "Winter of 2010–11, influenza", "2010-48", "2011-12"),
    Event("enterovirus", "101 年腸病毒 71 型流行", "2012, epidemic of enterovirus A71", "2012-10", "2012-32"),
    Event("ili", "104–105 年冬季流感（重症多）", "Winter of 2015–16, influenza with many severe cases",
          "2016-01", "2016-16"),
    Event("ili", "106 年夏季 H3N2 流感", "Summer of 2017, influenza H3N2", "2017-18", "2017-34"),
    Event("enterovirus", "108 年秋季腸病毒", "Autumn of 2019, enterovirus", "2019-30", "2019-46"),
    Event("ili", "108–109 年冬季流感", "Winter of 2019–20, influenza", "2019-48", "2020-06"),
    Event("enterovirus", "109 年 COVID-19 防疫期間，腸病毒幾近消失",
          "2020, enterovirus all but gone under COVID-19 measures", "2020-10", "2020-40", quiet=True),
    Event("ili", "112 年春夏流感（大流行後）", "Spring and summer of 2023, influenza after the pandemic",
          "2023-05", "2023-26"),
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """`signal`: the first one shown in the span, of any place; `nation`: the first week in which the whole country lay
    above the bound of the ranking method, `peak`: its highest week; `shown`: signals shown in the span."""

    event: Event
    signal: Signal | None
    nation: str | None
    peak: str
    shown: int
    weeks: int

    @property
    def ahead(self) -> int | None:
        """Weeks from the first in which the whole country was above its bound to the peak."""
        return None if self.nation is None else self._at(self.peak) - self._at(self.nation)

    @staticmethod
    def _at(week: str) -> int:
        year, number = week.split("-")
        return int(year) * 52 + int(number)


def seen(event: Event, sweep: Sweep) -> Seen:
    """What the watch saw of an event."""
    series = sweep.series
    first, last = series.at(event.first), series.at(event.last)
    row, labels = series.row(), [str(each) for each in series.label[first : last + 1]]
    shown = [sweep.signals(label) for label in labels]
    lead = [sweep.evidence[sweep.by[row, at]].alarm[row, at] for at in range(first, last + 1)]
    above = [label for label, alarm in zip(labels, lead, strict=True) if alarm]
    peak = labels[int(np.nanargmax(series.counts[row, first : last + 1]))]
    earliest = next((found[0] for found in shown if found), None)
    return Seen(event, earliest, above[0] if above else None, peak, sum(map(len, shown)), len(labels))


def sweeps() -> dict[str, Sweep]:
    """Of the bundled series, within the budget that they share."""
    system = Catalogue.scan().systems[SYSTEM]
    made = {}
    for name, watch in system.watches.items():
        if isinstance(watch, Watch):
            made[name] = swept(watch, series_of(watch, system.own_tables[watch.table].bundled()))
    return together(made)


def table(found: Sequence[Seen]) -> str:
    """The rows as Markdown, zh-TW above English in each cell."""
    head = (
        *("事件 Event", "期間 Span", "首件訊號 First signal", "有多確定 How sure"),
        *("全國首次超過上限 Whole country above its bound", "最高週 Peak", "提早 Weeks ahead"),
        *("期間訊號 Signals in the span", "評語 Finding"),
    )
    lines = [head, ("---",) * len(head), *(_row(one) for one in found)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(one: Seen) -> tuple[str, ...]:
    event, signal = one.event, one.signal
    sure = first = "–"
    if signal is not None:
        place = BY_CODE[signal.area] if signal.area else None
        group = f" {signal.group}" if signal.group else ""
        zh, en = (place.zh, place.en) if place else ("全國", "Taiwan")
        first = f"{_week(signal.week)}：{zh}{group}<br>{en}{group}"
        able = sum(each.upper is not None for each in signal.said)
        sure = f"{signal.observed:,.0f} / {signal.expected:,.1f}；{signal.alarms}/{able}；p {_p(signal.p)}"
    return (
        f"{event.zh}<br>{event.en}",
        f"{_week(event.first)}–{_week(event.last)}",
        first,
        sure,
        _week(one.nation) if one.nation else "–",
        _week(one.peak),
        "–" if one.ahead is None or event.quiet else f"{one.ahead}",
        f"{one.shown}（{one.shown / one.weeks:.1f}）",
        "<br>".join(finding(one)),
    )


def _week(label: str) -> str:
    return label.replace("-", "W")


def _p(value: float) -> str:
    return "< 1e-6" if value < 1e-6 else f"{value:.1g}"


def finding(one: Seen) -> Iterator[str]:
    """How the watch did, in both languages."""
    if one.event.quiet:
        few = one.shown / one.weeks < 1
        yield "幾乎沒有訊號，應如此" if few else "仍有訊號：誤報"
        yield "hardly a signal, as it should be" if few else "signals all the same: false ones"
        return
    if one.ahead is None:
        yield "沒有看到：失敗" if not one.shown else "全國未看到：失敗；只有個別縣市或年齡的訊號"
        parts = "the country not seen: a failure; signals of single counties or ages only"
        yield parts if one.shown else "not seen: a failure"
    elif one.ahead <= 0:
        yield "全國到最高週才超過上限：太晚"
        yield "the country above its bound no sooner than the peak: too late"
    else:
        yield "全國在最高週以前超過上限"
        yield "the country above its bound before the peak"
    methods = 3 if one.signal is None else sum(each.upper is not None for each in one.signal.said)
    if methods < 3:
        yield f"只有 {methods} 種方法可用：過去資料不足 5 年"
        yield f"only {methods} of the methods could tell: less than five years of data"


def page(text: str, made: str) -> str:
    """The page with the table in place of the one it has."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{made}{END}{rest.split(END)[1]}"


def main() -> int:
    found = sweeps()
    text = PAGE.read_text("utf-8")
    made = page(text, "\n" + table([seen(event, found[event.watch]) for event in EVENTS]) + "\n")
    if "--check" in sys.argv:
        return int(made != text)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
