"""The public and analyst pages in Chromium, on real data: accessibility, 320 px, weight."""

import socket
import threading
import time

import pytest
import uvicorn

from camphora.web.site import COOKIE

PAGES = (
    "/", "/search?q=臺北", "/systems?q=護病", "/systems/183", "/systems/nurse_ratio?month=2024-03",
    "/systems/nurse_ratio/hospitals?level=醫學中心", "/systems/nurse_ratio/counties", "/open", "/open/population",
    "/open/population?county=63000", "/codes", "/codes?q=aspirin", "/codes?q=內科",
    "/codes/concept?system=https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-frequency-nhi-tw&code=QD",
    "/about/sources", "/about/accessibility",
    "/about/privacy", "/uses?check=1", "/uses?purpose=secondary", "/ask", "/ask?view=person&by=sex&then=birth",
    "/ask?view=person", "/systems/none",
)  # fmt: skip
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(app):
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def analyst(chromium, address, installation):
    """A page of the analyst at 320 px, by language and scheme."""
    identity = installation.gate.identity
    token = identity.open_session(identity.user("analyst")).token

    def opened(lang, scheme):
        context = chromium.new_context(viewport={"width": 320, "height": 800}, color_scheme=scheme)
        cookies = {"lang": lang, COOKIE: token}
        context.add_cookies(
            [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
        )
        return context.new_page()

    return opened


@pytest.mark.parametrize(("lang", "scheme"), [("zh-TW", "light"), ("en", "dark")])
def test_axe_finds_nothing_and_nothing_runs_over_at_320_px(analyst, address, lang, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = analyst(lang, scheme)
    for path in PAGES:
        page.goto(f"{address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == [], path
    page.context.close()


def test_every_page_weighs_at_most_250_kb(analyst, address):
    page = analyst("zh-TW", "light")
    weights = "performance.getEntries().reduce((sum, one) => sum + (one.decodedBodySize || 0), 0)"
    for path in (*PAGES, "/systems", "/systems/nurse_ratio/hospitals"):
        page.goto(f"{address}{path}", wait_until="load")
        assert page.evaluate(weights) <= 250_000, path
    page.context.close()


def test_the_month_is_changed_by_the_form_without_script(chromium, address):
    context = chromium.new_context(java_script_enabled=False, locale="zh-TW")
    page = context.new_page()
    page.goto(f"{address}/systems/nurse_ratio")
    page.get_by_label("月份").select_option("2024-03")
    page.get_by_role("button", name="顯示").click()
    assert "month=2024-03" in page.url
    assert page.get_by_text("224 / 275").first.is_visible()
    context.close()
