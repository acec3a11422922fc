"""Expressions of other shapes than simple paths: evaluated by the FHIRPath engine, their results told by type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from camphora.errors import Invalid
from camphora.fhir import definitions, fhirpath
from camphora.fhir.amounts import UCUM
from camphora.fhir.emit import EMITTERS, Component, Emit, IndexValues, Leaf, component, emitter
from camphora.fhir.fhirpath import Expression, Located
from camphora.fhir.readings import READINGS
from camphora.fhir.references import parse_reference

SYSTEM = {"System.Boolean": "boolean", "System.String": "string", "System.Integer": "integer",
          "System.Decimal": "decimal", "System.Date": "date", "System.DateTime": "dateTime"}  # fmt: skip
"""The data types as which computed values are indexed."""


MOST = 10_000
"""Results of one expression on one record: more come of an expression that multiplies."""


class _Named:
    """Takes a reference for a resource of the type that its text names, so that `resolve() is Patient` holds of
    `Patient/1`; what lies in that resource is not known here."""

    def resolve(self, reference: str) -> dict[str, Any] | None:
        found = parse_reference(reference)
        return {"resourceType": found.type, "id": found.id} if found.type else None


NAMED = _Named()


def values(expression: Expression, item: Any, **given: Any) -> Iterator[tuple[str, Any]]:
    """Data type and value of each result. An expression that fails on this item, or gives more than `MOST`, gives
    nothing: a declared parameter never keeps a record from being stored."""
    try:
        found = expression.located(item, resolver=NAMED, **given)
    except Invalid:
        return
    if len(found) > MOST:
        return
    for each in found:
        if each.value is not None:
            yield _typed(each)


def _typed(found: Located) -> tuple[str, Any]:
    if found.type in definitions.resource_types():
        return "Resource", found.value
    if found.type == "System.Quantity":
        unit = found.value.unit
        return "Quantity", {"value": found.value.value, "unit": unit, "system": UCUM, "code": unit}
    if not found.type.startswith("System."):
        return found.type, found.value
    value = found.value if isinstance(found.value, bool | int) else str(found.value)
    return SYSTEM.get(found.type, found.type), value


def evaluated(kind: str, expression: str, resource_type: str, param: str, targets: tuple[str, ...]) -> Emit:
    """The function that adds what the expression gives of a resource; of resources among the results those of a type
    that is a target."""
    compiled = fhirpath.compile(expression, resource_type)
    emits: dict[str, Emit] = {}

    def emit(resource: Any, out: IndexValues) -> None:
        for data_type, value in values(compiled, resource):
            if data_type not in emits and (kind, data_type) in EMITTERS:
                named = targets if data_type == "Resource" and targets else ("",)
                emits[data_type] = emitter(kind, data_type, "", [Leaf(param, target) for target in named])
            if data_type in emits:
                emits[data_type](value, out)

    return emit


def components(kind: str, expression: Expression, item: Any, resource: Any) -> list[Component]:
    """What a component's expression gives of an element."""
    found: list[Component] = []
    for data_type, value in values(expression, item, resource=resource):
        if (kind, data_type) in READINGS:
            found += component(kind, data_type)(value, None)
    return found
