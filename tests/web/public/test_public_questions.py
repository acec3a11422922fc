import pytest

from camphora.policy import Purpose
from camphora.policy.choices import STOPPED


def test_nobody_asks_without_signing_in(browser):
    answer = browser().get("/ask")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("user", ["clinician", "administrator"])
def test_other_roles_are_refused(browser, user):
    assert browser(user=user).get("/ask").status_code == 403


def test_an_answer_is_rounded_and_says_who_is_not_counted(browser):
    analyst = browser(user="analyst")
    said = analyst.said("/ask?view=person&measure=persons&by=sex")
    rows = analyst.get("/ask.json?view=person&by=sex").json()["rows"]
    assert "已停止特定目的外利用者之資料未納入" in said
    assert {row["sex"] for row in rows} == {"女", "男"}
    assert all(row["figure"] % 5 == 0 for row in rows)
    assert "合成資料" in said


def test_small_cells_are_withheld_on_page_and_in_files(browser):
    analyst = browser(user="analyst")
    rows = analyst.get("/ask.json?view=condition&by=county&then=code&sex=male").json()["rows"]
    held = [row for row in rows if row["figure"] is None]
    assert held
    assert all(row["figure"] is None or row["figure"] >= 10 for row in rows)
    assert "不予顯示" in analyst.said("/ask?view=condition&by=county&then=code&sex=male")


def test_the_same_question_has_the_same_answer_and_two_receipts(browser, installation):
    analyst, before = browser(user="analyst"), len(installation.store.audit)
    path = "/ask.csv?view=encounter&measure=rows&by=year"
    assert analyst.get(path).content == analyst.get(path).content
    assert len(installation.store.audit) == before + 2
    assert installation.store.audit.receipt(before)["purpose"] == Purpose.SECONDARY


def test_a_name_means_the_codes_that_bear_it(browser):
    said = browser(user="analyst").said("/ask?view=condition&code=第二型糖尿病")
    assert "E11.9 第二型糖尿病" in said


def test_a_mean_of_one_measurement_is_given(browser):
    said = browser("en", "analyst").said("/ask?view=observation&measure=mean&code=8480-6&by=sex")
    assert "Mean" in said
    assert "Female" in said


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("view=nope", "web-question-choice"),
        ("view=person&by=nope", "web-question-choice"),
        ("view=person&since=2024", "web-question-no-date"),
        ("view=condition&since=108", "web-question-year"),
        ("view=person&code=I10", "web-question-no-code"),
        ("view=person&by=year", "web-question-no-date"),
        ("view=person&by=sex&then=sex", "web-question-twice"),
        ("view=condition&measure=mean", "web-question-mean"),
        ("view=condition&code=沒有這種病", "web-question-code-unknown"),
    ],
)
def test_a_wrong_question_is_refused_in_words(browser, installation, query, code):
    before = len(installation.store.audit)
    assert code in browser(user="analyst").said(f"/ask?{query}", 400)
    assert len(installation.store.audit) == before


def test_a_file_without_a_question_is_refused(browser):
    assert "web-question-empty" in browser(user="analyst").said("/ask.csv", 400)


def test_operation_shows_totals_to_the_administrator_only(browser, installation):
    said = browser(user="administrator").said("/operation")
    assert f"{installation.store.counts()['Patient']:,}" in said
    assert f"{installation.store.last_change():,}" in said
    assert browser(user="analyst").get("/operation").status_code == 403
    assert STOPPED not in said
