"""The situation room: what its table of feeds says of the last load, and of a feed that has stopped."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from camphora.engines.watch.series import changed
from camphora.engines.watch.watching import Edition, Watched
from camphora.pages import Table
from camphora.web.freshness import with_freshness
from camphora.web.site import handlers_words
from watch.test_pages import block, system
from watch.watched import rows, series, sweep, watch

WEEK = "2015-30"


def room(one, lang="en"):
    shown = system().view(
        system().page("room"), {}, lang, {"week": WEEK, "watch": "dengue_weekly"}, {"dengue_weekly": one}
    )
    return shown, block(shown, Table, "fresh").rows[0]


def dengue(*editions):
    source = {"zh-TW": "x", "en": "x"}
    known = [Edition(str(number), lambda each=each: each) for number, each in enumerate(editions)]
    one = Watched(
        watch("dengue_weekly"),
        series("dengue_weekly"),
        "2015-12-31",
        source,
        "d",
        tuple(known),
        beforehand=False,
    )
    one.take(sweep("dengue_weekly"))
    return one


def earlier(number):
    """The rows as they stood when so many of them were still to be corrected."""
    found = [dict(each) for each in rows("dengue_weekly")]
    for row in found[:number]:
        row["cases"] += 1
    return found


def test_the_first_edition_has_nothing_to_be_held_against():
    assert room(dengue(rows("dengue_weekly")))[1]["last"] == "edition 1"


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "past counts unchanged"), (1, "changed 1 past count"), (3, "changed 3 past counts")],
)
def test_a_load_that_changed_its_history_is_told_of(number, said):
    one = dengue(earlier(number), rows("dengue_weekly"))
    one._revised.waited(one._changes)
    assert room(one)[1]["last"] == f"edition 2: {said}"


def test_what_is_new_is_no_change_and_sums_do_not_count():
    whole = series("ili")
    cut = replace(whole, counts=whole.counts[:, :-5], first=whole.first[:-5], label=whole.label[:-5])
    assert changed(cut, whole) == 0
    counts = cut.counts.copy()
    at = whole.row("65000", "0-6")
    counts[[at, whole.row("65000"), whole.row("")], 200] += 1
    assert changed(replace(cut, counts=counts), whole) == 1
    counts[at, 200] = np.nan
    assert changed(replace(cut, counts=counts), whole) == 1


def test_a_stopped_feed_is_not_said_to_come_weekly():
    one = replace(dengue(rows("dengue_weekly")), as_of="2015-05-01")
    shown, row = room(one)
    assert (row["as_of"], row["state"]) == ("1 May 2015", "source ended")
    told = with_freshness(shown, handlers_words("en"), {"dengue_weekly": one}, {}, date(2015, 7, 1))
    assert block(told, Table, "fresh").rows[0]["state"] == "nothing new for over 21 days"
    assert block(told, Table, "fresh").rows[0]["tone"] == "alert"
    fresh = with_freshness(shown, handlers_words("en"), {"dengue_weekly": one}, {}, date(2015, 5, 9))
    assert block(fresh, Table, "fresh").rows[0]["state"] == row["state"]
