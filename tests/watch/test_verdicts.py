"""What a count is said to be, where nothing was expected and where nothing came."""

from dataclasses import replace

import numpy as np
import pytest

from camphora.engines.watch.pages import PAGES
from camphora.engines.watch.pages.asked import Count
from camphora.engines.watch.sweep import swept
from camphora.engines.watch.watching import Watched
from camphora.pages import Figures
from watch.test_pages import block, system
from watch.watched import series, watch


@pytest.mark.parametrize(
    ("count", "verdict"),
    [
        (Count(None, 3, 5), "unknown"),
        (Count(3, None, None), "unknown"),
        (Count(6, 3, 5), "above"),
        (Count(5, 3, 5), "within"),
        (Count(1, 0, 0), "first"),
        (Count(0, 0, 0), "within"),
        (Count(0, 17, 30), "late"),
        (Count(0, 5, 9), "late"),
        (Count(0, 4.9, 9), "within"),
        (Count(1, 17, 30), "within"),
        (Count(1, 0.2, 0), "above"),
    ],
)
def test_a_verdict(count, verdict):
    assert count.verdict == verdict
    assert count.above is (verdict == "above")


def opened(area, group, last, past=None):
    """The page of one series whose last count, and those before it, are these."""
    made = series("ili")
    counts = made.counts.copy()
    row = made.row(area, group)
    if past is not None:
        counts[row, :-1] = past
    counts[row, -1] = last
    found = Watched(watch("ili"), replace(made, counts=counts), "2023-07-01", {"zh-TW": "x", "en": "x"}, "d")
    found.take(swept(watch("ili"), found.series))
    asked = {"area": area, "group": group, "system": "x"}
    return {lang: PAGES["series"]({"ili": found}, system().words(lang), asked) for lang in ("zh-TW", "en")}


def test_first_cases_are_not_above_what_cannot_be_known():
    views = opened("09007", "65+", 9, past=0)
    tones = {
        lang: {(each.value, each.tone) for each in block(view, Figures).items} for lang, view in views.items()
    }
    assert ("首見病例，原無預期", "notice") in tones["zh-TW"]
    assert ("first cases, none expected", "notice") in tones["en"]
    assert "nothing says how many would be usual" in views["en"].lead
    assert "expected" not in views["en"].lead.split("nothing says")[0]


def test_none_where_many_are_expected_is_perhaps_not_reported():
    counts = series("ili").counts[series("ili").row("09007", "")]
    assert np.nanmean(counts[-52:]) > 5
    views = opened("09007", "", 0)
    assert "可能是尚未通報" in views["zh-TW"].lead
    assert "not reported yet" in views["en"].lead
    assert "none, perhaps not reported yet" in {each.value for each in block(views["en"], Figures).items}
