import re
from datetime import timedelta

import orjson
import pytest

from builders import NOW
from camphora.gate.projects import Project
from camphora.policy import Purpose
from camphora.policy.choices import agree_to_project, close_part, ended, restrict, stop_secondary_use
from camphora.policy.labels import Rules
from camphora.web.reading.plain import today

SENSITIVE = "憂鬱症"


def open_rows(world):
    return world.installation.lake.open_rows_of(world.cast.citizen, world.access("citizen"))


def end_links(browser, path="/me/choices"):
    return re.findall(r"/me/choices/end\?consent=([\w.-]+)", browser.get(path).text)


def test_stopping_secondary_use_leaves_no_row_open_and_her_page_says_so(fresh):
    browser = fresh.browser("citizen")
    assert sum(open_rows(fresh).values()) > 100
    assert "立即為 0 筆" in browser.words("/me/choices/stop")
    answer = browser.submit("/me/choices/stop")
    assert "現有 0 筆可供利用" in answer.text
    assert set(open_rows(fresh).values()) == {0}
    assert "已停止（全部）" in browser.words("/me")


def test_resuming_opens_every_row_again(fresh):
    browser, before = fresh.browser("citizen"), open_rows(fresh)
    browser.submit("/me/choices/stop")
    answer = browser.submit("/me/choices/end", consent=end_links(browser)[0])
    assert "已恢復特定目的外利用" in answer.text
    assert open_rows(fresh) == before


def test_stopping_twice_writes_one_choice(fresh):
    browser = fresh.browser("citizen")
    browser.submit("/me/choices/stop")
    browser.submit("/me/choices/stop")
    assert len(end_links(browser)) == 1


def test_a_restricted_hospital_finds_her_no_more_at_the_very_next_request(fresh):
    citizen, clinician = fresh.browser("citizen"), fresh.browser("clinician")
    path = f"/patients/{fresh.cast.citizen}"
    assert clinician.get(path).status_code == 200
    assert "成功大學" in citizen.words(f"/me/choices/restrict?organisation={fresh.cast.hospital}")
    citizen.submit("/me/choices/restrict", organisation=fresh.cast.hospital)
    assert clinician.get(path).status_code == 404
    assert fresh.browser("other").get(path).status_code == 200
    citizen.submit("/me/choices/end", consent=end_links(citizen)[0])
    assert clinician.get(path).status_code == 200


def test_a_hospital_is_found_by_a_part_of_its_name(world):
    browser = world.browser("citizen")
    assert "國立成功大學醫學院附設醫院" in browser.words("/me/choices/restrict?q=成功大學")
    assert "找不到" in browser.words("/me/choices/restrict?q=沒有這家")


def test_an_institution_that_does_not_exist_cannot_be_restricted(world):
    assert world.browser("citizen").submit("/me/choices/restrict", organisation="nowhere").status_code == 404


def test_a_closed_part_is_named_and_its_content_is_not_shown(fresh):
    citizen, clinician = fresh.browser("citizen"), fresh.browser("clinician")
    path = f"/patients/{fresh.cast.citizen}"
    assert SENSITIVE in clinician.words(path)
    citizen.submit("/me/choices/close", label="PSY")
    said = clinician.words(path)
    assert SENSITIVE not in said
    assert "精神科" not in said
    assert "部分資料依法或依當事人意願未顯示" in said
    assert SENSITIVE in citizen.words("/me")


def test_opening_the_part_again_shows_it(fresh):
    citizen = fresh.browser("citizen")
    citizen.submit("/me/choices/close", label="PSY")
    citizen.submit("/me/choices/end", consent=end_links(citizen)[0])
    said = fresh.browser("clinician").words(f"/patients/{fresh.cast.citizen}")
    assert SENSITIVE in said
    assert "未顯示" not in said.split("目前用藥")[0]


def test_a_closed_record_looks_like_one_that_never_was(fresh):
    sensitive = fresh.one("Condition", ("code", "F32.A"))["id"]
    fresh.browser("citizen").submit("/me/choices/close", label="PSY")
    clinician = fresh.browser("clinician")
    for view in ("readable", "timeline", "table", "json"):
        hidden = clinician.get(f"/records/Condition/{sensitive}?as={view}")
        absent = clinician.get(f"/records/Condition/nobody?as={view}")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.text.replace(sensitive, "nobody") == absent.text


@pytest.mark.parametrize(("lang", "name"), [("zh-TW", "性傳染病"), ("en", "Sexually transmitted disease")])
def test_every_category_that_rules_find_is_offered(world, lang, name):
    """Syphilis is STD and not SEX, Z-codes of contraception SEX and not STD: each is closed by itself."""
    offered = world.browser("citizen", lang).get("/me/choices/close").text
    assert name in offered
    by_rule = {row.labels[0] for row in Rules.bundled().rows if row.labels}
    assert by_rule == set(re.findall(r"<input[^>]*value=\"([A-Z]{3,4})\"", offered))


def test_a_closed_disease_of_the_category_is_not_shown(fresh):
    coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "a51.0", "display": "初期生殖器梅毒"}
    about = {"reference": f"Patient/{fresh.cast.citizen}"}
    fresh.write(
        {"resourceType": "Condition", "id": "syphilis", "subject": about, "code": {"coding": [coding]}}
    )
    clinician = fresh.browser("clinician")
    assert clinician.get("/records/Condition/syphilis").status_code == 200
    fresh.browser("citizen").submit("/me/choices/close", label="STD")
    assert clinician.get("/records/Condition/syphilis").status_code == 404


@pytest.mark.parametrize(
    ("lang", "said"), [("zh-TW", "只以文字寫下者不會因此關閉"), ("en", "written in words alone")]
)
def test_who_closes_a_category_is_told_by_what_its_records_are_found(world, lang, said):
    browser = world.browser("citizen", lang)
    assert said in browser.words("/me/choices/close")
    assert said in browser.words("/me/choices/close?label=STD")
    visit = world.one("Encounter")["id"]
    assert said not in browser.words(f"/me/choices/close?record=Encounter/{visit}")


def test_a_label_that_is_not_offered_is_refused(world):
    assert world.browser("citizen").submit("/me/choices/close", label="XYZ").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/me/choices/stop", "/me/choices/restrict", "/me/choices/close", "/me/choices/end", "/me/family/let-in"],
)
def test_a_form_without_its_token_changes_nothing(world, path):
    browser, before = world.browser("citizen"), open_rows(world)
    given = {
        "organisation": world.cast.hospital,
        "label": "PSY",
        "consent": "agreed",
        "account": "father",
        "until": "2090-01-01",
    }
    for csrf in ("", "x" * 43):
        assert browser.post(path, data={"csrf": csrf, **given}).status_code == 403
    assert open_rows(world) == before
    assert len(end_links(browser) + end_links(browser, "/me/family")) == 1


def test_nobody_ends_the_choice_of_another_person(world):
    for name in ("relative", "father"):
        assert world.browser(name).submit("/me/choices/end", consent="agreed").status_code == 404
    assert world.browser("relative").get(f"/family/{world.cast.citizen}").status_code == 200


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
@pytest.mark.parametrize("path", ["stop", "close", "restrict", "end?consent=agreed"])
def test_each_choice_says_what_will_follow_before_it_is_made(world, lang, path):
    page = world.browser("citizen", lang).get(f"/me/choices/{path}").text
    effects = page.partition('aria-labelledby="effect-title"')[2].partition("</section>")[0]
    assert effects.count("<li>") >= 1
    assert 'name="csrf"' in page


def test_choices_are_kept_in_history_when_they_end(fresh):
    fresh.browser("citizen").submit("/me/choices/end", consent="agreed")
    versions = fresh.installation.store.history(fresh.access("citizen", Purpose.SELF), "Consent", "agreed")
    assert [version.version for version in versions] == [2, 1]


def test_an_old_choice_is_found_behind_any_number_of_ended_ones(fresh):
    citizen = fresh.cast.citizen
    old = {**restrict(citizen, fresh.cast.other_hospital, NOW), "id": "old", "dateTime": "2020-01-01"}
    past = [ended(close_part(citizen, "PSY", NOW)) | {"id": f"n{number}"} for number in range(1010)]
    fresh.write(old, *past)
    said = fresh.browser("citizen").get("/me/choices").text
    assert "consent=old" in said
    fresh.browser("citizen").submit("/me/choices/end", consent="old")
    assert "consent=old" not in fresh.browser("citizen").get("/me/choices").text


def test_ending_a_choice_is_confirmed_by_its_own_verb_and_names_the_institution(fresh):
    browser, hospital = fresh.browser("citizen"), fresh.cast.hospital
    browser.submit("/me/choices/restrict", organisation=hospital)
    page = browser.get(f"/me/choices/end?consent={end_links(browser)[0]}").text
    assert "解除對國立成功大學醫學院附設醫院的限制" in browser.words(
        f"/me/choices/end?consent={end_links(browser)[0]}"
    )
    assert re.search(r"<button[^>]*>解除限制</button>", page)


def test_closing_one_record_is_named_to_the_clinician_and_spoken_of_as_one_record(fresh):
    browser, visit = fresh.browser("citizen"), fresh.one("Encounter")["id"]
    said = browser.words(f"/me/choices/close?record=Encounter/{visit}")
    assert "這一筆紀錄" in said
    assert "這一類紀錄" not in said
    assert "請選擇要關閉的部分" not in said
    assert "請選擇要關閉的部分" in browser.words("/me/choices/close")
    assert "同一次就醫的診斷、處方、檢驗等其他紀錄不會一併關閉" in said
    browser.submit("/me/choices/close", record=f"Encounter/{visit}")
    for page in ("/me", "/me/choices"):
        assert "0 類、1 筆紀錄" in browser.words(page)
    clinician = fresh.browser("clinician")
    assert "部分資料依法或依當事人意願未顯示" in clinician.words(f"/patients/{fresh.cast.citizen}")
    assert "重新開啟這一筆紀錄" in browser.words(f"/me/choices/end?consent={end_links(browser)[0]}")


def test_an_agreement_to_a_project_is_shown_and_can_be_withdrawn(fresh):
    """It stands before a general stop, so whoever made it must see it and be able to end it."""
    gate, person = fresh.installation.gate, fresh.cast.citizen
    gate.projects.add(Project("p1", "肺癌世代研究", "HRESCH", "irb", 0, 1 << 50), ["analyst"])
    until = today() + timedelta(days=90)
    fresh.write(
        {**agree_to_project(person, "https://camphora.tw/project|p1", until, NOW), "id": "agreed"},
        {**agree_to_project(person, "https://camphora.tw/project|gone", until, NOW), "id": "elsewhere"},
    )
    citizen = fresh.browser("citizen")
    page = citizen.words("/me/choices")
    assert "同意計畫：肺癌世代研究" in page
    assert "同意計畫：gone" in page
    assert set(end_links(citizen)) == {"agreed", "elsewhere"}
    assert "撤回對計畫的同意：肺癌世代研究" in citizen.words("/me/choices/end?consent=agreed")
    assert "已撤回" in citizen.submit("/me/choices/end", consent="agreed").text
    assert "肺癌世代研究" not in citizen.words("/me/choices")
    assert set(end_links(citizen)) == {"elsewhere"}


def test_choices_of_an_identity_that_is_one_with_hers_are_told(fresh):
    """A stop made there holds here: a page that says "open" alone would be wrong."""
    person, citizen = fresh.cast.citizen, fresh.browser("citizen")
    said = "另一筆病人資料與您為同一人"
    fresh.write(
        {"resourceType": "Patient", "id": "twice"},
        {**stop_secondary_use("twice", NOW), "id": "stopped-there"},
    )
    assert said not in citizen.words("/me/choices")
    body = orjson.loads(fresh.installation.store.read(fresh.access("citizen"), "Patient", person).body)
    link = {"other": {"reference": "Patient/twice"}, "type": "replaces"}
    fresh.write({**body, "link": [*body.get("link", []), link]})
    assert said in citizen.words("/me/choices")
    assert set(open_rows(fresh).values()) == {0}
