"""The entries of a batch or transaction, taken apart and checked before anything is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from camphora.errors import CamphoraError, Faults, Invalid, Place, TooLarge
from camphora.fhir import structure
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import Entry, parse, split_bundle
from camphora.fhir.references import references
from camphora.web.fhir.interactions import ID, is_kept, require_id
from camphora.web.fhir.negotiation import Pairs, decode_pairs, version_of

ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""R4 http.html#trules: updates and patches are of one turn, and so are the readings."""
READS = frozenset({"GET", "HEAD"})
CHANGES = frozenset({"PUT", "PATCH", "DELETE"})
E = TypeVar("E", bound=CamphoraError)
BY_SEARCH = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?(?P<query>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: `steps` is the path of its url taken apart, `body` its resource's bytes. `condition`: the parameters
    of If-None-Exist, or of the url of a conditional update, patch or deletion."""

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
    condition: Pairs | None = None

    @property
    def type(self) -> str:
        return self.steps[0] if self.steps else ""

    @property
    def id(self) -> str:
        """The id in the url; empty where there is none."""
        return self.steps[1] if len(self.steps) > 1 else ""

    @property
    def brings(self) -> bool:
        """Whether its resource is what is to be kept."""
        return self.method in {"POST", "PUT"} and not self.operates

    @property
    def operates(self) -> bool:
        """Whether it asks for an operation, as `Patient/1/$everything`."""
        return is_operation(self.steps)

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
    require_distinct(body, whole)
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
    path, _, query = request.url.removeprefix(base).removeprefix("/").partition("?")
    steps = tuple(path.rstrip("/").split("/")) if path else ()
    pairs = _pairs(query)
    condition = pairs if query and request.method in CHANGES else None
    if request.method == "POST" and request.if_none_exist:
        condition = _pairs(request.if_none_exist.lstrip("?"))
    if not fits(request.method, steps, conditional=condition is not None):
        raise Invalid("web-fhir-entry-request", place=Place(path="request.url"))
    if steps and steps[0] != "_history" and not steps[0].startswith("$") and not is_kept(steps[0]):
        raise Invalid("web-fhir-no-type", place=Place(path="request.url"))
    return Item(
        number=number,
        method=request.method,
        steps=steps,
        pairs=pairs if condition is None else (),
        full_url=entry.full_url,
        resource=resource,
        body=bytes(entry.resource),
        if_match=version_of(request.if_match),
        if_none_match=request.if_none_match,
        if_modified_since=request.if_modified_since,
        condition=condition,
    )


def _pairs(query: str) -> Pairs:
    """The parameters of a url in a bundle, where they may stand unescaped."""
    return decode_pairs(query.encode())


def is_operation(steps: tuple[str, ...]) -> bool:
    """Whether an address of these steps is an operation's."""
    return bool(steps) and steps[-1].startswith("$")


def fits(method: str, steps: tuple[str, ...], *, conditional: bool = False) -> bool:
    """Whether a url of these steps can be asked for by the method."""
    if is_operation(steps):
        return method in {*READS, "POST"}
    if method in READS:
        return reading(steps) is not None
    named = len(steps) == 2 and bool(ID.fullmatch(steps[1]))
    if method == "POST":
        return len(steps) == 1
    return len(steps) == 1 if conditional else named


Reading = Literal[
    "search",
    "search-all",
    "read",
    "vread",
    "history",
    "history-type",
    "history-all",
    "compartment",
]


def reading(steps: tuple[str, ...]) -> Reading | None:
    """The interaction that reading an address of these steps is; None where there is none."""
    if len(steps) > 1 and steps[1] != "_history" and not ID.fullmatch(steps[1]):
        return None
    match steps:
        case ():
            return "search-all"
        case ("_history",):
            return "history-all"
        case (_,):
            return "search"
        case (_, "_history"):
            return "history-type"
        case (_, _):
            return "read"
        case (_, _, "_history"):
            return "history"
        case (_, _, kind) if kind == "*" or kind[:1].isupper():
            return "compartment"
        case (_, _, "_history", version) if ID.fullmatch(version):
            return "vread"
        case _:
            return None


def _require_sound(item: Item, require: Callable[[Any], None]) -> None:
    """The resource of a POST, PUT or PATCH: there, with nothing that is refused here, of the url's type and id."""
    if item.method not in {"POST", "PUT", "PATCH"} or item.operates:
        return
    if item.resource is None:
        raise Invalid("web-fhir-entry-resource", place=Place(path="resource"))
    if item.method == "PATCH":
        if item.resource.get("resourceType") not in {"Parameters", "Binary"}:
            raise Invalid("web-fhir-entry-resource", place=Place(path="resource"))
        return
    try:
        require(item.resource)
    except Faults as error:
        raise type(error)([inside(fault) for fault in error.faults]) from None
    if item.resource["resourceType"] != item.type:
        raise Invalid("web-fhir-type-mismatch", place=Place(path="resource.resourceType"), type=item.type)
    if item.method == "PUT" and item.condition is None:
        try:
            require_id(item.resource, item.type, item.id)
        except Invalid as error:
            raise inside(error) from None


def by_search(resource: Any, body: bytes) -> Iterator[str]:
    """The references of a resource that name a record by a search (`Patient?identifier=…`). `body`: its bytes, in which
    a question mark stands as it is or escaped where there is any."""
    if b"?" not in body and b"\\u" not in body:
        return
    for row in references(resource):
        if BY_SEARCH.fullmatch(row["reference"]):
            yield row["reference"]


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
