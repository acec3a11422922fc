"""The synthetic Taiwan: invented residents with full lives, drawn from the real population table.

    country = Country.load()
    for resource in foundation(country): ...                    # organizations, practitioners, once
    for household in population(country, people=1000, seed=1, today=date(2026, 11, 21)):
        for resource in household.resources(): ...              # FHIR R4, each Patient before its record

Everything is seeded: the same arguments give the same resources, in any process and from any start. The
living follow the township × age × sex table of the Ministry of the Interior (2015-11, carried to 2026-11 as
`places` says); rates of illness, use and behaviour are assumptions of ours, of the order of published
figures. Nothing trained or scored on these people says anything about real ones. Every resource bears the
tag urn:camphora:data-kind|synthetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from camphora.errors import Invalid
from camphora.synth.cast import Cast, cast
from camphora.synth.lives import tell
from camphora.synth.people import Member, Person, code_of, draw, indexes, settle
from camphora.synth.places import Country, Facility, Place
from camphora.synth.terms import Json
from camphora.synth.workforce import foundation

__all__ = ["Cast", "Country", "Facility", "Household", "Person", "Place", "cast", "foundation", "population"]


@dataclass(frozen=True)
class Household:
    """People who live together: `index` in the population, `place`, and the persons themselves."""

    index: int
    place: Place
    people: tuple[Person, ...]
    _country: Country
    _seed: int
    _today: int

    @property
    def code(self) -> str:
        """What all ids of this household begin with."""
        return code_of(self.index)

    def resources(self) -> Iterator[Json]:
        """FHIR R4 resources of everybody in the household, each Patient before what refers to it. References
        stay within the household and the foundation. Parts are shared between resources: do not change them."""
        rng = Random(f"{self._seed}/{self.index}/lives")
        return tell(rng, self._country, self.place, self.people, self._today)


def population(country: Country, people: int, seed: int, today: date, start: int = 0) -> Iterator[Household]:
    """Households of a population of exactly `people` persons (the last household is cut to fit), from household
    `start` on, one at a time. Each household depends on nothing but the seed, its index and `today`, so a run may
    resume at any index and two processes may share the work; skipping costs some microseconds a household.

    Raises Invalid `synth-people-count` where `people` or `start` is negative."""
    if people < 0 or start < 0:
        raise Invalid("synth-people-count", people=people, start=start)
    return (
        _household(country, seed, today.toordinal(), index, size)
        for index, size in indexes(country, seed, people, start)
    )


def _household(country: Country, seed: int, today: int, index: int, size: int) -> Household:
    rng, place, members = draw(country, seed, index)
    kept: list[Member] = members[:size]
    return Household(index, place, settle(rng, place, kept, index, today), country, seed, today)
