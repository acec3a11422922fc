"""The methods of watch beside their peers: ours and theirs from one run, and the ratio.

Each topic has a file `bench_watch_TOPIC.py` with `figures()`, which yields rows as `bench.line` makes them. `python
tools/bench_watch.py TOPIC ...` prints those of the topics named, and of all where none is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any


def watch_figures(*topics: str) -> Iterator[dict[str, Any]]:
    files = sorted(Path(__file__).parent.glob("bench_watch_*.py"))
    for name in [f"bench_watch_{topic}" for topic in topics] or [file.stem for file in files]:
        yield from import_module(name).figures()


if __name__ == "__main__":
    for row in watch_figures(*sys.argv[1:]):
        print(json.dumps(row, ensure_ascii=False), flush=True)
