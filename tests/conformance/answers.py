"""Suites of our own whose answers were found without the engines: faults put into valid examples."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.suite import Case, Suite


def mutation() -> Iterator[Case]:
    from mutation.measuring import Outcome, measured

    def answered(outcome: Outcome) -> Case:
        told = ", ".join(outcome.new[:3]) or "nothing"
        return Case(outcome.name, lambda: None if outcome.found else f"told at {told}")

    return (answered(outcome) for outcome in measured())


SUITES = (
    Suite("mutation", "正確範例中置入的單一錯誤，於正確欄位指出",
          "single faults in valid examples, told at the right element", "tests/mutation", 3_774, mutation, share=0.99),
)  # fmt: skip
