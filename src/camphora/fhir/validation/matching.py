"""Whether a JSON value is a fixed value or fits a pattern, as closures made once per definition.

A pattern's object asks for its properties and no others; each item of its array must fit some item of the value
(https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Test = Callable[[Any], bool]


def equal(wanted: Any) -> Test:
    """The test for a fixed value: the same value, whatever the order of an object's properties."""
    kind = type(wanted)
    if kind is bool or kind is str:
        return lambda value: type(value) is kind and bool(value == wanted)
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
        return all(name in value and fit(value[name]) for name, fit in tests)

    return test


def _array(wanted: list[Any]) -> Test:
    tests = tuple(fits(value) for value in wanted)

    def test(value: Any) -> bool:
        return type(value) is list and all(any(map(fit, value)) for fit in tests)

    return test
