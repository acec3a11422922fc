"""Resources of a file made ready to be written: parsed, checked against structure and profiles, indexed.

It costs more than writing them does, so long files are prepared by other processes while this one writes; their answers
are taken in the order of the lines, and only so many chunks are under way at a time.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from camphora.errors import CamphoraError, Fault, Faults, Invalid, Place
from camphora.fhir.distinct import require_distinct
from camphora.fhir.registry import Registry
from camphora.fhir.validation import Finding, Validator
from camphora.formats.ndjson import read_line
from camphora.installation.standard import Standard
from camphora.policy.labels import PARTS
from camphora.records import Prepared, Put, fulltext, prepare
from camphora.terminology import Terminology

CHUNK = 250
AHEAD = 3
"""So many chunks for each process are under way."""
SMALL = 4_000_000
"""Files below so many bytes are not worth other processes, which take a second to start."""
Numbered = tuple[int, bytes]


class Outcome(NamedTuple):
    """What became of one line: ready, or its faults; `findings` what only warns."""

    number: int
    raw: bytes
    ready: Prepared | None
    faults: Sequence[Invalid] = ()
    findings: Sequence[Finding] = ()


class Preparing:
    """Prepares in this process."""

    def __init__(self, validator: Validator, registry: Registry) -> None:
        self.validator = validator
        self.registry = registry

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

    def ready(self, resource: dict[str, Any], body: bytes) -> tuple[Prepared, list[Finding]]:
        """A resource ready to be written and what only warns of it. Raises `Faults` with everything that the site
        refuses."""
        prepared = prepare(Put(resource, body=body), self.registry)
        findings = self.validator.validate(resource)
        refused = [found.fault() for found in findings if found.severity == "error"]
        if refused:
            raise Faults(refused)
        return prepared, [found for found in findings if found.severity == "warning"]


class Elsewhere(Preparing):
    """Prepares in other processes."""

    def __init__(
        self, validator: Validator, registry: Registry, pool: ProcessPoolExecutor, width: int
    ) -> None:
        super().__init__(validator, registry)
        self._pool = pool
        self._most = width * AHEAD

    def outcomes(self, lines: Iterable[Numbered], name: str) -> Iterator[Outcome]:
        waiting = iter(lines)
        under_way: deque[tuple[list[Numbered], Future[list[_Sent]]]] = deque()
        try:
            while True:
                while len(under_way) < self._most and (chunk := list(islice(waiting, CHUNK))):
                    under_way.append((chunk, self._pool.submit(_prepared, chunk, name)))
                if not under_way:
                    return
                chunk, future = under_way.popleft()
                for (number, raw), sent in zip(chunk, future.result(), strict=True):
                    yield self._here(number, raw, sent)
        except BrokenProcessPool:
            raise Fault("installation-worker-gone") from None

    def _here(self, number: int, raw: bytes, sent: _Sent) -> Outcome:
        faults = [Invalid(code, place=place, **facts) for code, place, facts in sent.faults]
        if sent.ready is None:
            return Outcome(number, raw, None, faults)
        resource = orjson.loads(raw)
        ready = replace(sent.ready, put=Put(resource, body=raw), registry=self.registry)
        said = {**resource, "id": ready.id} if sent.whole else ready.said
        return Outcome(number, raw, replace(ready, said=said), (), sent.findings)


@contextmanager
def elsewhere(folder: Path, validator: Validator, registry: Registry) -> Iterator[Preparing]:
    """Processes that prepare for the installation in `folder`, one for each core but this one's; none on one core."""
    width = max(1, len(os.sched_getaffinity(0)) - 1)
    pool = ProcessPoolExecutor(
        width, mp_context=get_context("spawn"), initializer=_begin, initargs=(folder, registry.parameters)
    )
    try:
        yield Elsewhere(validator, registry, pool, width)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# In the other processes


class _Sent(NamedTuple):
    """An outcome on its way: without what the other side has. `whole`: the resource is found by all that it says."""

    ready: Prepared | None
    whole: bool
    faults: Sequence[tuple[str, Place | None, dict[str, Any]]] = ()
    findings: Sequence[Finding] = ()


_own: list[Preparing] = []
_EMPTY: dict[str, Any] = {}
_NONE = Registry()


def _begin(folder: Path, parameters: tuple[Any, ...]) -> None:
    """An interruption is the writer's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminology = Terminology.ready(folder / "terminology.sqlite")
    _own.append(Preparing(Standard.of(folder, terminology).validator, Registry(parameters)))


def _prepared(chunk: list[Numbered], name: str) -> list[_Sent]:
    return [_sent(_own[0].outcome(number, raw, name)) for number, raw in chunk]


def _sent(outcome: Outcome) -> _Sent:
    faults = [(fault.code, fault.place, fault.facts) for fault in outcome.faults]
    ready = outcome.ready
    if ready is None:
        return _Sent(None, whole=True, faults=faults)
    whole = not ready.labels & PARTS
    light = replace(
        ready,
        put=Put(_EMPTY),
        said=_EMPTY if whole else ready.said,
        registry=_NONE,
        full_text=fulltext.texts(ready.said),
    )
    return _Sent(light, whole, (), outcome.findings)


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
