"""Numbers and quantities: as the index holds them, and as a search asks for them.

A unit is one text: "" any unit at all, `SYSTEM|CODE` (for UCUM its canonical code, with the canonical amount, so that
`5.4 g/L` and `540 mg/dL` are one), `|TEXT` the unit as a person wrote it, with the amount as given.
Source: https://hl7.org/fhir/R4/search.html#number and #quantity; docs/rulings.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from camphora.fhir import ucum

UCUM = "http://unitsofmeasure.org"
CURRENCIES = "urn:iso:std:iso:4217"
TENTH = Decimal("0.1")
"""How far `ap` reaches, of the value asked for."""
_NUMBER = re.compile(r"[+-]?(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?", re.ASCII)

Row = tuple[str, float, float]
"""Unit, least and greatest amount."""
Ends = tuple[float, float]


class Asked(NamedTuple):
    """An amount as asked: `value` itself, `low` and `high` the ends of the range that its digits imply (of `ap`: the
    widened range), all in `unit` as the index writes it."""

    value: float
    low: float
    high: float
    unit: str = ""


def asked(number: str, system: str = "", code: str = "", *, approximate: bool = False) -> Asked:
    """The number of a search, without its prefix, and for a quantity the two parts after it: `5.4|SYSTEM|CODE`.

    No system: any whose code or written unit is `code`. ValueError where it is no number, or a system has no code.
    """
    if system and not code:
        raise ValueError("a system of units without a unit")
    value, reach = _read(number)
    if approximate:
        reach = max(reach, abs(value) * TENTH)
    ends = (value, value - reach, value + reach)
    if system == UCUM:
        found = [row for row in (ucum.canonical(each, code) for each in ends) if row]
        if len(found) == len(ends):
            exact, low, high = (_float(amount) for amount, _ in found)
            return Asked(exact, low, high, f"{UCUM}|{found[0][1]}")
    exact, low, high = map(_float, ends)
    return Asked(exact, low, high, f"{system}|{code}" if code else "")


def _read(text: str) -> tuple[Decimal, Decimal]:
    """The number, and half a unit of its last digit. A single digit with an exponent counts as two: R4's table gives
    1e2 the range from 95 to 105."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError("not a number")
    whole, fraction, power = found.groups()
    last = int(power or 0) - len(fraction or "")
    if power is not None and fraction is None and len(whole) == 1:
        last -= 1
    return Decimal(text), Decimal(5).scaleb(last - 1)


def unit_of(system: str, code: str) -> str:
    """A unit as the index writes it; the system "" gives the form `|TEXT`.

    >>> unit_of("http://unitsofmeasure.org", "mg/dL")
    'http://unitsofmeasure.org|g.m-3'
    """
    found = ucum.scale(code) if system == UCUM else None
    return f"{system}|{found.base if found else code}"


def quantity(value: dict[str, Any]) -> Sequence[Row]:
    """The rows of a Quantity or one of its profiles; none without a value.

    A comparator opens an end: `<5` reaches from below up to, but not, 5.
    """
    amount = value.get("value")
    if amount is None:
        return ()
    rows = _scaled(amount, value.get("system"), value.get("code"), value.get("unit"))
    comparator = value.get("comparator")
    if comparator is None:
        return rows
    return [(unit, *_opened(low, comparator)) for unit, low, _ in rows]


def money(value: dict[str, Any]) -> Sequence[Row]:
    amount, currency = value.get("value"), value.get("currency")
    return () if amount is None else _scaled(amount, currency and CURRENCIES, currency, None)


def extent(value: dict[str, Any]) -> list[Row]:
    """The rows of a Range: of each unit in which both ends are known, or the one that there is; the other is open."""
    low = {unit: least for unit, least, _ in quantity(value.get("low", {}))}
    high = {unit: most for unit, _, most in quantity(value.get("high", {}))}
    if not low or not high:
        return [(unit, least, math.inf) for unit, least in low.items()] + [
            (unit, -math.inf, most) for unit, most in high.items()
        ]
    both = [(unit, least, high[unit]) for unit, least in low.items() if unit in high]
    return [row for row in both if row[1] <= row[2]]


def sampled(value: dict[str, Any]) -> list[Row]:
    """The rows of SampledData: the bounds of its values, in the unit of its origin."""
    origin, factor = value["origin"], _decimal(value.get("factor", 1))
    points = list(_points(value))
    start = origin.get("value")
    if start is None or not points:
        return []
    ends = sorted(_decimal(start) + factor * point for point in (min(points), max(points)))
    rows = [quantity({**origin, "value": end}) for end in ends]
    return [(unit, low, high) for (unit, low, _), (_, _, high) in zip(*rows, strict=True)]


def _points(value: dict[str, Any]) -> Iterable[Decimal]:
    """The measured points, of which E is none and L and U the limits of detection; without any, the limits."""
    limits = {"L": value.get("lowerLimit"), "U": value.get("upperLimit")}
    for text in set(value.get("data", "L U").split()):
        point = limits.get(text, text)
        if point is not None and _NUMBER.fullmatch(str(point)):
            yield _decimal(point)


def number(value: Any) -> Ends:
    """An integer or decimal as least and greatest value."""
    found = _float(value)
    return found, found


def numbers(value: dict[str, Any]) -> Ends | None:
    """A Range as numbers, whatever its unit; an end that is not given is open. None where neither is."""
    low, high = value.get("low", {}).get("value"), value.get("high", {}).get("value")
    if low is None and high is None:
        return None
    return -math.inf if low is None else _float(low), math.inf if high is None else _float(high)


@lru_cache(maxsize=16_384, typed=True)
def _scaled(amount: Any, system: str | None, code: str | None, text: str | None) -> tuple[Row, ...]:
    """A row for each unit under which an amount is found, with the amount in it."""
    given = _float(amount)
    rows = {"": given}
    if code and system:
        found = ucum.canonical(_decimal(amount), code) if system == UCUM else None
        rows[f"{system}|{found[1] if found else code}"] = _float(found[0]) if found else given
    for each in (code, text):
        if each:
            rows[f"|{each}"] = given
    return tuple((unit, low, low) for unit, low in rows.items())


def _opened(amount: float, comparator: str) -> Ends:
    if comparator.startswith("<"):
        return -math.inf, amount if comparator == "<=" else math.nextafter(amount, -math.inf)
    return amount if comparator == ">=" else math.nextafter(amount, math.inf), math.inf


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _float(value: Any) -> float:
    """As a double; infinite where it is beyond all doubles."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
