"""What R takes for the same work, in the same run: `bench_watch_r.R` on the series given.

Empty where Rscript or its packages are not found: the rate of the stored answers then stands beside, from another
machine (README of the answers, "Speed of R")."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

SCRIPT = Path(__file__).with_name("bench_watch_r.R")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def cpu_seconds(works: Mapping[str, ArrayLike]) -> dict[str, float]:
    """By job of `bench_watch_r.R`, from series of shape (series, times), what one pass over all of them takes."""
    program = shutil.which("Rscript")
    if program is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        files: list[str] = []
        for job, values in works.items():
            path = Path(folder) / f"{job}.csv"
            np.savetxt(path, np.atleast_2d(np.asarray(values)).T, fmt="%d", delimiter=",")
            files += [job, str(path)]
        done = subprocess.run(
            [program, str(SCRIPT), *files],
            env={**os.environ, **ONE_THREAD},
            capture_output=True,
            text=True,
            check=False,
        )
    rows = [row.split(",") for row in done.stdout.splitlines() if "," in row]
    return {job: float(seconds) for job, seconds in rows}


def beside(rate: float, stored: float | None, works: int, seconds: float | None) -> dict[str, Any]:
    """R's rate of so many works in so many seconds, or the stored one, and how many times that ours is."""
    if seconds:
        peer, said = works / seconds, "run here"
    elif stored:
        peer, said = (
            stored,
            "stored, from another machine: Rscript with its packages was not found or not run",
        )
    else:
        return {"r_is": "not run: Rscript with its packages was not found"}
    return {"r": round(peer, 3 if peer < 10 else 1), "ratio_to_r": round(rate / peer, 2), "r_is": said}
