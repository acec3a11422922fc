"""What a Consent does, as rows of sets: for every identity of its person.

An agreement to a project becomes a row only where the decision would count it: given when the person was old enough,
able and alive. These rows depend on the person's life and on two parameters of the policy; when one of them changes,
they are made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import apsw
import orjson

from camphora.errors import Invalid
from camphora.policy.choices import Allows, Closes, Effect, Hides, LetsIn, Ruled, effects
from camphora.policy.lives import Life
from camphora.policy.policy import Policy
from camphora.records.bodies import plain
from camphora.records.deriving import identities
from camphora.records.judging import policy_of, whom_of

TABLES = ("hidden", "closed", "let_in", "allowed", "ruled")
PARAMETERS = ("ages.own_act", "consents.death_ends_permits")
"""The parameters on which rows depend."""


def put(connection: apsw.Connection, consent: int, person: int | None, does: tuple[Effect, ...]) -> None:
    """Write the effects of a Consent, in place of those that it had."""
    drop(connection, consent)
    if does and person is None:
        raise Invalid("records-no-person", type="Consent")
    for one in identities(connection, person) if person and does else ():
        for effect in _counting(connection, one, does):
            table, values = _row(effect, one, consent)
            marks = ",".join("?" * len(values))
            connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values)


def drop(connection: apsw.Connection, consent: int) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM {table} WHERE consent = ?", (consent,))


def put_agreements(connection: apsw.Connection, persons: Iterable[int]) -> None:
    """Write the agreements of these persons anew: what decides whether they count has changed."""
    named = sorted(persons)
    _put_again(connection, f" AND r.person IN ({','.join('?' * len(named))})", named)


def bring_up(connection: apsw.Connection) -> None:
    """Write all agreements anew where the store last went by other parameters than its policy's."""
    policy = policy_of(connection)
    present = orjson.dumps([policy[name] for name in PARAMETERS]).decode()
    if next(connection.execute("SELECT parameters FROM agreements_by"), None) != (present,):
        _put_again(connection, "", [])
        connection.execute("DELETE FROM agreements_by")
        connection.execute("INSERT INTO agreements_by VALUES (?)", (present,))


def _put_again(connection: apsw.Connection, which: str, values: list[int]) -> None:
    sql = (
        "SELECT r.no, r.person, c.body FROM record r JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no"
        f" WHERE t.name = 'Consent' AND r.deleted = 0{which}"
    )
    for number, person, body in list(connection.execute(sql, values)):
        does = effects(orjson.loads(plain(body)))
        if any(isinstance(each, Allows) for each in does):
            put(connection, number, person, does)


def _counting(connection: apsw.Connection, person: int, does: tuple[Effect, ...]) -> Iterator[Effect]:
    """The effects without the agreements of somebody who could not agree; others as long as they count."""
    if not any(isinstance(each, Allows) for each in does):
        yield from does
        return
    life, policy = Life.of(whom_of(connection, person)), policy_of(connection)
    for effect in does:
        if not isinstance(effect, Allows):
            yield effect
        elif _could_agree(life, effect.given, policy):
            yield replace(effect, until=_end(life, effect.until, policy))


def _could_agree(life: Life, given: int | None, policy: Policy) -> bool:
    """Whether the person could agree then. Without a date the moment asked about decides: never where it might not."""
    if given is None:
        return not life.incapable and life.died is None
    return life.may_be_of(policy["ages.own_act"], given) and not life.unable(given) and not life.dead(given)


def _end(life: Life, until: int | None, policy: Policy) -> int | None:
    if life.died is None or not policy["consents.death_ends_permits"]:
        return until
    return life.died + 1 if until is None else min(until, life.died + 1)


def _row(effect: Effect, person: int, consent: int) -> tuple[str, tuple[object, ...]]:
    """The table in which an effect lies, and its row."""
    span = (effect.since, effect.until)
    match effect:
        case Hides(set_name=name):
            return "hidden", (name, person, consent, *span)
        case Closes(set_name=name, mask=mask):
            return "closed", (name, person, consent, mask, *span)
        case LetsIn(person=relative):
            return "let_in", (relative, person, consent, *span)
        case Allows(set_name=name):
            return "allowed", (name, person, consent, *span)
        case Ruled(classes=classes):
            return "ruled", (person, consent, *span, " ".join(classes))
