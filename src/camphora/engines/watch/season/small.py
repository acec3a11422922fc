"""Which counts of villages are too small to be told of one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.season.counts import Floats

Hidden = NDArray[np.bool_]


def hidden(counts: Floats, townships: Sequence[str], least: int) -> Hidden:
    """Which counts are not told: those below `least` that are not 0; and where a township has but one of them, the next
    smallest too, since the township's own count would tell the one that is missing."""
    found: Hidden = (counts > 0) & (counts < least)
    of = np.asarray(townships)
    names, number = np.unique(of[found], return_counts=True)
    for lone in names[number == 1]:
        others = np.flatnonzero((of == lone) & (counts >= least))
        if len(others):
            found[others[np.argmin(counts[others])]] = True
    return found
