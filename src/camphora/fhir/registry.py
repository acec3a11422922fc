"""The search parameters that stand beside R4's own: those of guides, and those that an operator declares.

    Registry.bundled()                       what Camphora adds by itself
    declared.plus(registry, resource)        with one more, checked
    extract("Patient", registry)             what it makes of a Patient

A registry is a value: two with the same parameters are equal and have one digest, by which a store knows whether what
it indexed is still what it would index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from camphora.fhir import definitions
from camphora.fhir.definitions import Component, SearchParameter
from camphora.fhir.packages import package

FORM = 2
"""What the index holds of a resource; counted up when that changes, so that stores index anew."""
HL7 = "http://hl7.org/fhir/SearchParameter/"
MORE = (
    SearchParameter("status", "token", ("DetectedIssue",), f"{HL7}DetectedIssue-status", "DetectedIssue.status"),
    SearchParameter(
        "order-detail", "token", ("ServiceRequest",), f"{HL7}ServiceRequest-order-detail",
        "ServiceRequest.orderDetail.text",
    ),
    SearchParameter("_language", "token", ("Resource",), f"{HL7}Resource-language", "Resource.language"),
)  # fmt: skip
"""Parameters that R4 lacks and R5 or widely used lists of R4's parameters have (docs/rulings.md)."""
GUIDES = ("tw.gov.mohw.twcore",)
"""The carried guides whose search parameters are known from the start."""


class Registry:
    """Search parameters beside R4's; immutable, hashable, and shared freely between threads."""

    __slots__ = ("_by_type", "digest", "parameters")

    def __init__(self, parameters: Iterable[SearchParameter] = ()) -> None:
        self.parameters = tuple(sorted(parameters, key=lambda each: (each.code, each.url)))
        form = msgspec.json.encode([FORM, [_meaning(each) for each in self.parameters]])
        self.digest = hashlib.blake2b(form, digest_size=12).hexdigest()
        self._by_type: dict[str, dict[str, SearchParameter]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Registry) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Registry({len(self.parameters)}, {self.digest})"

    @staticmethod
    def bundled() -> Registry:
        """What Camphora adds by itself: `MORE`, and what Taiwan Core has beyond R4."""
        return _bundled()

    def of(self, resource_type: str) -> dict[str, SearchParameter]:
        """The parameters of a type by code, R4's and these; R4's stands where both have a code.

        KeyError for a type that R4 does not have.
        """
        found = self._by_type.get(resource_type)
        if found is None:
            bases = {resource_type, "Resource", definitions.types()[resource_type].base}
            own = {each.code: each for each in self.parameters if not bases.isdisjoint(each.base)}
            found = {**own, **definitions.search_parameters(resource_type)}
            self._by_type[resource_type] = found
        return found

    def by_url(self, url: str) -> SearchParameter | None:
        """The parameter with this canonical address, with or without a version, R4's among them."""
        bare = url.partition("|")[0]
        own = next((each for each in self.parameters if each.url == bare), None)
        return own or definitions.search_parameter(bare)

    def changed(self, other: Registry) -> frozenset[str]:
        """The resource types of which the two registries index different things."""
        mine, theirs = ({_meaning(each) for each in one.parameters} for one in (self, other))
        bases = {base for meaning in mine ^ theirs for base in meaning[2]}
        return frozenset(
            kind
            for kind in definitions.resource_types()
            if not bases.isdisjoint({kind, "Resource", definitions.types()[kind].base})
        )


def _meaning(parameter: SearchParameter) -> tuple[Any, ...]:
    parts = tuple((each.definition, each.expression) for each in parameter.components)
    return parameter.code, parameter.type, parameter.base, parameter.expression, parameter.target, parts


def read(resource: dict[str, Any]) -> SearchParameter:
    """A SearchParameter resource as the value; what is missing is empty. It is not checked: see `declared`."""
    return SearchParameter(
        code=resource.get("code", ""),
        type=resource.get("type", ""),
        base=tuple(resource.get("base", ())),
        url=resource.get("url", ""),
        expression=resource.get("expression", ""),
        target=tuple(resource.get("target", ())),
        components=tuple(
            Component(each.get("definition", ""), each.get("expression", ""))
            for each in resource.get("component", ())
        ),
    )


def beyond(resources: Iterable[dict[str, Any]], registry: Registry) -> Iterator[SearchParameter]:
    """Of a guide's search parameters those whose code neither R4 nor the registry has for the type; guides repeat R4's
    with addresses of their own, and what R4 says stands."""
    for resource in resources:
        found = read(resource)
        known = [base for base in found.base if base in definitions.types()]
        free = tuple(base for base in known if found.code not in registry.of(base))
        if free and resource.get("status") != "retired":
            yield msgspec.structs.replace(found, base=free)


@cache
def _bundled() -> Registry:
    registry = Registry(MORE)
    for name in GUIDES:
        more = beyond(package(name).definitions("SearchParameter"), registry)
        registry = Registry([*registry.parameters, *more])
    return registry
