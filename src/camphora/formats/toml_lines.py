"""TOML with the line of every key, so that a fault in a declaration names its line; and the shape of a declaration.

Declared keys (`Key`) are checked whole: unknown keys, missing ones, wrong types, a translation that lacks a language,
all reported together.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from camphora.errors import Invalid, Place
from camphora.formats.encoding import decode

KeyPath = tuple[str | int, ...]
LANGS = ("zh-TW", "en")

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]+"|'[^']+')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]+"|'[^']+'))*)\s*="""
)


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file: its values, and where each key stands."""

    file: str
    data: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def place(self, *path: str | int) -> Place:
        """Where the key stands; of a missing key, where its table does."""
        while path and path not in self.lines:
            path = path[:-1]
        return Place(self.file, self.lines.get(path, 1))


def read_toml(path: Path, name: str | None = None) -> Document:
    """The file's values with their lines. Raises Invalid formats-toml with the line of the fault."""
    text, name = decode(path.read_bytes(), name or path.name), name or path.name
    try:
        return Document(name, tomllib.loads(text), _lines(text))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+), column (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise Invalid("formats-toml", place=Place(name, line, int(found[2]) if found else None)) from error


def _lines(text: str) -> dict[KeyPath, int]:
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if inside:
            inside = "" if inside in line else inside
        elif header := _HEADER.match(line):
            table = _table(header[1] == "[[", _parts(header[2]), counts)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            _mark(lines, table + _parts(key[1]), number)
            inside = next((q for q in ('"""', "'''") if line.count(q) % 2), "")
    return lines


def _mark(lines: dict[KeyPath, int], path: KeyPath, number: int) -> None:
    for end in range(1, len(path) + 1):
        lines.setdefault(path[:end], number)


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"' ") for part in re.findall(r"""[A-Za-z0-9_-]+|"[^"]+"|'[^']+'""", dotted))


def _table(many: bool, path: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    """The path with the index of each array of tables on the way."""
    full: KeyPath = ()
    for end, part in enumerate(path, start=1):
        full = (*full, part)
        if many and end == len(path):
            counts[full] = counts.get(full, -1) + 1
        if full in counts:
            full = (*full, counts[full])
    return full


@dataclass(frozen=True, slots=True)
class Key:
    """What a key of a declaration holds. `texts` is one text in each language, `free` a table of any keys."""

    kind: Literal[
        "text", "texts", "integer", "number", "boolean", "date", "list", "table", "tables", "free"
    ] = "text"
    required: bool = True
    choices: tuple[str, ...] = ()
    pattern: str = ""
    keys: Mapping[str, Key] = field(default_factory=dict)
    means: str = ""


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "texts": dict,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "date": dt.date,
    "list": list,
    "table": dict,
    "tables": list,
    "free": dict,
}


def check_shape(document: Document, keys: Mapping[str, Key]) -> list[Invalid]:
    """Every fault of the document against its declared keys, in the order of the file."""
    faults = list(_check_table(document, document.data, keys, ()))
    return sorted(faults, key=lambda fault: (fault.place.line or 0) if fault.place else 0)


def _check_table(
    doc: Document, table: Mapping[str, Any], keys: Mapping[str, Key], at: KeyPath
) -> Iterator[Invalid]:
    for name in table.keys() - keys.keys():
        yield _fault("formats-key-unknown", doc, (*at, name), known="、".join(keys))
    for name, key in keys.items():
        if name in table:
            yield from _check_value(doc, table[name], key, (*at, name))
        elif key.required:
            yield _fault("formats-key-missing", doc, (*at, name))


def _check_value(doc: Document, value: Any, key: Key, at: KeyPath) -> Iterator[Invalid]:
    fits = isinstance(value, _TYPES[key.kind]) and not (
        key.kind in {"integer", "number"} and isinstance(value, bool)
    )
    if not fits:
        yield _fault("formats-key-type", doc, at, kind=key.kind)
    elif key.kind == "free":
        return
    elif key.kind == "texts":
        yield from _check_texts(doc, value, at)
    elif key.kind == "table":
        yield from _check_table(doc, value, key.keys, at)
    elif key.kind == "tables":
        for index, item in enumerate(value):
            yield from _check_table(doc, item, key.keys, (*at, index))
    else:
        yield from _check_choice(doc, value, key, at)


def _check_texts(doc: Document, value: Mapping[str, Any], at: KeyPath) -> Iterator[Invalid]:
    for lang in LANGS:
        if not isinstance(value.get(lang), str) or not value[lang].strip():
            yield _fault("formats-text-missing", doc, at, lang=lang)
    for lang in value.keys() - set(LANGS):
        yield _fault("formats-key-unknown", doc, (*at, lang), known="、".join(LANGS))


def _check_choice(doc: Document, value: Any, key: Key, at: KeyPath) -> Iterator[Invalid]:
    values = value if isinstance(value, list) else [value]
    if key.kind == "list" and not all(isinstance(item, str) for item in values):
        yield _fault("formats-key-type", doc, at, kind="list of text")
    elif key.choices and any(item not in key.choices for item in values):
        yield _fault("formats-key-choice", doc, at, choices="、".join(key.choices))
    elif key.pattern and not all(re.fullmatch(key.pattern, str(item)) for item in values):
        yield _fault("formats-key-pattern", doc, at, pattern=key.pattern)


def _fault(code: str, doc: Document, at: KeyPath, **facts: object) -> Invalid:
    return Invalid(code, place=doc.place(*at), key=".".join(map(str, at)), **facts)
