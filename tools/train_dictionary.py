"""Train the dictionary by which bodies are packed, from the synthetic Taiwan alone: the same seed, the same bytes.

    python tools/train_dictionary.py NUMBER        writes src/camphora/records/dictionaries/NUMBER.zdict

A dictionary that a release has shipped is never written again: give the next number, and set `PRESENT` in
src/camphora/records/bodies.py. Reproducible with zstandard 0.25 (libzstd 1.5.7).
"""

from __future__ import annotations

import sys
from datetime import date
from itertools import chain
from pathlib import Path
from random import Random

import orjson
import zstandard

from camphora.records import Put, prepare
from camphora.synth import Country, foundation, population

TARGET = Path(__file__).parents[1] / "src/camphora/records/dictionaries"
SEED, PEOPLE, TODAY = 20_261_122, 400, date(2026, 11, 21)
SAMPLES, SIZE = 8_000, 65_536
EACH = 600
"""At most so many samples of one type, so that the rarer ones are heard."""


def samples() -> list[bytes]:
    """Bodies as a store would keep them, in an order drawn by the seed."""
    country, rng = Country.load(), Random(SEED)
    households = population(country, people=PEOPLE, seed=SEED, today=TODAY)
    found = [*foundation(country), *chain.from_iterable(one.resources() for one in households)]
    rng.shuffle(found)
    counts: dict[str, int] = {}
    kept: list[bytes] = []
    for resource in found:
        kind = resource["resourceType"]
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= EACH and len(kept) < SAMPLES:
            moment = 1_700_000_000_000 + rng.randrange(100_000_000_000)
            kept.append(prepare(Put(resource, body=orjson.dumps(resource))).body(1, moment))
    return kept


def main() -> int:
    target = TARGET / f"{int(sys.argv[1])}.zdict"
    target.write_bytes(zstandard.train_dictionary(SIZE, samples(), level=3).as_bytes())
    sys.stdout.write(f"{target.relative_to(TARGET.parents[3])}: {target.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
