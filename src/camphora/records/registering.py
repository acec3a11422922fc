"""Which search parameters a store knows: Camphora's own, and those that an operator declares in it.

An active SearchParameter among the records joins them. One whose code R4, a guide or another one has already is kept as
a record and declares nothing: guides say parameters of R4 again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import apsw
import msgspec
import orjson

from camphora.errors import Busy, CamphoraError, Faults
from camphora.fhir import definitions
from camphora.fhir.declared import idle, plus
from camphora.fhir.definitions import SearchParameter
from camphora.fhir.extract import OWN_COLUMNS, extract
from camphora.fhir.registry import FORM as EXTRACTION
from camphora.fhir.registry import Registry
from camphora.fhir.search.asking import Clause, HasClause
from camphora.fhir.validation import Finding
from camphora.records.bodies import plain

DECLARING = "SearchParameter"
TAKEN = "fhir-parameter-taken"
FORM = 1
"""What the store makes of index values; counted up when that changes, so that stores index anew."""
FULL_TEXT = ("_text", "_content")


class Known(NamedTuple):
    """Parameters by which a store's records are indexed: `r4` whether all of R4's, and the others by `Type.code`, each
    with the digest of its definition, or "" for one that answers in the form of an older store."""

    r4: bool
    params: dict[str, str]


def registry_of(connection: apsw.Connection) -> Registry:
    """Camphora's own parameters and those declared in the store, as the connection has it."""
    found = Registry.bundled()
    declared = list(_declared(connection))
    for resource in sorted(declared, key=lambda each: each.get("type") == "composite"):
        try:
            found = plus(found, resource)
        except CamphoraError:
            continue
    return found


def with_declared(
    registry: Registry, resource: dict[str, Any], before: dict[str, Any] | None = None
) -> Registry:
    """The registry with an active SearchParameter, in place of what the same record declared `before`; as it is with
    any other, and with one whose code is taken. Raises `Faults` with all that is wrong with it."""
    if resource.get("status") != "active":
        return registry
    if before is not None and before.get("url") != resource.get("url"):
        registry = plus(registry, {**before, "status": "retired"})
    try:
        return plus(registry, resource)
    except Faults as error:
        if any(fault.code == TAKEN for fault in error.faults):
            return registry
        raise


def declares_nothing(registry: Registry, resource: dict[str, Any]) -> Finding | None:
    """What is told of a SearchParameter that is kept and declares nothing: a warning where a search by its code answers
    otherwise than it says. None for one that declares, and for every other resource."""
    why = idle(registry, resource) if resource.get("resourceType") == DECLARING else None
    if why is None:
        return None
    return Finding("information" if why.alike else "warning", why.why, f"{DECLARING}.code", facts=why.facts)


def _declared(connection: apsw.Connection) -> Iterator[dict[str, Any]]:
    sql = (
        "SELECT c.body FROM type t JOIN record r ON r.type = t.no JOIN content c ON c.record = r.no"
        " WHERE t.name = ? AND r.deleted = 0 ORDER BY r.no"
    )
    for (body,) in connection.execute(sql, (DECLARING,)):
        resource = orjson.loads(plain(body))
        if resource.get("status") == "active":
            yield resource


def digest(registry: Registry, *, full_text: bool) -> str:
    """Another form of the index, and another set of parameters, have another digest."""
    return f"{FORM}.{EXTRACTION}:{registry.digest}:{'words' if full_text else ''}"


def same_form(one: str, other: str) -> bool:
    """Whether two digests differ in their parameters alone."""
    return one.partition(":")[0] == other.partition(":")[0]


def known(registry: Registry) -> Known:
    """All that a registry has."""
    params = {
        f"{kind}.{code}": _digest(parameter)
        for kind in definitions.resource_types()
        for code, parameter in registry.of(kind).items()
        if code not in definitions.search_parameters(kind)
    }
    return Known(True, params)


def dump(found: Known) -> str:
    return orjson.dumps(found._asdict()).decode()


def load(text: str) -> Known:
    return Known(**orjson.loads(text))


def lacking(before: Known, registry: Registry, kind: str) -> frozenset[str]:
    """The codes of a type that were not indexed before, or by another definition."""
    own = definitions.search_parameters(kind)
    return frozenset(
        code
        for code, parameter in registry.of(kind).items()
        if code not in OWN_COLUMNS
        and code in extract(kind, registry).compiled
        and not (before.r4 if code in own else False)
        and before.params.get(f"{kind}.{code}") not in {"", _digest(parameter)}
    )


def gone(before: Known, after: Known) -> frozenset[str]:
    """The types of which a parameter of before is no more, or is another one."""
    names = (name for name, found in before.params.items() if found and after.params.get(name) != found)
    return frozenset(name.partition(".")[0] for name in names)


def _digest(parameter: SearchParameter) -> str:
    return hashlib.blake2b(msgspec.json.encode(parameter), digest_size=4).hexdigest()


def standing(connection: apsw.Connection) -> tuple[frozenset[tuple[str, str]], int]:
    """The types and codes of parameters of which not every record is indexed yet, and the number of the last change."""
    sql = "SELECT c.last, u.type, u.code FROM (SELECT coalesce(max(no), 0) AS last FROM change) c LEFT JOIN unready u"
    rows = list(connection.execute(sql))
    return frozenset((kind, code) for _, kind, code in rows if kind is not None), int(rows[0][0])


def require_ready(unready: frozenset[tuple[str, str]], record_type: str, clause: Clause | str) -> None:
    """Refuse to answer by a parameter (of a clause, or by its code) of which not every record is indexed yet: Busy
    records-parameter-unready."""
    if not unready:
        return
    kind = clause.type if isinstance(clause, HasClause) else record_type
    code = clause if isinstance(clause, str) else getattr(clause, "param", None)
    if code and (kind, code.partition(":")[0]) in unready:
        raise Busy("records-parameter-unready", type=kind, param=code)
