"""The keyboard alone: everything is reached in order, focus is seen, a choice is made and taken back."""

import re

import pytest

from browser.conftest import spoken, wait_until_made
from browser.routes import WATCHED
from browser.test_citizen import SELF, open_rows

MOST = 400
REACHABLE = """() => {
    const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    const seen = [...document.querySelectorAll(all)].filter(one => one.checkVisibility() && !one.disabled);
    return seen.filter(one => !one.closest('svg a') || one.matches('svg a')).length;
}"""
FOCUSED = """() => {
    const one = document.activeElement;
    const around = [one.parentElement, one.closest('article, .ranked > li')].filter(Boolean);
    const shown = [one, ...one.querySelectorAll('*'), ...around].some(part => {
        const style = getComputedStyle(part);
        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
    const on_screen = one.getBoundingClientRect().bottom > 0;
    const again = window.focused_before === one;
    window.focused_before = one;
    return one === document.body ? null : {tag: one.outerHTML.slice(0, 90), shown, on_screen, again};
}"""
"""What has the focus: whether it, its parts or its card bear the ring, whether it can be seen, and whether
it had the focus before, as a date has for each of its parts."""


@pytest.fixture
def keyboard(opened):
    """A page, and what the keyboard reaches from its beginning: each element with how its focus looks."""

    def walk(person, path):
        page = opened(person, viewport={"width": 1200, "height": 900})
        wait_until_made(page, path)
        page.goto(path)
        reached = []
        while len(reached) < MOST:
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None:
                break
            if not focused["again"]:
                reached.append(focused)
        return page, reached

    return walk


@pytest.mark.parametrize(
    ("person", "path"),
    [
        ("", "/"), ("", "/systems/nurse_ratio?month=2024-03"), ("", "/open/population"), ("citizen", "/me/choices"),
        ("citizen", "/me"), ("clinician", "/patients/0000-1"), ("analyst", "/ask?view=condition&by=sex"),
        ("", f"{WATCHED}?week=2017-25"), ("", f"{WATCHED}/public?week=2017-25"), ("", f"{WATCHED}/scorecard"),
        ("", f"{WATCHED}/bulletin?week=2019-06"), ("", f"{WATCHED}/dengue?day=2015-08-20"),
        ("officer", f"{WATCHED}/signal/ili-2017-22-67000-all"), ("officer", f"{WATCHED}/room?week=2017-25"),
        ("officer", "/tasks"), ("officer", "/surveillance/cases?purpose=surveillance"),
    ],
)  # fmt: skip
def test_tab_reaches_everything_and_its_focus_is_seen(keyboard, person, path):
    page, reached = keyboard(person, path)
    assert "skip" in reached[0]["tag"]
    assert len(reached) == page.evaluate(REACHABLE)
    assert [one["tag"] for one in reached if not (one["shown"] and one["on_screen"])] == []


def press(page, name, key="Enter", most=80):
    """Tab to the element of an accessible name and press a key."""
    for _ in range(most):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "() => { const one = document.activeElement; return one.innerText || one.value || ''; }"
        )
        if name in f"\n{said.strip()}\n":
            page.keyboard.press(key)
            return
    pytest.fail(f"the keyboard does not reach {name}")


def test_the_skip_link_leads_past_the_menu(opened):
    page = opened()
    page.goto("/")
    press(page, "跳到主要內容")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_she_signs_in_and_changes_a_choice_without_a_mouse(opened, citizen):
    page = opened()
    page.goto("/sign-in/as?next=/me/choices")
    press(page, SELF)
    page.wait_for_url("**/me/choices")
    before = open_rows(page)
    steps = {
        "停止": "/choices/stop",
        "確定停止": "?done=stop",
        "\n恢復\n": "/choices/end",
        "恢復利用": "?done=resume",
    }
    for name, address in steps.items():
        press(page, name)
        page.wait_for_url(re.compile(re.escape(address)))
    assert "已恢復特定目的外利用" in spoken(page)
    assert open_rows(page) == before
