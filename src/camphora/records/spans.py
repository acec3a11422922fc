"""Which date a record's own row tells: the value of its type's main date parameter, where it has exactly one."""

from __future__ import annotations

from functools import cache

from camphora.fhir import definitions
from camphora.fhir.emit import IndexValues
from camphora.fhir.extract import LEADING, USUAL

ELSEWHERE = -1
"""As `main_length`: the values stand in `span`."""


@cache
def main_parameter(resource_type: str) -> str | None:
    """The date parameter whose one value stands in a record's row, as main_date .. main_date + main_length; None for a
    type without one."""
    known = definitions.search_parameters(resource_type)
    names = LEADING.get(resource_type, USUAL)
    return next((name for name in names if name in known and known[name].type == "date"), None)


def main_length(resource_type: str, index: IndexValues) -> int:
    """The length of the one value that begins at the main date; `ELSEWHERE` where it is another parameter's, one of
    several, or begins at no time."""
    main = main_parameter(resource_type)
    values = {(low, high) for name, low, high in index.dates if name == main}
    low, high = next(iter(values)) if len(values) == 1 else (None, 0)
    return high - low if low is not None and low == index.main_date else ELSEWHERE
