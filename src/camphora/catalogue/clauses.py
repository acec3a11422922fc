"""The 276 systems that two Taiwanese plans name or require, each with the plan's own words."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from camphora.errors import Lang

State = Literal["works", "partly", "planned"]
STATES: tuple[State, ...] = ("works", "partly", "planned")
"""可使用, 部分可用, 規劃中; the better ones first."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One system of the plans. `quote` is what the plan says; `inferred` whether the system only follows from it."""

    id: int
    zh: str
    en: str
    source: str
    users: str
    does: str
    engine: str
    relevance: str
    quote: str
    inferred: bool
    chapter: str
    plan: Literal["mohw", "white_paper"]

    def name(self, lang: Lang) -> str:
        return self.zh if lang == "zh-TW" else self.en


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of a plan, as the plan names it; `plan_name` by language."""

    name: str
    plan: Literal["mohw", "white_paper"]
    plan_name: Mapping[str, str]


def _text(name: str) -> str:
    return (files("camphora") / "catalogue" / name).read_text("utf-8")


@cache
def chapters() -> tuple[Chapter, ...]:
    """Every chapter in the order of the plans."""
    plans = tomllib.loads(_text("chapters.toml"))
    order: tuple[Literal["mohw", "white_paper"], ...] = ("mohw", "white_paper")
    return tuple(
        Chapter(name, plan, _names(plans[plan])) for plan in order for name in plans[plan]["chapters"]
    )


def _names(plan: Mapping[str, str]) -> dict[str, str]:
    return {lang: plan[lang] for lang in ("zh-TW", "en")}


@cache
def clauses() -> Mapping[int, Clause]:
    """All 276 by their id, in the order of the plans' chapters and within one by id."""
    rows = csv.DictReader(io.StringIO(_text("systems.tsv")), delimiter="\t", quoting=csv.QUOTE_NONE)
    order = {chapter.name: number for number, chapter in enumerate(chapters())}
    found = sorted((_clause(row) for row in rows), key=lambda one: (order[one.chapter], one.id))
    return {clause.id: clause for clause in found}


def _clause(row: Mapping[str, str]) -> Clause:
    mark, quote = row["quote"].split(":", 1)
    plain = {
        key: row[key] for key in ("zh", "en", "source", "users", "does", "engine", "relevance", "chapter")
    }
    plan: Literal["mohw", "white_paper"] = "mohw" if mark == "P" else "white_paper"
    return Clause(id=int(row["id"]), quote=quote, inferred=row["inferred"] == "yes", plan=plan, **plain)
