"""What an element's definition asks of its value: how many, how long, how great, fixed values and patterns."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from camphora.fhir.dates import span
from camphora.fhir.primitives import NUMBERS, Found
from camphora.fhir.validation.matching import Test, equal, fits
from camphora.fhir.validation.parts import Part
from camphora.fhir.validation.scope import Check, Scope

Parts = tuple[Part, ...]
_DATES = {"date", "dateTime", "instant"}


def said(part: Part, path: str, code: str, **facts: object) -> Found:
    """A fault against what a part of a profile asks."""
    return Found(path, code, facts, "error", part.profile, part.id)


def numbers(parts: Parts) -> tuple[int, int | None, Callable[[int], list[Found]]]:
    """The least and the greatest number of items that all parts allow, and what is said of another number."""
    least = max(parts, key=lambda part: part.min)
    bounded = [part for part in parts if part.max is not None]
    most = min(bounded, key=lambda part: part.max or 0) if bounded else None

    def wrong(number: int) -> list[Found]:
        if number < least.min:
            return [said(least, "", "validation-few", found=number, least=least.min)]
        top = most.max if most else None
        return [said(most or least, "", "validation-many", found=number, most=top)]

    return least.min, most.max if most else None, wrong


def values(parts: Parts) -> list[Check]:
    """Fixed values and patterns, each asked once however many parts ask it."""
    found: dict[str, Check] = {}
    for part in parts:
        for kind, test, code in _WAYS:
            asked = part.value(kind)
            if asked is not None:
                found.setdefault(f"{kind}{asked[1]!r}", _value(part, code, test(asked[1]), asked[1]))
    return list(found.values())


_WAYS = (("fixed", equal, "validation-fixed"), ("pattern", fits, "validation-pattern"))


def _value(part: Part, code: str, test: Test, wanted: Any) -> Check:
    fault = [said(part, "", code, expected=shown(wanted))]

    def check(value: Any, _scope: Scope) -> list[Found] | None:
        return None if test(value) else fault

    return check


def slice_number(part: Part, number: int) -> list[Found]:
    """What is said of a slice that stands so many times."""
    if number < part.min:
        return [said(part, "", "validation-slice-few", slice=part.slice, found=number, least=part.min)]
    if part.max is not None and number > part.max:
        return [said(part, "", "validation-slice-many", slice=part.slice, found=number, most=part.max)]
    return []


def shown(wanted: Any) -> str:
    """What a definition asks for, in few words: definitions hold nobody's data."""
    if isinstance(wanted, dict):
        text = ", ".join(f"{name}: {shown(value)}" for name, value in wanted.items())
    elif isinstance(wanted, list):
        text = "; ".join(map(shown, wanted))
    else:
        text = str(wanted)
    return text if len(text) <= 160 else text[:159] + "…"


def primitive_limits(parts: Parts, code: str) -> list[Check]:
    """Fixed values, patterns, the greatest length, the least and the greatest value."""
    found = values(parts)
    lengths = [part for part in parts if part.definition.get("maxLength")]
    if lengths:
        found.append(_length(min(lengths, key=lambda part: int(part.definition["maxLength"]))))
    for part in parts:
        for kind in ("minValue", "maxValue"):
            asked = part.value(kind)
            if asked is not None and not isinstance(asked[1], dict):
                found.append(_bound(part, kind, asked[1], code))
    return found


def _length(part: Part) -> Check:
    most = int(part.definition["maxLength"])

    def check(value: Any, _scope: Scope) -> list[Found] | None:
        if type(value) is not str or len(value) <= most:
            return None
        return [said(part, "", "validation-long", found=len(value), most=most)]

    return check


def _bound(part: Part, kind: str, wanted: Any, code: str) -> Check:
    low = kind == "minValue"
    read = _moment if code in _DATES else _number
    edge = read(wanted, low=low)
    fault = [said(part, "", "validation-small" if low else "validation-great", expected=shown(wanted))]

    def check(value: Any, _scope: Scope) -> list[Found] | None:
        mine = read(value, low=low)
        if type(mine) is not type(edge) or edge is None:
            return None
        return fault if (mine < edge if low else mine > edge) else None

    return check


def _number(value: Any, *, low: bool) -> Any:  # noqa: ARG001
    if type(value) in NUMBERS:
        return Decimal(str(value))
    return value if type(value) is str else None


def _moment(value: Any, *, low: bool) -> Any:
    try:
        start, end = span(value)
    except (ValueError, TypeError, AttributeError):
        return None
    return start if low else end


def address(text: str) -> str:
    """The address of a definition or code system as far as it can be one: text of another kind may be a person's."""
    return text if _ADDRESS.fullmatch(text) else "?"


_ADDRESS = re.compile(r"(https?://|urn:)[!-~]{1,240}", re.ASCII)
