"""`$everything` of a Patient or an Encounter (https://hl7.org/fhir/R4/patient-operation-everything.html): the record
itself, all that lies in its compartment, and the institutions, staff and definitions that these name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from camphora.errors import Invalid, NotFound, Place
from camphora.fhir.dates import span
from camphora.fhir.extract import LEADING, USUAL
from camphora.fhir.json import parse
from camphora.fhir.references import parse_reference, references
from camphora.fhir.search import ELSEWHERE, Query, parameters
from camphora.fhir.search.asking import IdClause
from camphora.policy.admission import SHARED_TYPES
from camphora.records import Version
from camphora.records.searching import MOST
from camphora.web.fhir import bundles, interactions, sweeps
from camphora.web.fhir.call import Answer, Call
from camphora.web.fhir.negotiation import Pairs

OWNERS = ("Patient", "Encounter")
KNOWN = ELSEWHERE | {"_since", "_type", "_count", "start", "end", "_page"}
USUAL_COUNT = 200


def everything(call: Call, record_type: str, record_id: str, given: Pairs = ()) -> Answer:
    """A page of everything. `_since`, `_type`, `_count`, and for a Patient `start` and `end` by the date on which a
    record counts: one of a type that has none is given whenever it was."""
    if record_type not in OWNERS:
        raise NotFound("web-fhir-no-route")
    interactions.require_record(record_type, record_id)
    pairs = call.wish.pairs + given
    named = dict(pairs)
    for name, _ in pairs:
        if name not in KNOWN:
            raise Invalid("web-fhir-parameter", param=name)
    owner = call.store.read(call.access, record_type, record_id)
    types = _types(call, record_type, named.get("_type"))
    rows, following = _page(call, (record_type, record_id), types, named)
    wanted = named.get("_type") is None or record_type in types
    first = [owner] if wanted and "_page" not in named and _is_since(owner, named) else []
    held = {(row.type, row.id) for row in (*first, *rows)}
    beside = _supporting(call, [*first, *rows], types if "_type" in named else None, held)
    path = f"{record_type}/{record_id}/$everything"
    rest = tuple(pair for pair in pairs if pair[0] != "_page")
    links = bundles.paged(call.base, path, pairs, rest, following)
    matches = ((row, row.body or b"") for row in (*first, *rows))
    included = ((row, row.body or b"") for row in beside)
    return Answer(200, bundles.searchset(call.base, matches, links, None, None, included=included))


def _types(call: Call, owner: str, named: str | None) -> list[str]:
    """The types that are asked for; those of the compartment where none is named."""
    inside = [name for name in sweeps.in_compartment(owner) if call.access.covers(name)]
    if named is None:
        return [name for name in inside if name != owner]
    asked = {name.strip() for name in named.split(",")}
    if not all(interactions.is_kept(name) for name in asked):
        raise Invalid("web-fhir-value", param="_type")
    return sorted(name for name in asked if call.access.covers(name))


def _page(call: Call, owner: sweeps.Owner, types: list[str], named: dict[str, str]) -> sweeps.Swept:
    """A page of what lies in the compartment, each type under the conditions that it can have."""
    members = sweeps.in_compartment(owner[0])
    since: Pairs = (("_lastUpdated", f"ge{_since(named['_since'])}"),) if "_since" in named else ()
    conditions = {name: since + _dates(name, named) for name in types if name != owner[0] and name in members}
    return sweeps.sweep(call, owner, conditions, _count(named.get("_count")), named.get("_page", ""))


def _dates(record_type: str, named: dict[str, str]) -> Pairs:
    """`start` and `end` as conditions on the parameter that gives a type's main date."""
    known = parameters(record_type)
    leading = (*LEADING.get(record_type, ()), *USUAL)
    main = next((code for code in leading if code in known and known[code].kind == "date"), None)
    if main is None:
        return ()
    asked = (("start", "ge"), ("end", "le"))
    return tuple((main, f"{prefix}{_date(named[name], name)}") for name, prefix in asked if name in named)


def _date(text: str, name: str) -> str:
    try:
        span(text)
    except ValueError:
        raise Invalid("fhir-format", type="date", place=Place(path=name)) from None
    return text


def _since(text: str) -> str:
    return _date(text.replace(" ", "+"), "_since")


def _is_since(row: Version, named: dict[str, str]) -> bool:
    return "_since" not in named or row.updated >= span(_since(named["_since"]))[0]


def _count(text: str | None) -> int:
    if text is None:
        return USUAL_COUNT
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise Invalid("web-fhir-value", param="_count")
    return min(int(text), MOST)


def _supporting(
    call: Call, rows: Iterable[Version], types: list[str] | None, held: set[tuple[str, str]]
) -> Iterator[Version]:
    """The records of nobody (institutions, staff, medications) that these rows name."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        for element in references(parse(row.body or b"{}")):
            named = parse_reference(element["reference"], call.base)
            if (
                named.kind == "local"
                and named.type in SHARED_TYPES
                and (types is None or named.type in types)
            ):
                wanted.setdefault(named.type, set()).add(named.id)
    for kind, ids in sorted(wanted.items()):
        left = sorted(one for one in ids if (kind, one) not in held)
        if left and call.access.covers(kind):
            query = Query(kind, (IdClause(tuple(left)),), count=MOST)
            yield from call.store.search(call.access, query).rows
