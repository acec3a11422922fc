"""The suites that Camphora holds itself to, in the order in which the manual shows them."""

from __future__ import annotations

from conformance import answers, examples, published, watch
from conformance.suite import Suite

SUITES: tuple[Suite, ...] = (*published.SUITES, *examples.SUITES, *answers.SUITES, *watch.SUITES)


def suite(name: str) -> Suite:
    """The suite of this name; KeyError for another."""
    return {one.name: one for one in SUITES}[name]
