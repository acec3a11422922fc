"""Python's collector of cycles, kept from holding answers up.

A full collection goes over every object that lives long and holds the interpreter's lock meanwhile: a second and more
for a server's two million objects on a busy machine, of which it frees a few hundred. What stands once a server is
ready stands until its end, and is set apart; what comes later is gone over by small collections, fewer than are usual,
and as a whole very seldom.
"""

from __future__ import annotations

import gc

SELDOM = 100
"""So many collections of the middle generation come before a full one."""
YOUNG = 20_000
"""So many new objects come before one among the young, of which hardly any is a cycle: a write makes some thousand."""
USUAL = gc.get_threshold()


def set_apart() -> None:
    """Have no later collection go over what lives now. To be called where nobody waits."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, USUAL[1], SELDOM)


def take_back() -> None:
    """End that: what is no longer needed is freed with the process."""
    gc.unfreeze()
    gc.set_threshold(*USUAL)
