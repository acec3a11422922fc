"""A question as an immutable value: what is counted, of whom, by what, and for which purpose. It holds no SQL.

    Question("condition", Measure("persons"), by=(By("person.sex"),), where=(Is("code", ("E11.9",)),))

A column is one of the source's own, or `person.COLUMN` for the attributes of the person whom the row is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from camphora.policy import Purpose

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Is:
    """The column has one of these values."""

    column: str
    values: tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The column lies from low to high, both inclusive; None leaves a side open.

    A date bound may be partial: high "2024" includes all of 2024.
    """

    column: str
    low: str | int | float | None = None
    high: str | int | float | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """The column has no value."""

    column: str


@dataclass(frozen=True, slots=True)
class Has:
    """The person has a row in another view for which all of `where` hold: what makes a cohort."""

    source: str
    where: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    inner: Filter


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of these holds."""

    of: tuple[Filter, ...]


Filter = Is | Between | Missing | Has | Not | Either


@dataclass(frozen=True, slots=True)
class By:
    """One dimension of the answer: a column's values, years or months of a date, or bands of a number's width."""

    column: str
    cut: Literal["", "year", "month"] = ""
    band: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """`persons`: distinct persons. `rows`: rows. `mean`: the mean over persons of each person's own mean of a
    column, over rows where the source has no persons. `total`: a column's sum, only where it has none."""

    kind: Literal["persons", "rows", "mean", "total"]
    column: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    source: str
    measure: Measure
    by: tuple[By, ...] = ()
    where: tuple[Filter, ...] = ()
    purpose: Purpose = Purpose.SECONDARY
