"""A record's facts, read from any R4 resource: what a decision weighs of it (docs/explanation/decision.md, section 1).

Where the rules leave open what counts, this page says it. *Codes*: every coding that lies in the record, components,
reasons and contained resources too; not in `meta`, the narrative and extensions. *Authors*: the references and
identifiers in the elements of `AUTHORS`. *Period*: see `_period`. *References*: every
literal reference. *Parts*: elements with the inline security label of DS4P.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from typing import Any, NamedTuple

import orjson

from camphora.fhir import definitions
from camphora.fhir.dates import EARLIEST, LATEST, span
from camphora.fhir.references import parse_reference, references
from camphora.policy.asking import Facts, Part
from camphora.policy.codes import categories
from camphora.policy.vocabulary import ACT_CODE

INLINE = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
"""HL7 DS4P implementation guide: an element that bears it is labelled by itself."""
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"

AUTHORS = (
    "performer", "author", "asserter", "recorder", "requester", "practitioner", "provider", "informationSource",
    "enterer", "resultsInterpreter", "interpreter", "sender", "attester", "participant",
)  # fmt: skip
"""Elements that say who made a record. Of `participant` only `individual` counts: an `actor` may be the patient."""
KEEPERS = ("custodian", "serviceProvider", "managingOrganization", "organization")
"""Elements that name the organisation of a record; without one, an author that is an organisation."""
LEADING = (
    "effective", "onset", "performed", "occurrence", "period", "started", "authoredOn", "date", "recordedDate",
    "billablePeriod", "whenHandedOver", "whenPrepared", "servicedPeriod", "collection", "recorded", "created",
    "issued", "sent", "received",
)  # fmt: skip
"""The clinical dates, the leading one first; a choice of types by its stem."""

ENDINGS = ("abatementDateTime", "abatementPeriod", "lastOccurrence")
"""Where a record says up to when it lasted."""
GOING_ON = frozenset({"active", "recurrence", "relapse"})
"""The clinical states (condition-clinical) of what goes on; an allergy that is active goes on, too."""

FEW = 20
"""So many codes are looked for in the bytes of a body before it is read; more cost as much as reading it."""
_DATE_FORMS = ("", "DateTime", "Period", "Instant", "Date", "Timing")
UNREAD = frozenset({"meta", "text", "extension", "modifierExtension"})
"""Properties in which no code of a record is looked for."""
Json = dict[str, Any]


def facts_of(resource: Json, labels: Iterable[str] = (), *, notifiable: bool = False) -> Facts:
    """The facts of a resource with the labels that it bears and those given (derived by rule) beside."""
    kind = resource["resourceType"]
    authors = tuple(_authors(resource))
    organisation, identifiers = _organisation(resource, authors)
    named = (reference["reference"] for reference in references(resource))
    return Facts(
        type=kind,
        id=resource.get("id", ""),
        category=categories().get(kind, "other"),
        labels=frozenset(labels) | own_labels(resource),
        codes=frozenset(codes_of(resource)),
        authors=_names(authors),
        organisation=organisation,
        period=_period(resource),
        references=frozenset(_local(text) for text in named),
        parts=tuple(parts_of(resource)),
        notifiable=notifiable,
        organisation_identifiers=identifiers,
    )


class FactsOnDemand(Facts):
    """The facts of a stored record, each read when a test asks for it: most decisions hang on one or two.

    `labels` gives those that the resource bears, its own and by rule. A record without a body has its type and these.
    """

    def __init__(
        self,
        kind: str,
        body: bytes | None,
        labels: Callable[[FactsOnDemand], frozenset[str]],
        notifiable: Callable[[], bool],
    ) -> None:
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "category", categories().get(kind, "other"))
        self.__dict__.update(_body=body, _labels=labels, _notifiable=notifiable)

    @cached_property
    def resource(self) -> Json:
        body: bytes | None = self.__dict__["_body"]
        parsed: Json = orjson.loads(body) if body else {"resourceType": self.type}
        return parsed

    @cached_property
    def id(self) -> str:
        return str(self.resource.get("id", ""))

    @cached_property
    def labels(self) -> frozenset[str]:
        found: frozenset[str] = self.__dict__["_labels"](self)
        return found

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(codes_of(self.resource))

    def may_have(self, values: tuple[bytes, ...]) -> bool:
        body: bytes | None = self.__dict__["_body"]
        if "codes" in self.__dict__ or body is None or len(values) > FEW or b"\\" in body:
            return True
        return any(value in body for value in values)

    @cached_property
    def authors(self) -> frozenset[str]:
        return _names(_authors(self.resource))

    @cached_property
    def organisation(self) -> str | None:
        return self._keeper[0]

    @cached_property
    def organisation_identifiers(self) -> frozenset[str]:
        return self._keeper[1]

    @cached_property
    def _keeper(self) -> tuple[str | None, frozenset[str]]:
        return _organisation(self.resource, tuple(_authors(self.resource)))

    @cached_property
    def period(self) -> tuple[int, int] | None:
        return _period(self.resource)

    @cached_property
    def references(self) -> frozenset[str]:
        return frozenset(_local(each["reference"]) for each in references(self.resource))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        return tuple(parts_of(self.resource))

    @cached_property
    def notifiable(self) -> bool:
        return bool(self.__dict__["_notifiable"]())


def own_labels(resource: Json) -> frozenset[str]:
    """The codes in meta.security."""
    security = resource.get("meta", {}).get("security", ())
    return frozenset(label["code"] for label in security if "code" in label)


def codes_of(node: Any) -> Iterator[str]:
    """`system|code` of every coding in a record or a part; for the narrative, meta and extensions see above."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        elif isinstance(item, dict):
            code = item.get("code")
            if isinstance(code, str) and item.keys() <= _CODING:
                yield f"{item.get('system', '')}|{code}"
                continue
            for name, value in item.items():
                if type(value) in _INNER and name not in UNREAD and name[0] != "_":
                    stack.append(value)


_INNER = frozenset({dict, list})
_CODING = frozenset(
    {"id", "system", "version", "code", "display", "userSelected", "extension"}
    | {"_system", "_version", "_code", "_display", "_userSelected"}
)
"""What a Coding may hold: its elements, and what is said beside each of them."""


def parts_of(resource: Json) -> Iterator[Part]:
    """The parts that are labelled inline with a confidentiality or sensitivity, outermost first."""
    for path, item, _ in _labelled(resource, resource["resourceType"]):
        yield Part(path, inline_labels(item), frozenset(codes_of(item)))


def has_parts(resource: Json) -> bool:
    return next(_labelled(resource, ""), None) is not None


def inline_labels(item: Any) -> frozenset[str]:
    """The confidentiality and sensitivity codes that an element bears by itself; labels of integrity are none."""
    if not isinstance(item, dict):
        return frozenset()
    found = (ext.get("valueCoding", {}) for ext in item.get("extension", ()) if ext.get("url") == INLINE)
    return frozenset(
        code["code"]
        for code in found
        if "code" in code and code.get("system") in {None, ACT_CODE, CONFIDENTIALITY}
    )


def without(resource: Json, paths: Iterable[str], *, named: bool = False) -> Json:
    """A copy of a resource in which the elements at these paths are absent with the reason `masked`, and with them the
    narrative, which could tell them. `named` adds REDACTED to meta.security, so that what is closed is named as closed.
    """
    chosen = set(paths)
    copied: Json = _copied(resource, resource["resourceType"], chosen)
    if chosen:
        copied.pop("text", None)
    if chosen and named:
        meta = dict(copied.get("meta", {}))
        redacted = {"system": OBSERVATION_VALUE, "code": "REDACTED"}
        meta["security"] = [*meta.get("security", []), redacted]
        copied["meta"] = meta
    return copied


def _copied(item: Any, path: str, chosen: set[str]) -> Any:
    if isinstance(item, list):
        return [_copied(each, f"{path}[{number}]", chosen) for number, each in enumerate(item)]
    if path in chosen:
        return _masked()
    if not isinstance(item, dict):
        return item
    made: Json = {}
    for name, value in item.items():
        stem = _stem(name.removeprefix("_"))
        below = f"{path}.{stem}"
        if isinstance(value, dict | list) and name[0] != "_":
            made[name] = _copied(value, below, chosen)
        else:
            made[name] = value
    _mask_primitives(made, path, chosen)
    return made


def _mask_primitives(made: Json, path: str, chosen: set[str]) -> None:
    """A primitive's value goes, and `_name` says that it is masked; in an array null stands in its place."""
    for shadow in [name for name in made if name[0] == "_"]:
        name = shadow[1:]
        below = f"{path}.{_stem(name)}"
        if isinstance(made[shadow], list):
            hidden = [number for number in range(len(made[shadow])) if f"{below}[{number}]" in chosen]
            if hidden:
                values = made.get(name, [None] * len(made[shadow]))
                made[name] = [None if number in hidden else value for number, value in enumerate(values)]
                made[shadow] = [
                    _masked() if number in hidden else value for number, value in enumerate(made[shadow])
                ]
                if not any(value is not None for value in made[name]):
                    del made[name]
        elif below in chosen:
            made.pop(name, None)
            made[shadow] = _masked()


def _masked() -> Json:
    return {"extension": [{"url": ABSENT, "valueCode": "masked"}]}


def _labelled(item: Any, path: str) -> Iterator[tuple[str, Any, bool]]:
    """Path, element and whether it is a primitive, of each element that bears inline labels."""
    if isinstance(item, list):
        for number, each in enumerate(item):
            yield from _labelled(each, f"{path}[{number}]")
    elif isinstance(item, dict):
        if "extension" in item and "resourceType" not in item and inline_labels(item):
            yield path, item, False
            return
        for name, value in item.items():
            if name not in UNREAD and isinstance(value, dict | list):
                yield from _labelled(value, f"{path}.{_stem(name.removeprefix('_'))}")


@cache
def _stems() -> tuple[frozenset[str], frozenset[str]]:
    """The stems of all choices of types (`value` of `value[x]`), and the names of types that may follow them."""
    stems, kinds = set(), set()
    for name in definitions.types():
        for element in definitions.children(name):
            if element.name.endswith("[x]"):
                stems.add(element.name.removesuffix("[x]"))
                kinds |= {code[0].upper() + code[1:] for code in element.types}
    return frozenset(stems), frozenset(kinds)


@cache
def _stem(name: str) -> str:
    """The name of an element in FHIRPath: `value` for valueQuantity."""
    stems, kinds = _stems()
    for place, letter in enumerate(name):
        if letter.isupper() and name[:place] in stems and name[place:] in kinds:
            return name[:place]
    return name


class _Named(NamedTuple):
    """Whom an element names: by reference, of which type where that is said, and by which identifiers."""

    literal: str
    kind: str
    identifiers: tuple[str, ...]


def _names(named: Iterable[_Named]) -> frozenset[str]:
    return frozenset(name for each in named for name in (each.literal, *each.identifiers) if name)


def _authors(resource: Json) -> Iterator[_Named]:
    for name in AUTHORS:
        value = resource.get(name)
        for item in value if isinstance(value, list) else () if value is None else (value,):
            if isinstance(item, dict):
                yield from _author(resource, item, whole=name != "participant")


def _author(resource: Json, item: Json, *, whole: bool) -> Iterator[_Named]:
    places = (
        (item, item.get("actor"), item.get("party"), item.get("individual"))
        if whole
        else (item.get("individual"),)
    )
    for place in places:
        if isinstance(place, dict) and (named := _named(resource, place)):
            yield named


def _named(resource: Json, reference: Json) -> _Named | None:
    """Whom a reference names, one to a contained resource by what that bears; None where it names nobody."""
    text, kind = reference.get("reference"), reference.get("type") or ""
    given = [reference.get("identifier")]
    if isinstance(text, str) and text.startswith("#"):
        inside: Json = next((one for one in resource.get("contained", ()) if f"#{one.get('id')}" == text), {})
        more = inside.get("identifier") or ()
        given += more if isinstance(more, list) else [more]
        text, kind = None, inside.get("resourceType", kind)
    names = tuple(name for one in given if isinstance(one, dict) and (name := _identified(one)))
    literal = _local(text) if isinstance(text, str) else ""
    return _Named(literal, kind, names) if literal or names else None


def _identified(identifier: Json) -> str:
    """`system|value`; empty where either is missing."""
    system, value = identifier.get("system"), identifier.get("value")
    return f"{system}|{value}" if system and value else ""


def _organisation(resource: Json, authors: tuple[_Named, ...]) -> tuple[str | None, frozenset[str]]:
    """The record's organisation by reference and by identifiers; where no element names it, an author that is one.
    An author by identifier alone, of no type, may be one."""
    for name in KEEPERS:
        value = resource.get(name)
        if isinstance(value, dict) and (named := _named(resource, value)):
            return named.literal or None, frozenset(named.identifiers)
    known = [each for each in authors if each.literal.startswith("Organization/")]
    if known:
        first = min(known, key=lambda each: each.literal)
        return first.literal, frozenset(first.identifiers)
    unknown = (each for each in authors if not each.literal and each.kind in {"", "Organization"})
    return None, frozenset(name for each in unknown for name in each.identifiers)


def _local(text: str) -> str:
    found = parse_reference(text)
    return found.local if found.type else text


Times = tuple[int, int]


def _period(resource: Json) -> Times | None:
    """The time that a record is about: what says so by itself, else from its leading date to where it ends."""
    about = _joined(_span(value) for value in _said(resource))
    return about or _lasting(resource, _leading(resource))


def _said(resource: Json) -> Iterator[Any]:
    """What in a record of these types tells its time before any leading date does."""
    match resource["resourceType"]:
        case "DocumentReference":
            yield (resource.get("context") or {}).get("period")
        case "Composition":
            yield from (each.get("period") for each in resource.get("event") or ())
        case "Appointment":
            yield {name: resource[name] for name in ("start", "end") if name in resource}
        case "Task":
            yield resource.get("executionPeriod")
        case "Account":
            yield resource.get("servicePeriod")
        case "Claim" | "ClaimResponse" | "ExplanationOfBenefit" if "billablePeriod" not in resource:
            for each in resource.get("item") or ():
                yield each.get("servicedPeriod") or each.get("servicedDate")


def _lasting(resource: Json, begins: Times | None) -> Times | None:
    """From its beginning to its end; without an end one that goes on."""
    ends = (resource.get(name) for name in ENDINGS)
    known = _joined([begins, *(_span(each) for each in ends)])
    codings = (resource.get("clinicalStatus") or {}).get("coding") or ()
    goes_on = any(each.get("code") in GOING_ON for each in codings)
    if known and goes_on and not any(name.startswith("abatement") for name in resource):
        return known[0], LATEST
    return known


def _joined(times: Iterable[Times | None]) -> Times | None:
    """From the first to the last of all; None of none."""
    known = [each for each in times if each]
    return (min(first for first, _ in known), max(last for _, last in known)) if known else None


def _leading(resource: Json) -> Times | None:
    for stem in LEADING:
        for form in _DATE_FORMS:
            value = resource.get(stem + form)
            if stem == "collection" and isinstance(value, dict):
                value = value.get("collectedDateTime") or value.get("collectedPeriod")
            found = _span(value)
            if found:
                return found
    return None


def _span(value: Any) -> tuple[int, int] | None:
    """From a date, a period or a timing; None for what is none of these, or cannot be read."""
    try:
        if isinstance(value, str):
            return span(value)
        if isinstance(value, dict) and ("event" in value or "repeat" in value):
            bounds = (value.get("repeat") or {}).get("boundsPeriod")
            return _joined(_span(each) for each in (*(value.get("event") or ()), bounds))
        if isinstance(value, dict) and ("start" in value or "end" in value):
            low = span(value["start"])[0] if "start" in value else EARLIEST
            return low, span(value["end"])[1] if "end" in value else LATEST
    except ValueError:
        return None
    return None
