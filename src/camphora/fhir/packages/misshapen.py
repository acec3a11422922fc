"""Definitions that cannot be understood: which faults of their structure make them so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from camphora.errors import Invalid, Place

UNDERSTOOD = frozenset({"fhir-missing", "fhir-unknown-element", "fhir-code", "fhir-format", "fhir-too-long"})
"""With these a definition is understood nevertheless: it says too little, or says it in another form, or as another
release of FHIR does. HL7's own packages have some."""
MOST_FAULTS = 1_000
"""So many of one definition are told."""


class Misshapen(NamedTuple):
    """A definition that was left out of a package, with every fault that it was left out for."""

    type: str
    url: str
    version: str
    faults: tuple[Invalid, ...]

    def notice(self) -> Invalid:
        """What a person should know of it, located at its first fault."""
        first = self.faults[0]
        name = self.url or self.type
        return Invalid(
            "packages-left-out", place=first.place, name=name, n=len(self.faults), fault=first.code
        )


def misshapen(resource: Mapping[str, Any], file: str) -> Misshapen | None:
    """What is wrong with the structure of a definition; None where it can be understood. Each fault is located by
    `file` and FHIRPath."""
    from camphora.fhir.structure import check  # which is itself made of guides

    faults = [_within(file, fault) for fault in check(resource) if not _understood(fault)]
    if not faults:
        return None
    said = [resource.get(key) for key in ("resourceType", "url", "version")]
    kind, url, version = (value if isinstance(value, str) else "" for value in said)
    return Misshapen(kind, url, version, tuple(faults[:MOST_FAULTS]))


def _understood(fault: Invalid) -> bool:
    """An empty array says nothing wrong; a profile's element that lacks its path, or a discriminator that lacks its
    own, is not understood."""
    if fault.code == "fhir-empty":
        return fault.facts.get("found") == "array"
    path = (fault.place.path if fault.place else None) or ""
    lacking = fault.code == "fhir-missing" and path.startswith("StructureDefinition.") and ".element[" in path
    return fault.code in UNDERSTOOD and not lacking


def _within(file: str, fault: Invalid) -> Invalid:
    path = fault.place.path if fault.place else None
    return Invalid(fault.code, place=Place(file, path=path), **fault.facts)
