"""The law's clock from dated rows."""

from datetime import date

import pytest

from camphora.formats.line_list.fields import diseases
from camphora.policy.labels import NOTIFIABLE, mask_of
from camphora.policy.labels import Rules as Labels
from camphora.rules import Rules
from camphora.work.notifying import clock, rules

DAY = date(2026, 10, 19)


@pytest.mark.parametrize(
    ("code", "category", "hours", "due"),
    [
        ("A20.9", 1, 24, date(2026, 10, 20)),
        ("A90", 2, 24, date(2026, 10, 20)),
        ("A01.00", 2, 24, date(2026, 10, 20)),
        ("A37.90", 3, 168, date(2026, 10, 26)),
        ("A27.9", 4, None, None),
    ],
)
def test_a_disease_has_its_clock(code, category, hours, due):
    found = clock(code, DAY)
    assert (found.category, found.hours, found.due) == (category, hours, due)
    assert "確認" in found.note
    assert found.source


def test_what_the_rows_do_not_say_is_not_guessed():
    assert clock("F32.9", DAY) is None
    assert clock("A", DAY) is None
    assert clock("A90", date(2000, 1, 1)) is None


@pytest.mark.parametrize(
    ("notified", "today", "state"),
    [
        (date(2026, 10, 20), DAY, "in-time"),
        (date(2026, 10, 21), DAY, "late"),
        (None, date(2026, 10, 20), "open"),
        (None, date(2026, 10, 21), "overdue"),
    ],
)
def test_a_notification_is_in_time_or_late(notified, today, state):
    assert clock("A90", DAY).state(notified, today) == state
    assert clock("A27.9", DAY).state(notified, today) is None


def test_a_law_that_changes_holds_from_its_day(tmp_path):
    head = "name,disease,category,value,unit,valid_from,valid_to,source,source_date,note\n"
    rows = (
        "category,A90,,3,類,2020-01-01,2026-10-18,s,,\ncategory,A90,,2,類,2026-10-19,,s,,\n"
        "report_hours,,2,24,小時,2020-01-01,,s,,\nreport_hours,,3,168,小時,2020-01-01,,s,,\n"
    )
    (tmp_path / "r.csv").write_text(head + rows, "utf-8")
    known = Rules.load(tmp_path / "r.csv")
    assert [clock("A90", day, known).hours for day in (date(2026, 10, 18), DAY)] == [168, 24]


def test_every_row_is_of_a_disease_that_the_policy_calls_notifiable():
    labels = Labels.bundled()
    for rule in rules():
        if rule.name == "category":
            code = rule.strata["disease"]
            coding = [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]
            found = labels.of({"resourceType": "Condition", "code": {"coding": coding}})
            below = [one.code for one in diseases().values() if one.code.startswith(code)]
            assert mask_of((), found) & NOTIFIABLE or below, code
        assert rule.source
        assert "確認" in rule.note
