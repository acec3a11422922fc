"""The search grammar of FHIR: a query string as an immutable `Query`."""

from camphora.fhir.search.asking import Clause, Query, Summary
from camphora.fhir.search.known import (
    ELSEWHERE,
    EVERYWHERE,
    FUNCTIONAL_LISTS,
    HIERARCHIES,
    RESULT_NAMES,
    UNDECLARED,
    common,
    parameters,
)
from camphora.fhir.search.reading import MOST_ALTERNATIVES, parse_query

__all__ = [
    "ELSEWHERE",
    "EVERYWHERE",
    "FUNCTIONAL_LISTS",
    "HIERARCHIES",
    "MOST_ALTERNATIVES",
    "RESULT_NAMES",
    "UNDECLARED",
    "Clause",
    "Query",
    "Summary",
    "common",
    "parameters",
    "parse_query",
]
