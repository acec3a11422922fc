"""`AuditEvent?patient=ID` and `AuditEvent/ID` for the person herself and for who stands in for her: who read her
records, from the leaves of the receipt log, by IHE BALP. Read only; each answer leaves a receipt too.

Everybody else asks the store, which keeps AuditEvents that institutions brought, under the usual decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from camphora.audit.checkpoints import origin_of
from camphora.audit.events import Place, audit_events
from camphora.errors import Invalid
from camphora.fhir.search import ELSEWHERE
from camphora.policy import Access, Purpose
from camphora.policy.paths import read_path
from camphora.records import Look, Version
from camphora.records.searching import MOST
from camphora.web.fhir import bundles
from camphora.web.fhir.call import Answer, Call
from camphora.web.fhir.negotiation import Pairs

TYPE = "AuditEvent"
OF_LEAF = re.compile(r"(?:receipt|decision)-(?P<number>0|[1-9][0-9]{0,14})")
ALL = 1_000_000
USUAL = 50
KNOWN = ELSEWHERE | {"patient", "_count", "_page"}

read_path("fhir.audit-events", "route", "persons")


class Whose(NamedTuple):
    """The person whose receipts are asked for, with the Access that lets them be read."""

    access: Access
    person: str


def found(call: Call, record_type: str, record_id: str) -> Answer | None:
    """The event of one leaf about the reader or somebody for whom they stand in; None where it is none of these."""
    match = OF_LEAF.fullmatch(record_id) if record_type == TYPE else None
    if match is None:
        return None
    for whose in _all(call):
        for look in _looks(call, whose):
            if look.receipt == int(match["number"]):
                for event in _events(call, whose, look):
                    if event["id"] == record_id:
                        return _one(call, whose, event)
    return None


def search(call: Call, record_type: str, pairs: Pairs) -> Answer | None:
    """A page of events, newest first; None where the question is not for one's own receipts."""
    given = dict(pairs)
    whose = _whose(call, given.get("patient", "")) if record_type == TYPE else None
    if whose is None:
        return None
    for name, _ in pairs:
        if name not in KNOWN:
            raise Invalid("web-fhir-parameter", param=name)
    before, count = _number(given.get("_page", str(ALL * ALL)), "_page"), _count(given.get("_count"))
    looks = list(_looks(call, whose))
    page = [look for look in looks if look.receipt < before]
    events = [event for look in page[:count] for event in _events(call, whose, look)]
    rows = [(_version(event), orjson.dumps(event)) for event in events]
    call.store.attest(whose.access, "search", [TYPE], [whose.person], (body for _, body in rows))
    rest = tuple((name, value) for name, value in pairs if name != "_page")
    links = [("self", bundles.link(call.base, TYPE, pairs))]
    if len(page) > count > 0:
        following = (*rest, ("_page", str(page[count - 1].receipt)))
        links.append(("next", bundles.link(call.base, TYPE, following)))
    total = sum(1 if look.decision == "permit" or not look.organisation else 2 for look in looks)
    return Answer(200, bundles.searchset(call.base, rows, links, total, None))


def _whose(call: Call, named: str) -> Whose | None:
    """Whose receipts these are; None for everybody who is neither the reader nor stood in for by them."""
    person = named.removeprefix("Patient/")
    return next((whose for whose in _all(call) if whose.person == person), None)


def _all(call: Call) -> Iterator[Whose]:
    """The reader, and everybody for whom they stand in."""
    own = call.access.reader.person
    if call.access.purpose is not Purpose.SELF or own is None:
        return
    yield Whose(call.access, own)
    for access in call.api.stood_for(call.access.reader):
        yield from (Whose(access, person) for person in access.persons or ())


def _looks(call: Call, whose: Whose) -> list[Look]:
    return call.store.looks(whose.access, whose.person, ALL)


def _events(call: Call, whose: Whose, look: Look) -> list[dict[str, Any]]:
    log = call.store.audit
    place = Place(origin_of(log.first_key), call.base)
    return audit_events(look.receipt, log.receipt(look.receipt), place, whose.person)


def _one(call: Call, whose: Whose, event: dict[str, Any]) -> Answer:
    body = orjson.dumps(event)
    call.store.attest(whose.access, "read", [TYPE], [whose.person], [body])
    return Answer(200, body, address=f"{TYPE}/{event['id']}")


def _version(event: dict[str, Any]) -> Version:
    return Version(TYPE, event["id"], 1, 0, None)


def _count(text: str | None) -> int:
    return min(_number(text, "_count"), MOST) if text is not None else USUAL


def _number(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Invalid("web-fhir-parameter", param=name)
    return int(text)
