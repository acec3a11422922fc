"""One season by day and place: clusters as each day would have shown them, growth, transmission, first warnings.

A system declares it as `watch/NAME.toml` with `form = "season"`. From rows of the tables that it names:

    season = Season.load(folder / "watch" / "dengue.toml")
    counts = counts_of(season, rows)
    scanned = scanned_of(season, counts)
    warnings(season, counts, scanned)
"""

from camphora.engines.watch.season.counts import Counts, counts_of
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.scanned import Cluster, Scanned, scanned_of
from camphora.engines.watch.season.warned import Warned, warned

__all__ = [
    "Cluster",
    "Counts",
    "Scanned",
    "Season",
    "Warned",
    "counts_of",
    "scanned_of",
    "warned",
]
