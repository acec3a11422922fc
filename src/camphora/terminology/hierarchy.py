"""Numbers for a hierarchy, so that "is a" is one comparison and what stands below a concept is one range.

Concepts are numbered by a walk depth first over a spanning forest; each bears its own number and the last one
below it. In a tree that tells everything. Where concepts have several parents, the ancestors that no interval
tells are listed one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

Edges = Mapping[int, Sequence[int]]
"""Places by place."""
Interval = tuple[int, int]


def intervals(size: int, children: Edges, parents: Edges) -> list[Interval]:
    """(own number, last number below) per place 0 … size-1, numbered from 1 in the order of the walk.

    Roots and children are walked in the order given. A cycle that no root leads to is entered at its first member."""
    low, high, number = [0] * size, [0] * size, 0
    roots = (place for place in range(size) if not parents.get(place))
    for start in chain(roots, range(size)):
        if low[start]:
            continue
        number += 1
        low[start] = number
        path = [(start, iter(children.get(start, ())))]
        while path:
            place, rest = path[-1]
            below = next((child for child in rest if not low[child]), None)
            if below is None:
                high[place] = number
                path.pop()
            else:
                number += 1
                low[below] = number
                path.append((below, iter(children.get(below, ()))))
    return list(zip(low, high, strict=True))


def beyond(spans: Sequence[Interval], parents: Edges) -> Iterator[tuple[int, int]]:
    """(ancestor, place) of every ancestor whose interval does not hold the place."""
    direct = ((parent, place) for place, above in parents.items() for parent in above)
    if all(spans[parent][0] <= spans[place][0] <= spans[parent][1] for parent, place in direct):
        return  # then the intervals hold each other like boxes, and tell everything
    for place, (low, _) in enumerate(spans):
        for ancestor in ancestors(place, parents):
            first, last = spans[ancestor]
            if not first <= low <= last:
                yield ancestor, place


def ancestors(place: int, parents: Edges) -> set[int]:
    """Every place above this one; in a cycle, its members without the place itself."""
    found: set[int] = set()
    waiting = list(parents.get(place, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return found - {place}
