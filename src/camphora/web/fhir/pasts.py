"""Histories (R4 http.html#history): of one record, of a type and of everything, newest first and by pages."""

from __future__ import annotations

import re
from datetime import datetime

from camphora.errors import Invalid, Place
from camphora.fhir.dates import span
from camphora.fhir.search import ELSEWHERE, parse_query
from camphora.fhir.search.asking import ListClause
from camphora.records import Versions
from camphora.records.searching import MOST
from camphora.web.fhir import bundles, interactions
from camphora.web.fhir.call import Answer, Call

KNOWN = ELSEWHERE | {"_since", "_at", "_list", "_count", "_page", "_summary", "_elements"}


def history(call: Call, record_type: str | None = None, record_id: str | None = None) -> Answer:
    """The versions that the reader may see: of a record, of a type, or of all."""
    if record_type is not None and record_id is not None:
        interactions.require_record(record_type, record_id)
    elif record_type is not None:
        interactions.require_type(record_type)
    form = interactions.form_of(call, record_type or "Basic", KNOWN)
    asked = _asked(call, record_type, record_id)
    page = call.store.versions(call.access, asked)
    steps = [step for step in (record_type, record_id, "_history") if step]
    rest = tuple((name, value) for name, value in call.wish.pairs if name != "_page")
    links = bundles.paged(call.base, "/".join(steps), call.wish.pairs, rest, page.next)
    rows = [(row, interactions.shown(row, form) if row.body is not None else None) for row in page.rows]
    whole = page.next is None and asked.page is None and asked.count != 0
    total = len(rows) if whole else None
    return Answer(200, bundles.history(call.base, rows, links, total))


def _asked(call: Call, record_type: str | None, record_id: str | None) -> Versions:
    given = dict(call.wish.pairs)
    count = given.get("_count")
    if count is not None and not re.fullmatch(r"[0-9]{1,9}", count):
        raise Invalid("web-fhir-value", param="_count")
    usual = MOST if record_id is not None else None
    return Versions(
        record_type,
        record_id,
        since=_since(given.get("_since")),
        at=_at(given.get("_at")),
        lists=_lists(call, record_type or "Basic", given.get("_list")),
        count=usual if count is None else min(int(count), MOST),
        page=given.get("_page") or None,
    )


def _lists(call: Call, record_type: str, text: str | None) -> tuple[str, ...] | None:
    """The ids of the Lists that are named, as a search reads them. A current one (`$current-problems`) is of a patient,
    whom a history cannot name."""
    if not text:
        return None
    (clause,) = parse_query(record_type, [("_list", text)], strict=True, base=call.base).clauses
    assert isinstance(clause, ListClause)
    return clause.alternatives


def _since(text: str | None) -> int:
    """An instant in milliseconds; 0 where none is named."""
    if text is None:
        return 0
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid("fhir-format", type="instant", place=Place(path="_since"))
    try:
        return max(0, int(moment.timestamp() * 1000))
    except (OverflowError, ValueError):
        raise Invalid("fhir-format", type="instant", place=Place(path="_since")) from None


def _at(text: str | None) -> tuple[int, int] | None:
    """The first and last millisecond of a date or moment."""
    if text is None:
        return None
    try:
        low, high = span(text.replace(" ", "+"))[:2]
    except ValueError:
        raise Invalid("fhir-format", type="dateTime", place=Place(path="_at")) from None
    return int(low), int(high)
