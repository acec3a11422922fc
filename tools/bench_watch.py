"""The methods of watch beside their peers: ours and theirs from one run, and the ratio.

Each topic has a file `bench_watch_TOPIC.py` with `figures()`, which yields rows as `bench.line` makes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any


def watch_figures() -> Iterator[dict[str, Any]]:
    for file in sorted(Path(__file__).parent.glob("bench_watch_*.py")):
        yield from import_module(file.stem).figures()
