"""What the portal says about itself: sources and licences, accessibility, privacy."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.pages import Block, Cell, Column, Prose, Table, View
from camphora.pages.words import Words
from camphora.web.showing import Shown, view_routes
from camphora.web.site import Site, get

NOTICE_COLUMNS = ("path", "licence", "source", "what")
ACCESSIBILITY = ("aim", "done", "tested", "known", "report")
PRIVACY = ("keeps", "cookies", "receipts", "others", "demo")


def routes(site: Site) -> list[BaseRoute]:
    """`/about/sources` with its files, `/about/accessibility`, `/about/privacy`."""
    about = About(site)
    return [
        *view_routes(site, "/about/sources", about.sources, "about.sources", "nothing", nav=""),
        get("/about/accessibility", about.accessibility, "about.accessibility", "nothing"),
        get("/about/privacy", about.privacy, "about.privacy", "nothing"),
    ]


class About:
    def __init__(self, site: Site) -> None:
        self.site = site

    def sources(self, request: Request) -> Shown:
        """Every table, code system and file, each with licence and source."""
        words = self.site.words(request)
        rows = [*self._tables(words), *self._editions(words)]
        columns = [
            *_columns(words, "name", "kind", "edition"),
            Column("count", words("sources.count"), "integer"),
            *_columns(words, "licence", "source"),
        ]
        blocks: list[Block] = [Table("sources", words("sources.data"), columns, rows)]
        if listed := notice():
            files_of = _columns(words, "what", "licence", "source", "path")
            blocks.append(Table("files", words("sources.files"), files_of, listed))
        blocks.append(Prose(words("sources.code_title"), [words("sources.code"), words("sources.plans")]))
        view = View(
            "sources", words("sources.title"), blocks, lead=words("sources.lead"), downloads="sources"
        )
        return Shown(view)

    def _tables(self, words: Words) -> list[dict[str, Cell]]:
        installation, access, lang = self.site.installation, self.site.open_access(), words.lang
        return [
            {
                "name": table.title[lang],
                "kind": words("sources.table"),
                "edition": str(table.as_of),
                "count": sum(batch.rows for batch in installation.store.batches(access, table.name)[-1:]),
                "licence": table.licence,
                "source": table.source[lang],
            }
            for table in installation.tables()
            if table.public
        ]

    def _editions(self, words: Words) -> list[dict[str, Cell]]:
        return [
            {
                "name": edition.zh if words.lang == "zh-TW" else edition.en,
                "kind": words("sources.codes"),
                "edition": edition.version,
                "count": edition.count,
                "licence": edition.licence,
                "source": edition.source,
            }
            for edition in self.site.installation.terminology.systems()
        ]

    def accessibility(self, request: Request) -> Response:
        return self._said(request, "accessibility", ACCESSIBILITY)

    def privacy(self, request: Request) -> Response:
        return self._said(request, "privacy", PRIVACY)

    def _said(self, request: Request, page: str, parts: tuple[str, ...]) -> Response:
        words = self.site.words(request)
        blocks = [Prose(words(f"{page}.{part}_title"), paragraphs(words, f"{page}.{part}")) for part in parts]
        return self.site.view(request, View(page, words(f"{page}.title"), blocks, lead=words(f"{page}.lead")))


def paragraphs(words: Words, key: str) -> list[str]:
    """The paragraphs of a text: its lines."""
    return [line for line in words(key).splitlines() if line.strip()]


def _columns(words: Words, *keys: str) -> list[Column]:
    return [Column(key, words(f"sources.{key}")) for key in keys]


def notice() -> list[dict[str, Cell]]:
    """The rows of the packaged notice: path, licence, source and what it is; empty where none is packaged."""
    path = files("camphora").joinpath("notice.tsv")
    if not path.is_file():
        return []
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return [
        dict(zip(NOTICE_COLUMNS, line, strict=True)) for line in lines if len(line) == len(NOTICE_COLUMNS)
    ]
