"""The main tasks of each person in a browser that runs no script."""

import json

import pytest

from browser.conftest import sign_in_as, spoken
from browser.test_citizen import DOCTOR, OTHER_HOSPITAL, SELF, end, open_rows

pytestmark = pytest.mark.parametrize("lang", ["zh-TW"])


@pytest.fixture
def plain(opened, lang):
    """`plain(person)`: a page without script."""
    return lambda person="": opened(person, lang, java_script_enabled=False)


def test_signing_in_and_out_are_forms(plain):
    page = plain()
    sign_in_as(page, "citizen", "/me")
    assert "下一次領藥" in spoken(page)
    page.locator("header summary").first.click()
    page.get_by_role("button", name="登出").first.click()
    page.goto("/me")
    assert "/sign-in" in page.url


def test_choices_are_made_and_taken_back(plain, citizen):
    page = plain("citizen")
    page.goto("/me/choices")
    before = open_rows(page)
    page.get_by_role("link", name="停止", exact=True).click()
    page.get_by_role("button", name="確定停止").click()
    assert open_rows(page)[0] == 0
    end(page, "恢復")
    assert open_rows(page) == before
    page.get_by_label("看過診的院所").select_option(OTHER_HOSPITAL)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="確定限制").click()
    end(page, "解除限制")
    assert "已解除限制" in spoken(page)


def test_the_list_of_looks_goes_on_and_receipts_open(plain, characters):
    plain("clinician").goto(f"/patients/{characters.citizen}")
    page = plain("citizen")
    page.goto("/me/looked")
    acts = page.locator("li").filter(has_text=DOCTOR).filter(has=page.locator("details.together")).first
    acts.locator("summary").click()
    acts.locator("details a").first.click()
    assert "存證原文" in spoken(page)


def test_a_patient_is_found_and_an_item_opened(plain):
    page = plain("clinician")
    page.goto("/patients")
    page.locator("#q").fill(SELF)
    page.get_by_role("button", name="搜尋").click()
    page.get_by_role("link", name=SELF).click()
    page.get_by_role("link", name="高血壓").first.click()
    page.get_by_role("link", name="JSON", exact=True).click()
    assert json.loads(page.locator("#json").inner_text())["resourceType"] == "Condition"


def test_ratios_catalogue_and_files_need_no_script(plain):
    page = plain()
    page.goto("/systems/nurse_ratio")
    page.get_by_label("月份").select_option("2024-03")
    page.get_by_role("button", name="顯示").click()
    assert "224 / 275" in spoken(page)
    page.locator("summary", has_text="下載").click()
    with page.expect_download() as download:
        page.locator("a[href*='.csv']").click()
    assert "224" in download.value.path().read_text("utf-8-sig")
    page.goto("/systems")
    page.locator("#q").fill("護病比")
    page.get_by_role("button", name="搜尋").click()
    page.get_by_role("link", name="護病比監測").first.click()
    assert "計畫原文" in spoken(page)


def test_the_analyst_asks_and_looks_are_remembered(plain):
    page = plain("analyst")
    page.goto("/ask?view=condition&by=sex")
    assert page.locator("#table-answer-rows tr").count() == 2
    page.get_by_role("link", name="深色").click()
    page.get_by_role("link", name="放大字級").click()
    page.goto("/systems")
    root = page.locator("html")
    assert (root.get_attribute("data-theme"), root.get_attribute("data-size")) == ("dark", "large")
