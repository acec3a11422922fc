"""Hold our decision against the oracle of tests/policy on as many random questions as asked for.

    PYTHONPATH=src:tests python tools/agree_decisions.py --cases 1000000 [--seed 0]

A line for every 50,000 cases. At the first difference it prints the smallest question that still shows it, and ends
with 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from policy.comparing import agree, both, smallest

EACH, LINE = 1_000, 50_000


def main() -> int:
    parser = argparse.ArgumentParser(description="Our decision against the oracle, on random questions.")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each gives a thousand cases")
    asked = parser.parse_args()
    seen: Counter[str] = Counter()
    began = time.perf_counter()
    for number in range(-(-asked.cases // EACH)):
        case = agree(asked.seed + number, EACH, seen)
        if case is not None:
            case = smallest(case)
            mine, told = both(case)
            print(f"seed {asked.seed + number}\n{case}\nours   {mine}\noracle {told}")
            return 1
        done = (number + 1) * EACH
        if done % LINE == 0:
            print(f"{done:,} cases agree, {time.perf_counter() - began:.0f} s", flush=True)
    print(
        f"{done:,} cases, no difference, {time.perf_counter() - began:.0f} s; reasons and obligations seen:"
    )
    print(", ".join(f"{name} {count:,}" for name, count in sorted(seen.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
