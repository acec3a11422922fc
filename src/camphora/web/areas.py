"""Townships by the code that an account's area has: the county's code and the township's postcode."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from camphora.fhir.taiwan.places import towns
from camphora.pages.counties import COUNTIES


@cache
def townships() -> Mapping[str, str]:
    """Their names by code; those that share a postcode, as the districts of 新竹市, are one area."""
    found: dict[str, list[str]] = {}
    for county in COUNTIES:
        for town in towns()[county.zh]:
            found.setdefault(f"{county.code}{town.postcode}", []).append(town.name)
    return {code: "、".join(names) for code, names in sorted(found.items())}
