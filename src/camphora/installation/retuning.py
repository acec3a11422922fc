"""A decision about a threshold, written as a row of the table that keeps them."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.engines.watch.retuning import TABLE, Retuning, row_of
from camphora.installation.loading import Loader
from camphora.installation.report import Report

if TYPE_CHECKING:
    from camphora.installation.installation import Installation


def kept(installation: Installation, made: Retuning) -> Report:
    """Keep it as a batch of its own, which names who decided; what the table refuses is in the report."""
    row = row_of(made)
    with tempfile.TemporaryDirectory(prefix="camphora-retuning-") as passing:
        file = Path(passing) / "retuning.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, row)
            writer.writeheader()
            writer.writerow(row)
        return Loader(installation, False, Path(passing) / "bad.csv").load(file, TABLE)
