"""The prefixes of dates, numbers and quantities as comparisons of what a record holds with what is asked.

Source: https://hl7.org/fhir/R4/search.html#prefix.
"""

from __future__ import annotations

from collections.abc import Sequence

from camphora.fhir.search.asking import Amount, Prefix

Test = tuple[str, list[object]]


def dated(prefix: Prefix, low: int, high: int, start: str, end: str) -> Test:
    """A record's span start..end against the value's low..high, all ends inclusive."""
    within = f"{start} >= ? AND {end} <= ?"
    match prefix:
        case "eq":
            return within, [low, high]
        case "ne":
            return f"NOT ({within})", [low, high]
        case "gt":
            return f"{end} > ?", [high]
        case "lt":
            return f"{start} < ?", [low]
        case "ge":
            return f"{end} > ? OR ({within})", [high, low, high]
        case "le":
            return f"{start} < ? OR ({within})", [low, low, high]
        case "sa":
            return f"{start} > ?", [high]
        case "eb":
            return f"{end} < ?", [low]
        case "co":
            return f"{start} <= ? AND {end} >= ?", [low, high]
        case _:
            return f"{start} <= ? AND {end} >= ?", [high, low]


def starting(prefix: Prefix, low: int, high: int) -> tuple[int | None, int | None]:
    """Within which bounds the start of every span lies that passes; None where there is none."""
    match prefix:
        case "eq":
            return low, high
        case "sa":
            return high + 1, None
        case "lt" | "eb":
            return None, low - 1
        case "co":
            return None, low
        case "le" | "ap":
            return None, high
        case _:
            return None, None


def since(prefix: Prefix, low: int, high: int, longest: int) -> int | None:
    """From when on a span starts that passes and is no longer than this; None where it may at any time."""
    match prefix:
        case "eq":
            return low
        case "sa":
            return high + 1
        case "gt" | "co":
            return high - longest
        case "ge" | "ap":
            return low - longest
        case _:
            return None


def measured(asked: Amount, least: str, most: str) -> Test:
    """A record's range least..most against an amount: eq, ne and ap weigh the range that its digits imply, which ends
    before its upper end; the others the value itself."""
    within = f"{least} >= ? AND {most} < ?"
    match asked.prefix:
        case "eq":
            return within, [asked.low, asked.high]
        case "ne":
            return f"NOT ({within})", [asked.low, asked.high]
        case "gt":
            return f"{most} > ?", [asked.value]
        case "lt":
            return f"{least} < ?", [asked.value]
        case "ge":
            return f"{most} >= ?", [asked.value]
        case "le":
            return f"{least} <= ?", [asked.value]
        case "sa":
            return f"{least} > ?", [asked.value]
        case "eb":
            return f"{most} < ?", [asked.value]
        case "co":
            return f"{least} <= ? AND {most} >= ?", [asked.value, asked.value]
        case _:
            return f"{least} <= ? AND {most} >= ?", [asked.high, asked.low]


def either(tests: Sequence[Test]) -> Test:
    """One of the tests holds."""
    if len(tests) == 1:
        return tests[0]
    return " OR ".join(f"({sql})" for sql, _ in tests), [value for _, values in tests for value in values]
