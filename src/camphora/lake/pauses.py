"""Work in small slices that gives way.

Threads of one process take the interpreter's lock from one another: a thread that computes without end lets every
other one wait up to five milliseconds whenever that comes back from a call to SQLite or the network. Requests then take
a hundred times as long, far more than the half of the processor that the work takes itself.
"""

from __future__ import annotations

import time

SLICE, MOST = 0.002, 0.05
"""Seconds of work at a time, and seconds that one pause takes at most."""
STIR, STILL = 0.0002, 1.0
"""Seconds of the processor that other threads of this process took during a slice, from which on they count as at work,
and for how long they do after that."""


class Pauses:
    """`pause` between two small steps of the work, in the one thread that does it. `share`: how many times as long as a
    slice took its pause takes; 0: there are none. A slice lasts longer where others compute too, so that the pause
    does; where nobody does, there is none."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._began, self._stirred = 0.0, -STILL
        self._others: float | None = None

    def pause(self) -> None:
        """Let others go on, where a slice is over."""
        if not self._share or (now := time.monotonic()) - self._began < SLICE:
            return
        others = time.process_time() - time.thread_time()
        if self._others is not None and others - self._others > STIR:
            self._stirred = now
        self._others = others
        if now - self._stirred < STILL:
            time.sleep(min((now - self._began) * self._share, MOST))
        self._began = time.monotonic()
