"""The R4 primitives as checks on one JSON value (https://hl7.org/fhir/R4/datatypes.html#primitive).

A check gives None for a right value, else the faults; a fault never holds the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from camphora.fhir import definitions
from camphora.fhir.dates import days_of_month
from camphora.fhir.json import Written


class Found(NamedTuple):
    """A fault: where, from the value checked (`.name[0]`), its code and its facts; for a rule of a profile also how
    grave it is, which profile asks for it and by which rule (an invariant's key, an element's id, a slice)."""

    path: str
    code: str
    facts: dict[str, object]
    severity: Literal["error", "warning", "information"] = "error"
    profile: str = ""
    rule: str = ""

    def under(self, prefix: str) -> Found:
        return self._replace(path=prefix + self.path)


Check = Callable[[Any, Mapping[str, Any]], list[Found] | None]
"""A check of a value inside the object that owns it."""

LONGEST = 1024 * 1024
INTEGERS = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
NUMBERS = frozenset({int, float, Decimal, Written})
"""The Python types that a JSON number is read as."""
JSON_NAMES: dict[type, str] = {
    dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null",
    **dict.fromkeys(NUMBERS, "number"),
}  # fmt: skip
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no text of FHIR may hold (datatypes.html#string), nor any XML 1.0."""
_BASE64 = re.compile(r"[0-9A-Za-z+/]+={0,2}", re.ASCII)
_SPACE = "[ \\t\\r\\n]"
_DIV = re.compile(r"\s*<div[\s>/].*?(</div>|/>)\s*", re.DOTALL)


def wrong_type(value: Any, expected: str) -> list[Found]:
    """What is said of a value of another JSON type; null and empty have their own words."""
    if value is None:
        return [Found("", "fhir-null", {})]
    found = JSON_NAMES.get(type(value), "value")
    if expected == found:
        return [Found("", "fhir-empty", {"found": found})]
    return [Found("", "fhir-type", {"expected": expected, "found": found})]


@cache
def primitive(name: str, values: str | None = None) -> Check:
    """The check of a primitive type; with `values` also against that value set where it lists its codes."""
    if values in definitions.value_sets():
        return _code(values)
    if name in INTEGERS:
        return _integer(name, INTEGERS[name])
    special = {
        "boolean": _boolean, "decimal": _decimal, "string": _text, "markdown": _text,
        "xhtml": _matching("xhtml", _narrative), "base64Binary": _matching("base64Binary", _base64),
    }  # fmt: skip
    if name in special:
        return special[name]
    pattern = definitions.types()[name].pattern or ".+"
    match = re.compile(_as_xml(pattern), re.ASCII).fullmatch
    return _matching(name, _dated(match) if name in {"date", "dateTime", "instant"} else match)


def _as_xml(pattern: str) -> str:
    """XML Schema's white space is four characters; the full-width space of a Chinese text is none of them."""
    pattern = pattern.replace(r"[^\s]", "[^ \\t\\r\\n]").replace(r"\s", _SPACE)
    return pattern.replace(r"\S*", "[^ \\t\\r\\n]+")


def _text(value: Any, _: Mapping[str, Any]) -> list[Found] | None:
    if type(value) is str and 0 < len(value) <= LONGEST:
        return None if value.isprintable() else _characters(value)
    if isinstance(value, str) and value:
        return [Found("", "fhir-too-long", {"most": LONGEST})]
    return wrong_type(value, "string")


def _characters(text: str) -> list[Found] | None:
    """The first character that no text may hold. What is printable as a whole needs not be asked."""
    found = _NEVER.search(text)
    return found and [Found("", "fhir-character", {"character": f"U+{ord(found[0]):04X}"})]


def _boolean(value: Any, _: Mapping[str, Any]) -> list[Found] | None:
    return None if value is True or value is False else wrong_type(value, "boolean")


def _decimal(value: Any, _: Mapping[str, Any]) -> list[Found] | None:
    return None if type(value) in NUMBERS else wrong_type(value, "number")


def _integer(name: str, least: int) -> Check:
    def check(value: Any, _: Mapping[str, Any]) -> list[Found] | None:
        if type(value) is int and least <= value < 2**31:
            return None
        return _misfit(name) if type(value) in NUMBERS else wrong_type(value, "number")

    return check


def _code(values: str) -> Check:
    codes = frozenset(code for codes in definitions.value_sets()[values].values() for code in codes)

    def check(value: Any, _: Mapping[str, Any]) -> list[Found] | None:
        if type(value) is str and value in codes:
            return None
        if isinstance(value, str) and value:
            return [Found("", "fhir-code", {"values": values})]
        return wrong_type(value, "string")

    return check


def _matching(name: str, match: Callable[[str], object]) -> Check:
    def check(value: Any, _: Mapping[str, Any]) -> list[Found] | None:
        if type(value) is str and match(value):
            return None if value.isprintable() else _characters(value)
        return _misfit(name) if isinstance(value, str) and value else wrong_type(value, "string")

    return check


def _misfit(name: str) -> list[Found]:
    return [Found("", "fhir-format", {"type": name})]


def _dated(match: Callable[[str], object]) -> Callable[[str], object]:
    @lru_cache(maxsize=8_192)
    def known(text: str) -> bool:
        if not match(text):
            return False
        day = text[8:10]
        return day <= "28" or int(day) <= days_of_month(int(text[:4]), int(text[5:7]))

    return lambda text: known(text) if len(text) <= 40 else known.__wrapped__(text)


def _base64(text: str) -> bool:
    bare = "".join(text.split())
    return len(bare) % 4 == 0 and _BASE64.fullmatch(bare) is not None


def _narrative(text: str) -> bool:
    return _DIV.fullmatch(text) is not None
