"""Decisions explained and legal bases: who may, what is told, what never is."""

import re
from datetime import timedelta

import pytest

from camphora.gate import User
from camphora.policy import Policy, Role
from camphora.web.reading.plain import today

SENSITIVE = "憂鬱症"


def explain(browser, record, reader="clinician", purpose="TREAT", **more):
    return browser.get(
        "/gate/explain", params={"reader": reader, "purpose": purpose, "record": record, **more}
    )


def said(answer):
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", re.search(r"<main.*</main>", answer.text, re.DOTALL)[0])
    )


@pytest.mark.parametrize(
    ("lang", "word"), [("zh-TW", "照護依法准許"), ("en", "care is permitted by statute")]
)
def test_a_permit_is_explained_with_its_law(world, lang, word):
    record = f"Condition/{world.one('Condition')['id']}"
    text = said(explain(world.browser("keeper", lang), record))
    assert word in text
    assert ("醫療法第67條" if lang == "zh-TW" else "Medical Care Act, Art. 67") in text


def test_the_codes_of_use_are_offered_by_their_names(world):
    text = world.browser("keeper").get("/gate/explain").text
    assert 'list="f-purpose-list"' in text
    assert re.search(r'<option value="TREAT">[^<]*照護</option>', text)


def test_a_refusal_names_the_choice_and_its_provision_and_no_content(fresh):
    record = fresh.one("Condition", ("code", "F32.A"))["id"]
    fresh.browser("citizen").submit("/me/choices/close", label="PSY")
    answer = explain(fresh.browser("keeper"), f"Condition/{record}")
    text = said(answer)
    assert "當事人關閉了這一部分" in text
    whom = fresh.installation.store.whom(fresh.access("citizen"), fresh.cast.citizen)
    closing = next(each["id"] for each in whom.consents if "securityLabel" in each["provision"])
    assert closing in text
    for secret in (SENSITIVE, "F32", "PSY", "林美玉"):
        assert secret not in answer.text


def test_the_restriction_of_one_hospital_is_told_of_it_alone(fresh):
    record = f"Condition/{fresh.one('Condition')['id']}"
    fresh.browser("citizen").submit("/me/choices/restrict", organisation=fresh.cast.hospital)
    keeper = fresh.browser("keeper")
    assert "當事人限制了這個查閱者或機構" in said(explain(keeper, record))
    assert "照護依法准許" in said(explain(keeper, record, reader="other"))


def test_an_explanation_leaves_a_receipt_that_she_sees(fresh):
    record = f"Condition/{fresh.one('Condition')['id']}"
    number = re.search(r"存證第 (\d+) 號", said(explain(fresh.browser("keeper"), record)))[1]
    assert fresh.installation.store.audit.receipt(int(number))["act"] == "explain"
    assert "管理者查看決定的說明，未看病歷內容" in fresh.browser("citizen").words("/me/looked")


def test_secondary_use_names_the_sets_that_a_query_leaves_out(world):
    record = f"Condition/{world.one('Condition')['id']}"
    assert "stopped:secondary" in said(explain(world.browser("keeper"), record, "analyst", "HRESCH"))


def test_a_claimed_basis_is_weighed_and_not_used(fresh):
    """Noted where it does not stand above choices; only the reader's own, and only for what it was applied for."""
    record = f"Condition/{fresh.one('Condition')['id']}"
    application(fresh)
    keeper = fresh.browser("keeper")
    waiting = said(explain(keeper, record, claim=1))
    assert "basis-noted" not in waiting
    keeper.submit("/bases/decide", number="1", verdict="approve")
    assert "basis-noted" in said(explain(keeper, record, claim=1))
    assert "medical-care-referral" in said(explain(keeper, record, claim=1))
    assert explain(keeper, record, reader="other", claim=1).status_code == 404
    assert explain(keeper, record, purpose="ETREAT", claim=1).status_code == 403
    assert explain(keeper, record, claim=9).status_code == 404
    assert fresh.installation.gate.bases.uses() == {}


def test_the_sets_are_told_with_the_version_of_the_choices(fresh):
    record = f"Condition/{fresh.one('Condition')['id']}"
    version = fresh.installation.store.last_change()
    assert f"closed:care {version:,}" in said(explain(fresh.browser("keeper"), record))


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"record": "Condition/nobody"}, 404), ({"record": "Nonsense/x"}, 400), ({"record": "Condition"}, 400),
        ({"reader": "nobody"}, 404), ({"purpose": "NOSUCH"}, 400), ({"at": "soon"}, 400), ({"at": "2026-01-01"}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_said(world, given, status):
    asked = {"record": f"Condition/{world.one('Condition')['id']}", **given}
    answer = explain(world.browser("keeper"), **asked)
    assert answer.status_code == status
    assert "<form" in answer.text


@pytest.mark.parametrize("name", ["clinician", "analyst", "keeper"])
def test_who_applies_for_a_basis_finds_the_page(world, name):
    assert 'href="/bases"' in world.browser(name).get("/").text


@pytest.mark.parametrize("name", ["clinician", "citizen", "analyst", "pharmacist"])
def test_only_an_administrator_asks(world, name):
    assert explain(world.browser(name), "Condition/x").status_code == 403


def application(world, lang="zh-TW", **changes):
    given = {
        "basis": "medical-care-referral", "purpose": "TREAT", "category": "", "since": today().isoformat(),
        "until": (today() + timedelta(days=5)).isoformat(), "reason": "轉診至他院，依法提供病歷摘要",
    }  # fmt: skip
    return world.browser("clinician", lang).submit("/bases", **(given | changes))


def test_a_basis_is_applied_for_approved_used_and_ended(fresh):
    assert "申請已送出" in application(fresh).text
    keeper, clinician, person = fresh.browser("keeper"), fresh.browser("clinician"), fresh.cast.citizen
    assert clinician.get(f"/patients/{person}?basis=1").status_code == 403
    assert "轉診提供病歷摘要" in keeper.words("/bases")
    keeper.submit("/bases/decide", number="1", verdict="approve")
    assert "生效中" in clinician.words("/bases")
    assert clinician.get(f"/patients/{person}?basis=1").status_code == 200
    assert fresh.browser("other").get(f"/patients/{person}?basis=1").status_code == 403
    looks = fresh.installation.store.looks(fresh.access("citizen"), person, 50)
    assert "medical-care-referral" in {look.basis for look in looks}
    assert fresh.installation.gate.bases.uses()[1] > 0
    clinician.submit("/bases/end", number="1")
    assert clinician.get(f"/patients/{person}?basis=1").status_code == 403


def test_only_those_who_approve_decide(fresh):
    application(fresh)
    for name in ("clinician", "other", "analyst"):
        assert fresh.browser(name).submit("/bases/decide", number="1", verdict="approve").status_code == 403
    assert fresh.browser("other").submit("/bases/end", number="1").status_code == 403
    assert "轉診提供病歷摘要" not in fresh.browser("other").get("/bases").text.partition("全部申請")[2]
    assert fresh.browser("citizen").get("/bases").status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"basis": "statutory-duty"}, {"basis": "none"}, {"purpose": "HRESCH"}, {"category": "none"}, {"since": "soon"},
     {"until": "2020-01-01"}, {"reason": "急"}],
)  # fmt: skip
def test_an_application_that_cannot_be_keeps_what_was_typed(fresh, changes):
    answer = application(fresh, **changes)
    assert answer.status_code == 400
    assert fresh.installation.gate.bases.all() == []
    if "reason" not in changes:
        assert "轉診至他院，依法提供病歷摘要" in answer.text


@pytest.mark.parametrize("until", ["9999-12-31", "9999-01-01"])
def test_a_period_that_is_too_long_is_called_so(fresh, until):
    assert "366 日" in said(application(fresh, until=until))
    assert "366 days" in said(application(fresh, since="9999-12-31", until=until, lang="en"))


def test_only_what_role_and_kind_of_institution_may_use_is_offered(fresh):
    gate = fresh.installation.gate
    gate.identity.add_user(User("bureau", "衛生局", Role.OFFICER), None)
    browser = fresh.browser("bureau")
    assert "statutory-duty" not in browser.get("/bases").text
    assert "data-protection-duty" in browser.get("/bases").text
    given = {
        "basis": "statutory-duty", "purpose": "GOV", "category": "", "since": today().isoformat(),
        "until": today().isoformat(), "reason": "依法執行監察職務之所需",
    }  # fmt: skip
    assert browser.submit("/bases", **given).status_code == 400
    gate.standings.set("bureau", "organisation-kind", ["government"])
    assert "statutory-duty" in browser.get("/bases").text
    assert "申請已送出" in browser.submit("/bases", **given).text


def _unoffered(browser, query=""):
    """What the page says of the bases that are not offered, row by row."""
    page = browser.get(f"/bases{query}").text.partition('id="table-not-offered')[2]
    return [re.sub(r"<[^>]+>", " ", row) for row in page.partition("</table>")[0].split("<tr")[2:]]


def test_why_a_basis_is_not_offered_is_said_by_the_reasons_of_the_decision(fresh):
    """Of the role, of the kind of institution; what may be applied for is not among them."""
    gate = fresh.installation.gate
    gate.identity.add_user(User("bureau", "衛生局", Role.OFFICER), None)
    duty = Policy.taiwan().bases["statutory-duty"].title
    rows = _unoffered(fresh.browser("bureau"))
    (told,) = (row for row in rows if duty["zh-TW"] in row)
    assert "不及於此身分、機構" in told
    assert "限政府機關；您的帳號：未登記機構種類" in told
    (told,) = (row for row in rows if "轉診提供病歷摘要" in row)
    assert "限醫師；您是公共衛生人員" in told
    assert "政府機關" not in told
    gate.standings.set("bureau", "organisation-kind", ["government"])
    assert not any(duty["zh-TW"] in row for row in _unoffered(fresh.browser("bureau")))
    (told,) = (row for row in _unoffered(fresh.browser("clinician"), "?lang=en") if duty["en"] in row)
    assert "only public-health officer; you are clinician" in told.casefold()


def test_why_an_application_cannot_be_used_is_said_by_the_reasons_of_the_decision(fresh):
    clinician, keeper = fresh.browser("clinician"), fresh.browser("keeper")
    application(fresh)

    def why():
        return re.sub(
            r"<[^>]+>", " ", clinician.get("/bases").text.partition("全部申請")[2].partition("</table>")[0]
        )

    assert "未經他人核准，不予採計" in why()
    keeper.submit("/bases/decide", number="1", verdict="approve")
    assert "不予採計" not in why()
    clinician.submit("/bases/end", number="1")
    assert "不在其期間內，不予採計" in why()


@pytest.mark.parametrize(("lang", "told"), [("zh-TW", "一律以現在的為準"), ("en", "are those of now")])
def test_an_explanation_of_another_moment_says_that_only_the_time_moves(world, lang, told):
    record, keeper = f"Condition/{world.one('Condition')['id']}", world.browser("keeper", lang)
    assert told in said(explain(keeper, record, at="2026-01-05T09:00:00+08:00"))
    assert told not in said(explain(keeper, record))
