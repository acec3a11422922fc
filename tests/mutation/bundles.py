"""Rules of Bundle, each broken alone in bundles made from the examples."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

from mutation.engine import Fault, Specimen, kind
from mutation.invariants import given
from mutation.tree import Json

QUOTA = 12


class Rule(NamedTuple):
    """`kinds` are the types of bundle that it concerns; `named` the places, where `N` is the first entry's number."""

    key: str
    kinds: str
    edit: Callable[[Json], object]
    named: tuple[str, ...]
    when: Callable[[Json], object] = bool


def entries(bundle: Json) -> list[Json]:
    return bundle.get("entry", [])


def first(edit: Callable[[Json], object]) -> Callable[[Json], object]:
    return lambda bundle: edit(entries(bundle)[0])


def twice(bundle: Json) -> None:
    entries(bundle).append(copy.deepcopy(entries(bundle)[0]))


def versioned(bundle: Json) -> None:
    entries(bundle)[0]["fullUrl"] += "/_history/1"


def last_first(bundle: Json) -> None:
    entries(bundle).insert(0, entries(bundle).pop())


def other_id(bundle: Json) -> None:
    entry = entries(bundle)[0]
    entry["fullUrl"] = f"http://example.org/fhir/{entry['resource']['resourceType']}/camphora-other"


def named(bundle: Json) -> bool:
    rows = entries(bundle)
    return bool(rows) and "fullUrl" in rows[0] and "resource" in rows[0]


def several(bundle: Json) -> bool:
    rows = entries(bundle)
    kinds = [row.get("resource", {}).get("resourceType") for row in rows]
    return len(rows) > 1 and kinds[0] != kinds[-1]


ALL = "document message transaction batch searchset collection history transaction-response batch-response"
PLAIN = "document message collection searchset"
ENTRY = ("entry[0]", "entry", "")
RULES = (
    Rule("bdl-1", "document message transaction batch collection", given(total=3), ("", "total", "type")),
    Rule("bdl-2", "document message transaction batch collection", first(given(search={"mode": "match"})),
         (*ENTRY, "entry[0].search"), entries),
    Rule("bdl-3 absent", "transaction batch history", first(given("request")), (*ENTRY, "entry[0].request"), entries),
    Rule("bdl-3 present", PLAIN, first(given(request={"method": "GET", "url": "Patient/1"})),
         (*ENTRY, "entry[0].request"), entries),
    Rule("bdl-4 absent", "transaction-response batch-response history", first(given("response")),
         (*ENTRY, "entry[0].response"), entries),
    Rule("bdl-4 present", PLAIN, first(given(response={"status": "200"})), (*ENTRY, "entry[0].response"), entries),
    Rule("bdl-5", PLAIN, first(given("resource request response")), (*ENTRY, "entry[0].resource"), named),
    Rule("bdl-7", PLAIN, twice, ("entry[N]", "entry[N].fullUrl", "entry[0]", "entry[0].fullUrl", "entry", ""), named),
    Rule("bdl-8", ALL, versioned, (*ENTRY, "entry[0].fullUrl"), lambda b: named(b) and "history" not in b["type"]),
    Rule("bdl-9", "document", given("identifier"), ("", "identifier"), entries),
    Rule("bdl-10", "document", given("timestamp"), ("", "timestamp"), entries),
    Rule("bdl-11", "document", last_first, (*ENTRY, "entry[0].resource"), several),
    Rule("bdl-12", "message", last_first, (*ENTRY, "entry[0].resource"), several),
    Rule("fullUrl and id", PLAIN, other_id, (*ENTRY, "entry[0].fullUrl", "entry[0].resource.id", "entry[0].resource"),
         lambda b: named(b) and b["entry"][0]["fullUrl"].startswith("http")),
)  # fmt: skip


def _faults(rule: Rule) -> Callable[[Specimen], Iterator[Fault]]:
    def made(specimen: Specimen) -> Iterator[Fault]:
        bundle = specimen.resource
        if specimen.kind == "Bundle" and bundle.get("type") in rule.kinds.split() and rule.when(bundle):
            count = len(entries(bundle))
            named = (place.replace("N", str(count)) for place in rule.named)
            places = tuple(f"Bundle.{place}".removesuffix(".") for place in named)
            yield Fault(places, rule.edit, f"{specimen.name} {rule.key}")

    return made


for _rule in RULES:
    kind(f"Bundle {_rule.key}", QUOTA)(_faults(_rule))
