"""Series of counts, held against what was to be expected: signals that are few, ranked, and can be made again.

A system declares in `watch/NAME.toml` which table its counts lie in, how weeks are numbered, how places are parted, the
methods with every parameter, and how many signals a week may be shown. From rows of that table:

    watch = Watch.load(folder / "watch" / "ili.toml")
    series = series_of(watch, rows)
    sweep = swept(watch, series)
    sweep.signals(week)
"""

from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.declared import check_declared, declared
from camphora.engines.watch.retuning import Retuning, retunings_of
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.followed import Followed
from camphora.engines.watch.series import Series, series_of
from camphora.engines.watch.watching import Watched, Watching, nation_of

__all__ = [
    "Followed",
    "Retuning",
    "Season",
    "Series",
    "Watch",
    "Watched",
    "Watching",
    "check_declared",
    "declared",
    "nation_of",
    "retunings_of",
    "series_of",
]
