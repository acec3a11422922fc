"""The situation room puts news in place and leaves the reader's place as it was."""

import pytest

from browser.conftest import open_made

ROOM = "/systems/smart_epidemic_prevention/room?week=2017-25"
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def room(opened):
    page = opened("", "en", viewport={"width": 1920, "height": 700})
    open_made(page, ROOM)
    return page


def news(page, change):
    """What the next look brings."""

    def answer(route):
        assert route.request.headers["x-unattended"] == "1"
        response = route.fetch()
        route.fulfill(response=response, body=change(response.text()))

    page.route("**/room?*", answer)


def test_news_is_put_in_place_with_scroll_focus_and_opened_tables_as_they_were(room):
    room.locator("details.folded summary").first.click()
    link = room.locator(".ranked a").nth(3)
    link.focus()
    named = link.get_attribute("href")
    room.evaluate("scrollTo(0, 240)")
    news(room, lambda text: text.replace("Kinmen County</a>", "Kinmen County again</a>"))
    room.evaluate(LOOK)
    room.get_by_text("Kinmen County again").first.wait_for()
    assert room.evaluate("document.activeElement.getAttribute('href')") == named
    assert room.evaluate("scrollY") == 240
    assert room.locator("details.folded[open]").count() == 1
    assert "last at" in room.locator("#room-said").inner_text()


def test_without_news_nothing_is_touched(room):
    room.evaluate("document.querySelector('[data-room]').firstElementChild.marked = true")
    room.evaluate(LOOK)
    room.get_by_text("last at").wait_for()
    assert room.evaluate("document.querySelector('[data-room]').firstElementChild.marked")


def test_where_nothing_can_be_had_the_page_says_so_and_stays(room):
    room.route("**/room?*", lambda route: route.abort())
    room.evaluate(LOOK)
    room.get_by_text("No news can be had now").wait_for()
    assert room.locator(".ranked li").count() == 8
    room.unroute("**/room?*")
    room.evaluate(LOOK)
    room.get_by_text("last at").wait_for()


@pytest.mark.parametrize(("person", "lang"), [("", "en"), ("officer", "zh-TW"), ("officer", "en")])
def test_all_but_the_opened_tables_stands_above_the_fold_of_a_large_screen(opened, person, lang):
    room = opened(person, lang)
    room.set_viewport_size({"width": 1920, "height": 1080})
    open_made(room, ROOM)
    watched = {
        "map": ".map",
        "signals": ".ranked > li:last-child",
        "course": ".line-chart",
        "freshness": "#table-fresh-rows",
    }
    bottom = "one => one.getBoundingClientRect().bottom"
    lowest = {name: room.locator(what).first.evaluate(bottom) for name, what in watched.items()}
    assert {name: bottom for name, bottom in lowest.items() if not 0 < bottom <= 1080} == {}
    assert room.evaluate("document.documentElement.scrollWidth") <= 1920


def test_what_is_put_above_leaves_the_reader_at_the_same_line(room):
    """More lines above what is read move it on the page, not on the screen."""
    news(
        room,
        lambda text: text.replace(
            '<h2 id="picture-map">', "<p>One more line</p>" * 30 + '<h2 id="picture-map">'
        ),
    )
    room.set_viewport_size({"width": 1200, "height": 700})
    room.evaluate(
        "scrollTo(0, scrollY + document.getElementById('table-fresh').getBoundingClientRect().top - 40)"
    )
    before = room.evaluate("document.getElementById('table-fresh').getBoundingClientRect().top")
    room.evaluate(LOOK)
    room.get_by_text("One more line").first.wait_for(state="attached")
    after = room.evaluate("document.getElementById('table-fresh').getBoundingClientRect().top")
    assert abs(after - before) < 2
