"""The code systems on which a decision rests, distilled once from the bundled packages when first asked for.

v3-ActReason under PurposeOfUse (purposes), v3-ActCode (sensitivity) and v3-Confidentiality, HL7 Terminology.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from camphora.policy.vocabulary import ACT_CODE, ACT_REASON

PROJECT = "https://camphora.tw/project|"
"""A project's purpose is this and the project's id; it stands below HRESCH."""
ABOVE_PROJECTS = "HRESCH"
TOP = "PurposeOfUse"
SENSITIVITY = "_InformationSensitivityPolicy"
"""What stands above all sensitivity labels in v3-ActCode."""

CONFIDENTIALITY = ("U", "L", "M", "N", "R", "V")
"""v3-Confidentiality, rising."""

PurposeClass = Literal[
    "refused", "secondary", "operation", "claims", "surveillance", "family", "self", "care"
]
"""The classes of purposes, the strictest first."""

Tree = dict[str, tuple[str, ...]]
"""Each code with itself and what stands above it, the nearest first; of several parents in the order given."""


@cache
def purposes() -> Tree:
    """The codes of v3-ActReason under PurposeOfUse, without PurposeOfUse itself, each with its ancestors."""
    tree = _tree(ACT_REASON)
    return {code: line for code, line in tree.items() if TOP in line[1:]}


@cache
def act_codes() -> Tree:
    """The codes of v3-ActCode with their ancestors; for sensitivity labels."""
    return _tree(ACT_CODE)


def ancestry(purpose: str) -> tuple[str, ...]:
    """A purpose with itself and what stands above it; empty where it is neither a code of use nor a project."""
    if is_project(purpose):
        return (purpose, *purposes()[ABOVE_PROJECTS])
    return purposes().get(purpose, ())


def class_of(line: tuple[str, ...]) -> PurposeClass | None:
    """The class of a purpose with this ancestry: of itself, or of the nearest above it that has one.

    No code of use in the bundled edition has several parents, so the nearest is one (a test holds this).
    """
    rows = _classes()
    return next((rows[code] for code in line if code in rows), None)


def codes_of(purpose_class: str) -> frozenset[str]:
    """The codes of use that belong to a class."""
    return frozenset(code for code, line in purposes().items() if class_of(line) == purpose_class)


@cache
def categories() -> dict[str, str]:
    """The data category of each record type (資料類別, our codes); what is not in it is `other`."""
    return {row["type"]: row["category"] for row in _rows("categories.csv")}


@cache
def _classes() -> dict[str, PurposeClass]:
    return {row["code"]: row["class"] for row in _rows("purposes.csv")}


def _rows(name: str) -> list[dict[str, Any]]:
    text = files("camphora.policy").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def is_project(purpose: str) -> bool:
    return purpose.startswith(PROJECT) and len(purpose) > len(PROJECT)


def _tree(system: str) -> Tree:
    from camphora.fhir.packages import Guides

    found = Guides.bundled().find(system)
    if found is None:
        raise LookupError(system)
    parents: dict[str, list[str]] = {}
    for code, above in _edges(found.get("concept", []), None):
        parents.setdefault(code, [])
        if above and above not in parents[code]:
            parents[code].append(above)
    return {code: tuple(dict.fromkeys(_line(code, parents))) for code in parents}


def _edges(concepts: list[dict[str, Any]], above: str | None) -> Iterator[tuple[str, str | None]]:
    for concept in concepts:
        yield concept["code"], above
        for each in concept.get("property", []):
            if each.get("code") == "subsumedBy":
                yield concept["code"], each.get("valueCode")
        yield from _edges(concept.get("concept", []), concept["code"])


def _line(code: str, parents: dict[str, list[str]]) -> Iterator[str]:
    """Breadth first, so that the nearest come first."""
    level = [code]
    while level:
        yield from level
        level = [above for each in level for above in parents.get(each, [])]
