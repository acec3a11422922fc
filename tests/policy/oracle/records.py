"""Section 1, the record: its facts, read from any R4 resource by the types of its elements.

What is a coding, a reference or an element is told by R4's own StructureDefinitions, not by how the JSON looks.
"""

from __future__ import annotations

import csv
import lzma
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import orjson

from camphora.policy.asking import Facts, Part
from policy.oracle.dates import OPEN, Unreadable, moments
from policy.oracle.values import ACT_CODE, CONFIDENTIALITY

Json = Mapping[str, Any]
INLINE = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
EXTENSIONS = ("extension", "modifierExtension")
BEGINNING, END = -62_135_596_800_000, 253_402_300_799_999


@cache
def elements() -> dict[str, list[tuple[str, str]]]:
    """Each element of R4 by its path, with its types: the code, and where its children are defined."""
    found: dict[str, list[tuple[str, str]]] = {}
    with lzma.open(str(files("camphora.fhir") / "definitions/hl7.fhir.r4.core.ndjson.xz")) as lines:
        for line in lines:
            if b'"StructureDefinition"' not in line[:200]:
                continue
            one = orjson.loads(line)
            if one.get("derivation") == "constraint" or "snapshot" not in one:
                continue
            for element in one["snapshot"]["element"]:
                path = element["path"]
                if "contentReference" in element:
                    found[path] = [("BackboneElement", element["contentReference"].removeprefix("#"))]
                    continue
                kinds = [each["code"] for each in element.get("type", ())]
                inner = {"BackboneElement": path, "Element": path}
                found[path] = [(kind, inner.get(kind, kind)) for kind in kinds]
    return found


class Node(NamedTuple):
    """An element of a resource: its type, where its children are defined, its value, its path as FHIRPath has it."""

    kind: str
    defined: str
    value: Any
    path: str


def children(node: Node) -> Iterator[Node]:
    """The elements directly in one, one node for each repetition. Of a primitive with its extensions the value is what
    stands under `_name`."""
    if not isinstance(node.value, Mapping):
        return
    defined = node.value.get("resourceType", node.defined)
    for key, value in node.value.items():
        name = key.removeprefix("_")
        if name == "resourceType":
            continue
        kinds = [(name, *each) for each in elements().get(f"{defined}.{name}", ())]
        for at in range(1, len(name)):
            for code, inner in elements().get(f"{defined}.{name[:at]}[x]", ()):
                if name[at:] == code[0].upper() + code[1:]:
                    kinds.append((name[:at], code, inner))
        if not kinds:
            continue
        stem, kind, inner = kinds[0]
        several = isinstance(value, list)
        for index, one in enumerate(value if several else [value]):
            here = f"{node.path}.{stem}" + (f"[{index}]" if several else "")
            yield Node(f"_{kind}" if key != name else kind, inner, one, here)


def everything(node: Node, passing: Collection[str] = ()) -> Iterator[Node]:
    """A node and all inside it, but for elements of these names."""
    yield node
    for one in children(node):
        if one.path.rpartition(".")[2].partition("[")[0] not in passing:
            yield from everything(one, passing)


def root_of(record: Json) -> Node:
    return Node("Resource", record["resourceType"], record, record["resourceType"])


def codes_in(node: Node) -> frozenset[str]:
    found = everything(node, ("meta", "text", *EXTENSIONS) if node.kind == "Resource" else EXTENSIONS)
    return frozenset(
        f"{one.value.get('system', '')}|{one.value['code']}"
        for one in found
        if isinstance(one.value, Mapping)
        and one.value.get("code")
        and (one.kind == "Coding" or _as_coding(one))
    )


def _as_coding(node: Node) -> bool:
    """A quantity that states nothing but a code and its system is told as a coding is."""
    return "Quantity" in node.kind and set(node.value) <= {
        "id",
        "extension",
        "system",
        "code",
        "_system",
        "_code",
    }


def local(text: str) -> str:
    """A reference without version and address of its server."""
    bare = text.partition("/_history/")[0]
    kind, _, key = "/".join(bare.split("/")[-2:]).partition("/")
    known = kind in elements() and kind[:1].isupper() and key
    return f"{kind}/{key}" if known and not text.startswith(("#", "urn:")) else text


def number(identifier: Any) -> str | None:
    said = identifier if isinstance(identifier, Mapping) else {}
    return f"{said['system']}|{said['value']}" if said.get("system") and said.get("value") else None


def labels_on(value: Any) -> frozenset[str]:
    """The confidentiality and sensitivity that an element bears by itself."""
    if not isinstance(value, Mapping):
        return frozenset()
    said = [one.get("valueCoding", {}) for one in value.get("extension", ()) if one.get("url") == INLINE]
    systems = (None, ACT_CODE, CONFIDENTIALITY)
    return frozenset(one["code"] for one in said if one.get("code") and one.get("system") in systems)


def parts_of(node: Node) -> Iterator[Part]:
    """Elements that are labelled by themselves, the outermost of each."""
    for one in children(node):
        name = one.path.rpartition(".")[2].partition("[")[0]
        if name in ("meta", "text", *EXTENSIONS):
            continue
        labels = labels_on(one.value) if one.kind != "Resource" else frozenset()
        if labels:
            yield Part(one.path, labels, codes_in(one))
        else:
            yield from parts_of(one)


# Who made it, and for whom it is kept


AUTHOR = (
    "performer", "author", "asserter", "recorder", "requester", "practitioner", "provider", "informationSource",
    "enterer", "resultsInterpreter", "interpreter", "sender", "attester", "participant",
)  # fmt: skip
KEEPER = ("custodian", "serviceProvider", "managingOrganization", "organization")


class Named(NamedTuple):
    literal: str | None
    kind: str
    numbers: tuple[str, ...]


def named(record: Json, reference: Any) -> Named | None:
    """Whom a reference names."""
    if not isinstance(reference, Mapping):
        return None
    text, kind = reference.get("reference"), reference.get("type") or ""
    numbers = [number(reference.get("identifier"))]
    if isinstance(text, str) and text.startswith("#"):
        inside = [one for one in record.get("contained", ()) if "#" + str(one.get("id")) == text]
        for one in inside[:1]:
            kind = one["resourceType"]
            given = one.get("identifier", [])
            numbers += [number(each) for each in (given if isinstance(given, list) else [given])]
        text = None
    told = tuple(one for one in numbers if one)
    literal = local(text) if isinstance(text, str) and text else None
    return Named(literal, kind, told) if literal or told else None


def authors_of(record: Json) -> list[Named]:
    found = []
    for name in AUTHOR:
        said = record.get(name, [])
        for one in said if isinstance(said, list) else [said]:
            inside = ("individual",) if name == "participant" else ("actor", "party", "individual")
            found += [one] if name != "participant" else []
            found += [one.get(each) for each in inside]
    return [who for one in found if (who := named(record, one))]


def keeper_of(record: Json, authors: list[Named]) -> tuple[str | None, frozenset[str]]:
    for name in KEEPER:
        who = named(record, record.get(name))
        if who:
            return who.literal, frozenset(who.numbers)
    organisations = sorted(
        (who for who in authors if (who.literal or "").startswith("Organization/")),
        key=lambda who: who.literal,
    )
    if organisations:
        return organisations[0].literal, frozenset(organisations[0].numbers)
    perhaps = [who for who in authors if not who.literal and who.kind in ("", "Organization")]
    return None, frozenset(each for who in perhaps for each in who.numbers)


# When


LEADING = (
    "effective", "onset", "performed", "occurrence", "period", "started", "authoredOn", "date", "recordedDate",
    "billablePeriod", "whenHandedOver", "whenPrepared", "servicedPeriod", "collection", "recorded", "created",
    "issued", "sent", "received",
)  # fmt: skip
Times = tuple[int, int]


def when(value: Any) -> Times | None:
    """What a date, a Period or a Timing covers; None where it cannot be read."""
    try:
        if isinstance(value, str):
            return moments(value)
        if not isinstance(value, Mapping):
            return None
        if "event" in value or "repeat" in value:
            bounds = value.get("repeat", {}).get("boundsPeriod")
            return around([when(one) for one in [*value.get("event", ()), bounds]])
        if "start" in value or "end" in value:
            first = moments(value["start"])[0] if "start" in value else OPEN[0]
            return first, moments(value["end"])[1] if "end" in value else OPEN[1]
    except Unreadable:
        pass
    return None


def around(times: list[Times | None]) -> Times | None:
    known = [one for one in times if one]
    return (min(one[0] for one in known), max(one[1] for one in known)) if known else None


def period_of(record: Json) -> Times | None:
    kind = record["resourceType"]
    own: list[Any] = []
    if kind == "DocumentReference":
        own = [record.get("context", {}).get("period")]
    elif kind == "Composition":
        own = [one.get("period") for one in record.get("event", ())]
    elif kind == "Appointment":
        own = [{name: record[name] for name in ("start", "end") if name in record}]
    elif kind == "Task":
        own = [record.get("executionPeriod")]
    elif kind == "Account":
        own = [record.get("servicePeriod")]
    elif kind in ("Claim", "ClaimResponse", "ExplanationOfBenefit") and "billablePeriod" not in record:
        own = [one.get("servicedPeriod") or one.get("servicedDate") for one in record.get("item", ())]
    told = around([when(one) for one in own])
    return told or lasting(record, leading(record))


def leading(record: Json) -> Times | None:
    for stem in LEADING:
        for form in ("", "DateTime", "Period", "Instant", "Date", "Timing"):
            value = record.get(stem + form)
            if stem == "collection" and isinstance(value, Mapping):
                value = value.get("collectedDateTime") or value.get("collectedPeriod")
            if found := when(value):
                return found
    return None


def lasting(record: Json, first: Times | None) -> Times | None:
    ends = [when(record.get(name)) for name in ("abatementDateTime", "abatementPeriod", "lastOccurrence")]
    known = around([first, *ends])
    states = {one.get("code") for one in record.get("clinicalStatus", {}).get("coding", ())}
    over = any(name.startswith("abatement") for name in record)
    if known and states & {"active", "recurrence", "relapse"} and not over:
        return known[0], OPEN[1]
    return known


@cache
def categories() -> dict[str, str]:
    rows = files("camphora.policy").joinpath("categories.csv").read_text("utf-8").splitlines()
    return {row["type"]: row["category"] for row in csv.DictReader(rows)}


def facts(record: Json, labels: Collection[str] = (), *, notifiable: bool = False) -> Facts:
    """The facts of a record with the labels that it bears and those given."""
    root = root_of(record)
    kind = record["resourceType"]
    authors = authors_of(record)
    organisation, numbers = keeper_of(record, authors)
    own = {one["code"] for one in record.get("meta", {}).get("security", ()) if one.get("code")}
    named_by = {
        local(one.value["reference"])
        for one in everything(root)
        if one.kind == "Reference" and isinstance(one.value, Mapping) and one.value.get("reference")
    }
    return Facts(
        kind,
        record.get("id", ""),
        categories().get(kind, "other"),
        frozenset(labels) | own,
        codes_in(root),
        frozenset(name for who in authors for name in (who.literal, *who.numbers) if name),
        organisation,
        bounded(period_of(record)),
        frozenset(named_by),
        tuple(parts_of(root)),
        notifiable,
        numbers,
    )


def bounded(times: Times | None) -> Times | None:
    """Open ends as far as any date reaches, so that two readings can be compared."""
    return None if times is None else (max(times[0], BEGINNING), min(times[1], END))
