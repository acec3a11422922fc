"""Text as a search sees it, and place names in their official form: what `fhir` knows, for rooms that load files."""

from __future__ import annotations

from camphora.fhir.folding import fold
from camphora.fhir.taiwan.places import official

__all__ = ["fold", "official"]
