"""Validate the synthetic Taiwan whole: every resource against base R4 and the profiles that it declares.

    PYTHONPATH=src python tools/validate_synth.py PEOPLE [SEED]

Prints one JSON line (people, resources by type, findings by code) and ends with 1 where there is an error; how far it
is goes to stderr. References are resolved within the household and the foundation.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from camphora.fhir.packages import Guides
from camphora.fhir.validation import Validator
from camphora.synth import Country, foundation, population

TODAY = date(2026, 11, 21)
SECONDS = 10.0
"""Between two lines of progress."""


class Home:
    """Resolves references within what was added to it."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    def add(self, resources: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        rows = list(resources)
        self.held.update((f"{row['resourceType']}/{row['id']}", row) for row in rows)
        return rows

    def resolve(self, reference: str) -> dict[str, Any] | None:
        return self.held.get(reference)


class Progress:
    """How many people are done, on stderr, each ten seconds and at the end, with the time left at the pace so far."""

    def __init__(self, people: int) -> None:
        self.people, self.done = people, 0
        self.began = self.told = time.perf_counter()

    def add(self, people: int) -> None:
        self.done += people
        now = time.perf_counter()
        if now - self.told >= SECONDS or self.done >= self.people:
            self.told = now
            left = (now - self.began) * (self.people - self.done) / max(self.done, 1)
            print(f"{self.done:,} / {self.people:,} people, about {left:,.0f} s left", file=sys.stderr)


def main(people: int, seed: int) -> int:
    country, shared = Country.load(), Home()
    validator = Validator(Guides.bundled(), resolver=shared)
    types, codes, errors = Counter[str](), Counter[str](), Counter[str]()
    began = time.perf_counter()

    def judge(resources: list[dict[str, Any]]) -> None:
        for resource in resources:
            types[resource["resourceType"]] += 1
            for found in validator.validate(resource):
                codes[f"{found.severity} {found.code}"] += 1
                if found.severity in {"error", "fatal"}:
                    errors[f"{resource['resourceType']} {found.path} {found.code}"] += 1

    judge(shared.add(foundation(country)))
    common = dict(shared.held)
    progress = Progress(people)
    for household in population(country, people, seed, TODAY):
        judge(shared.add(household.resources()))
        progress.add(len(household.people))
        shared.held = dict(common)
    seconds = round(time.perf_counter() - began, 1)
    out = {"suite": "synthetic people", "people": people, "seed": seed, "resources": sum(types.values())}
    out |= {
        "errors": sum(errors.values()),
        "seconds": seconds,
        "types": types,
        "findings": codes,
        "worst": errors.most_common(20),
    }
    print(json.dumps(out, ensure_ascii=False))
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
