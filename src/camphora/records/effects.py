"""What a Consent does, as rows of sets: for every identity of its person."""

from __future__ import annotations

import apsw

from camphora.errors import Invalid
from camphora.policy.choices import Allows, Closes, Effect, Hides, LetsIn, Ruled
from camphora.records.deriving import identities

TABLES = ("hidden", "closed", "let_in", "allowed", "ruled")


def put(connection: apsw.Connection, consent: int, person: int | None, does: tuple[Effect, ...]) -> None:
    """Write the effects of a Consent, in place of those that it had."""
    drop(connection, consent)
    if does and person is None:
        raise Invalid("records-no-person", type="Consent")
    for one in identities(connection, person) if person and does else ():
        for effect in does:
            table, values = _row(effect, one, consent)
            marks = ",".join("?" * len(values))
            connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values)


def drop(connection: apsw.Connection, consent: int) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM {table} WHERE consent = ?", (consent,))


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
