"""From values to HTML: templates, words and pictures of one language at a time.

Every page takes a `Chrome` (who reads, where, how) and one context of `web.contexts`, or a `pages.View`.
Pages work without script and carry neither inline script nor style attribute.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from camphora.errors import Lang
from camphora.pages import (
    Bars,
    Block,
    Cell,
    Column,
    CountyMap,
    LineChart,
    Link,
    PointMap,
    Ranked,
    Table,
    Timeline,
    View,
    numbers,
)
from camphora.pages.words import LANGUAGES, Words
from camphora.web import drawing
from camphora.web.contexts import Context, Standing
from camphora.web.drawing.thumbnail import thumbnail

CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
"""The Content-Security-Policy that every page is made for."""
CHINESE = re.compile("[㐀-鿿][㐀-鿿、，。：；「」（）・○]*")
NARROW = 6
"""A table of so many columns has room beside a map."""
DOWNLOADS = ("csv", "xlsx", "json", "parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrome:
    """What surrounds a page: language, address, reader.

    `path` is the address with its query. `nav` names the current door: open, systems, uses or empty. `links` are
    the reader's own pages. `theme` and `size` come from the cookies of these names, which `camphora.js` sets too;
    an empty theme is what the device says. `idle`: seconds without a request after which the session ends, 0 where
    nobody is signed in."""

    lang: Lang
    path: str = "/"
    nav: Literal["", "open", "systems", "uses"] = ""
    reader: str = ""
    role: str = ""
    demo: bool = False
    synthetic: bool = False
    csrf: str = ""
    idle: int = 0
    links: Sequence[Link] = ()
    theme: Literal["", "light", "dark"] = ""
    size: Literal["", "large"] = ""
    standing: Sequence[Standing] = ()

    def switch(self, **changes: str) -> str:
        """This address with parameters set, or taken away where empty: `switch(lang="en")`."""
        bare, _, query = self.path.partition("?")
        kept = [(key, value) for key, value in parse_qsl(query) if key not in changes]
        kept += [(key, value) for key, value in changes.items() if value]
        return f"{bare}?{urlencode(kept)}" if kept else bare

    def download(self, form: str) -> str:
        """The address of this view as csv, xlsx, json or parquet, its parameters kept."""
        bare, mark, query = self.path.partition("?")
        return f"{bare.rstrip('/')}.{form}{mark}{query}"


@cache
def strings(lang: Lang) -> Mapping[str, Any]:
    """The nested table of the pages' own words."""
    return tomllib.loads(files(__package__).joinpath(f"strings/{lang}.toml").read_text("utf-8"))


@cache
def asset(name: str) -> str:
    """The address of a static file with a mark of its content, so that it may be cached for ever."""
    content = files(__package__).joinpath(f"static/{name}").read_bytes()
    return f"/static/{name}?v={sha256(content).hexdigest()[:10]}"


def arranged(blocks: Iterable[Block]) -> list[Block]:
    """Blocks in reading order with each picture's table behind it, no table twice."""
    answer: list[Block] = []
    told: set[str] = set()
    for block in blocks:
        table = block.table if isinstance(block, LineChart | Bars | CountyMap | PointMap | Ranked) else block
        if table is not block:
            answer.append(block)
        if not isinstance(table, Table):
            answer.append(table)
        elif table.name not in told:
            told.add(table.name)
            answer.append(table)
    return answer


def beside(block: Block | None) -> bool:
    """Whether a map and its table, which is open and narrow, stand side by side where there is room."""
    if not isinstance(block, CountyMap):
        return False
    return not block.table.folded and len(block.table.columns) <= NARROW


def spoken(text: str, lang: Lang) -> str:
    """A text of an English page, in which Chinese is marked as such, for who hears it, and set off by blanks."""
    if lang != "en" or not CHINESE.search(text):
        return text
    written = str(escape(text))

    def marked(found: re.Match[str]) -> str:
        first, last = found.span()
        before, after = (
            " " if each.isalnum() else "" for each in (written[first - 1 : first], written[last : last + 1])
        )
        return f'{before}<span lang="zh-Hant">{found[0]}</span>{after}'

    return Markup(CHINESE.sub(marked, written))  # noqa: S704 - escaped above


class Renderer:
    """Draws pages in both languages. Templates are parsed once; a Renderer may be shared by threads."""

    def __init__(self) -> None:
        self.environments: dict[Lang, Environment] = {lang: _environment(lang) for lang in LANGUAGES}

    def page(self, template: str, *, lang: Lang, **context: object) -> str:
        """A page or fragment from loose values; fragments for htmx are drawn by this, without chrome."""
        return self.environments[lang].get_template(template).render(context)

    def show(self, context: Context, chrome: Chrome) -> str:
        """A whole page from its context."""
        values = {field.name: getattr(context, field.name) for field in fields(context)}
        return self.page(context.template, lang=chrome.lang, chrome=chrome, **values)

    def view(self, view: View, chrome: Chrome) -> str:
        """Any view: crumbs, title, date and source, tools, figures, pictures, tables, what is next."""
        return self.page("view.html", lang=chrome.lang, chrome=chrome, view=view)


def _environment(lang: Lang) -> Environment:
    words = Words(lang, strings(lang))
    made = Environment(
        loader=PackageLoader("camphora.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        t=words,
        lang=lang,
        other=next(known for known in LANGUAGES if known != lang),
        languages=LANGUAGES,
        asset=asset,
        arranged=arranged,
        beside=beside,
        download_forms=DOWNLOADS,
        thumbnail=thumbnail,
        spark=drawing.spark,
    )
    made.filters.update(
        written=_writer(lang),
        draw=_painter(lang, words),
        count="{:,}".format,
        spoken=partial(spoken, lang=lang),
    )
    made.tests["sort"] = lambda block, name: type(block).__name__ == name
    return made


def _writer(lang: Lang) -> Any:
    def written(value: Cell, column: Column, absent: str) -> str:
        return spoken(numbers.cell(value, column, lang, absent), lang)

    return written


def _painter(lang: Lang, words: Words) -> Any:
    def draw(block: LineChart | Bars | CountyMap | PointMap | Timeline) -> Markup:
        match block:
            case LineChart():
                return drawing.line_chart(block, lang)
            case Bars():
                return drawing.bars(block, words("map.absent"))
            case CountyMap():
                legend = {key: words(f"map.{key}") for key in ("absent", "low", "high", "steps")}
                return drawing.county_map(block, lang, legend)
            case PointMap():
                return drawing.point_map(block)
        return Markup("")

    return draw
