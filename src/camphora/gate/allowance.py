"""How often somebody may do something, kept in bounded memory.

Each key has an allowance: so many at once, then one each so many seconds (the generic cell rate algorithm of
ITU-T I.371, with one number per key). Where there are too many keys the ones longest unused are forgotten: who
floods the table with keys sets others free, and shuts nobody out.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MOST_KEYS = 65_536


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and one more each `seconds`."""

    burst: int
    seconds: float


class Allowance:
    """One rate for many keys; may be shared by threads."""

    def __init__(
        self, rate: Rate, *, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self._most = most
        self._clock = clock
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: Hashable, rate: Rate | None = None) -> float:
        """Count one use. Returns 0 where it is allowed, otherwise the seconds to wait; what is refused is not
        counted. `rate` holds for this use instead of the usual one."""
        burst, seconds = (rate or self.rate).burst, (rate or self.rate).seconds
        with self._lock:
            now = self._clock()
            full_at = max(now, self._full_at.get(key, now))
            wait = full_at - now - (burst - 1) * seconds
            if wait > 0:
                return wait
            self._full_at[key] = full_at + seconds
            self._full_at.move_to_end(key)
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
            return 0.0

    def give_back(self, key: Hashable, rate: Rate | None = None) -> None:
        """Take one use back, as if it had not been."""
        with self._lock:
            if key in self._full_at:
                self._full_at[key] -= (rate or self.rate).seconds
                if self._full_at[key] <= self._clock():
                    del self._full_at[key]

    def used_up(self, key: Hashable) -> bool:
        """Whether the next use would have to wait; nothing is counted."""
        with self._lock:
            now = self._clock()
            return self._full_at.get(key, now) - now > (self.rate.burst - 1) * self.rate.seconds


def whole_seconds(wait: float) -> int:
    """A wait as people and Retry-After are told it: at least one second."""
    return max(1, math.ceil(wait))
