"""What each data type gives to the index: tokens, references, dates and folded strings.

Source: https://hl7.org/fhir/R4/search.html, the tables of each parameter type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from camphora.fhir.dates import EARLIEST, LATEST, Span, span
from camphora.fhir.folding import fold
from camphora.fhir.references import parse_reference

BOOLEANS = "http://hl7.org/fhir/special-values"
LONGEST = 1_000
"""Characters of a string that are indexed: a search never starts beyond them."""
CJK = "\u2e80"
"""From here on, a family name stands before the given names and without a space."""


class IndexValues:
    """What a resource can be found by.

    `tokens` (parameter, system or None, code); `references` (parameter, type, id), type "" with an address as
    id where the target lies elsewhere; `dates` (parameter, first, last millisecond UTC); `strings` (parameter,
    folded text). The exact spelling of a string is a token of `PARAM:exact`, a reference by identifier one of
    `PARAM:identifier`. `person` is the Patient whose compartment holds the resource, `main_date` the start in
    milliseconds of its leading clinical date, `labels` the codes in meta.security.
    """

    __slots__ = ("dates", "labels", "main_date", "person", "references", "strings", "tokens")

    def __init__(self) -> None:
        self.tokens: list[tuple[str, str | None, str]] = []
        self.references: list[tuple[str, str, str]] = []
        self.dates: list[tuple[str, int, int]] = []
        self.strings: list[tuple[str, str]] = []
        self.person: tuple[str, str] | None = None
        self.main_date: int | None = None
        self.labels: tuple[str, ...] = ()


Emit = Callable[[Any, IndexValues], None]


class Leaf(NamedTuple):
    """A parameter that ends here; `target` is the type that a reference must have, "" for any."""

    param: str
    target: str = ""


def emitter(kind: str, data_type: str, system: str, leaves: list[Leaf]) -> Emit:
    """The function that adds a value of `data_type` to the index for all these parameters at once."""
    return EMITTERS[kind, data_type](leaves, system or None)


def _tokens(pairs: Callable[[Any, str | None], list[tuple[str | None, str]]]) -> Make:
    def make(leaves: list[Leaf], system: str | None) -> Emit:
        params = [leaf.param for leaf in leaves]

        def emit(value: Any, out: IndexValues) -> None:
            for where, code in pairs(value, system):
                for param in params:
                    out.tokens.append((param, where, code))

        return emit

    return make


def _codeable(leaves: list[Leaf], _: str | None) -> Emit:
    params = [leaf.param for leaf in leaves]

    def emit(value: Any, out: IndexValues) -> None:
        for coding in value.get("coding", ()):
            code = coding.get("code")
            if code is not None:
                system = coding.get("system")
                for param in params:
                    out.tokens.append((param, system, code))

    return emit


def _coded(value: Any, _: str | None) -> list[tuple[str | None, str]]:
    return [(value.get("system"), value["code"])] if "code" in value else []


def _identified(value: Any, _: str | None) -> list[tuple[str | None, str]]:
    return [(value.get("system"), value["value"])] if "value" in value else []


def _contact(value: Any, _: str | None) -> list[tuple[str | None, str]]:
    return [(None, value["value"])] if "value" in value else []


def _plain(value: Any, system: str | None) -> list[tuple[str | None, str]]:
    return [(system, value)]


def _boolean(value: Any, _: str | None) -> list[tuple[str | None, str]]:
    return [(BOOLEANS, "true" if value else "false")]


@lru_cache(maxsize=16_384)
def _target(text: str) -> tuple[str, str, str]:
    """Type and id to index, and the type as far as the text says it; an address has the type "" in the index."""
    found = parse_reference(text)
    if found.kind == "local":
        return found.type, found.id, found.type
    return "", "" if found.kind == "contained" else text, found.type


def _referenced(leaves: list[Leaf], _: str | None) -> Emit:
    def emit(value: Any, out: IndexValues) -> None:
        text = value.get("reference")
        if text is not None:
            kind, key, known = _target(text) if len(text) <= 160 else _target.__wrapped__(text)
            if key:
                for param, target in leaves:
                    if target in {"", known or value.get("type")}:
                        out.references.append((param, kind, key))
        identifier = value.get("identifier")
        if identifier is not None and "value" in identifier:
            for param, target in leaves:
                if target in {"", value.get("type")}:
                    out.tokens.append((f"{param}:identifier", identifier.get("system"), identifier["value"]))

    return emit


def _addressed(leaves: list[Leaf], _: str | None) -> Emit:
    params = [leaf.param for leaf in leaves]

    def emit(value: Any, out: IndexValues) -> None:
        bare = value.split("|", 1)[0]
        for param in params:
            out.references.append((param, "", value))
            if bare != value:
                out.references.append((param, "", bare))

    return emit


def _dates(spans: Callable[[Any], Span | None]) -> Make:
    def make(leaves: list[Leaf], _: str | None) -> Emit:
        params = [leaf.param for leaf in leaves]

        def emit(value: Any, out: IndexValues) -> None:
            found = spans(value)
            if found is not None:
                for param in params:
                    out.dates.append((param, *found))

        return emit

    return make


def period(value: Any) -> Span | None:
    """A Period's span; an end that is not given is open. None where neither end is given."""
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return None
    return span(start)[0] if start else EARLIEST, span(end)[1] if end else LATEST


def _timing(value: Any) -> Span | None:
    """The outer limits of a Timing: its events and its bounds."""
    spans = [span(event) for event in value.get("event", ()) if event]
    bounds = period(value.get("repeat", {}).get("boundsPeriod", {}))
    spans += [bounds] if bounds else []
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def _strings(texts: Callable[[Any], list[str]]) -> Make:
    def make(leaves: list[Leaf], _: str | None) -> Emit:
        params = [leaf.param for leaf in leaves]

        def emit(value: Any, out: IndexValues) -> None:
            for text in texts(value):
                short = text[:LONGEST]
                for param in params:
                    out.strings.append((param, fold(short)))
                    out.tokens.append((f"{param}:exact", None, short))

        return emit

    return make


def _name(value: Any) -> list[str]:
    """A HumanName's parts, and family with given names as they are written together."""
    given = [part for part in value.get("given", ()) if part]
    parts = [value.get("text"), value.get("family"), *given]
    parts += [part for key in ("prefix", "suffix") for part in value.get(key, ())]
    family = value.get("family")
    if family and given:
        chinese = family[0] >= CJK
        parts.append(family + "".join(given) if chinese else " ".join([*given, family]))
    return list(dict.fromkeys(part for part in parts if part))


def _address(value: Any) -> list[str]:
    keys = ("text", "city", "district", "state", "postalCode", "country")
    return [part for part in (*(value.get(key) for key in keys), *value.get("line", ())) if part]


def _text(value: Any) -> list[str]:
    return [value]


Make = Callable[[list[Leaf], str | None], Emit]
EMITTERS: dict[tuple[str, str], Make] = {
    ("token", "CodeableConcept"): _codeable,
    ("token", "Coding"): _tokens(_coded),
    ("token", "Identifier"): _tokens(_identified),
    ("token", "ContactPoint"): _tokens(_contact),
    ("token", "boolean"): _tokens(_boolean),
    **{("token", code): _tokens(_plain) for code in ("code", "id", "string", "uri", "canonical")},
    **{("uri", code): _tokens(_plain) for code in ("uri", "url", "canonical", "oid", "uuid")},
    ("reference", "Reference"): _referenced,
    **{("reference", code): _addressed for code in ("canonical", "uri", "url")},
    **{("date", code): _dates(span) for code in ("date", "dateTime", "instant")},
    ("date", "Period"): _dates(period),
    ("date", "Timing"): _dates(_timing),
    ("string", "HumanName"): _strings(_name),
    ("string", "Address"): _strings(_address),
    **{("string", code): _strings(_text) for code in ("string", "markdown", "code")},
}
"""By kind of parameter and data type; what is absent has no index form."""
