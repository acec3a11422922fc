"""Resources of a file made ready to be written: parsed, checked against structure and profiles, indexed.

It costs more than writing them does, so long files are prepared by other processes while this one writes; their answers
are taken in the order of the lines, and only so many chunks are under way at a time. Where this one would wait for them
it makes the chunk ready that is farthest from its turn.
"""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from camphora.errors import CamphoraError, Fault, Faults, Invalid, Place
from camphora.fhir.distinct import require_distinct
from camphora.fhir.registry import Registry
from camphora.fhir.validation import Validator
from camphora.formats.ndjson import read_line
from camphora.installation.standard import Standard
from camphora.policy.labels import Rules
from camphora.records import Prepared, Put, prepare
from camphora.records.sending import Row, arrived, departing
from camphora.terminology import Terminology

CHUNK, HEAVY = 250, 1_000_000
"""Lines, and bytes, behind which a chunk ends."""
AHEAD = 24
"""So many chunks are under way: more than share a transaction, to be made ready while one is written."""
SMALL = 4_000_000
"""Files below so many bytes are not worth other processes, which take a second to start."""
WHOLE = 256
"""After so many looks for cycles among what is young, one among all."""
Numbered = tuple[int, bytes]
UnderWay = tuple[list[Numbered], "Future[bytes] | list[Outcome]"]
"""A chunk, and what will become of it or has."""


class Warned(NamedTuple):
    """What a finding that only warns is told by: its code, and the path in the resource."""

    code: str
    path: str


class Outcome(NamedTuple):
    """What became of one line: ready, or its faults; `findings` what only warns."""

    number: int
    raw: bytes
    ready: Prepared | None
    faults: Sequence[Invalid] = ()
    findings: Sequence[Warned] = ()


class Preparing:
    """Prepares in this process."""

    def __init__(self, validator: Validator, registry: Registry, rules: Rules | None = None) -> None:
        """`rules`: those of labelling; the bundled ones where none are given."""
        self.validator = validator
        self.registry = registry
        self.rules = rules or Rules.bundled()

    def rest(self) -> None:
        """To be called where nothing of what was prepared is held any more."""

    def outcomes(self, lines: Iterable[Numbered], name: str) -> Iterator[Outcome]:
        """What becomes of each line, in their order."""
        for number, raw in lines:
            yield self.outcome(number, raw, name)

    def outcome(self, number: int, raw: bytes, name: str) -> Outcome:
        line = read_line(raw, number, name)
        if line.fault is not None:
            return Outcome(number, raw, None, [line.fault])
        try:
            _require_distinct(raw, line.value, number, name)
            ready, findings = self.ready(line.value, raw)
        except CamphoraError as error:
            return Outcome(number, raw, None, faults_of(error))
        return Outcome(number, raw, ready, (), findings)

    def ready(self, resource: dict[str, Any], body: bytes) -> tuple[Prepared, list[Warned]]:
        """A resource ready to be written and what only warns of it. Raises `Faults` with everything that the site
        refuses."""
        findings = self.validator.validate(resource)
        refused = [found.fault() for found in findings if found.severity == "error"]
        held = not refused and self.validator.holds_structure
        prepared = prepare(Put(resource, body=body, held=held), self.registry, self.rules)
        if refused:
            raise Faults(refused)
        return prepared, [Warned(found.code, found.path) for found in findings if found.severity == "warning"]


class Elsewhere(Preparing):
    """Prepares in other processes."""

    def __init__(
        self,
        validator: Validator,
        registry: Registry,
        rules: Rules | None,
        pool: ProcessPoolExecutor,
        cycles: Cycles,
    ) -> None:
        super().__init__(validator, registry, rules)
        self._pool = pool
        self._cycles = cycles

    def rest(self) -> None:
        self._cycles.look()

    def outcomes(self, lines: Iterable[Numbered], name: str) -> Iterator[Outcome]:
        waiting = _chunks(lines)
        under_way: deque[UnderWay] = deque()
        try:
            while True:
                for chunk in islice(waiting, AHEAD - len(under_way)):
                    under_way.append((chunk, self._pool.submit(_prepared, chunk, name)))
                if not under_way:
                    return
                chunk, made = under_way.popleft()
                if isinstance(made, Future):
                    self._help(under_way, made, name)
                    rows = _read(made.result())
                    made = [self._here(*line, sent) for line, sent in zip(chunk, rows, strict=True)]
                yield from made
        except BrokenProcessPool:
            raise Fault("installation-worker-gone") from None

    def _help(self, under_way: deque[UnderWay], awaited: Future[bytes], name: str) -> None:
        """Make chunks ready that nobody has begun, as long as the one whose turn it is is not."""
        for place in reversed(range(len(under_way))):
            chunk, made = under_way[place]
            if awaited.done():
                return
            if isinstance(made, Future) and made.cancel():
                under_way[place] = chunk, [self.outcome(*line, name) for line in chunk]

    def _here(self, number: int, raw: bytes, sent: Row) -> Outcome:
        if sent[0] is None:
            found = pickle.loads(sent[1])  # noqa: S301 - what our own process said
            return Outcome(number, raw, None, [Invalid(code, place=at, **facts) for code, at, facts in found])
        ready, warned = arrived(sent, raw, self.registry, self.rules)
        return Outcome(number, raw, ready, (), [Warned(*one) for one in warned])


class Cycles:
    """Looks for cycles between chunks of resources alone: these have none, and to go over them while they are held
    costs a tenth of the work."""

    def __init__(self) -> None:
        self._looks = 0
        gc.freeze()
        gc.disable()

    def look(self) -> None:
        self._looks += 1
        gc.collect(0 if self._looks % WHOLE else 2)


@contextmanager
def elsewhere(
    folder: Path, validator: Validator, registry: Registry, rules: Rules | None = None
) -> Iterator[Preparing]:
    """Processes that prepare for the installation in `folder`, one for each core but this one's; none on one core."""
    width = max(1, len(os.sched_getaffinity(0)) - 1)
    pool = ProcessPoolExecutor(
        width,
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(folder, registry.parameters, rules.dump() if rules else None),
    )
    looked, apart = gc.isenabled(), gc.get_freeze_count()
    try:
        yield Elsewhere(validator, registry, rules, pool, Cycles())
    finally:
        if looked:
            gc.enable()
        if not apart:
            gc.unfreeze()
        pool.shutdown(wait=True, cancel_futures=True)


def _chunks(lines: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    chunk: list[Numbered] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line[1])
        if len(chunk) == CHUNK or size > HEAVY:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


# In the other processes


_own: list[tuple[Preparing, Cycles]] = []


def _begin(folder: Path, parameters: tuple[Any, ...], rules: bytes | None) -> None:
    """An interruption is the writer's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminology = Terminology.ready(folder / "terminology.sqlite")
    validator = Standard.of(folder, terminology).validator
    preparing = Preparing(validator, Registry(parameters), Rules.load(rules) if rules else None)
    _own.append((preparing, Cycles()))


def _prepared(chunk: list[Numbered], name: str) -> bytes:
    """The outcomes of a chunk, light: as plain values, each that comes again once."""
    (preparing, cycles) = _own[0]
    rows = [_sent(preparing.outcome(number, raw, name)) for number, raw in chunk]
    try:
        sent = b"m" + marshal.dumps(rows)
    except ValueError:
        sent = b"p" + pickle.dumps(rows)
    rows.clear()
    cycles.look()
    return sent


def _read(sent: bytes) -> list[Row]:
    rows: list[Row] = (marshal.loads if sent[:1] == b"m" else pickle.loads)(memoryview(sent)[1:])
    return rows


def _sent(outcome: Outcome) -> Row:
    if outcome.ready is None:
        faults = [(fault.code, fault.place, fault.facts) for fault in outcome.faults]
        return (None, pickle.dumps(faults))
    return departing(outcome.ready, [tuple(one) for one in outcome.findings])


def _require_distinct(raw: bytes, value: Any, number: int, name: str) -> None:
    """As `require_distinct`, with the place in the file that has the line."""
    try:
        require_distinct(raw, value)
    except Invalid as error:
        column = error.place.column if error.place else None
        raise Invalid(error.code, place=Place(name, number, column), **error.facts) from None


def faults_of(error: CamphoraError) -> list[Invalid]:
    """All that an error says, each as the fault of a row."""
    if isinstance(error, Faults):
        return [Invalid(one.code, place=one.place, **one.facts) for one in error.faults]
    return [Invalid(error.code, place=error.place, **error.facts)]
