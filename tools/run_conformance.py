"""Run the published suites and print one JSON line for each: suite, passed, total, excused, seconds.

    python tools/run_conformance.py                 every suite
    python tools/run_conformance.py --only NAME     one of them (may be repeated); --wrong shows what failed
    python tools/run_conformance.py --write         write what docs/conformance.md says of the suites

A failed case is excused by a line in tests/conformance/excused/SUITE.tsv that gives its reason. The exit code is 1
where a case fails without an excuse, an excused case passes, or cases are missing.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]


def judged(name: str) -> tuple[dict[str, object], dict[str, str], tuple[str, ...], bool]:
    """One suite's line, what failed in it, its stale excuses, and whether it is right."""
    from conformance.registry import suite
    from conformance.suite import judge

    verdict = judge(suite(name))
    line = {
        "suite": name,
        "passed": verdict.passed,
        "total": verdict.total,
        "excused": verdict.excused,
        "seconds": round(verdict.seconds, 2),
    }
    return line, verdict.wrong, verdict.stale, verdict.right


def run(names: list[str], wrong: bool) -> int:
    right = True
    with ProcessPoolExecutor(2) as processes:
        for line, failed, stale, fine in processes.map(judged, names):
            print(json.dumps(line), flush=True)
            right = right and fine
            for name, answer in failed.items() if wrong or not fine else ():
                print(f"  {name}: {answer}", file=sys.stderr)
            for name in stale:
                print(f"  excused, yet passes or is no case: {name}", file=sys.stderr)
    return 0 if right else 1


def main() -> int:
    from conformance import page
    from conformance.registry import SUITES

    names = [suite.name for suite in SUITES]
    parser = argparse.ArgumentParser(
        description="Run the published suites.",
        epilog="\n  ".join(["suites:", *names]),
        formatter_class=argparse.RawDescriptionHelpFormatter,  # else names are broken at their hyphens
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", choices=names, help="one of the suites; may be repeated"
    )
    parser.add_argument("--wrong", action="store_true", help="show what failed")
    parser.add_argument("--write", action="store_true", help="write the tables of docs/conformance.md")
    given = parser.parse_args()
    if given.write:
        page.write()
        return 0
    return run(given.only or names, given.wrong)


if __name__ == "__main__":
    raise SystemExit(main())
