"""What docs/conformance.md says of the suites: written by `tools/run_conformance.py --write`, held to by a test."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from conformance.registry import SUITES
from conformance.suite import Excuse, Suite, excuses

PAGE = Path(__file__).resolve().parents[2] / "docs/conformance.md"
MOST = 12
_PART = "<!-- {name} -->\n{text}<!-- /{name} -->"


def suites() -> str:
    """One row a suite. What is not excused passes: `make conformance` fails otherwise."""
    names = ("測試組 Suite", "內容 What it is", "來源 Source", "題數 Cases", "通過 Passed", "例外 Excused")
    head = f"| {' | '.join(names)} |\n{'|---' * len(names)}|\n"
    return head + "".join(_row(suite) for suite in SUITES)


def _row(suite: Suite) -> str:
    excused = len(excuses(suite))
    passed = f"{suite.total - excused:,}" if suite.share is None else f"≥ {suite.share:.0%}"
    counts = f"{suite.total:,} | {passed} | {excused:,}"
    return f"| `{suite.name}` | {suite.zh}<br>{suite.en} | {suite.source} | {counts} |\n"


def reasons() -> str:
    """Every excuse, those of one reason together."""
    text = ""
    for suite in SUITES:
        by_reason: dict[Excuse, list[str]] = {}
        for case, reason in excuses(suite).items():
            by_reason.setdefault(reason, []).append(case)
        if by_reason:
            rows = "".join(
                f"| {_cases(cases)} | {reason.zh}<br>{reason.en} |\n" for reason, cases in by_reason.items()
            )
            text += f"### `{suite.name}` ({len(excuses(suite)):,})\n\n| 題 Case | 理由 Reason |\n|---|---|\n{rows}\n"
    return text


def _cases(cases: list[str]) -> str:
    """The cases, or where they are many the first, with their number and the file that lists them."""
    shown = "<br>".join(f"`{case}`" for case in cases[:MOST])
    return shown if len(cases) <= MOST else f"{shown}<br>… ({len(cases):,})"


def faults() -> str:
    """Kinds of faults, found and total; the invariants and the rules of bundles each as one row."""
    from mutation.measuring import by_kind, measured

    found: Counter[str] = Counter()
    every: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    for name, (right, count) in by_kind(measured()).items():
        row = _family(name)
        found[row] += right
        every[row] += count
        keys[row] += 1
    head = "| 錯誤類型 Kind of fault | 指出 Found | 總數 Total |\n|---|---|---|\n"
    rows = "".join(f"| {_named(row, keys[row])} | {found[row]:,} | {every[row]:,} |\n" for row in every)
    return (
        head
        + rows
        + f"| **全部 All** ({len(by_kind(()))}) | **{found.total():,}** | **{every.total():,}** |\n"
    )


def _family(name: str) -> str:
    if name.startswith("Bundle "):
        return "rules of Bundle"
    return "invariants of R4" if " " in name else name


def _named(row: str, keys: int) -> str:
    return f"`{row}`" if keys == 1 else f"{row} ({keys})"


PARTS = {"suites": suites, "reasons": reasons, "faults": faults}


def part(name: str) -> str:
    """What stands on the page between the marks of a part."""
    found = re.search(_PART.format(name=name, text="(.*?)"), PAGE.read_text("utf-8"), re.DOTALL)
    assert found, name
    return found[1]


def write() -> None:
    text = PAGE.read_text("utf-8")
    for name, made in PARTS.items():
        new = _PART.format(name=name, text=made())
        text = re.sub(_PART.format(name=name, text=".*?"), lambda _, new=new: new, text, flags=re.DOTALL)
    PAGE.write_text(text, "utf-8")
