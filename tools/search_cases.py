"""The table of search cases and its page in the manual; tools/reference.py writes it beside the others.

What a search asks, what is there, and what is found: one TOML file for each subject, which tests/search runs.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson

from camphora.fhir.references import relative
from reference_data import page, table

FOLDER = Path(__file__).resolve().parent.parent / "tests/search/cases"
ORDER = ("number", "date", "string", "token", "quantity", "reference", "uri", "composite", "special", "chain",
         "combining", "standard", "compartment", "filter", "results", "refused")  # fmt: skip
R4 = "https://hl7.org/fhir/R4/"
HEADER = {
    "finds": ("查詢 ask", "結果 finds", "說明 note"),
    "order": ("查詢 ask", "依序 in this order", "說明 note"),
    "brings": ("查詢 ask", "連帶 brings", "說明 note"),
    "refuses": ("查詢 ask", "錯誤代碼 error", "說明 note"),
    "leaves": ("查詢 ask", "嚴格時的錯誤 error when strict", "說明 note"),
}
INTRODUCTION = """\
查詢、既有紀錄與應得結果。說明以 R4 起頭者取自規格自己的例子，其餘為本專案的裁定（見[裁定](../rulings.md)）。
查詢未經網址編碼，以便閱讀；紀錄只列與本例有關的欄位，其餘必填欄位見 `tests/search/cases/minimal.toml`。
所問時刻為 2026-11-21 18:00（臺灣）。每例皆在本專案的儲存上執行，並另以純 Python 逐筆衡量。

What is asked, what is there, what must be found. Notes that begin with R4 are the specification's own examples; the
rest are our rulings (see [Rulings](../rulings.md)). Queries are not URL encoded, so that people can read them; of a
record stands what the case is about, and what R4 requires beside is in `tests/search/cases/minimal.toml`. The moment
of asking is 2026-11-21 18:00 in Taiwan. Each case runs on the store, and is weighed record by record in plain Python
beside it (`tests/search`). Written for this project (CC0-1.0): other servers may be held to it too."""
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


def cases_page() -> str:
    """docs/reference/search-cases.md."""
    every = [case for subject in subjects() for group in subject.groups for case in group.cases]
    count = f"{len(every)} 例。{len(every)} cases."
    parts = [_shown(subject) for subject in subjects()]
    return page(
        "查詢案例",
        "Search cases",
        "tools/search_cases.py, tests/search/cases/*.toml",
        INTRODUCTION,
        count,
        *parts,
    )


def _shown(subject: Subject) -> str:
    groups = (_group_shown(group) for group in subject.groups)
    return f"## {' '.join(subject.title)}\n\n" + "\n\n".join(groups)


def _group_shown(group: Group) -> str:
    where = "" if group.type == "*" else f"`{group.type}`"
    within = f"範圍 in the compartment of `{group.within}`" if group.within else ""
    told = "。".join(part for part in (where, within, f"[{group.section}]({R4}{group.section})") if part)
    given = [(f"`{address}`", _code(content)) for address, content in group.given.items()]
    rows = [(_code_of(case.ask), _found(case), case.note) for case in group.cases]
    tables = [table(("紀錄 record", "內容 content"), given)] if given else []
    return "\n\n".join([f"### {' '.join(group.about)}", told, *tables, table(HEADER[group.shows], rows)])


def _code(content: dict[str, Any]) -> str:
    return _code_of(orjson.dumps(content).decode()) if content else "–"


def _code_of(text: str) -> str:
    return f"`{text}`" if text else "–"


def _found(case: Case) -> str:
    return " ".join(f"`{each}`" for each in case.expected) or "無 none"
