"""Weekly emergency visits by county: open data of Taiwan CDC, made into tables by tools/distil_ed_visits.py."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from camphora.methods.forecasting.holidays import by_week

HERE = Path(__file__).with_name("data") / "open"
TOPICS = ("ili", "enterovirus")


@dataclass(frozen=True)
class Visits:
    """`counts` (counties, weeks), NaN before a county's first report; `weeks` the first day of each."""

    counties: list
    weeks: list
    counts: np.ndarray

    def between(self, first, last):
        """The weeks that begin on or after `first` and before `last`."""
        return [at for at, week in enumerate(self.weeks) if first <= week < last]

    def known(self, horizons=4):
        return by_week(start=self.weeks[0], weeks=len(self.weeks) + horizons).known


def visits(topic):
    with gzip.open(HERE / f"ed_visits_{topic}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    counts = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in rows]).T
    return Visits(header[1:], [row[0] for row in rows], counts)
