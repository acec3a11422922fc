"""Until when the work of one request may go on. Queries ask it while they run and end themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from camphora.errors import Busy


class Deadline(NamedTuple):
    """A moment of the monotonic clock, and how many seconds were given until it."""

    at: float
    seconds: float


_now: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float | None, *, anew: bool = False) -> Iterator[None]:
    """What is done inside ends by then; an earlier end that stands already goes on standing. None: no end is set.
    `anew`: the work of a request, which may begin in the context of the one before it on the same connection, whose end
    is not its own."""
    held = None if anew else _now.get()
    at = time.monotonic() + seconds if seconds else None
    if at is None or seconds is None or (held is not None and held.at <= at):
        yield
        return
    token = _now.set(Deadline(at, seconds))
    try:
        yield
    finally:
        _now.reset(token)


def remaining() -> float | None:
    """Seconds that are left, not below 0; None where there is no end."""
    held = _now.get()
    return None if held is None else max(0.0, held.at - time.monotonic())


def check() -> None:
    """Raises `Busy service-time-over` (503) once the time is over."""
    held = _now.get()
    if held is not None and time.monotonic() > held.at:
        raise over(held.seconds)


def over(seconds: float | None = None) -> Busy:
    """The error of a query that was ended."""
    held = _now.get()
    return Busy("service-time-over", seconds=f"{seconds or (held.seconds if held else 0):g}")
