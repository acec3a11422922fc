"""Pages of every kind in both languages: words complete, markup sound, nothing the content policy would block."""

import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from camphora.pages import Link, Table
from camphora.pages.words import flat, missing
from camphora.web.contexts import Context
from camphora.web.patterns import Speaker, county_map, line_chart, patterns
from camphora.web.render import Chrome, Renderer, arranged, asset, strings

WEB = Path(str(files("camphora.web")))
VOID = {"meta", "link", "input", "br", "path", "line", "rect", "circle", "polyline", "polygon"}


class Outline(HTMLParser):
    """Open elements, ids, headings and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.ids, self.headings, self.attributes = [], Counter(), [], []
        self.wrong = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids.update(value for name, value in attrs if name == "id")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_both_languages_say_the_same_things() -> None:
    assert missing(strings("zh-TW"), strings("en")) == []


def test_every_text_is_used_and_every_used_text_exists() -> None:
    known = {key.removesuffix(".one").removesuffix(".other") for key, _ in flat(strings("en"))}
    templates = "\n".join(path.read_text("utf-8") for path in WEB.glob("templates/*.html"))
    code = "\n".join(path.read_text("utf-8") for path in WEB.rglob("*.py"))
    used = set(re.findall(r"""\bt\(["']([a-z_.]+[a-z_])["']""", templates))
    families = tuple(re.findall(r"""\bt\(["']([a-z_.]+\.)["'] ~""", templates)) + tuple(
        re.findall(r'f"([a-z_.]+\.)\{', code)
    )
    assert used - known == set()
    assert {
        key for key in known if key not in used and not key.startswith(families) and f'"{key}"' not in code
    } == set()


def test_there_is_a_sample_of_every_page(every_page) -> None:
    shown = {html for (lang, _), html in every_page.items() if lang == "en"}
    assert len(shown) >= len(Context.__args__)
    assert len({kind.template for kind in Context.__args__}) == len(Context.__args__)


def test_pages_are_sound_and_pass_the_content_policy(every_page) -> None:
    for name, html in every_page.items():
        page = Outline(html)
        assert page.wrong == [], name
        assert page.open == [], name
        assert [key for key, count in page.ids.items() if count > 1] == [], name
        blocked = [item for item in page.attributes if item[1] == "style" or item[1].startswith("on")]
        assert blocked == [], name
        assert re.findall(r"<script(?![^>]*\bsrc=)", html) == [], name
        assert re.findall(r"""(?:src|href|action)=["'](?:https?:|//|javascript:)""", html) == [], name


def test_headings_begin_with_one_and_skip_no_level(every_page) -> None:
    for name, html in every_page.items():
        levels = Outline(html).headings
        assert levels.count(1) == 1, name
        assert all(b <= a + 1 for a, b in pairwise(levels)), name


def test_form_posts_carry_the_csrf_token(every_page) -> None:
    for html in every_page.values():
        for form in re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL):
            assert 'name="csrf" value="token"' in form


def test_text_of_data_is_escaped() -> None:
    link = Link("<script>", "/a?b=1&c=2")
    html = Renderer().show(patterns("en"), Chrome(lang="en", reader="<b>", links=[link]))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_part_of_a_list_is_drawn_alone_for_htmx() -> None:
    shown, renderer = patterns("en"), Renderer()
    rows = renderer.page(
        "catalogue_rows.html", lang="en", chapters=[shown.chapter], found=2, more="/systems?page=2"
    )
    looks = renderer.page("looks.html", lang="en", looks=[shown.look], more="")
    none = renderer.page("patients_rows.html", lang="zh-TW", results=[], more="", opened=[])
    assert "2 systems found" in rows
    assert 'hx-get="/systems?page=2"' in rows
    assert "Read receipt" in looks
    assert "查無符合的病人" in none
    assert "<html" not in rows + looks + none


def test_switching_keeps_the_address() -> None:
    chrome = Chrome(lang="en", path="/nurse-ratio?level=1&lang=en")
    assert chrome.switch(lang="zh-TW") == "/nurse-ratio?level=1&lang=zh-TW"
    assert chrome.switch(lang="") == "/nurse-ratio?level=1"
    assert chrome.download("csv") == "/nurse-ratio.csv?level=1&lang=en"


def test_the_table_follows_its_picture_and_comes_once() -> None:
    say = Speaker("en")
    chart, counties = line_chart(say), county_map(say)
    names = [type(block).__name__ for block in arranged([chart, counties, chart.table])]
    assert names == ["LineChart", "Table", "CountyMap", "Table"]
    assert [block.name for block in arranged([chart]) if isinstance(block, Table)] == ["levels"]


def test_a_page_weighs_at_most_250_kb_and_60_kb_of_script(every_page) -> None:
    assert "url(" not in (WEB / "static/camphora.css").read_text("utf-8")
    for name, html in every_page.items():
        parts = {
            part: (WEB / "static" / part).stat().st_size for part in re.findall(r"/static/([^?\"]+)", html)
        }
        assert "camphora.css" in parts, name
        assert sum(parts.values()) + len(html.encode()) <= 250_000, name
        assert sum(size for part, size in parts.items() if part.endswith(".js")) <= 60_000, name


def test_the_vendored_script_is_the_published_one() -> None:
    digest = hashlib.sha256((WEB / "static/htmx-2.0.11.min.js").read_bytes()).hexdigest()
    assert digest == "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
    assert (WEB / "static/camphora.js").stat().st_size < 4096


@pytest.mark.parametrize("name", ["camphora.css", "camphora.js", "room.js", "icon.svg"])
def test_an_asset_bears_a_mark_of_its_content(name) -> None:
    mark = hashlib.sha256((WEB / "static" / name).read_bytes()).hexdigest()[:10]
    assert asset(name) == f"/static/{name}?v={mark}"
