"""The entries of a batch or transaction, taken apart and checked before anything is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from camphora.errors import CamphoraError, Faults, Invalid, Place, TooLarge
from camphora.fhir import structure
from camphora.fhir.json import Entry, parse, split_bundle
from camphora.fhir.references import references
from camphora.web.fhir.interactions import ID, is_kept, require_id
from camphora.web.fhir.negotiation import Pairs, decode_pairs, version_of

ORDER = ("DELETE", "POST", "PUT", "GET")
"""R4 http.html#trules."""
E = TypeVar("E", bound=CamphoraError)
_BY_SEARCH = re.compile(r"[A-Z][A-Za-z]+\?")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: `steps` is the path of its url taken apart, `body` its resource's bytes."""

    number: int
    method: str
    steps: tuple[str, ...]
    pairs: Pairs
    full_url: str | None
    resource: dict[str, Any] | None
    body: bytes
    if_match: int | None
    if_none_match: str | None
    if_modified_since: str | None

    @property
    def type(self) -> str:
        return self.steps[0]

    @property
    def id(self) -> str:
        return self.steps[1]

    @property
    def path(self) -> str:
        return f"Bundle.entry[{self.number}]"


@dataclass(frozen=True, slots=True)
class Brought:
    """A bundle as it came: each entry as an `Item`, or the error that makes it impossible."""

    type: str
    items: list[Item | Invalid]


def bring(body: bytes, base: str, most: int, require: Callable[[Any], None]) -> Brought:
    """Take a bundle of at most so many entries apart. Faults of its frame are raised; those of an entry stand in the
    entry's place."""
    whole = parse(body)
    if whole.get("resourceType") != "Bundle" or whole.get("type") not in ["batch", "transaction"]:
        raise Invalid("web-fhir-bundle-type", place=Place(path="Bundle.type"))
    if isinstance(whole.get("entry"), list) and len(whole["entry"]) > most:
        raise TooLarge("web-fhir-many-entries", most=most)
    resources = _frame(whole)
    entries = split_bundle(body).entry
    if len(entries) != len(resources):
        raise Invalid("fhir-json-bundle", place=Place(path="Bundle.entry"))
    pairs = zip(entries, resources, strict=True)
    items = [_item(number, entry, resource, base, require) for number, (entry, resource) in enumerate(pairs)]
    return Brought(whole["type"], items)


def _frame(whole: dict[str, Any]) -> list[Any]:
    """Check the bundle around its resources and take them out of it."""
    entries = whole.get("entry", [])
    right = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    resources = [entry.pop("resource", None) for entry in entries] if right else []
    # an entry that held a resource only would now be empty, which is a fault of its own
    stripped = [entry or {"id": "resource"} for entry in entries] if right else entries
    structure.require({**whole, "entry": stripped} if entries else whole)
    return resources


def _item(
    number: int, entry: Entry, resource: Any, base: str, require: Callable[[Any], None]
) -> Item | Invalid:
    try:
        item = _taken(number, entry, resource, base)
        _require_sound(item, require)
    except Invalid as error:
        return located(error, number)
    return item


def _taken(number: int, entry: Entry, resource: Any, base: str) -> Item:
    request = entry.request
    if request is None or request.method not in ORDER:
        raise Invalid("web-fhir-entry-request", place=Place(path="request"))
    path, _, query = request.url.removeprefix(base + "/").partition("?")
    steps = tuple(path.split("/"))
    if request.if_none_exist or (query and request.method != "GET"):
        raise Invalid("web-fhir-conditional", place=Place(path="request"))
    if not _fits(request.method, steps):
        raise Invalid("web-fhir-entry-request", place=Place(path="request.url"))
    if not is_kept(steps[0]):
        raise Invalid("web-fhir-no-type", place=Place(path="request.url"))
    return Item(
        number=number,
        method=request.method,
        steps=steps,
        pairs=decode_pairs(query.encode()) if query.isascii() else _refuse_query(),
        full_url=entry.full_url,
        resource=resource,
        body=bytes(entry.resource),
        if_match=version_of(request.if_match),
        if_none_match=request.if_none_match,
        if_modified_since=request.if_modified_since,
    )


def _refuse_query() -> Pairs:
    raise Invalid("web-fhir-query", place=Place(path="request.url"), most=0)


def _fits(method: str, steps: tuple[str, ...]) -> bool:
    """Whether a url of these steps can be asked for by the method."""
    ids = all(ID.fullmatch(step) for step in steps[1::2])
    match len(steps):
        case 1:
            return method in {"POST", "GET"}
        case 2:
            return ids and method in {"PUT", "DELETE", "GET"}
        case 3 | 4:
            return steps[2] == "_history" and ids and method == "GET"
        case _:
            return False


def _require_sound(item: Item, require: Callable[[Any], None]) -> None:
    """The resource of a POST or PUT: there, with nothing that is refused here, of the url's type and id, and with
    references that need no search."""
    if item.method not in {"POST", "PUT"}:
        return
    if item.resource is None:
        raise Invalid("web-fhir-entry-resource", place=Place(path="resource"))
    try:
        require(item.resource)
    except Faults as error:
        raise type(error)([inside(fault) for fault in error.faults]) from None
    if item.resource["resourceType"] != item.type:
        raise Invalid("web-fhir-type-mismatch", place=Place(path="resource.resourceType"), type=item.type)
    if item.method == "PUT":
        require_id(item.resource, item.type, item.id)
    if any(_BY_SEARCH.match(row["reference"]) for row in references(item.resource)):
        raise Invalid("web-fhir-conditional", place=Place(path="resource"))


def inside(fault: E) -> E:
    """A fault of a resource, located from its entry."""
    _, _, rest = (fault.place.path or "" if fault.place else "").partition(".")
    path = f"resource.{rest}" if rest else "resource"
    return moved(fault, path)


def located(error: E, number: int) -> E:
    """The error with its place counted from the bundle."""
    if isinstance(error, Faults):
        return cast("E", type(error)([located(fault, number) for fault in error.faults]))
    path = error.place.path if error.place else None
    whole = f"Bundle.entry[{number}]" + (f".{path}" if path else "")
    return moved(error, whole)


def moved(error: E, path: str) -> E:
    """The same error at another place."""
    found = copy(error)
    found.place = Place(path=path)
    return found


def faults_of(brought: Brought) -> Iterator[Invalid]:
    """Every fault of the entries, one by one."""
    for item in brought.items:
        if isinstance(item, Faults):
            yield from item.faults
        elif not isinstance(item, Item):
            yield item
