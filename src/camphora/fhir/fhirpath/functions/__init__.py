"""FHIRPath's functions, one file per topic; `FUNCTIONS` knows them by name."""

from __future__ import annotations

from camphora.fhir.fhirpath.functions import (
    boundaries,
    combining,
    conversion,
    elements,
    existence,
    filtering,
    keys,
    mathematics,
    moments,
    strings,
)
from camphora.fhir.fhirpath.functions.registry import FUNCTIONS, Definition

__all__ = [
    "FUNCTIONS",
    "Definition",
    "boundaries",
    "combining",
    "conversion",
    "elements",
    "existence",
    "filtering",
    "keys",
    "mathematics",
    "moments",
    "strings",
]
