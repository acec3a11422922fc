"""How a record becomes plain words: FHIR R4 resources as titles, values, dates, moments and due things.

Nothing here decides who may see what: a `Chart` asks the store with the Access it was given, and everything else
turns what came back into values of `pages` and `web.contexts` in one language. Codes are never shown where a name
is known: our plain name, then the edition's, then the resource's own text.
"""

from camphora.web.reading.chart import Chart, Found
from camphora.web.reading.plain import Json, Reading, is_synthetic

__all__ = ["Chart", "Found", "Json", "Reading", "is_synthetic"]
