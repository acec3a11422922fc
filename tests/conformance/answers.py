"""Suites of our own, answered without the engines: tables of cases, and faults put into valid examples."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.published import pytests
from conformance.suite import Case, Suite


def mutation() -> Iterator[Case]:
    from mutation.measuring import Outcome, measured

    def answered(outcome: Outcome) -> Case:
        told = ", ".join(outcome.new[:3]) or "nothing"
        return Case(outcome.name, lambda: None if outcome.found else f"told at {told}")

    return (answered(outcome) for outcome in measured())


TABLE = "test_every_case_of_the_table_holds"
SUITES = (
    Suite("taiwan-identifiers", "臺灣識別碼案例表", "table of Taiwan's identifiers", "tests/taiwan/data", 71,
          pytests(f"tests/taiwan/test_identifiers.py::{TABLE}")),
    Suite("taiwan-dates", "民國日期案例表", "table of Republic-of-China dates", "tests/taiwan/data", 111,
          pytests(f"tests/taiwan/test_roc.py::{TABLE}")),
    Suite("mutation", "正確範例中置入的單一錯誤，於正確欄位指出",
          "single faults in valid examples, told at the right element", "tests/mutation", 3_774, mutation, share=0.99),
)  # fmt: skip
