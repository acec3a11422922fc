import contextlib
import csv
import datetime as dt
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.formats import numerals, roc

CASES = list(csv.reader((Path(__file__).parent / "data/roc.csv").read_text("utf-8").splitlines()))[1:]
READERS = {
    "date": roc.date,
    "month": roc.month,
    "partial": roc.partial,
    "instant": roc.instant,
    "roc-date": partial(roc.date, western=False),
    "roc-month": partial(roc.month, western=False),
}
FIRST, LAST = dt.date(1862, 1, 1), dt.date(2111, 12, 31)
WIDE = {ord(half): ord(half) + 0xFEE0 for half in "0123456789/.-"}


def roc_parts(day):
    """Era and year by counting, not by the rule under test: 1912 is year 1, 1911 is the year before it."""
    years = list(range(-50, 0)) + list(range(1, 201))
    return years[day.year - 1862]


@pytest.mark.parametrize(("reader", "text", "wanted", "_why"), CASES)
def test_every_case_of_the_table_holds(reader, text, wanted, _why):
    if wanted.startswith("formats-"):
        with pytest.raises(Invalid) as error:
            READERS[reader](text)
        assert error.value.code == wanted
    else:
        assert READERS[reader](text) == wanted


def test_every_day_from_fifty_before_to_two_hundred_goes_out_and_comes_back():
    for number in range(FIRST.toordinal(), LAST.toordinal() + 1):
        day = dt.date.fromordinal(number)
        iso, year = day.isoformat(), roc_parts(day)
        assert roc.compact(iso) == f"{'-' * (year < 0)}{abs(year):03d}{day.month:02d}{day.day:02d}"
        assert roc.date(roc.compact(iso)) == iso


@given(st.dates(FIRST, LAST))
def test_every_written_form_is_read_as_the_same_day(day):
    year = roc_parts(day)
    before, count = "民前" if year < 0 else "民國", abs(year)
    forms = [
        roc.slashed(day.isoformat()), roc.slashed(day.isoformat()).translate(WIDE), roc.spoken(day.isoformat()),
        f"{before}{count}年{day.month}月{day.day}日", f"{before} {count} 年 {day.month} 月 {day.day} 日",
        f"{before}{numerals.words(count)}年{numerals.words(day.month)}月{numerals.words(day.day)}日",
        roc.compact(day.isoformat()).translate(WIDE),
    ]  # fmt: skip
    assert {roc.date(form) for form in forms} == {day.isoformat()}


@given(st.dates(FIRST, LAST), st.times())
def test_every_instant_goes_out_and_comes_back(day, clock):
    iso = dt.datetime.combine(day, clock.replace(microsecond=0), roc.TAIWAN).isoformat()
    assert roc.instant(roc.compact(iso)) == iso


def test_an_instant_of_another_zone_is_written_on_taiwans_clock():
    assert (
        roc.compact("2024-03-14T20:00:00+00:00")
        == roc.compact("2024-03-15T04:00:00+08:00")
        == "1130315040000"
    )


@given(st.text(max_size=16), st.sampled_from(sorted(READERS)))
def test_any_text_is_read_as_iso_or_refused(text, reader):
    with contextlib.suppress(Invalid):
        assert READERS[reader](text)[4:5] in {"", "-"}


@given(st.from_regex(r"[0-9]{7}", fullmatch=True))
def test_seven_digits_are_a_day_exactly_if_the_calendar_has_it(text):
    year, month, day = int(text[:3]), int(text[3:5]), int(text[5:])
    try:
        wanted = dt.date(year + 1911, month, day).isoformat() if year else None
    except ValueError:
        wanted = None
    if wanted is None or year > 200:
        with pytest.raises(Invalid):
            roc.date(text)
    else:
        assert roc.date(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "  ", "0000000", "00000", "000/00/00", "０００００００", "　", "0000000000000"]
)
def test_noughts_and_blanks_say_that_nothing_is_given(text):
    assert not roc.given(text)
    assert roc.given("1130315")


def test_before_year_one_is_spoken_so():
    assert roc.spoken("1911-05-03") == "民前 1 年 5 月 3 日"


@given(st.integers(0, 9999))
def test_numerals_are_written_and_read_back(number):
    assert numerals.value(numerals.words(number)) == number
    digits = "".join("〇一二三四五六七八九"[int(sign)] for sign in str(number))
    assert numerals.value(digits) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [("十", 10), ("十一", 11), ("二十", 20), ("廿三", 23), ("卅一", 31), ("一百零三", 103), ("一百一十", 110),
     ("一百十", 110), ("壹佰貳拾", 120), ("兩百", 200), ("三千零五", 3005), ("十十", None), ("二三十", None),
     ("", None)],
)  # fmt: skip
def test_numerals_count_as_people_count(text, value):
    assert numerals.value(text) == value
