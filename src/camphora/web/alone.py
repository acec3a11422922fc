"""A view as one HTML file that needs nothing beside it: its style inside, no script, no way back to a server."""

from __future__ import annotations

import re
from importlib.resources import files

from camphora.errors import Lang
from camphora.pages import View
from camphora.web.render import Chrome, Renderer

_LINK = re.compile(r"<a\b[^>]*>|</a>")
_WAY = re.compile(r"<(nav|form|button|dialog)\b.*?</\1>", re.DOTALL)


def alone(view: View, lang: Lang, renderer: Renderer | None = None) -> str:
    """The page with what it says, draws and lists; links within the site are plain text, those to elsewhere stay."""
    page = (renderer or Renderer()).view(view, Chrome(lang=lang))
    head, _, rest = page.partition("<main")
    body = _plain(_WAY.sub("", "<main" + rest.partition("</main>")[0])) + "</main>"
    title = re.search(r"<title>.*?</title>", head, re.DOTALL)
    style = files("camphora.web").joinpath("static/camphora.css").read_text("utf-8")
    opened = re.search(r"<html[^>]*>", head)
    return "\n".join(
        (
            "<!doctype html>",
            opened[0] if opened else "<html>",
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            title[0] if title else "",
            f"<style>{style}</style>",
            "</head>",
            f"<body>{body}</body>",
            "</html>",
            "",
        )
    )


def _plain(body: str) -> str:
    """Without links whose addresses are of the site."""
    kept: list[bool] = []

    def said(found: re.Match[str]) -> str:
        if found[0] == "</a>":
            return "</a>" if kept.pop() else ""
        kept.append('href="http' in found[0])
        return found[0] if kept[-1] else ""

    return _LINK.sub(said, body)
