"""`/me/looked`: who looked at me, when and what for, and the receipt of each look with its proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.audit.checkpoints import origin_of
from camphora.audit.events import Place, audit_events
from camphora.errors import NotFound
from camphora.pages import Action, Cell, Column, Link, Prose, Table, View, dates
from camphora.policy import Access, Purpose
from camphora.records import Look as Seen
from camphora.records import SQLiteStore
from camphora.web.contexts import Look, Looked
from camphora.web.emergencies import moment
from camphora.web.reading import Chart, Reading, is_synthetic
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import moment_of
from camphora.web.reading.titles import kind
from camphora.web.site import wants_fragment

PART, MOST_NAMED, LISTED = 20, 4, 50
TOGETHER = 10 * 60 * 1000
"""Looks of one reader within so many milliseconds of each other are one act."""
MOST = 1_000_000
TOLD_FOR = 30 * 24 * 60 * 60 * 1000
"""For so many milliseconds a person is told of a look that stood before her choices."""
OWN_LINE = frozenset({"choice", "explain", "review-emergency", "judge-emergency", "register"})
"""Acts that are no reading of records: each kind is told for itself."""
SEEING = frozenset({"looked", "receipt"})
"""Acts by which a person sees who looked."""
STAMPED = frozenset({"deny", "override"})
"""Decisions that a look says of itself in a mark; an emergency has its own."""
BEFORE_CHOICES = frozenset({"emergency", "override"})
"""Decisions that stood before what the person chose."""
STEPS = (200, 2_000, 20_000, MOST)


@dataclass(frozen=True, slots=True)
class Act:
    """What one reader looked at in one go, newest look first."""

    looks: Sequence[Seen]

    @property
    def newest(self) -> Seen:
        return self.looks[0]


def acts(
    store: SQLiteStore, access: Access, wanted: int, *, own: bool = False, of_records: bool = False
) -> list[Act]:
    """The newest acts of looking at the Access's one person; the reader's own ones only where `own`; where
    `of_records`, none that reads no record, such as a review.

    The person's own reading fills the list quickly, so more looks are asked for until enough others are found."""
    person = _person(access)
    found: list[Act] = []
    for limit in STEPS:
        looks = store.looks(access, person, limit)
        kept = [look for look in looks if not (of_records and look.purpose == Purpose.OPERATION)]
        found = grouped([look for look in kept if own or not _is_own(store, access, look)])
        if len(found) > wanted or len(looks) < limit:
            break
    return found[:wanted]


def unseen(store: SQLiteStore, access: Access, now: int) -> list[Act]:
    """The acts of the last 30 days that stood on an emergency or before her choices, as far as the person has not
    looked at who looked since."""
    found: list[Seen] = []
    for limit in STEPS:
        looks = store.looks(access, _person(access), limit)
        found = []
        for look in looks:
            seen = look.act in SEEING and _is_own(store, access, look)
            if seen or look.at < now - TOLD_FOR:
                return grouped(found)
            if look.decision in BEFORE_CHOICES:
                found.append(look)
        if len(looks) < limit:
            break
    return grouped(found)


def _person(access: Access) -> str:
    return next(iter(access.persons or ()))


def _is_own(store: SQLiteStore, access: Access, look: Seen) -> bool:
    mine = look.purpose == Purpose.SELF and look.name == access.reader.name
    return mine and store.audit.receipt(look.receipt)["reader"] == access.reader.id


def grouped(looks: Sequence[Seen]) -> list[Act]:
    """Looks that follow each other closely, by one reader for one purpose, as one act."""
    groups: list[list[Seen]] = []
    for look in looks:
        if groups and _follows(groups[-1][-1], look):
            groups[-1].append(look)
        else:
            groups.append([look])
    return [Act(group) for group in groups]


def _follows(later: Seen, look: Seen) -> bool:
    def who(one: Seen) -> tuple[object, ...]:
        return (
            one.name,
            one.role,
            one.organisation,
            one.purpose,
            one.among_many,
            one.basis,
            one.decision,
            _done(one),
        )

    return who(later) == who(look) and later.at - look.at <= TOGETHER


def _done(look: Seen) -> str:
    """An act that is no reading stands for itself."""
    return look.act if look.act in OWN_LINE else ""


def shown(chart: Chart, reading: Reading, found: Sequence[Act], *, basis: bool = True) -> list[Look]:
    """Acts in words, with the names of the readers' institutions; with the legal basis where `basis`."""
    reading = reading.named(chart.names(f"Organization/{act.newest.organisation}" for act in found))
    return [_look(reading, act, basis=basis) for act in found]


def _look(reading: Reading, act: Act, *, basis: bool) -> Look:
    newest, words = act.newest, reading.words
    kinds = dict.fromkeys(kind(reading, name) for look in act.looks for name in look.types)
    named = reading.join(list(kinds)[:MOST_NAMED])
    if len(kinds) > MOST_NAMED:
        named = words("reading.several", names=named, n=len(kinds))
    what = words("looked_by.among_many", kinds=named) if newest.among_many else named
    if _done(newest):
        what = words(f"looked_act.{newest.act}")
    if newest.decision == "deny":
        what = words("looked_ruling.deny")
    return Look(
        who=who(reading, newest),
        purpose=words(f"looked_for.{newest.purpose}"),
        when=dates.moment(moment_of(newest.at), reading.lang),
        what=what,
        basis=words(f"basis.{newest.purpose}") if basis else "",
        proof=f"/me/looked/{newest.receipt}",
        urgent=newest.decision == "emergency",
        ruling=words(f"looked_ruling.{newest.decision}_chip") if newest.decision in STAMPED else "",
        together=_together(reading, act) if len(act.looks) > 1 else "",
        receipts=_receipts(reading, act) if len(act.looks) > 1 else (),
    )


def _together(reading: Reading, act: Act) -> str:
    """That one line stands for several looks."""
    first = dates.moment(moment_of(act.looks[-1].at), reading.lang)
    return reading.words("looked_by.together", n=len(act.looks), first=first)


def _receipts(reading: Reading, act: Act) -> list[Link]:
    """The receipt of each look of a line; of very many the newest, which leads to all."""
    links = [
        Link(
            reading.words(
                "looked_by.one_of",
                number=str(look.receipt),
                when=dates.moment(moment_of(look.at), reading.lang),
                kinds=reading.join(dict.fromkeys(kind(reading, name) for name in look.types)),
            ),
            f"/me/looked/{look.receipt}",
        )
        for look in act.looks[:LISTED]
    ]
    if len(act.looks) > LISTED:
        rest = reading.words("looked_by.rest", n=len(act.looks))
        links.append(Link(rest, f"/me/looked/{act.newest.receipt}"))
    return links


def notices(chart: Chart, reading: Reading, found: Sequence[Act]) -> list[Link]:
    """What the person is told of these acts, each leading to its newest look."""
    reading = reading.named(chart.names(f"Organization/{act.newest.organisation}" for act in found))
    return [
        Link(
            reading.words(
                f"looked_told.{act.newest.decision}",
                when=dates.moment(moment_of(act.newest.at), reading.lang),
                who=who(reading, act.newest),
            ),
            f"/me/looked/{act.newest.receipt}",
        )
        for act in found
    ]


def who(reading: Reading, look: Seen) -> str:
    """Institution and name of a reader: 仁愛醫院 林醫師."""
    place = reading.names.get(f"Organization/{look.organisation}", "") if look.organisation else ""
    role = reading.words(f"role.{look.role}")
    key = "looked_by.staff" if look.organisation and look.name else "looked_by.who"
    return reading.words(key, place=place, name=look.name or role, role=role).strip()


class LookedPages(Desk):
    """Who looked, and the receipt of one look."""

    def page(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        begin, own = _number(request.query_params.get("from", "")), request.query_params.get("own") == "1"
        found = acts(self.store, chart.access, MOST, own=own)
        following = (
            f"/me/looked?from={begin + PART}{'&own=1' if own else ''}" if len(found) > begin + PART else ""
        )
        looks = shown(chart, reading, found[begin : begin + PART])
        self._attest(chart, "looked")
        if wants_fragment(request) and begin:
            return self.site.fragment(request, "looks.html", {"looks": looks, "more": following})
        context = Looked(
            looks=looks,
            total=sum(len(act.looks) for act in found),
            refused=sum(len(act.looks) for act in found if act.newest.decision == "deny"),
            more=following,
            own="" if own else "/me/looked?own=1",
            events="/me/looked/events.json",
            urgent=self._emergencies(chart, reading),
        )
        return self.site.page(request, context, synthetic=is_synthetic([chart.patient()]))

    def _emergencies(self, chart: Chart, reading: Reading) -> list[str]:
        """What the person is told of each emergency that opened her record: who, when, why, and how it was judged."""
        gate, words = self.site.installation.gate, reading.words
        found = [(each, gate.identity.user(each.reader)) for each in gate.emergencies.of_person(chart.person)]
        names = chart.names(f"Organization/{user.organisation}" for _, user in found if user)
        told = []
        for each, user in found:
            place = names.get(f"Organization/{user.organisation}", "") if user else ""
            judged = f"emergency.judged.{each.judgement}" if each.judgement else "emergency.told.waiting"
            told.append(
                words(
                    "emergency.told.line",
                    when=moment(words, each.declared),
                    who=f"{place} {user.display if user else each.reader}".strip(),
                    reason=each.reason,
                    judged=words(judged),
                )
            )
        return told

    def receipt(self, request: Request) -> Response:
        chart, number = self.own(request), int(request.path_params["number"])
        act = self._act(chart, number)
        self._attest(chart, "receipt")
        look = next(each for each in act.looks if each.receipt == number)
        reading = self.reading(request)
        reading = reading.named(
            chart.names([f"Organization/{look.organisation}"] if look.organisation else ())
        )
        words = reading.words
        view = View(
            name="receipt",
            title=words("receipt.title"),
            lead=words("receipt.lead", number=str(number)),
            blocks=list(_blocks(reading, look, act, self.store.audit.entry(number).decode())),
            badge="synthetic" if is_synthetic([chart.patient()]) else None,
            why=self.why(request, Purpose.SELF),
            crumbs=[Link(words("citizen.record"), "/me"), Link(words("citizen.looked"), "/me/looked")],
            actions=[Action(words("receipt.proof"), f"/me/looked/{number}/proof.json", primary=True)],
        )
        return self.site.view(request, view)

    def proof(self, request: Request) -> Response:
        number = int(request.path_params["number"])
        chart = self.own(request)
        self._act(chart, number)
        self._attest(chart, "proof")
        body = orjson.dumps(self.store.audit.proof(number), option=orjson.OPT_INDENT_2)
        return attachment(body, "application/json", f"camphora-receipt-{number}.json")

    def events(self, request: Request) -> Response:
        """Every receipt that concerns the person, as AuditEvents by IHE BALP in a Bundle; the newest first."""
        chart, log = self.own(request), self.store.audit
        place = Place(origin_of(log.first_key), f"{request.base_url}fhir")
        looks = self.store.looks(chart.access, chart.person, MOST)
        self._attest(chart, "events")
        events = (
            event
            for look in looks
            for event in audit_events(look.receipt, log.receipt(look.receipt), place, chart.person)
        )
        bundle = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {"fullUrl": f"{place.address}/AuditEvent/{event['id']}", "resource": event}
                for event in events
            ],
        }
        return attachment(orjson.dumps(bundle), "application/fhir+json", "camphora-audit-events.json")

    def _attest(self, chart: Chart, act: str) -> None:
        """Reading the log leaves a receipt too."""
        self.store.attest(chart.access, act, ["AuditEvent"], [chart.person])

    def _act(self, chart: Chart, number: int) -> Act:
        """The act to which a receipt belongs; NotFound where it does not concern this person."""
        for limit in STEPS:
            looks = self.store.looks(chart.access, chart.person, limit)
            for act in grouped(looks):
                if any(look.receipt == number for look in act.looks):
                    return act
            if len(looks) < limit:
                break
        raise NotFound("audit-no-receipt", number=number)


def _blocks(reading: Reading, look: Seen, act: Act, line: str) -> Iterator[Prose | Table]:
    words = reading.words
    columns = [Column("name", words("item.name")), Column("value", words("item.value"))]
    facts = {
        "who": who(reading, look),
        "role": words(f"role.{look.role}"),
        "purpose": words(f"looked_for.{look.purpose}"),
        "basis": words(f"basis.{look.purpose}"),
        "when": dates.moment(moment_of(look.at), reading.lang),
        "act": words(f"looked_act.{look.act}") if f"looked_act.{look.act}" in words else look.act,
        "ruling": words(f"looked_ruling.{look.decision}"),
        "types": reading.join(kind(reading, name) for name in look.types),
        "scope": _scope(reading, look, orjson.loads(line)),
    }
    rows = [{"name": words(f"receipt.fact.{key}"), "value": value} for key, value in facts.items() if value]
    yield Table("receipt", words("receipt.said"), columns, rows)
    others = [other for other in act.looks if other.receipt != look.receipt]
    if others:
        yield _others(reading, others)
    yield Prose(
        words("receipt.check"), [words("receipt.how"), words("receipt.command"), words("receipt.salt")]
    )
    yield Prose(words("receipt.line"), [line])


def _scope(reading: Reading, look: Seen, receipt: Mapping[str, Any]) -> str:
    """Whether the look was at this person alone, at a few whom the receipt names by code, or at a set of many."""
    named = len(receipt.get("persons", ()))
    if look.among_many:
        return reading.words("receipt.among_many")
    return reading.words("receipt.few", n=named) if named > 1 else reading.words("receipt.alone")


def _others(reading: Reading, looks: Sequence[Seen]) -> Table:
    words = reading.words
    columns = [
        Column("number", words("receipt.number")),
        Column("types", words("receipt.fact.types")),
    ]
    rows: list[dict[str, Cell]] = [
        {
            "number": str(look.receipt),
            "href": f"/me/looked/{look.receipt}",
            "types": reading.join(kind(reading, name) for name in look.types),
        }
        for look in looks
    ]
    return Table("together", words("receipt.together"), columns, rows, link={"number": "href"})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def attachment(body: bytes, media: str, name: str) -> Response:
    """A file to be kept, not shown."""
    return Response(body, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'})
