"""Idleness in the browser: a warning in time, what is typed is not lost, and an unattended page shows nothing more."""

import re

import pytest
from playwright.sync_api import expect

from browser.conftest import spoken

WHY = "昏迷送醫，無法表達意願，急需用藥史"
WARNING, STAY = "即將自動登出", "繼續使用"


@pytest.fixture
def clinician(opened):
    """Her page for emergencies, with a clock that the test moves."""
    page = opened("clinician")
    page.clock.install()
    page.goto("/emergency")
    return page


def test_a_warning_comes_two_minutes_before_and_one_button_puts_it_off(clinician):
    warning = clinician.locator("#idle")
    clinician.clock.run_for("12:50")
    expect(warning).to_be_hidden()
    clinician.clock.run_for("00:15")
    expect(warning).to_contain_text(WARNING)
    clinician.get_by_role("button", name=STAY).click()
    clinician.clock.run_for("00:02")
    expect(warning).to_be_hidden()
    assert clinician.url.endswith("/emergency")


def test_typing_puts_the_end_off(clinician):
    clinician.clock.run_for("10:00")
    with clinician.expect_request(lambda asked: asked.method == "HEAD" and asked.url.endswith("/sign-in")):
        clinician.locator("[name=reason]").press_sequentially("昏")
    clinician.clock.run_for("10:00")
    expect(clinician.locator("#idle")).to_be_hidden()
    assert clinician.locator("[name=reason]").input_value() == "昏"


def test_a_form_left_half_filled_in_is_kept_and_never_sent_by_itself(clinician):
    clinician.locator("[name=identifier]").fill("A000000000")
    clinician.locator("[name=reason]").fill(WHY)
    clinician.clock.run_for("15:10")
    clinician.wait_for_url(re.compile("/sign-in"))
    assert WHY in spoken(clinician)
    clinician.get_by_role("button", name="不送出").click()
    clinician.wait_for_url("**/emergency")


def test_a_page_left_alone_gives_its_place_up_and_is_found_again(clinician, demo):
    clinician.goto("/patients?q=%E6%9E%97")
    clinician.context.clear_cookies(name="camphora_session")
    clinician.clock.run_for("15:10")
    clinician.wait_for_url(re.compile("/sign-in"))
    assert clinician.url == f"{demo}/sign-in?next=%2Fpatients%3Fq%3D%25E6%259E%2597"
    clinician.get_by_role("link", name="選擇示範身分").click()
    clinician.locator("li", has=clinician.locator("input[value=clinician]")).get_by_role("button").click()
    assert clinician.url == f"{demo}/patients?q=%E6%9E%97"
