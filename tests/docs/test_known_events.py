"""The page of known events says what the bundled series say."""

import pytest

import known_events
from known_events import BEGIN, END, EVENTS, PAGE, Seen, finding, seen, table
from watch.watched import shared as sweep


def found():
    return [seen(event, sweep(event.watch)) for event in EVENTS]


def test_the_table_is_that_of_the_tool():
    rows = PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0]
    assert rows == f"\n{table(found())}\n"
    assert len(EVENTS) == 10


def test_what_was_seen_was_shown_in_that_week_and_no_sooner():
    for one in found():
        if one.signal is None:
            continue
        shown = sweep(one.event.watch)
        assert one.signal in shown.signals(one.signal.week)
        at, begin = shown.series.at(one.signal.week), shown.series.at(one.event.first)
        assert not any(shown.signals(str(label)) for label in shown.series.label[begin:at])


def test_failures_are_said():
    event = EVENTS[0]
    assert list(finding(Seen(event, None, None, "2008-24", 0, 21))) == [
        "沒有看到：失敗",
        "not seen: a failure",
    ]
    quiet = next(each for each in EVENTS if each.quiet)
    assert "signals all the same: false ones" in finding(Seen(quiet, None, None, "2020-20", 60, 31))


def test_a_page_that_says_something_else_is_found(monkeypatch, tmp_path):
    changed = tmp_path / "page.md"
    changed.write_text(PAGE.read_text("utf-8").replace("2008W", "2007W"), "utf-8")
    monkeypatch.setattr(known_events, "PAGE", changed)
    monkeypatch.setattr(known_events, "sweeps", lambda: {each.watch: sweep(each.watch) for each in EVENTS})
    monkeypatch.setattr("sys.argv", ["known_events.py", "--check"])
    assert known_events.main() == 1


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.first)
def test_a_span_lies_within_the_series(event):
    series = sweep(event.watch).series
    assert series.at(event.first) < series.at(event.last)
