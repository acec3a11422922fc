"""The public log of uses: totals of every kind, the receipts of secondary use, and the proof that it is whole.

Reads for care and by persons themselves appear as daily totals only. A receipt of secondary use may be had with its
line and inclusion proof: it names one salted set, so that it tells neither whom nor how many.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from camphora.audit import Log, Verdict, Verifier
from camphora.audit.merkle import leaf_hash
from camphora.audit.witnesses import Addition
from camphora.errors import NotFound
from camphora.pages import Cell, Column, Table, View, dates
from camphora.pages.words import Words
from camphora.policy import Purpose
from camphora.web.contexts import Facet, Field, Form, Proof, Uses
from camphora.web.showing import Shown, view_routes
from camphora.web.site import Site, get

TAIPEI = timezone(timedelta(hours=8))
PAGE = 50
WHOLE_EVERY = 3600.0
"""Seconds after which a check reads the whole log again, so that a change in its older part is found."""
PUBLIC_FIELDS = ("at", "name", "role", "organisation", "purpose", "act", "types", "decision")
TONES = {"deny": "alert", "override": "notice"}


class Day(NamedTuple):
    """What totals are counted by."""

    day: str
    purpose: str
    role: str


class Tally:
    """Totals over the log, brought up to date by the receipts that came since."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.days: Counter[Day] = Counter()
        self.secondary: list[int] = []
        self._counted = 0
        self._lock = threading.Lock()

    def bring_up(self) -> None:
        with self._lock:
            for number in range(self._counted, len(self.log)):
                fields = self.log.receipt(number)
                self.days[Day(day_of(fields["at"]), fields["purpose"], fields["role"])] += 1
                if fields["purpose"] == Purpose.SECONDARY:
                    self.secondary.append(number)
                self._counted = number + 1


class Checked:
    """What `camphora.audit.verify` finds: the whole log at most once in `WHOLE_EVERY`, in between what was added."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._verifier, self._begun = Verifier(self.log.folder), time.monotonic()

    def verdict(self) -> Verdict:
        """What the log on disk shows. A receipt that came while it was read is signed and read too."""
        with self._lock:
            if time.monotonic() - self._begun > WHOLE_EVERY:
                self._begin()
            for _ in range(3):
                self.log.sync()
                found = self._verifier.verdict()
                if found.sound:
                    break
            return found


def routes(site: Site) -> list[BaseRoute]:
    """`/uses`, its files, `/uses/NUMBER.json`, and `/uses/checkpoint` for witnesses."""
    uses = PublicLog(site)
    return [
        get("/uses/checkpoint", uses.checkpoint, "uses.checkpoint", "nothing", "download"),
        get("/uses/{number:int}.json", uses.receipt, "uses.receipt", "nothing", "download"),
        *view_routes(site, "/uses", uses.shown, "uses", "nothing", nav="uses", page=uses.page),
    ]


class PublicLog:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.log = site.installation.store.audit
        self.tally = Tally(self.log)
        self.checked = Checked(self.log)

    def page(self, request: Request) -> Response:
        words = self.site.words(request)
        self.tally.bring_up()
        table = self._table(request, words)
        more = ""
        if table.name == "receipts" and len(table.rows) == PAGE:
            more = f"/uses?purpose=secondary&before={table.rows[-1]['number']}"
        context = Uses(
            table=table,
            proof=self._proof(request, words),
            check=Form("/uses", [Field("check", "", "hidden", "1")], words("uses.check"), post=False),
            purposes=self._facets(words, request.query_params.get("purpose", "")),
            more=more,
        )
        return self.site.page(request, context, nav="uses")

    def shown(self, request: Request) -> Shown:
        """The table of the page as a file; the receipts all at once."""
        words = self.site.words(request)
        self.tally.bring_up()
        table, now = self._table(request, words, most=None), today()
        asked = {"purpose": request.query_params.get("purpose", "")}
        view = View(
            "uses", words("uses.title"), [table], as_of=dates.day(now, words.lang), downloads=table.name
        )
        return Shown(view, now.isoformat(), parameters=asked)

    def _table(self, request: Request, words: Words, most: int | None = PAGE) -> Table:
        asked = request.query_params.get("purpose", "")
        if asked not in {"", *Purpose}:
            raise NotFound("web-no-such-purpose", count=len(Purpose))
        if asked != Purpose.SECONDARY:
            return totals(self.tally, words, asked)
        before = _number(request.query_params.get("before"), len(self.log))
        numbers = [number for number in reversed(self.tally.secondary) if number < before]
        return receipts(self.log, numbers[:most], words)

    def _facets(self, words: Words, asked: str) -> list[Facet]:
        counts: Counter[str] = Counter()
        for day, count in self.tally.days.items():
            counts[day.purpose] += count
        return [
            Facet(words("uses.all"), "/uses", counts.total(), chosen=not asked),
            *(
                Facet(words(f"purpose.{name}"), f"/uses?purpose={name}", count, chosen=asked == name)
                for name, count in sorted(counts.items())
            ),
        ]

    def _proof(self, request: Request, words: Words) -> Proof:
        self.log.sync()
        head, key = self.log.head().get("head"), self.log.keys()["key"]
        if head is None:
            return Proof(0, words("uses.no_root"), words("uses.never"), key)
        when = moment(int(head["at"]), words)
        if request.query_params.get("check") != "1":
            return Proof(int(head["size"]), str(head["root"]), when, key)
        verdict = self.checked.verdict()
        text = words("uses.sound", n=verdict.receipts, heads=verdict.heads)
        if not verdict.sound:
            text = words("uses.unsound", n=len(verdict.faults), first=verdict.faults[0])
        return Proof(int(head["size"]), str(head["root"]), when, key, verdict.sound, text)

    def checkpoint(self, request: Request) -> Response:
        """The newest tree head as a signed note; with `old=SIZE` as the request that a witness takes, which proves that
        the log has only grown since."""
        head, old = self.log.checkpoint(), _number(request.query_params.get("old"), 0)
        text = head.text()
        if old:
            text = Addition(old, tuple(self.log.consistency(old, head.size)), head).text()
        return PlainTextResponse(text)

    def receipt(self, request: Request) -> Response:
        """One receipt of secondary use with its inclusion proof; any other number is as if it were not there."""
        number = int(request.path_params["number"])
        fields = self.log.receipt(number) if number < len(self.log) else {}
        if fields.get("purpose") != Purpose.SECONDARY:
            raise NotFound("audit-no-receipt", number=number)
        body = orjson.dumps(public_proof(self.log, number, fields), option=orjson.OPT_INDENT_2)
        return Response(body, media_type="application/json")


def public_proof(log: Log, number: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The proof of a receipt with its exact line, and what it says in fields of its own."""
    proof = log.proof(number)
    receipt = {key: fields[key] for key in PUBLIC_FIELDS}
    return {"receipt": receipt, "leaf": leaf_hash(proof["entry"].encode()).hex(), **proof}


def totals(tally: Tally, words: Words, purpose: str) -> Table:
    """Acts of reading by day, purpose and role, the newest day first."""
    days = sorted(tally.days.items(), key=lambda item: (item[0].day, item[1]), reverse=True)
    rows: list[dict[str, Cell]] = [
        {
            "day": day.day,
            "purpose": words(f"purpose.{day.purpose}"),
            "role": words(f"role.{day.role}"),
            "count": count,
        }
        for day, count in days
        if purpose in ("", day.purpose)
    ]
    columns = [
        Column("day", words("uses.day"), "date"),
        Column("purpose", words("uses.purpose")),
        Column("role", words("uses.role")),
        Column("count", words("uses.count"), "integer"),
    ]
    return Table("totals", words("uses.totals"), columns, rows, note=words("uses.totals_note"))


def receipts(log: Log, numbers: list[int], words: Words) -> Table:
    """Uses for other than the original purpose, one row each, with the address of the proof."""
    rows: list[dict[str, Cell]] = []
    for number in numbers:
        fields = log.receipt(number)
        act = f"act.{fields['act']}"
        rows.append(
            {
                "number": number,
                "at": moment(fields["at"], words),
                "who": words(f"role.{fields['role']}"),
                "act": words(act) if act in words else fields["act"],
                "what": words("mark.comma").join(fields["types"]),
                "ruling": words(f"uses.ruling_{fields['decision']}"),
                "tone": TONES.get(fields["decision"], "plain"),
                "proof": words("uses.proof_link"),
                "href": f"/uses/{number}.json",
            }
        )
    columns = [
        Column("number", words("uses.number"), "integer"),
        *(Column(key, words(f"uses.{key}")) for key in ("at", "who", "act", "what", "ruling")),
        Column("proof", words("uses.receipt")),
    ]
    note = words("uses.receipts_note")
    link, chip = {"proof": "href"}, {"ruling": "tone"}
    return Table("receipts", words("uses.receipts"), columns, rows, link, chip, note=note)


def day_of(at: int) -> str:
    """The day in Taiwan of a time in milliseconds."""
    return datetime.fromtimestamp(at / 1000, TAIPEI).date().isoformat()


def today() -> date:
    """The day in Taiwan."""
    return datetime.now(TAIPEI).date()


def moment(at: int, words: Words) -> str:
    return dates.moment(datetime.fromtimestamp(at / 1000, TAIPEI), words.lang)


def _number(text: str | None, usual: int) -> int:
    return int(text) if text and len(text) < 19 and text.isascii() and text.isdigit() else usual
