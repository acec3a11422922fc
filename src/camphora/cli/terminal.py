"""What a command says and how: language, colour, progress, tables, JSON."""

from __future__ import annotations

import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from camphora.errors import CamphoraError, Lang
from camphora.pages.words import Words

SECONDS_BETWEEN_LINES = 10.0
WIDTH = 200
"""Of a table that goes to no terminal but to a file or program, so that names stay on one line."""


@cache
def words(lang: Lang) -> Words:
    text = files("camphora.cli").joinpath("strings", f"{lang}.toml").read_text("utf-8")
    return Words(lang, tomllib.loads(text))


def usual_lang() -> Lang:
    """The language of the terminal: English where the locale says so, otherwise zh-TW."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "en" if value.lower().startswith("en") else "zh-TW"
    return "zh-TW"


@dataclass(slots=True)
class Terminal:
    """Progress and errors go to stderr, results to stdout; NO_COLOR is kept (rich reads it)."""

    lang: Lang
    json: bool = False

    @property
    def words(self) -> Words:
        return words(self.lang)

    def say(self, text: str) -> None:
        """A line for the person, on stderr."""
        _err().print(text, highlight=False, markup=False, soft_wrap=True)

    def error(self, error: CamphoraError) -> None:
        """One error: its sentence with code and place, then what to do. As JSON where JSON was asked for."""
        if self.json:
            fields = {
                "code": error.code,
                "category": error.category,
                "text": error.text(self.lang),
                "remedy": error.remedy(self.lang),
                "place": str(error.place or ""),
            }
            sys.stderr.write(orjson.dumps(fields).decode() + "\n")
            return
        where = f"{error.place}: " if error.place else ""
        _err().print(
            f"{where}{error.text(self.lang)} [{error.code}]", style="red", markup=False, soft_wrap=True
        )
        _err().print(f"  → {error.remedy(self.lang)}", markup=False, soft_wrap=True, highlight=False)

    def result(self, fields: Mapping[str, Any], text: str) -> None:
        """A result, as the sentence or as JSON; whoever reads it through a pipe has it at once."""
        if self.json:
            sys.stdout.write(orjson.dumps(fields).decode() + "\n")
        else:
            _out().print(text, markup=False, highlight=False, soft_wrap=True)
        sys.stdout.flush()

    def table(self, columns: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows as a table with (key, label) columns, or one JSON object per line."""
        if self.json:
            for row in rows:
                sys.stdout.write(orjson.dumps(row).decode() + "\n")
            return
        drawn = Table(box=None, pad_edge=False, header_style="bold")
        for _, label in columns:
            drawn.add_column(label, overflow="fold")
        for row in rows:
            drawn.add_row(*("" if row[key] is None else str(row[key]) for key, _ in columns))
        wide = None if sys.stdout.isatty() else WIDTH
        Console(file=sys.stdout, width=wide).print(drawn, markup=False)

    @contextmanager
    def progress(self, key: str, *, in_bytes: bool = False) -> Iterator[Callable[..., None]]:
        """Yields a function of (done, total): a bar on stderr, or a line now and then where stderr is no terminal.
        Where a total is given the time left is told too."""
        if not sys.stderr.isatty():
            yield _Lines(self, key, in_bytes)
            return
        count = DownloadColumn() if in_bytes else MofNCompleteColumn()
        rate = (TransferSpeedColumn(),) if in_bytes else ()
        columns = (TextColumn("{task.description}"), BarColumn(), count, *rate, TimeRemainingColumn())
        kept = sys.stdout.isatty()
        with Progress(*columns, console=_err(), transient=True, redirect_stdout=kept) as bar:
            task = bar.add_task(self.words(key), total=None)
            yield lambda done, total=None: bar.update(task, completed=done, total=total)


class _Lines:
    """Progress as lines, at most one in ten seconds."""

    def __init__(self, terminal: Terminal, key: str, in_bytes: bool) -> None:
        self._terminal, self._key, self._in_bytes = terminal, key, in_bytes
        self._began = time.monotonic()
        self._next = self._began + SECONDS_BETWEEN_LINES

    def __call__(self, done: int, total: int | None = None) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_BETWEEN_LINES
            of = f" / {self._amount(total)}{self._left(done, total)}" if total else ""
            self._terminal.say(f"{self._terminal.words(self._key)} {self._amount(done)}{of}")

    def _amount(self, number: int) -> str:
        return f"{number / 1_000_000:,.1f} MB" if self._in_bytes else f"{number:,}"

    def _left(self, done: int, total: int) -> str:
        """How long the rest takes at the pace so far."""
        if not done:
            return ""
        seconds = (time.monotonic() - self._began) * (total - done) / done
        return f" · {self._terminal.words('progress.left', n=round(seconds))}"


def _out() -> Console:
    return Console(file=sys.stdout)


def _err() -> Console:
    return Console(file=sys.stderr)
