"""The process of a workshop: `python -m camphora.engines.watch.making KIND FOLDER`, the work on its standard input.

The input is of the process that started it, over a pipe that nobody else holds.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import Any, cast

from camphora.engines.watch.forecasts import Forecasts, forecasts_of
from camphora.engines.watch.keeping import Kind, keep, kept_before
from camphora.engines.watch.season.scanned import Scanned, scanned_of
from camphora.engines.watch.sweep import Sweep, swept

KINDNESS = 10
"""How far it stands back behind the process that answers requests."""


def main() -> None:
    kind, folder = cast("Kind", sys.argv[1]), Path(sys.argv[2])
    if hasattr(os, "nice"):
        os.nice(max(0, KINDNESS - os.nice(0)))
    watch, counted, name = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own parent, see above
    keep(folder, kind, name, _made(kind, watch, counted, folder))


def _made(kind: Kind, watch: Any, counted: Any, folder: Path) -> Sweep | Forecasts | Scanned:
    match kind:
        case "sweep":
            return swept(watch, counted, kept_before(folder, watch))
        case "season":
            return scanned_of(watch, counted)
        case "forecasts":
            return forecasts_of(counted)


if __name__ == "__main__":
    main()
