"""Regular expressions of filters, run in time linear in the text by the engine of FHIRPath's `matches`.

A filter's expression comes from whoever sends a value set, and the usual engine needs 2ⁿ steps for `(a+)+b`. A pattern
covers the whole value, as HL7's suite expects; `^` and `$` at the ends may be written and change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from camphora.errors import Invalid
from camphora.fhir.fhirpath.patterns import Pattern as Engine
from camphora.fhir.fhirpath.patterns import compiled

LONGEST_VALUE = 20_000
"""Longer values of a property match no pattern."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled expression."""

    engine: Engine

    def covers(self, text: str) -> bool:
        """Whether it matches all of a text."""
        return len(text) <= LONGEST_VALUE and self.engine.fits(text, _free)


def _free(_: int) -> None:
    """The work needs no account: the text is bounded, and the time linear in it."""


@lru_cache(maxsize=256)
def pattern(text: str) -> Pattern:
    """Compile. Raises Invalid terminology-regex where the expression is broken, too large, or asks for back references
    or look-behind."""
    try:
        return Pattern(compiled(text))
    except Invalid as error:
        raise Invalid("terminology-regex", regex=text) from error
