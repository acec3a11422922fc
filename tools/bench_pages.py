"""The pages of the first watching system, drawn from its bundled rows once the sweeps are there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench import line
from camphora.catalogue import Catalogue

TIMES = 10


def page_figures() -> Iterator[dict[str, Any]]:
    """Milliseconds of processor for each page in zh-TW, drawn again. Forecasts and the season's scan are not waited
    for: the pages that stand on them (forecasts, scorecard, dengue_warnings) say so, and are as quick as that."""
    system = Catalogue.scan().systems["smart_epidemic_prevention"]
    rows = {name: table.bundled() for name, table in system.tables.items()}
    watched = system.watched(tuple(system.watches), rows)
    for page in system.pages:
        given = {one.name: one.example for one in page.parameters if one.example}
        took = []
        for _ in range(TIMES + 1):
            began = time.process_time()
            system.view(page, rows, "zh-TW", given, watched if page.watch else None)
            took.append(time.process_time() - began)
        again, first = took[1:], round(took[0] * 1000, 1)
        middle = statistics.median(again) * 1000
        yield line(f"pages of watch: {page.name}", middle, "ms of CPU", again, first_ms=first, goal_ms=300)
