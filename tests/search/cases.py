"""The table of cases: what a search asks, what is there, and what is found. One TOML file for each subject."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson

from camphora.fhir.references import relative

FOLDER = Path(__file__).parent / "cases"
ORDER = ("number", "date", "string", "token", "quantity", "reference", "uri", "composite", "special", "chain",
         "combining", "standard", "compartment", "filter", "results", "refused")  # fmt: skip
Shows = Literal["finds", "order", "brings", "refuses", "leaves"]


@dataclass(frozen=True)
class Case:
    ask: str
    """The query string, as a person reads it: not encoded."""
    expected: tuple[str, ...]
    """What is found, its order, what comes along, or the code of the error."""
    note: str = ""


@dataclass(frozen=True)
class Group:
    """Cases about the same records. `type` "*" searches all types; `within` is a compartment (`Patient/p`)."""

    name: str
    about: tuple[str, str]
    section: str
    type: str
    shows: Shows
    base: str
    within: str
    given: dict[str, dict[str, Any]]
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Subject:
    name: str
    title: tuple[str, str]
    groups: tuple[Group, ...]


@cache
def subjects() -> tuple[Subject, ...]:
    """The whole table, in the order of the manual."""
    return tuple(
        _subject(name, tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))) for name in ORDER
    )


@cache
def minimal() -> dict[str, dict[str, Any]]:
    """What R4 requires of each type of resource, where a case does not speak of it."""
    return tomllib.loads((FOLDER / "minimal.toml").read_text("utf-8"))


def _subject(name: str, table: dict[str, Any]) -> Subject:
    groups = (_group(f"{name}-{at}", row, table["section"]) for at, row in enumerate(table["group"], 1))
    return Subject(name, tuple(table["title"]), tuple(groups))


def _group(name: str, row: dict[str, Any], section: str) -> Group:
    return Group(
        name,
        tuple(row["about"]),
        row.get("section", section),
        row["type"],
        row.get("shows", "finds"),
        row.get("base", ""),
        row.get("within", ""),
        {_address(key, row["type"]): content for key, content in row.get("given", {}).items()},
        tuple(Case(ask, tuple(expected.split()), *note) for ask, expected, *note in row["cases"]),
    )


def _address(key: str, kind: str) -> str:
    return key if "/" in key else f"{kind}/{key}"


def resources(group: Group) -> list[dict[str, Any]]:
    """The records of a group, whole, and as this server keeps them: its own address is left out of references."""
    made = []
    for address, content in group.given.items():
        kind, key = address.split("/")
        whole = {"resourceType": kind, "id": key, **minimal().get(kind, {}), **content}
        made.append(orjson.loads(relative(orjson.dumps(whole), group.base)))
    return made
