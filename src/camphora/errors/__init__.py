"""The error tree and its catalogue.

Every error has a category (its class), a stable code, a place, and a sentence and a remedy in zh-TW and
English, which lie beside this file as one TOML table per room. The edge turns an error once into HTTP, an
OperationOutcome or an exit code. The facts that an error carries are names, paths, numbers and types: never
a value that belongs to a person.

    CamphoraError
    ├─ Invalid     400  exit 2   what was brought breaks a rule
    ├─ Forbidden   403  exit 3   law, role or choice refuses it
    ├─ NotFound    404  exit 4
    ├─ Conflict    409  exit 5   the stored state has moved on
    ├─ TooLarge    413  exit 6
    ├─ Busy        503  exit 7   try again later
    │  └─ TooMany  429  exit 7   this reader or place asked too often; the fact `seconds` says how long to wait
    └─ Fault       500  exit 8   our own mistake, or the machine's
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar, Literal, NamedTuple

from camphora.errors.sentences import filled

Lang = Literal["zh-TW", "en"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault lies: a file with line and column, a FHIRPath inside a resource, or both."""

    file: str | None = None
    line: int | None = None
    column: str | int | None = None
    path: str | None = None

    def __str__(self) -> str:
        spot = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return " ".join(part for part in (spot, self.path) if part)


class Entry(NamedTuple):
    text: dict[str, str]
    remedy: dict[str, str]


@cache
def catalogue() -> dict[str, Entry]:
    """Every error code with its sentence and remedy per language, read from the TOML files of this folder."""
    entries: dict[str, Entry] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            for code, row in tomllib.loads(file.read_text("utf-8")).items():
                texts = {lang: row[lang] for lang in ("zh-TW", "en")}
                entries[code] = Entry(texts, row["remedy"])
    return entries


@cache
def roles() -> dict[str, dict[Lang, str]]:
    """What each role is called, per language."""
    return tomllib.loads(files(__name__).joinpath("words", "role.toml").read_text("utf-8"))


@cache
def types() -> dict[str, dict[Lang, str]]:
    """What a record of each type is called, per language."""
    return tomllib.loads(files(__name__).joinpath("words", "type.toml").read_text("utf-8"))


def in_words(facts: Mapping[str, object], lang: Lang) -> Mapping[str, object]:
    """The facts of an error as a sentence says them: a role by its name, and beside the `type` of a record, which
    developers write, what people call it (`kind`)."""
    said = dict(facts)
    if called := roles().get(str(facts.get("role", ""))):
        said["role"] = called[lang]
    if "type" in facts:
        said.setdefault("kind", _kind(str(facts["type"]), lang))
    return said


def _kind(name: str, lang: Lang) -> str:
    called = types().get(name)
    return called[lang] if called else name


class CamphoraError(Exception):
    """An error that people may read: `text(lang)` says what is wrong, `remedy(lang)` what to do next."""

    category: ClassVar[str] = "fault"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 8

    def __init__(self, code: str, *, place: Place | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.place = place
        self.facts = facts
        self.change: int | None = None
        """Which of several changes was refused, counted from 0; set by the store."""

    def text(self, lang: Lang = "en") -> str:
        return filled(catalogue()[self.code].text[lang], in_words(self.facts, lang))

    def remedy(self, lang: Lang = "en") -> str:
        return filled(catalogue()[self.code].remedy[lang], in_words(self.facts, lang))

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.code}: {self.text('en')}{where}"


class Invalid(CamphoraError):
    category, status, exit_code = "invalid", 400, 2


class Forbidden(CamphoraError):
    category, status, exit_code = "forbidden", 403, 3


class NotFound(CamphoraError):
    category, status, exit_code = "not found", 404, 4


class Conflict(CamphoraError):
    category, status, exit_code = "conflict", 409, 5


class TooLarge(CamphoraError):
    category, status, exit_code = "too large", 413, 6


class Busy(CamphoraError):
    category, status, exit_code = "busy", 503, 7


class TooMany(Busy):
    status = 429


class Fault(CamphoraError):
    category, status, exit_code = "fault", 500, 8


class Faults(Invalid):
    """Several located faults of one input, reported together; `faults` holds each of them."""

    def __init__(self, faults: list[Invalid]) -> None:
        first = faults[0]
        super().__init__(first.code, place=first.place, **first.facts)
        self.faults = faults
