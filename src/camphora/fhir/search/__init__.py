"""The search grammar of FHIR: a query string as an immutable `Query`."""

from camphora.fhir.search.asking import Clause, Query, Summary
from camphora.fhir.search.reading import (
    ELSEWHERE,
    MOST_ALTERNATIVES,
    RESULT_NAMES,
    parameters,
    parse_query,
)

__all__ = [
    "ELSEWHERE",
    "MOST_ALTERNATIVES",
    "RESULT_NAMES",
    "Clause",
    "Query",
    "Summary",
    "parameters",
    "parse_query",
]
