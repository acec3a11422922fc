"""What a review of reading needs of the store: who read whom, and where persons live and were treated.

Nothing of it leaves this process but findings: numbers of persons and receipts, never a record's content.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import apsw
import orjson
from pyroaring import BitMap

from camphora.audit import Log
from camphora.audit.unusual import DAY, NOBODY, Home, Known, Look, Suspicion
from camphora.fhir.dates import span
from camphora.policy.vocabulary import Purpose
from camphora.records.bodies import plain
from camphora.records.terms import Names

MOST = 500_000
"""So many receipts are looked through at most, the newest."""
VILLAGE = "tw-village"


def care_since(log: Log, connection: apsw.Connection, since: int) -> list[Look]:
    """Every act of reading for care since a moment, oldest first, of the newest `MOST` receipts: those that reached
    somebody, and those that were refused because who was asked for is not there."""
    found = list(_newest(log, since))
    if not found:
        return []
    persons: dict[int, list[int]] = defaultdict(list)
    sql = "SELECT receipt, person FROM look WHERE receipt >= ?"
    for receipt, person in connection.execute(sql, (found[-1][0],)):
        persons[receipt].append(person)
    for receipt, members in connection.execute(
        "SELECT receipt, members FROM person_set WHERE receipt >= ?", (found[-1][0],)
    ):
        persons[receipt] = list(BitMap.deserialize(members))
    return [
        Look(
            number,
            fields["at"],
            fields["reader"],
            fields["role"],
            fields["organisation"],
            tuple(persons[number]),
            fields["decision"] == "emergency",
        )
        for number, fields in reversed(found)
        if persons[number] or _in_vain(fields)
    ]


def _newest(log: Log, since: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Receipts of care. A clock may have gone back a little, so the walk ends only a day before."""
    for number, fields in log.newest(MOST):
        if fields["at"] < since - DAY:
            return
        if fields["purpose"] == Purpose.CARE and fields["at"] >= since:
            yield number, fields


def _in_vain(fields: Mapping[str, Any]) -> bool:
    """Whether an act that reached nobody asked for somebody, by an id or a number: a line of the log says so by its
    decision alone, whether or not they are hidden."""
    return fields["decision"] == "deny" and bool(fields["types"])


def newest_care(log: Log, size: int) -> int | None:
    """The newest receipt of care from the number `size` on; None where there is none."""
    newest = log.newest(len(log) - size)
    return next((number for number, fields in newest if fields["purpose"] == Purpose.CARE), None)


class Review:
    """What was found last, and on what it rests: nothing is counted again while nothing of that is new."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._seen, self._care = 0, -1
        self._found: tuple[object, list[Suspicion]] = (None, [])

    def found(self, rests_on: object, look: Callable[[], list[Suspicion]]) -> list[Suspicion]:
        """What `look` finds, or found for the same receipts of care and the same `rests_on`."""
        size = len(self._log)
        newest = newest_care(self._log, self._seen)
        self._seen, self._care = size, self._care if newest is None else newest
        key = (self._care, rests_on)
        if self._found[0] != key:
            self._found = (key, look())
        return self._found[1]


def known_of(
    connection: apsw.Connection, persons: Iterable[int], well_known: Iterable[str]
) -> dict[int, Known]:
    """Homes and encounters of these persons. `well_known`: Patient ids."""
    wanted = sorted(set(persons))
    famous = set(Names(connection).persons(well_known))
    homes = dict(_homes(connection, wanted))
    met = _encounters(connection, wanted)
    return {
        person: Known(homes.get(person, NOBODY.home), met.get(person, {}), person in famous)
        for person in wanted
    }


def homes_of(connection: apsw.Connection, patients: Mapping[str, str]) -> dict[str, Home]:
    """Homes of readers who are patients here: by reader, from the Patient id of each."""
    numbers = {reader: Names(connection).persons([patient]) for reader, patient in patients.items()}
    homes = dict(_homes(connection, [number for found in numbers.values() for number in found]))
    return {reader: homes[found[0]] for reader, found in numbers.items() if found and found[0] in homes}


def _bodies(
    connection: apsw.Connection, record_type: str, persons: Iterable[int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    number = Names(connection).type(record_type)
    wanted = list(persons)
    for part in (wanted[start : start + 500] for start in range(0, len(wanted), 500)):
        marks = ",".join("?" * len(part))
        sql = (
            "SELECT r.person, c.body FROM record r JOIN content c ON c.record = r.no"
            f" WHERE r.type = ? AND r.deleted = 0 AND r.person IN ({marks})"
        )
        for person, body in connection.execute(sql, (number, *part)):
            yield int(person), orjson.loads(plain(body))


def _homes(connection: apsw.Connection, persons: Iterable[int]) -> Iterator[tuple[int, Home]]:
    for person, patient in _bodies(connection, "Patient", persons):
        address: Mapping[str, Any] = next(iter(patient.get("address", ())), {})
        family = next((name["family"] for name in patient.get("name", ()) if "family" in name), "")
        yield person, Home(_village(address), str(address.get("text", "")), family)


def _village(address: Mapping[str, Any]) -> str:
    """County, town and village as one text; empty where no village is said."""
    villages = (
        each["valueString"]
        for each in address.get("extension", ())
        if each.get("url", "").endswith(VILLAGE) and "valueString" in each
    )
    village = next(villages, "")
    return f"{address.get('district', '')}{address.get('city', '')}{village}" if village else ""


def _encounters(connection: apsw.Connection, persons: Iterable[int]) -> dict[int, dict[str, tuple[int, ...]]]:
    """By person and institution the days on which an encounter began or ended."""
    found: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for person, encounter in _bodies(connection, "Encounter", persons):
        place = encounter.get("serviceProvider", {}).get("reference", "").rpartition("/")[2]
        period = encounter.get("period", {})
        for moment in (period.get("start"), period.get("end")):
            if place and (day := _day(moment)) is not None:
                found[person][place].add(day)
    return {
        person: {place: tuple(sorted(days)) for place, days in by.items()} for person, by in found.items()
    }


def _day(moment: str | None) -> int | None:
    try:
        return None if moment is None else span(moment)[0] // DAY
    except ValueError:
        return None


def since_days(days: int) -> int:
    """The moment so many days ago, in milliseconds UTC."""
    return int(time.time() * 1000) - days * DAY
