"""Who bears a number, and who may be the person that is described: by searches under the reader's Access.

Every candidate comes from the store by a query that joins law and consent: by `search`, which leaves the receipt, or by
`gather` where only some of the candidates are shown, and the receipt names those. What is decided here is decided among
those alone whom the reader may see: the answer is the same whether or not others are hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from camphora.fhir.search import parse_query
from camphora.policy import Access
from camphora.records.identity.duplicates import is_borrowed
from camphora.records.identity.traits import RESIDENT, Traits, kind_of, traits
from camphora.records.identity.weighing import Weighed, weigh
from camphora.records.sqlite import SQLiteStore
from camphora.records.store import Version

Json = dict[str, Any]
MOST = 200
"""So many Patients are looked at for one question."""
FEW = 20
"""So many are shown to somebody who looks for one."""
DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
MOST_NUMBERS = 20
"""So many identifiers and names of one description are asked by."""


class Holder(NamedTuple):
    """A Patient who bears a number. `borrowed`: it is the number of one of the others, at least a parent's age older;
    `by`: the number that found them, another than was asked for where one person has an old and a new form."""

    patient: Traits
    kind: str
    borrowed: bool
    by: str


class Match(NamedTuple):
    """A Patient who may be the one described."""

    row: Version
    weighed: Weighed


def lookup(store: SQLiteStore, access: Access, system: str, value: str) -> list[Holder]:
    """The Patients with this identifier whom the Access may see, who bear it themselves first.

    Of a resident number also those found by the other form of it, where a Patient carries both: one is not computed
    from the other."""
    found = {one.id: (one, value) for one in _bearers(store, access, system, [value])}
    kind = kind_of(system, value.upper())
    if kind in RESIDENT:
        forms = [
            each.value
            for one, _ in found.values()
            for each in sorted(one.numbers)
            if each.kind in RESIDENT and each.value != value.upper()
        ]
        for form in dict.fromkeys(forms[:MOST_NUMBERS]):
            for one in _bearers(store, access, system, [form]):
                found.setdefault(one.id, (one, form))
    bearers = [one for one, _ in found.values()]
    holders = [
        Holder(one, kind, any(is_borrowed(one, other) for other in bearers), by) for one, by in found.values()
    ]
    return sorted(holders, key=lambda each: (each.borrowed, each.by != value, each.patient.id))


def sought(store: SQLiteStore, access: Access, text: str) -> list[Traits]:
    """The Patients whom the Access may see with this birth date, whole number or beginning of a name, at most `FEW`."""
    if DATE.fullmatch(text):
        asked = [("birthdate", text)]
    elif any(sign.isdigit() for sign in text):
        forms = dict.fromkeys((text, text.upper(), text.lower()))
        asked = [("identifier", ",".join(map(_literal, forms)))]
    elif any(sign.isalpha() for sign in text):
        asked = [("name", _literal(text))]
    else:
        return []
    query = parse_query("Patient", [*asked, ("_count", str(FEW))], strict=True)
    return [traits(orjson.loads(row.body or b"{}")) for row in store.search(access, query).rows]


def match(store: SQLiteStore, access: Access, described: Json) -> list[Match]:
    """The Patients who may be the one described, best first; those that are certainly not are left out. A receipt is
    left for those who are given, not for the others who were born on the same day."""
    asked = traits({**described, "id": ""})
    rows = {row.id: row for pairs in _blocks(described, asked) for row in _candidates(store, access, pairs)}
    told = {name: traits(orjson.loads(row.body or b"{}")) for name, row in rows.items()}
    found = [Match(row, weigh(asked, _own(told[name], told.values()))) for name, row in rows.items()]
    kept = [each for each in found if each.weighed.grade != "certainly-not"]
    kept.sort(key=lambda each: (-each.weighed.score, -each.weighed.bits, each.row.id))
    bodies = (each.row.body or b"" for each in kept)
    store.attest(access, "match", ["Patient"], [each.row.id for each in kept], bodies)
    return kept


def _own(one: Traits, others: Iterable[Traits]) -> Traits:
    """A Patient without the numbers that are somebody else's."""
    lent = {number for other in others if is_borrowed(one, other) for number in one.numbers & other.numbers}
    return one._replace(numbers=one.numbers - lent)


def _blocks(described: Json, asked: Traits) -> Iterator[list[tuple[str, str]]]:
    """The searches by which candidates are found: each number alone, and a name or a contact with the birth."""
    for each in described.get("identifier", ())[:MOST_NUMBERS]:
        if each.get("value"):
            system = each.get("system")
            yield [("identifier", f"{_literal(system)}|" * bool(system) + _literal(each["value"]))]
    names = [
        text
        for each in described.get("name", ())[:MOST_NUMBERS]
        for text in (each.get("text") or each.get("family"),)
        if text
    ]
    if len(asked.birth) == 10:
        yield from ([("birthdate", asked.birth), ("name", _literal(name))] for name in dict.fromkeys(names))
        yield [("birthdate", asked.birth), *([("gender", asked.sex)] if asked.sex else [])]
    elif asked.birth:
        yield from ([("birthdate", asked.birth), ("name", _literal(name))] for name in dict.fromkeys(names))
    for each in described.get("telecom", ())[:MOST_NUMBERS]:
        if each.get("value"):
            yield [("telecom", _literal(each["value"]))]


def _bearers(store: SQLiteStore, access: Access, system: str, values: list[str]) -> list[Traits]:
    asked = ",".join(
        f"{_literal(system)}|{_literal(form)}"
        for value in values
        for form in dict.fromkeys((value, value.upper(), value.lower()))
    )
    return [
        traits(orjson.loads(row.body or b"{}")) for row in _search(store, access, [("identifier", asked)])
    ]


def _search(store: SQLiteStore, access: Access, pairs: list[tuple[str, str]]) -> list[Version]:
    query = parse_query("Patient", [*pairs, ("_count", str(MOST))], strict=True)
    return list(store.search(access, query).rows)


def _candidates(store: SQLiteStore, access: Access, pairs: list[tuple[str, str]]) -> list[Version]:
    return store.gather(access, parse_query("Patient", pairs, strict=True), None, MOST).rows


def _literal(text: str | None) -> str:
    return "".join(f"\\{sign}" if sign in "\\,|$" else sign for sign in text or "")
