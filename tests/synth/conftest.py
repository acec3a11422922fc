from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from camphora.synth import Country, Household, foundation, population

TODAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Home:
    household: Household
    resources: list[dict[str, Any]]


@pytest.fixture(scope="session")
def country() -> Country:
    return Country.load()


@pytest.fixture(scope="session")
def homes(country: Country) -> list[Home]:
    """A population of 700 people, made once."""
    return [Home(h, list(h.resources())) for h in population(country, 700, seed=11, today=TODAY)]


@pytest.fixture(scope="session")
def resources(homes: list[Home]) -> list[dict[str, Any]]:
    return [resource for home in homes for resource in home.resources]


@pytest.fixture(scope="session")
def shared(country: Country) -> list[dict[str, Any]]:
    return list(foundation(country))
