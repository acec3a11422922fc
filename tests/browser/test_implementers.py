"""A pasted resource: its faults can be reached by keyboard, are open to all, and fit a small screen; without script."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser.test_pages import DEMANDS, dark, narrow, violations

WRONG = '{\n  "resourceType": "Patient",\n  "birthDate": "yesterday",\n  "gender": "cat"\n}'


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_faults_beside_the_line_are_open_to_everybody(opened, lang):
    page = opened("clinician", lang)
    page.goto("/implementers/validate")
    page.locator("textarea").fill(WRONG)
    page.locator("main form button.primary").click()
    page.wait_for_selector("#verdict")
    assert violations(Axe().run(page, options=DEMANDS).response) == []
    assert dark(page) == []
    assert narrow(page) == []


def test_a_fault_leads_to_its_line_by_keyboard_and_without_script(opened):
    page = opened("clinician", java_script_enabled=False)
    page.goto("/implementers/validate")
    page.locator("textarea").fill(WRONG)
    page.locator("main form button.primary").press("Enter")
    page.locator("a[href='#line-3']").first.press("Enter")
    assert page.url.endswith("#line-3")
    assert "yesterday" in page.locator("#line-3").inner_text()
    assert page.locator("#line-3 ul li").count() == 1
