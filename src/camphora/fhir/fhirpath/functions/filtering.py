"""Which things stay, and what comes of each (https://hl7.org/fhirpath/N1/#filtering-and-projection)."""

from __future__ import annotations

from functools import cmp_to_key

from camphora.errors import Invalid
from camphora.fhir.fhirpath.comparing import key, order
from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.functions.taking import integer, one, text, truth, valued
from camphora.fhir.fhirpath.items import Thing
from camphora.fhir.fhirpath.running import Collection, Evaluate, Frame

PROTECTED = frozenset({"", "context", "resource", "rootResource", "ucum", "sct", "loinc"})
EACH, ROUND = 2, 10
"""Steps that one thing costs to be asked about, and one round of `repeat`."""


@function("where", (1, 1), gives="", lazy=True, many=True)
def where(frame: Frame, source: Collection, criterion: Evaluate) -> Collection:
    inner, kept = frame.inner(), []
    frame.run.spend(EACH * len(source))
    for inner.index, thing in enumerate(source):
        inner.this = [thing]
        if truth(criterion(inner)):
            kept.append(thing)
    return kept


@function("select", (1, 1), lazy=True, many=True)
def select(frame: Frame, source: Collection, projection: Evaluate) -> Collection:
    inner, found = frame.inner(), []
    frame.run.spend(EACH * len(source))
    for inner.index, thing in enumerate(source):
        inner.this = [thing]
        found += projection(inner)
    frame.run.spend(len(found))
    return found


@function("repeat", (1, 1), lazy=True, many=True)
def repeat(frame: Frame, source: Collection, projection: Evaluate) -> Collection:
    """What the projection gives, and what it gives of that, and so on; each thing once."""
    seen, found, todo = set(), [], source
    while todo:
        frame.run.spend(ROUND)
        fresh: Collection = []
        for thing in select(frame, todo, projection):
            mark = key(thing)
            if mark not in seen:
                seen.add(mark)
                fresh.append(thing)
        found += fresh
        todo = fresh
    return found


@function("aggregate", (1, 2), lazy=True, many=True)
def aggregate(frame: Frame, source: Collection, step: Evaluate, start: Evaluate | None = None) -> Collection:
    inner = frame.inner()
    inner.total = start(frame) if start else []
    frame.run.spend(EACH * len(source))
    for inner.index, thing in enumerate(source):
        inner.this = [thing]
        inner.total = step(inner)
        frame.run.spend(len(inner.total))
    return inner.total


@function("iif", (2, 3), lazy=True, many=True)
def iif(
    frame: Frame, source: Collection, criterion: Evaluate, yes: Evaluate, no: Evaluate | None = None
) -> Collection:
    """One of two; the other is not evaluated. `$this` is the source where there is one."""
    thing = one(source)
    inner = frame
    if thing is not None:
        inner = Frame(frame.run, [thing], frame.index, frame.total, frame.names)
    if truth(criterion(inner)):
        return yes(inner)
    return no(inner) if no else []


@function("trace", (1, 2), gives="", lazy=True, many=True)
def trace(frame: Frame, source: Collection, name: Evaluate, projection: Evaluate | None = None) -> Collection:
    """The source as it is; whoever evaluates sees it under the name."""
    shown = text(name(frame)) or ""
    if frame.run.given.trace:
        frame.run.given.trace(shown, select(frame, source, projection) if projection else source)
    return source


@function("defineVariable", (1, 2), gives="", lazy=True, many=True)
def define_variable(
    frame: Frame, source: Collection, name: Evaluate, value: Evaluate | None = None
) -> Collection:
    """The source as it is; what follows knows `%name`. A name that is known already is a fault."""
    known = text(name(frame)) or ""
    if known in PROTECTED or known in (frame.names or {}) or known in frame.run.given.variables:
        raise Invalid("fhirpath-variable-known")
    inner = Frame(frame.run, source, frame.index, frame.total, frame.names)
    frame.names = {**(frame.names or {}), known: value(inner) if value else source}
    return source


def sort(frame: Frame, source: Collection, keys: list[tuple[int, Evaluate]]) -> Collection:
    """The source in the order of the keys, each 1 (rising) or -1 (falling); things without a key stand first."""
    if not keys:
        keys = [(1, lambda inner: inner.this)]
    inner = frame.inner()
    rows: list[tuple[Thing, list[Thing | None]]] = []
    frame.run.spend(len(source) * len(keys))
    for inner.index, thing in enumerate(source):
        inner.this = [thing]
        rows.append((thing, [valued(evaluate(inner)) for _, evaluate in keys]))

    def compare(a: tuple[Thing, list[Thing | None]], b: tuple[Thing, list[Thing | None]]) -> int:
        steps = (_apart(sign, x, y) for (sign, _), x, y in zip(keys, a[1], b[1], strict=True))
        return next((step for step in steps if step), 0)

    return [thing for thing, _ in sorted(rows, key=cmp_to_key(compare))]


def _apart(sign: int, a: Thing | None, b: Thing | None) -> int:
    if a is None or b is None:
        return (a is not None) - (b is not None)
    return sign * (order(a, b) or 0)


@function("first", gives="", ordered=True)
def first(_: Frame, source: Collection) -> Collection:
    return source[:1]


@function("last", gives="", ordered=True)
def last(_: Frame, source: Collection) -> Collection:
    return source[-1:]


@function("tail", gives="", many=True, ordered=True)
def tail(_: Frame, source: Collection) -> Collection:
    return source[1:]


@function("skip", (1, 1), gives="", many=True, ordered=True)
def skip(_: Frame, source: Collection, count: Collection) -> Collection:
    return source[max(0, integer(count) or 0) :]


@function("take", (1, 1), gives="", many=True, ordered=True)
def take(_: Frame, source: Collection, count: Collection) -> Collection:
    return source[: max(0, integer(count) or 0)]


@function("single", gives="")
def single(_: Frame, source: Collection) -> Collection:
    thing = one(source)
    return [] if thing is None else [thing]
