"""Open and withheld: who lies on which side of a source, and what of both sides a question may read.

A person lies on the withheld side of a source where any stop of secondary use touches its data category, whole or
for one purpose only. Questions read the open side; beside it only what their purposes or a project's consent allow
of the withheld one. Choices that were made after the parts were placed are weighed in the statement itself, so that
no answer waits for rows to move.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import apsw
from pyroaring import BitMap

from camphora.errors import Forbidden
from camphora.lake import cutting
from camphora.lake.cutting import SPAN
from camphora.lake.manifest import Manifest, Part
from camphora.lake.sources import Source
from camphora.policy import Access, Facts, HiddenSet, Policy, Purpose, Whom, decide
from camphora.policy.asking import Scope
from camphora.policy.choices import STOPPED, allowed, is_stop
from camphora.policy.codes import categories, is_project
from camphora.policy.internal import following
from camphora.records import SQLiteStore
from camphora.records.derived import area_range

ACCESS = following("lake")
ANYBODY = Whom("Patient/-")
"""Somebody who chose nothing, about whom the policy is asked what it says of everybody."""
NEEDS_CONSENT = "specimen-needs-consent"
ABOVE_STOPS = frozenset({"legal-basis", "surveillance"})
"""Reasons of a permit before which no stop stands."""
PREFIX, AFTER = "stopped:", "stopped;"
NAMES = """
WITH RECURSIVE n (name) AS (
  SELECT min(name) FROM hidden WHERE name >= ?1 AND name < ?2
  UNION ALL
  SELECT (SELECT min(name) FROM hidden h WHERE h.name > n.name AND h.name < ?2) FROM n WHERE n.name IS NOT NULL
)
SELECT name FROM n WHERE name IS NOT NULL
"""
"""The names of all stops, each found by one step in the index."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What of a source is read: parts as they are, open parts without some persons, withheld parts of some alone."""

    plain: Sequence[Part] = ()
    guarded: Sequence[Part] = ()
    left_out: BitMap = field(default_factory=BitMap)
    withheld: Sequence[Part] = ()
    admitted: BitMap = field(default_factory=BitMap)


@dataclass(frozen=True, slots=True)
class Limits:
    """To whom a reader is limited by duty. `areas`: first and last of each, `seen`: persons, both None for no limit;
    `notifiable`: only rows of notifiable records."""

    areas: tuple[tuple[int, int], ...] | None = None
    seen: BitMap | None = None
    notifiable: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """What one question may read: by source whose rows it may not, None where it stands above every stop; and the
    reader's limits. Two of the same moment are equal."""

    stopped: Mapping[str, BitMap | None]
    limits: Limits = Limits()


class Sides:
    """The present stops, by the store's sets, and what the policy makes of them."""

    def __init__(self, store: SQLiteStore, policy: Policy) -> None:
        self._store = store
        self._policy = policy
        self._placed: tuple[tuple[int, int], dict[str, BitMap]] = ((-1, 0), {})

    # Placing

    def placed(self, source: Source) -> BitMap:
        """Whose rows of this source are to lie on the withheld side; looked up once a second at most."""
        now = (self._store.last_change(), int(time.time()))
        if self._placed[0] != now:
            self._placed = (now, {})
        found = self._placed[1]
        if source.name not in found:
            found[source.name] = self.touched(source)
        return found[source.name]

    def touched(self, source: Source) -> BitMap:
        """Whom any stop of secondary use touches in this source, at this moment; of what needs consent: everybody."""
        return self._under(source, lambda _: True)

    def stopped(self, source: Source) -> BitMap:
        """As `touched`, without those whom only a denial of something else (care) keeps from some use of many."""
        return self._under(source, is_stop)

    def _under(self, source: Source, counts: Callable[[str], bool]) -> BitMap:
        if self._needs_consent(source):
            return self._everybody()
        category = category_of(source)
        names = self._store.kept(ACCESS, _names)
        return self._store.set(ACCESS, [name for name in names if counts(name) and touches(name, category)])

    # Asking

    def reach(self, access: Access, sources: Iterable[Source]) -> Reach:
        """What a question under this Access may read of these sources, at this moment. Raises Forbidden where the
        policy lets nobody's rows be read for it."""
        now = int(time.time() * 1000)
        stopped = {source.name: self._stopped(access, source, now) for source in sources}
        return Reach(stopped, self._limits(access))

    def unwilling(self, source: Source, purposes: Iterable[str]) -> BitMap:
        """Whose rows of this source no question for all of these purposes reads, unless a legal basis lets it."""
        return BitMap.union(BitMap(), *(self._unwilling(source, purpose) for purpose in purposes))

    def _stopped(self, access: Access, source: Source, now: int) -> BitMap | None:
        """None where the Access stands above the stops for every one of its purposes."""
        asked = access.asked("use", now)
        reader = replace(asked.reader, scope=Scope())
        kind = _kinds(source)[0]
        facts = Facts(kind, category=category_of(source), notifiable=access.purpose is Purpose.SURVEILLANCE)
        bound = []
        for purpose in asked.purposes:
            decision = decide(
                replace(asked, reader=reader, purposes=(purpose,)), ANYBODY, facts, self._policy
            )
            code = decision.reasons[-1].code
            if not decision.permitted and code != NEEDS_CONSENT:
                raise Forbidden("lake-refused", reason=code)
            if code not in ABOVE_STOPS:
                bound.append(purpose)
        return self.unwilling(source, bound) if bound else None

    def _unwilling(self, source: Source, purpose: str) -> BitMap:
        lifts = allowed(purpose) if is_project(purpose) else None
        asking = replace(
            ACCESS,
            purpose=Purpose.SECONDARY,
            hidden=(HiddenSet(STOPPED, lifts),),
            purposes=(purpose,),
            under=self._policy.under((purpose,)),
        )
        sets = dict.fromkeys(each for kind in _kinds(source) for each in asking.hidden_for(kind))
        found = self._store.set(ACCESS, sets)
        if self._needs_consent(source):
            found = found | self._everybody() - (self._store.set(ACCESS, [lifts]) if lifts else BitMap())
        return found

    def _needs_consent(self, source: Source) -> bool:
        return source.view is not None and source.view.resource in self._policy["secondary.consent_types"]

    def _everybody(self) -> BitMap:
        def last(connection: apsw.Connection) -> int:
            return int(next(connection.execute("SELECT coalesce(max(no), 0) FROM person"))[0])

        return BitMap(range(self._store.kept(ACCESS, last) + 1))

    def _limits(self, access: Access) -> Limits:
        scope, areas = access.scope, None
        if scope.areas:
            areas = tuple(found for code in sorted(scope.areas) if (found := area_range(code)))
        seen = [
            self._seen({name if "/" in name else f"{kind}/{name}" for name in names})
            for kind, names in (("Organization", scope.institutions), ("Location", scope.wards))
            if names
        ]
        notifiable = access.purpose is Purpose.SURVEILLANCE
        return Limits(areas, BitMap.intersection(*seen) if seen else None, notifiable)

    def _seen(self, places: Iterable[str]) -> BitMap:
        names = sorted(places)
        sql = f"SELECT person FROM seen_at WHERE place IN ({','.join('?' * len(names))})"
        return self._store.kept(
            ACCESS, lambda connection: BitMap(person for (person,) in connection.execute(sql, names))
        )


def rows_of(source: Source, present: Manifest, stopped: BitMap | None) -> Rows:
    """What a question reads of a source, by those stopped for it; None where it stands above every stop."""
    placed = present.withheld.get(source.name, BitMap())
    parts = present.of(source.name)
    opened = [part for part in parts if part.open]
    withheld = [part for part in parts if not part.open]
    if stopped is None:
        return Rows([*opened, *withheld])
    left_out, admitted = stopped - placed, placed - stopped
    span, wide_span = cutting.SPAN, cutting.SPAN * cutting.WIDE
    guarded, shared = _holding(opened, left_out, span), _holding(withheld, admitted, wide_span)
    late = {part.low for part in guarded}
    return Rows(
        [part for part in opened if part.low not in late],
        guarded,
        _within(left_out, guarded, span),
        shared,
        _within(admitted, shared, wide_span),
    )


def _holding(parts: Sequence[Part], persons: BitMap, span: int) -> list[Part]:
    """The parts of so many persons each in which rows of these can lie; looked up by whichever are fewer."""
    if len(parts) < len(persons):
        return [part for part in parts if persons.range_cardinality(part.low, part.low + span)]
    lows = {person // span * span for person in persons}
    return [part for part in parts if part.low in lows]


def _within(persons: BitMap, parts: Iterable[Part], span: int) -> BitMap:
    """Those of whom a row can lie in parts of so many persons: of the others nothing is read."""
    reached = BitMap()
    for part in parts:
        reached.add_range(part.low, part.low + span)
    return persons & reached


def category_of(source: Source) -> str | None:
    """The data category of a view's records. None for a table: what it holds is not told, so any stop touches it."""
    return categories().get(source.view.resource, "other") if source.view else None


def touches(name: str, category: str | None) -> bool:
    """Whether a stop of this name reaches records of a category."""
    if name == STOPPED or category is None:
        return True
    return name.removeprefix(PREFIX).partition(":")[0] in {"*", category}


def ranges(persons: BitMap) -> list[int]:
    """The first persons of the ranges in which these lie, in order; each range is looked up once."""
    found: list[int] = []
    end = persons.max() if persons else -1
    at = 0
    while at <= end:
        low = persons.next_set_bit(at) // SPAN * SPAN
        found.append(low)
        at = low + SPAN
    return found


def _kinds(source: Source) -> list[str]:
    """The record types by which stops are looked up: for a table one of each category."""
    if source.view:
        return [source.view.resource]
    return [source.name, *{category: kind for kind, category in categories().items()}.values()]


def _names(connection: apsw.Connection) -> list[str]:
    return [str(name) for (name,) in connection.execute(NAMES, (PREFIX, AFTER))]
