"""The methods of watch beside their peers: ours and theirs from one run, and the ratio.

Each topic has a file `bench_watch_TOPIC.py` with `figures()`, which yields rows as `bench.line` makes them. `python
tools/bench_watch.py TOPIC ...` prints those of the topics named, and of all where none is. Each topic is measured in a
process of its own with one thread, since processor time counts the threads of every library.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def watch_figures(*topics: str) -> Iterator[dict[str, Any]]:
    files = sorted(Path(__file__).parent.glob("bench_watch_*.py"))
    for topic in topics or [file.stem.removeprefix("bench_watch_") for file in files]:
        command = [sys.executable, __file__, "--here", topic]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **ONE_THREAD}) as measuring:
            assert measuring.stdout is not None
            yield from map(json.loads, measuring.stdout)
        if measuring.returncode:
            raise SystemExit(measuring.returncode)


if __name__ == "__main__":
    here, *topics = sys.argv[1:] or [""]
    rows = (
        import_module(f"bench_watch_{topics[0]}").figures()
        if here == "--here"
        else watch_figures(*sys.argv[1:])
    )
    for row in rows:
        print(json.dumps(row, ensure_ascii=False), flush=True)
