"""`camphora serve` in a process of its own, for figures and for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).resolve().parents[1] / "src"
ENDS_WITHIN = 120
"""Seconds."""


class Started(NamedTuple):
    """A server that answers on a port of this machine."""

    port: int
    process: int


@contextmanager
def started(folder: Path, *options: str, said: Path | None = None) -> Iterator[Started]:
    """Serve an installation's folder until the end, on a port of the system's choice. What it writes goes into the
    file `said`, where one is named: its errors at once, the rest at the end."""
    command = [
        sys.executable,
        "-m",
        "camphora",
        "serve",
        str(folder),
        "--port",
        "0",
        "--json",
        "--lang",
        "en",
    ]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    with Path(said or os.devnull).open("w") as errors:
        process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            cwd=folder.resolve().parent,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, said.read_text() if said else "the server did not start"
            yield Started(int(json.loads(line)["address"].rpartition(":")[2]), process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=ENDS_WITHIN)
    if said:
        said.write_text(said.read_text() + rest)
