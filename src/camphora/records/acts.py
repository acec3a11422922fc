"""Whose act a Consent is, at the moment of writing: nobody gives one in the name of another.

The decision believes `performer` (docs/explanation/decision.md, section 4), so the store holds every writer to it: a
person gives their own acts, a guardian or a proxy theirs, and what somebody else gave is neither changed nor deleted.
Who has come of age and is able may end what others gave for them. Loads and operation are not weighed here.
"""

from __future__ import annotations

import time
from typing import Any

import apsw
import orjson

from camphora.errors import Forbidden, Place
from camphora.policy import Access
from camphora.policy.lives import Life
from camphora.policy.vocabulary import Purpose
from camphora.records.bodies import plain
from camphora.records.derived import stand_ins_linked
from camphora.records.judging import policy_of, whom_of

Json = dict[str, Any]


def check_act(
    connection: apsw.Connection,
    access: Access,
    person: int,
    before: Json | None,
    after: Json | None,
) -> None:
    """Refuse a Consent that another gives or gave. `before`: as it stands, None for a new one; `after`: as it is to be,
    None where it is to be deleted. Forbidden `records-act-of-another`, `records-act-not-able`."""
    if access.purpose is not Purpose.SELF:
        return
    whom = whom_of(connection, person)
    life, policy, now = Life.of(whom), policy_of(connection), int(time.time() * 1000)
    own = f"Patient/{access.reader.person}"
    if own == whom.id:
        if not life.may_be_of(policy["ages.own_act"], now) or life.unable(now) or life.dead(now):
            raise _refusal("records-act-not-able")
        names = {each.who for each in whom.stand_ins}
        kept = (
            life.minor(policy["ages.majority"], now) and before and not names.isdisjoint(_performers(before))
        )
        ends = before is not None and (after is None or _ended(before, after))
        if kept or not (ends or after is None or _gives(after, {own}, silent=True)):
            raise _refusal("records-act-of-another")
        return
    unable = life.unable(now)
    holds = unable or (access.ground == "guardian" and life.minor(policy["ages.majority"], now))
    mine = {each.who for each in life.acting(access.ground, _names(connection, own), now)} if holds else set()
    if not all(_gives(each, mine) for each in (before, after) if each is not None):
        raise _refusal("records-act-of-another")


def _names(connection: apsw.Connection, reader: str) -> set[str]:
    """A Patient's reference with those of the RelatedPersons who are this Patient: by a link, or by naming them."""
    sql = (
        "SELECT c.body FROM record r JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no"
        " WHERE t.name = 'Patient' AND r.deleted = 0 AND r.id = ?"
    )
    bodies = connection.execute(sql, (reader.removeprefix("Patient/"),))
    linked = {
        f"RelatedPerson/{one}" for (body,) in bodies for one in stand_ins_linked(orjson.loads(plain(body)))
    }
    sql = "SELECT r.id FROM stand_in s JOIN record r ON r.no = s.record WHERE s.who = ?"
    return {reader, *linked, *(f"RelatedPerson/{one}" for (one,) in connection.execute(sql, (reader,)))}


def _gives(consent: Json, names: set[str], *, silent: bool = False) -> bool:
    """Whether all who perform it are among these. `silent`: what one who names nobody gives."""
    given = consent.get("performer")
    return silent if not given else set(_performers(consent)) <= names


def _performers(consent: Json) -> list[str]:
    """Whom a Consent names as performers; empty texts for those without a literal reference."""
    return [str(each.get("reference", "")) for each in consent.get("performer", ())]


def _ended(before: Json, after: Json) -> bool:
    """Whether nothing changes but that the Consent is in force no more."""
    was, will = ({**each, "meta": None, "status": None} for each in (before, after))
    return was == will and after.get("status") == "inactive"


def _refusal(code: str) -> Forbidden:
    return Forbidden(code, place=Place(path="Consent.performer"))
