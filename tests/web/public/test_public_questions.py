import pytest

from camphora.gate import User
from camphora.gate.bases import DAY
from camphora.gate.projects import Project
from camphora.gate.state import now
from camphora.policy import Purpose, Role
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


YEAR = 365 * DAY


@pytest.fixture(scope="module")
def officer(installation):
    """An officer of the government who belongs to one project of two, with a legal basis approved by another."""
    gate, at = installation.gate, now()
    gate.identity.add_user(User("officer", "承辦", Role.OFFICER, organisation="h1"), None)
    gate.standings.set("officer", "organisation-kind", ["government"])
    gate.projects.add(Project("diab", "糖尿病照護成效", "HRESCH", "lead", at - DAY, at + YEAR), ["officer"])
    gate.projects.add(Project("other", "另一計畫", "HRESCH", "lead", at - DAY, at + YEAR), ["somebody"])
    claim = gate.bases.apply(
        "officer",
        "statutory-duty",
        "依法辦理監察調查之統計所需",
        purposes=["GOV"],
        since=at - DAY,
        until=at + DAY,
        least_reason=4,
    )
    gate.bases.decide(claim.no, "administrator", approved=True)
    return claim


def test_only_what_a_reader_may_name_is_offered(browser, officer):
    page = browser(user="officer").get("/ask").text
    assert '<option value="GOV" selected>' in page
    assert 'value="project:diab"' in page
    assert "project:other" not in page
    assert f'value="{officer.no}">政府、司法或監察機關執行法定職務' in page
    assert "POPHLTH" not in page
    analyst = browser(user="analyst").get("/ask").text
    assert "project:" not in analyst
    assert 'name="basis"' not in analyst


def test_an_answer_names_its_use_and_basis(browser, officer, installation):
    client = browser(user="officer")
    plain = client.said("/ask?view=person&use=project:diab")
    assert "計畫：糖尿病照護成效（diab）" in plain
    assert "無；依當事人之選擇" in plain
    on_basis = client.said(f"/ask?view=person&use=GOV&basis={officer.no}")
    assert "政府施政統計" in on_basis
    assert "無；依當事人之選擇" not in on_basis
    assert installation.gate.bases.uses()[officer.no] == 1
    left = installation.store.audit.receipt(len(installation.store.audit) - 1)
    assert left["purposes"] == ["GOV"]
    assert left["basis"]


@pytest.fixture
def registered(browser, installation):
    """The analyst's basis for a biobank, which stands before nobody's choice."""
    gate, at = installation.gate, now()
    claim = gate.bases.apply(
        "analyst", "biobank-use", "生物資料庫核准之研究", purposes=["HRESCH"], since=at - DAY, until=at + DAY,
        least_reason=4,
    )  # fmt: skip
    gate.bases.decide(claim.no, "administrator", approved=True)
    yield claim
    gate.bases.end(claim.no)


def test_a_basis_that_stands_before_no_choice_is_named_with_the_choices(browser, registered):
    said = browser(user="analyst").said(f"/ask?view=person&use=HRESCH&basis={registered.no}")
    title = f"人體生物資料庫之核准利用（第 {registered.no} 號）"
    assert "無；依當事人之選擇" not in said
    assert "當事人之選擇仍適用" in said
    assert title in said or "人體生物資料庫管理條例" in said
    english = browser(user="analyst", lang="en").said(f"/ask?view=person&use=HRESCH&basis={registered.no}")
    assert "choices still apply" in english


def test_what_is_not_the_readers_is_refused(browser, officer):
    client = browser(user="officer")
    assert client.get("/ask?view=person&use=project:other").status_code == 403
    assert client.get("/ask?view=person&use=HMARKT").status_code == 400
    assert client.get(f"/ask?view=person&use=HRESCH&basis={officer.no}").status_code == 403
    assert browser(user="analyst").get(f"/ask?view=person&basis={officer.no}").status_code == 403
    assert client.get("/ask.csv?view=person&use=project:other").status_code == 403
