"""What officers judged, against what the watch showed: fired, right, late, missed, and what similar ones were."""

import numpy as np
import pytest

from camphora.engines.watch.judged import alike, judged_of, outcome
from camphora.engines.watch.pages import judged as pages
from camphora.engines.watch.pages.asked import key_of
from camphora.engines.watch.sweep import swept
from watch.test_pages import NAME, system, watched
from watch.watched import series, sweep, watch

WEEK = "2017-25"


@pytest.fixture(scope="module")
def made():
    return sweep("ili")


@pytest.fixture(scope="module")
def shown(made):
    return [one.key for one in made.signals(WEEK)]


def test_nothing_is_judged_and_the_fired_are_counted(made):
    found = outcome(made, {})
    assert found.fired == int(made.shown.shown.sum())
    assert (found.judged, found.right, found.late, found.missed, found.share) == (0, 0, 0, 0, None)


def test_each_judgement_counts_for_what_it_is(made, shown):
    said = dict(zip(shown, ["real", "real", "artefact", "known", "watch"], strict=False))
    found = outcome(made, said)
    assert found.by == {"real": 2, "artefact": 1, "known": 1, "watch": 1}
    assert (found.judged, found.right, found.missed) == (5, 2, 0)
    assert found.share == 0.5
    assert outcome(made, {**said, shown[0]: "artefact"}).right == 1


def test_keys_of_other_watches_weeks_and_places_count_nothing(made):
    wrong = (
        "enterovirus-2017-25-tw-all",
        "ili-1999-01-tw-all",
        "ili-2017-25-99999-all",
        "x",
        "ili-2017-25-tw-z",
    )
    assert judged_of(made, dict.fromkeys(wrong, "real")) == ()
    assert judged_of(made, {"ili-2017-25-tw-all": "nonsense"}) == ()


def test_a_real_one_is_late_by_the_weeks_that_its_place_had_been_above_the_bound():
    """Found in the third week of a run: two weeks late; found in its first: not late."""
    counts = np.full((1, 60), 10.0) + np.arange(60) % 3
    counts[0, 50:54] = 60
    made = _small(counts)
    fired = np.flatnonzero(made.shown.shown[0])
    first = int(fired[fired >= 50][0])
    key = made.signal(0, first).key
    assert outcome(made, {key: "real"}).late == 0
    made.shown.shown[0, 50:52] = False
    made.shown.shown[0, 52] = True
    found = outcome(made, {made.signal(0, 52).key: "real"})
    assert made.signal(0, 52).lasted == 3
    assert (found.late, found.weeks) == (1, 2)


def test_a_real_one_that_no_week_showed_near_it_was_missed():
    counts = np.full((1, 60), 10.0) + np.arange(60) % 3
    counts[0, 50] = 60
    made = _small(counts)
    weeks = np.flatnonzero(made.shown.shown[0])
    far = next(at for at in range(20, 45) if not any(abs(at - each) <= 4 for each in weeks))
    missed = key_of("ili", str(made.series.label[far]), "", "")
    near = key_of("ili", str(made.series.label[49]), "", "")
    assert outcome(made, {missed: "real"}).missed == 1
    assert outcome(made, {missed: "artefact"}).missed == 0
    assert outcome(made, {near: "real"}).missed == 0
    assert outcome(made, {missed: "real"}).judged == 0


def _small(counts):
    from dataclasses import replace

    plain = series("ili")
    weeks = counts.shape[1]
    one = type(plain)(
        (("", ""),), np.array([-1]), counts, plain.first[:weeks], plain.label[:weeks], plain.system
    )
    budget = replace(watch("ili").budget, silence=0)
    return swept(replace(watch("ili"), methods=watch("ili").methods[1:2], budget=budget), one)


def test_a_reader_of_one_county_has_the_score_of_that_county(made, shown):
    said = dict.fromkeys(shown, "real")
    kinmen = outcome(made, said, {"09020"})
    rows = [row for row, (area, _) in enumerate(made.series.keys) if area == "09020"]
    assert kinmen.fired == int(made.shown.shown[rows].sum())
    assert kinmen.right == sum("-09020-" in key for key in shown)


def test_similar_ones_are_earlier_ones_of_the_place_or_about_as_unusual(made):
    at, row = series("ili").at(WEEK), series("ili").row("09020")
    earlier = [
        one
        for week in series("ili").label[at - 200 : at]
        for one in made.signals(str(week))
        if one.area == "09020"
    ]
    assert len(earlier) > 2
    later = [one for week in series("ili").label[at : at + 100] for one in made.signals(str(week))]
    said = {earlier[0].key: "real", earlier[1].key: "artefact", **{one.key: "known" for one in later}}
    found = alike(made, row, at, said)
    assert (found.here, found.elsewhere) == ({"real": 1, "artefact": 1}, {})
    p = made.p[row, at]
    others = [
        one
        for week in series("ili").label[:at]
        for one in made.signals(str(week))
        if one.area not in ("", "09020") and not one.group
    ]
    like = [one for one in others if max(one.p, 1e-6) <= 10 * max(p, 1e-6)]
    unlike = [one for one in others if max(one.p, 1e-6) > 10 * max(p, 1e-6)]
    assert like
    assert unlike
    found = alike(made, row, at, {like[0].key: "real", unlike[0].key: "artefact"})
    assert (found.here, found.elsewhere) == ({}, {"real": 1})


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Of 2 earlier signals like it that were judged: 1 real, 1 an artefact of the data."),
        ("zh-TW", "過去 2 件相似而已研判的訊號：真實 1、資料異常 1。"),
    ],
)
def test_the_sentence_says_what_they_turned_out_to_be(made, lang, said):
    at = series("ili").at(WEEK)
    keys = [
        one.key
        for week in series("ili").label[at - 200 : at]
        for one in made.signals(str(week))
        if one.area == "09020"
    ]
    judgements = {keys[0]: "real", keys[1]: "artefact"}
    words = system().words(lang)
    given = {"key": "ili-2017-25-09020-all", "system": NAME}
    block = pages.similar(watched(), words, given, judgements)
    assert block.paragraphs[0].startswith(said)
    none = pages.similar(watched(), words, given, {}).paragraphs[0]
    assert none == words("judged.none_alike")


def test_the_scorecard_has_the_four_figures(made, shown):
    figures, told = pages.scored(watched(), system().words("en"), {"system": NAME}, {shown[0]: "real"})
    said = {each.label: each.value for each in figures.items}
    assert list(said) == ["Fired", "Right: judged real", "Late", "Missed"]
    assert said["Right: judged real"] == "1"
    assert "Judged: 1 real." in told.paragraphs[0]
