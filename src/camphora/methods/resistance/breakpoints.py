"""Breakpoints as dated tables by guideline, and results by them. No guideline's table is shipped: CLSI's and EUCAST's
are theirs; an installation loads those that it may use."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import day, one_of, texts
from camphora.methods.made import Made

COLUMNS = (
    "guideline",
    "version",
    "valid_from",
    "valid_to",
    "organism",
    "drug",
    "method",
    "site",
    "s",
    "r",
    "r_is",
)
MEASURED = re.compile(r"^(<=|<|>=|>)?\s*([0-9]+(?:\.[0-9]+)?)$")
INVENTED = """\
guideline,version,valid_from,valid_to,organism,drug,method,site,s,r,r_is
INVENTED,1,2024-01-01,2024-12-31,Inventella exempli,fictocillin,mic,,1,4,over
INVENTED,2,2025-01-01,,Inventella exempli,fictocillin,mic,,1,2,over
INVENTED,2,2025-01-01,,Inventella exempli,fictocillin,mic,urine,8,8,over
INVENTED,2,2025-01-01,,Inventella exempli,fictocillin,disk,,20,17,over
INVENTED-US,1,2025-01-01,,Inventella exempli,fictocillin,mic,,2,8,from
"""
"""An example of the form. Organism, drug and every number are made up: for no patient."""


@dataclass(frozen=True, slots=True)
class Interpreted:
    """`result`: S, I, R, or empty where the table says nothing or the measurement leaves it open; `version`: of the
    guideline's row that was used, empty where none. Both of shape (isolates,)."""

    result: NDArray[Any]
    version: NDArray[Any]
    guideline: str
    made: Made


def read(text: str) -> list[dict[str, Any]]:
    """The rows of a table in CSV, checked, as plain values; columns as in `INVENTED`:

    `guideline`, `version`; `valid_from`, `valid_to`: the days between which it holds, both included, `valid_to` empty
    where it still does; `organism`, `drug`: the codes or names that the results use; `method`: mic (mg/L) or disk (mm);
    `site`: empty for any; `s`: susceptible up to this MIC, or from this zone on; `r`: resistant `over` this MIC
    (EUCAST) or `from` it on (CLSI), and for a zone below it (`over`) or up to it (`from`). What lies between is I;
    empty `s` or `r` is not given. Lines that begin with # are remarks.

    Invalid `methods-breakpoint-columns`, `methods-breakpoint-row` (with the line), `methods-breakpoint-overlap` (two
    rows for the same question on the same day).
    """
    if not isinstance(text, str):
        raise Invalid("methods-breakpoint-columns", wanted="、".join(COLUMNS))
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line and line[0] != "#"]
    reader = csv.DictReader(io.StringIO("\n".join(line for _, line in lines)))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise Invalid("methods-breakpoint-columns", wanted="、".join(COLUMNS))
    rows = [_row(each, lines[at][0]) for at, each in enumerate(reader, 1)]
    _overlaps(rows)
    return rows


def interpret(
    measured: Sequence[str],
    organisms: Sequence[str],
    drugs: Sequence[str],
    sites: Sequence[str] | None = None,
    *,
    table: Sequence[Mapping[str, Any]],
    guideline: str,
    on: str,
    method: str = "mic",
) -> Interpreted:
    """S, I or R of each measurement by the rows of one guideline that hold on day `on` (YYYY-MM-DD), all of shape
    (isolates,). A row for the isolate's site comes before one for any site.

    A measurement is text: "0.5", "<=0.25", ">8"; with < or > it is a range, and gets a result only where all of the
    range has the same one: ">8" against R over 16 is open. Empty is empty. `table`: as `read` gives it.
    Invalid `methods-shape`, `methods-choice`, `methods-measured`, `methods-date`.
    """
    one_of(method, ("mic", "disk"), "method")
    on_day = day(on, "on")
    if not isinstance(guideline, str):
        raise Invalid("methods-choice", argument="guideline", known="str")
    size = (texts(measured, "measured").shape[0],)
    texts(measured, "measured", size)
    places: Sequence[str] = [""] * size[0] if sites is None else sites
    for given, name in ((organisms, "organisms"), (drugs, "drugs"), (places, "sites")):
        texts(given, name, size)
    _checked(table)
    holding = {
        (row["organism"], row["drug"], row["site"]): row
        for row in table
        if row["guideline"] == guideline and row["method"] == method and _holds(row, on_day)
    }
    found = []
    for value, organism, drug, site in zip(measured, organisms, drugs, places, strict=True):
        row = holding.get((organism, drug, site)) or holding.get((organism, drug, ""))
        result = _result(value, row, method)
        found.append((result, str(row["version"]) if row and result else ""))
    parameters = {"table": [dict(row) for row in table], "guideline": guideline, "on": on, "method": method}
    made = Made("resistance.breakpoints.interpret", 1, parameters)
    results, versions = (np.array([each[part] for each in found], dtype=str) for part in (0, 1))
    return Interpreted(results, versions, guideline, made)


def _result(value: str, row: Mapping[str, Any] | None, method: str) -> str:
    if not isinstance(value, str):
        raise Invalid("methods-measured", argument="measured")
    text = value.strip()
    if not text:
        return ""
    match = MEASURED.match(text)
    if not match:
        raise Invalid("methods-measured", argument="measured")
    if row is None:
        return ""
    sign, number = match[1] or "", float(match[2])
    ends = {
        "": (number, number), "<=": (0.0, number), "<": (0.0, np.nextafter(number, 0)),
        ">=": (number, np.inf), ">": (np.nextafter(number, np.inf), np.inf),
    }[sign]  # fmt: skip
    low, high = (_grade(end, row, method) for end in ends)
    return low if low == high else ""


def _grade(number: float, row: Mapping[str, Any], method: str) -> str:
    """Disks turn the scale round: the wider the zone, the more susceptible."""
    turn = 1 if method == "mic" else -1
    s, r = row["s"], row["r"]
    if s is not None and turn * number <= turn * s:
        return "S"
    if r is None:
        return ""
    if turn * number > turn * r or (row["r_is"] == "from" and number == r):
        return "R"
    return "I" if s is not None else ""


def _row(given: Mapping[str, str], line: int) -> dict[str, Any]:
    try:
        row: dict[str, Any] = {name: given[name].strip() for name in COLUMNS}
        row["s"], row["r"] = (float(row[name]) if row[name] else None for name in ("s", "r"))
        begins = date.fromisoformat(row["valid_from"])
        ends = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
    except (AttributeError, ValueError, KeyError):
        raise Invalid("methods-breakpoint-row", line=line) from None
    named = all(row[name] for name in ("guideline", "version", "organism", "drug"))
    known = row["method"] in ("mic", "disk") and row["r_is"] in ("over", "from")
    if not (named and known and begins <= ends and (row["s"] is not None or row["r"] is not None)):
        raise Invalid("methods-breakpoint-row", line=line)
    if row["s"] is not None and row["r"] is not None:
        ordered = row["s"] <= row["r"] if row["method"] == "mic" else row["r"] <= row["s"]
        if not ordered:
            raise Invalid("methods-breakpoint-row", line=line)
    return row


def _overlaps(rows: Sequence[Mapping[str, Any]]) -> None:
    asked = ("guideline", "organism", "drug", "method", "site")
    order = sorted(rows, key=lambda row: (*(row[name] for name in asked), row["valid_from"]))
    for one, two in pairwise(order):
        same = all(one[name] == two[name] for name in asked)
        if same and (not one["valid_to"] or one["valid_to"] >= two["valid_from"]):
            raise Invalid("methods-breakpoint-overlap", guideline=two["guideline"], version=two["version"])


def _holds(row: Mapping[str, Any], on: date) -> bool:
    ends = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
    return date.fromisoformat(row["valid_from"]) <= on <= ends


def _checked(table: Sequence[Mapping[str, Any]]) -> None:
    """Invalid `methods-breakpoint-columns` unless rows are as `read` gives them."""
    rows = table if isinstance(table, list | tuple) else [None]
    if not all(isinstance(row, Mapping) and set(COLUMNS) <= set(row) for row in rows):
        raise Invalid("methods-breakpoint-columns", wanted="、".join(COLUMNS))
