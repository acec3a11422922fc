"""Every sample page in Chromium: accessibility, 320 px, the content policy, keyboard."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import pytest

from camphora.web.render import CSP, Renderer

TARGETS = ".button, summary, .facet, .nav a, .tabs a, input[type=search], select"
pytestmark = pytest.mark.browser


class Handler(SimpleHTTPRequestHandler):
    """Sample pages under the content policy, static files from the package."""

    def translate_path(self, path: str) -> str:
        bare = path.partition("?")[0]
        static = bare.startswith("/static/")
        return str(files("camphora.web")) + bare if static else f"{self.directory}{bare}"

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(every_page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for (lang, name), html in every_page.items():
        (folder / f"{name}.{lang}.html").write_text(html, "utf-8")
    rows = Renderer().page("catalogue_rows.html", lang="en", chapters=[], found=7, more="")
    (folder / "systems").write_text(rows, "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sorted(path.name for path in folder.glob("*.html"))
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_runs_over_at_320_px(site, chromium, scheme) -> None:
    from axe_playwright_python.sync_playwright import Axe

    address, names = site
    page = chromium.new_page(viewport={"width": 320, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for name in names:
        page.goto(f"{address}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == [], name
    page.close()
    assert said == []


def test_axe_finds_nothing_on_a_wide_screen_in_large_print(site, chromium) -> None:
    from axe_playwright_python.sync_playwright import Axe

    address, names = site
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    for name in (each for each in names if ".zh-TW." in each):
        page.goto(f"{address}/{name}")
        page.evaluate("document.documentElement.dataset.size = 'large'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1200, name
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == [], name
    page.close()


def test_targets_are_at_least_44_px_high(site, chromium) -> None:
    address, names = site
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    small = f"""() => [...document.querySelectorAll('{TARGETS}')]
        .filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 120))"""
    for name in names:
        page.goto(f"{address}/{name}")
        assert page.evaluate(small) == [], name
    page.close()


def test_the_keyboard_skips_to_the_page_and_opens_a_menu(site, chromium) -> None:
    address, _ = site
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.goto(f"{address}/view.zh-TW.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id || location.hash") in ("main", "#main")
    page.locator("summary", has_text="下載").focus()
    page.keyboard.press("Enter")
    assert page.locator("a[href$='.parquet?x=1']").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("a[href$='.parquet?x=1']").is_visible()
    page.close()


def test_theme_and_size_are_set_at_once_and_remembered(site, chromium) -> None:
    address, _ = site
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.goto(f"{address}/home.en.html")
    page.locator("[data-set=theme][data-value=dark]").click()
    page.locator("[data-set=size]").first.click()
    assert page.evaluate(
        "[document.documentElement.dataset.theme, document.documentElement.dataset.size]"
    ) == ["dark", "large"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 25, 22)"
    assert {"theme=dark", "size=large"} <= set(page.evaluate("document.cookie").split("; "))
    page.close()


def test_the_list_follows_the_search_as_one_types(site, chromium) -> None:
    address, _ = site
    page = chromium.new_page()
    page.goto(f"{address}/catalogue.en.html")
    page.locator("#q").fill("nurse")
    page.get_by_role("heading", name="7 systems found").wait_for(timeout=5000)
    assert page.url.endswith("/systems?q=nurse")
    page.close()
