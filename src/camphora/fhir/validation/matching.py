"""Whether a JSON value is a fixed value or fits a pattern, as closures made once per definition.

A pattern's object asks for its properties and no others; each item of its array must fit some item of the value
(https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

Test = Callable[[Any], bool]


def equal(wanted: Any) -> Test:
    """The test for a fixed value: the same value, whatever the order of an object's properties."""
    kind = type(wanted)
    if kind is bool or kind is str:
        return lambda value: type(value) is kind and bool(value == wanted)
    if kind is float:
        written = Decimal(repr(wanted))
        return lambda value: type(value) is not bool and value in (wanted, written)
    return lambda value: type(value) is not bool and bool(value == wanted)


def fits(wanted: Any) -> Test:
    """The test for a pattern."""
    if isinstance(wanted, dict):
        return _object(wanted)
    if isinstance(wanted, list):
        return _array(wanted)
    return equal(wanted)


def _object(wanted: dict[str, Any]) -> Test:
    tests = tuple((name, fits(value)) for name, value in wanted.items())
    if len(tests) == 1:
        name, only = tests[0]
        return lambda value: type(value) is dict and name in value and only(value[name])

    def test(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name, fit in tests:  # noqa: SIM110
            if name not in value or not fit(value[name]):
                return False
        return True

    return test


def _array(wanted: list[Any]) -> Test:
    tests = tuple(fits(value) for value in wanted)

    if len(tests) == 1:
        return lambda value: type(value) is list and some(tests[0], value)
    return lambda value: type(value) is list and all(some(fit, value) for fit in tests)


def some(test: Test, values: list[Any]) -> bool:
    """Whether a value passes; quicker than `any` for the one or two that there are."""
    for value in values:  # noqa: SIM110
        if test(value):
            return True
    return False
