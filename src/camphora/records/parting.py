"""Two Patients who were one person and are no more: what was chosen meanwhile stays with both.

While they are one, nobody can tell whose wish a Consent is. When they part, each stands under the Consents in their own
name, and a denial that was written meanwhile in the name of one is written for the other too: a Consent of their own,
which they see among their choices and may end. Agreements stay with the one in whose name they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.policy.choices import effects, sense_of
from camphora.records.bodies import plain
from camphora.records.derived import reference
from camphora.records.deriving import identities

Json = dict[str, Any]
SAYS_WHAT = ("resourceType", "status", "scope", "category", "dateTime", "policy", "policyRule", "provision")
"""What a Consent says of the choice, without who performed it, where it came from and what it is called."""
NO_SENSE: Json = {"text": "個人之選擇 a person's choice"}
"""A policy rule that gives a Consent no sense."""


class _Line(NamedTuple):
    consent: int
    other: int
    person: int
    body: bytes


def remember(connection: apsw.Connection, consent: int, others: Iterable[int]) -> None:
    """Keep for whom beside its own person a Consent takes effect as it is written now."""
    connection.execute("DELETE FROM chosen_as_one WHERE consent = ?", (consent,))
    rows = ((consent, other) for other in others)
    connection.executemany("INSERT INTO chosen_as_one VALUES (?, ?)", rows)


def parted(connection: apsw.Connection, persons: Iterable[int]) -> Iterator[Json]:
    """The Consents to be written for those of the persons who are no more one with somebody: once each."""
    for line in [each for person in sorted(persons) for each in _lines(connection, person)]:
        if line.other in identities(connection, line.person):
            continue
        connection.execute(
            "DELETE FROM chosen_as_one WHERE consent = ? AND other = ?", (line.consent, line.other)
        )
        consent = orjson.loads(line.body)
        if effects(consent) and (denial := denial_of(consent, _concerns(connection, line.other))):
            (patient,) = next(connection.execute("SELECT patient FROM person WHERE no = ?", (line.other,)))
            yield {**denial, "patient": {"reference": f"Patient/{patient}"}}


def denial_of(consent: Json, concerns: Callable[[str], bool]) -> Json | None:
    """What a Consent denies, as a Consent without its person; None where it only permits. A permit goes, with the
    exceptions from it kept. `concerns`: whether a record that is named may concern the other."""
    denial = {name: consent[name] for name in SAYS_WHAT if name in consent}
    provision, sense = consent.get("provision") or {}, sense_of(consent)
    if sense != "deny":
        usual = "deny" if sense else None
        said = [(each, each.get("type", usual)) for each in provision.get("provision", ())]
        inner = [{**each, "type": sense} for each, sense in said if sense not in {None, "permit"}]
        if not inner:
            return None
        outer = {name: value for name, value in provision.items() if name != "type"}
        denial |= {"provision": {**outer, "provision": inner}, "policyRule": NO_SENSE}
    return denial if _says(denial.get("provision") or {}, concerns) else None


def _says(provision: Json, concerns: Callable[[str], bool]) -> bool:
    """Whether it says anything beyond records of somebody else."""
    named = [reference(each.get("reference")) for each in provision.get("data", ())]
    if all(name is None or concerns(name) for name in named):
        return True
    return any(_says(each, concerns) for each in provision.get("provision", ()))


def _concerns(connection: apsw.Connection, other: int) -> Callable[[str], bool]:
    """Whether a reference is to a record of the other, or to none that is known to be somebody else's."""

    def concerns(name: str) -> bool:
        sql = "SELECT r.person FROM record r JOIN type t ON t.no = r.type WHERE t.name = ? AND r.id = ?"
        kind, _, record = name.partition("/")
        (person,) = next(connection.execute(sql, (kind, record)), (None,))
        return person in {None, other}

    return concerns


def _lines(connection: apsw.Connection, other: int) -> list[_Line]:
    sql = (
        "SELECT c.consent, c.other, r.person, n.body FROM chosen_as_one c JOIN record r ON r.no = c.consent"
        " JOIN content n ON n.record = r.no WHERE c.other = ? AND r.deleted = 0 ORDER BY c.consent"
    )
    rows = connection.execute(sql, (other,))
    return [_Line(consent, person, of, plain(body)) for consent, person, of, body in rows]
