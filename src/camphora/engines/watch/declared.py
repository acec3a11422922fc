"""A file of `watch/`, read by its form: counts by week, or a season by day and place."""

from __future__ import annotations

from pathlib import Path

from camphora.engines.watch.declaration import Watch, check_watch
from camphora.engines.watch.season.declaration import FORM, Season, check_season
from camphora.errors import Invalid
from camphora.formats.declaration import TableDeclaration
from camphora.formats.toml_lines import Document, read_toml


def declared(path: Path, table: TableDeclaration | None = None) -> Watch | Season:
    """The declaration in a TOML file. Raises Faults with every fault of it, each with its line."""
    form = read_toml(path).data.get("form")
    return Season.load(path, table) if form == FORM else Watch.load(path, table)


def check_declared(document: Document, name: str, table: TableDeclaration | None = None) -> list[Invalid]:
    """Every fault of a declaration."""
    check = check_season if document.data.get("form") == FORM else check_watch
    return check(document, name, table)
