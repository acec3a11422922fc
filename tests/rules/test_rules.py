import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Faults, NotFound
from camphora.rules import Rule, Rules

HEAD = "name,level,value,unit,valid_from,valid_to,source,source_date,note\n"
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2020, 3, 31))
SPANS = st.tuples(DAYS, st.none() | DAYS).filter(lambda span: span[1] is None or span[0] <= span[1])


def load(tmp_path, *lines):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "\n".join(lines), "utf-8")
    return Rules.load(path)


def rule(number, span):
    return Rule("r", {}, Decimal(number), "", *span, "law")


def days_of(span):
    last = span[1] or dt.date(2020, 12, 31)
    return {span[0] + dt.timedelta(days=n) for n in range((last - span[0]).days + 1)}


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_overlaps_are_refused_exactly_when_two_rows_share_a_day(spans):
    share = sum(len(days_of(span)) for span in spans) != len(set().union(*map(days_of, spans)))
    rules = [rule(number, span) for number, span in enumerate(spans)]
    if share:
        with pytest.raises(Faults, match="rules-overlap"):
            Rules(rules)
    else:
        assert len(list(Rules(rules))) == len(spans)


@given(st.lists(SPANS, min_size=1, max_size=4), DAYS)
def test_the_figure_of_a_day_is_that_of_the_row_which_holds_it(spans, day):
    try:
        rules = Rules([rule(number, span) for number, span in enumerate(spans)])
    except Faults:
        return
    expected = [number for number, span in enumerate(spans) if day in days_of(span)]
    found = rules.on(day).find("r")
    assert [found.value] == expected if expected else found is None


def test_first_and_last_day_are_in_force(tmp_path):
    rules = load(tmp_path, "r,A,6,,2024-03-01,2024-12-31,law,,", "r,A,5,,2025-01-01,,law,,")
    days = ("2024-03-01", "2024-12-31", "2025-01-01", "2099-01-01")
    assert [rules.on(day).value("r", level="A") for day in days] == [6, 6, 5, 5]


def test_a_gap_and_an_unknown_name_say_what_was_asked(tmp_path):
    rules = load(tmp_path, "r,A,6,,2024-03-01,,law,,")
    with pytest.raises(NotFound, match="rules-none-in-force") as gap:
        rules.on("2024-02-29").value("r", level="A")
    assert "2024-02-29" in gap.value.text("zh-TW")
    assert "level=A" in gap.value.text("zh-TW")
    with pytest.raises(NotFound, match="rules-unknown"):
        rules.on("2024-03-01").value("r", level="B")


def test_strata_may_overlap_in_time(tmp_path):
    rules = load(tmp_path, "r,A,6,,2024-03-01,,law,,", "r,B,7,,2024-03-01,,law,,", "r,,8,,2024-03-01,,law,,")
    asked = rules.on("2024-03-01")
    assert [asked.value("r", level="A"), asked.value("r", level="B"), asked.value("r")] == [6, 7, 8]


def test_every_bad_row_is_reported_with_its_line(tmp_path):
    lines = [
        "r,A,six,,2024-03-01,,law,,",
        "r,B,6,,soon,,law,,",
        "r,C,6,,2024-03-01,2024-02-01,law,,",
        "r,D,6",
    ]
    with pytest.raises(Faults) as error:
        load(tmp_path, *lines)
    assert [(fault.code, fault.place.line) for fault in error.value.faults] == [
        ("rules-value", 2),
        ("rules-dates", 3),
        ("rules-dates", 4),
        ("rules-row", 5),
    ]


def test_missing_columns_are_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,value\nr,1\n", "utf-8")
    with pytest.raises(Faults) as error:
        Rules.load(path)
    assert "valid_from" in {fault.facts["column"] for fault in error.value.faults}


def test_a_rule_carries_its_source_and_its_row(tmp_path):
    (found,) = load(tmp_path, "r,A,6.50,比,2024-03-01,,衛福部,2024-01-26,三班")
    assert (found.value, found.source_date, found.place.line) == (Decimal("6.5"), dt.date(2024, 1, 26), 2)
