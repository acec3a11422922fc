"""The keys that SQL on FHIR v2 joins by: of a resource, and of what a reference points to.

A key is the logical id; that of a reference equals the one of the resource that it names.
Source: https://sql-on-fhir.org/ig (ViewDefinition, additional functions).
"""

from __future__ import annotations

from typing import Any

from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.items import Item
from camphora.fhir.fhirpath.running import Collection, Evaluate, Frame
from camphora.fhir.fhirpath.types import shape
from camphora.fhir.references import Reference, parse_reference


@function("getResourceKey", gives="String", many=True)
def resource_key(_: Frame, source: Collection) -> Collection:
    """The keys of the resources; of one without an id none."""
    found = [thing.value.get("id") for thing in source if isinstance(thing, Item) and _is_resource(thing)]
    return [key for key in found if isinstance(key, str)]


def _is_resource(thing: Item) -> bool:
    return thing.shape.resource and isinstance(thing.value, dict)


@function("getReferenceKey", (0, 1), gives="String", lazy=True, many=True)
def reference_key(frame: Frame, source: Collection, wanted: Evaluate | None = None) -> Collection:
    """The keys of what the References name, only of resources of the type `wanted` where that is said.

    References that are not `Type/id` (absolute, contained, by identifier) have none.
    """
    found = [named(thing.value) for thing in source if isinstance(thing, Item)]
    local = [one for one in found if one is not None]
    return [one.id for one in local if wanted is None or _fits(frame, one.type, wanted)]


def named(value: Any) -> Reference | None:
    """What the JSON of a Reference names on this server."""
    text = value.get("reference") if isinstance(value, dict) else None
    found = parse_reference(text) if isinstance(text, str) else None
    return found if found is not None and found.kind == "local" else None


def _fits(frame: Frame, kind: str, wanted: Evaluate) -> bool:
    """Whether the name of a type, read where a resource of type `kind` stands, means that resource."""
    scope = frame.inner()
    scope.this = [Item({}, shape(kind))]
    return bool(wanted(scope))
