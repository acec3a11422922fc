"""A sweep renewed after the data changed: a series is weighed anew from the first week in which it differs on.

What a method says of a week depends on the weeks up to it alone, and on its own series alone; so all before the first
difference stands, and so do all series without one. Which series differ is seen from the counts themselves: a
publisher sends the whole history anew each week, and a new version of its table tells only that something may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.declaration import Method
from camphora.engines.watch.evidence import ARRAYS, Evidence, weighed
from camphora.engines.watch.series import Series

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Renewing:
    """`rows`: where each series was, -1 for a new one; `since`: the first week in which it differs, the number of weeks
    where it does not; `same`: whether the series are those that were, in the same order."""

    series: Series
    rows: Whole
    since: Whole
    same: bool

    @classmethod
    def of(cls, before: Series, after: Series) -> Renewing | None:
        """None where the weeks of the two do not begin together, so that nothing can be kept."""
        if before.first[0] != after.first[0] or before.system != after.system:
            return None
        place = {key: row for row, key in enumerate(before.keys)}
        rows = np.array([place.get(key, -1) for key in after.keys], dtype=np.int64)
        span = min(before.counts.shape[1], after.counts.shape[1])
        old, new = before.counts[rows, :span], after.counts[:, :span]
        differs = (old != new) & ~(np.isnan(old) & np.isnan(new))
        since = np.where(differs.any(axis=1), differs.argmax(axis=1), span)
        return cls(after, rows, np.where(rows < 0, 0, since), before.keys == after.keys)

    @property
    def changed(self) -> Whole:
        """The series of which something is weighed."""
        return np.flatnonzero(self.since < self.series.counts.shape[1])

    @property
    def at(self) -> int:
        """The first week of which anything may be ranked otherwise; 0 where there are other series than were."""
        return int(self.since.min()) if self.same else 0

    def evidence(self, methods: Sequence[Method], before: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """What each method says, its earlier word kept where it stands."""
        return tuple(self._renewed(*each) for each in zip(methods, before, strict=True))

    def _renewed(self, method: Method, before: Evidence) -> Evidence:
        changed, shape = self.changed, self.series.counts.shape
        kept = np.arange(shape[1]) < self.since[:, None]
        span = min(before.p.shape[1], shape[1])
        arrays: dict[str, Any] = {}
        for name in ARRAYS:
            was = getattr(before, name)
            arrays[name] = np.full(shape, np.nan if was.dtype.kind == "f" else False, dtype=was.dtype)
            arrays[name][:, :span] = np.where(kept[:, :span], was[self.rows, :span], arrays[name][:, :span])
        if not len(changed):
            return replace(before, **arrays)
        since = int(self.since[changed].min())
        found = weighed(method.name, method.parameters, self.series.counts[changed], since=since)
        for name in ARRAYS:
            arrays[name][changed] = np.where(kept[changed], arrays[name][changed], getattr(found, name))
        return replace(found, **arrays)
