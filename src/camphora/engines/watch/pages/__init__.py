"""The pages of the engine of watch: what is watched, words and parameters in, a view out; nothing is opened.

A system's page names one as `function = "engine:watch.signals"`, and what it watches as `watch = ["ili"]`. The pages
lead to one another by their paths below the system's own: `""` the week's signals, `signal/{key}`, `series`,
`forecasts`, `scorecard`, `public`, `method`, `bulletin`, `room`; a season lies at its NAME,
its warnings at `NAME/warnings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from camphora.engines.watch.pages.ahead import forecasts
from camphora.engines.watch.pages.bulletin import bulletin
from camphora.engines.watch.pages.method import method
from camphora.engines.watch.pages.places import series
from camphora.engines.watch.pages.public import public
from camphora.engines.watch.pages.room import room
from camphora.engines.watch.pages.scorecard import scorecard
from camphora.engines.watch.pages.season import season
from camphora.engines.watch.pages.signal import signal
from camphora.engines.watch.pages.signals import signals
from camphora.engines.watch.pages.warnings import warnings
from camphora.pages import View

PAGES: Mapping[str, Callable[..., View]] = {
    "signals": signals,
    "signal": signal,
    "series": series,
    "forecasts": forecasts,
    "scorecard": scorecard,
    "public": public,
    "method": method,
    "bulletin": bulletin,
    "room": room,
    "season": season,
    "warnings": warnings,
}
