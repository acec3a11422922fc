"""What each data type says to each kind of search parameter, as rows without the parameter's name.

Source: https://hl7.org/fhir/R4/search.html, the tables of each parameter type. A row is: of a token (system or None,
code), a reference (type, id), a date (first, last millisecond), a string (folded text), a number (least, greatest),
a quantity (unit, least, greatest).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from camphora.fhir import amounts
from camphora.fhir.dates import EARLIEST, LATEST, Span, span
from camphora.fhir.folding import fold
from camphora.fhir.references import parse_reference

BOOLEANS = "http://hl7.org/fhir/special-values"
LONGEST = 1_000
"""Characters of a string that are indexed: a search never starts beyond them."""
CJK = "\u2e80"
"""From here on, a family name stands before the given names and without a space."""

Row = tuple[Any, ...]
Reading = Callable[[Any, str | None], Iterable[Row]]
"""Takes the value and, of a plain code, the system that its element implies."""
Token = tuple[str | None, str]


def concept(value: Any, _: str | None) -> list[Token]:
    return [(coding.get("system"), coding["code"]) for coding in value.get("coding", ()) if "code" in coding]


def coding(value: Any, _: str | None) -> list[Token]:
    return [(value.get("system"), value["code"])] if "code" in value else []


def identifier(value: Any, _: str | None) -> list[Token]:
    return [(value.get("system"), value["value"])] if "value" in value else []


def of_type(value: Any) -> list[Token]:
    """An Identifier as `:of-type` asks for it: the system of its type, and `CODE|VALUE`."""
    if "value" not in value:
        return []
    return [(system, f"{code}|{value['value']}") for system, code in concept(value.get("type", {}), None)]


def contact(value: Any, _: str | None) -> list[Token]:
    return [(None, value["value"])] if "value" in value else []


def plain(value: Any, system: str | None) -> list[Token]:
    return [(system, value)]


def boolean(value: Any, _: str | None) -> list[Token]:
    return [(BOOLEANS, "true" if value else "false")]


def address(value: Any, _: str | None) -> list[Token]:
    """A canonical address as a uri: with its version and without."""
    bare = value.partition("|")[0]
    return [(None, value)] if bare == value else [(None, value), (None, bare)]


@lru_cache(maxsize=16_384)
def _target(text: str) -> tuple[str, str, str, str]:
    """Type and id to index, the type as far as the text says it, and the whole text where it names a version. An
    address elsewhere has the type "" in the index."""
    found = parse_reference(text)
    if found.kind == "local":
        return found.type, found.id, found.type, found.text if found.version else ""
    return "", "" if found.kind == "contained" else text, found.type, ""


def target(text: str) -> tuple[str, str, str, str]:
    return _target(text) if len(text) <= 160 else _target.__wrapped__(text)


def reference(value: Any, _: str | None) -> list[Row]:
    text = value.get("reference")
    if text is None:
        return []
    kind, key, _known, versioned = target(text)
    return [row for row in ((kind, key), ("", versioned)) if row[1]]


def canonical(value: Any, _: str | None) -> list[Row]:
    """An address as a reference: with its version and without."""
    return [("", text) for _, text in address(value, None)]


def resource(value: Any, _: str | None) -> list[Row]:
    """A resource that stands where a reference might, such as the first entry of a document."""
    return [(value["resourceType"], value["id"])] if "id" in value else []


def period(value: Any) -> Span | None:
    """A Period's span; an end that is not given is open. None where neither end is given."""
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return None
    return span(start)[0] if start else EARLIEST, span(end)[1] if end else LATEST


def timing(value: Any) -> Span | None:
    """The outer limits of a Timing: its events and its bounds."""
    spans = [span(event) for event in value.get("event", ()) if event]
    bounds = period(value.get("repeat", {}).get("boundsPeriod", {}))
    spans += [bounds] if bounds else []
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def _spans(read: Callable[[Any], Span | None]) -> Reading:
    def rows(value: Any, _: str | None) -> list[Row]:
        found = read(value)
        return [found] if found else []

    return rows


def name(value: Any) -> list[str]:
    """A HumanName's parts, and family with given names as they are written together."""
    given = [part for part in value.get("given", ()) if part]
    parts = [value.get("text"), value.get("family"), *given]
    parts += [part for key in ("prefix", "suffix") for part in value.get(key, ())]
    family = value.get("family")
    if family and given:
        chinese = family[0] >= CJK
        parts.append(family + "".join(given) if chinese else " ".join([*given, family]))
    return list(dict.fromkeys(part for part in parts if part))


def place(value: Any) -> list[str]:
    """An Address's parts."""
    keys = ("text", "city", "district", "state", "postalCode", "country")
    return [part for part in (*(value.get(key) for key in keys), *value.get("line", ())) if part]


def text(value: Any) -> list[str]:
    return [value]


TEXTS: dict[str, Callable[[Any], list[str]]] = {
    "HumanName": name, "Address": place, "string": text, "markdown": text, "code": text
}  # fmt: skip
"""By data type: the texts by which a string parameter finds it."""


def _strings(texts: Callable[[Any], list[str]]) -> Reading:
    return lambda value, _: [(fold(each[:LONGEST]),) for each in texts(value)]


def _number(value: Any, _: str | None) -> list[Row]:
    return [amounts.number(value)]


def _numbers(value: Any, _: str | None) -> list[Row]:
    found = amounts.numbers(value)
    return [found] if found else []


def _amounts(read: Callable[[Any], Sequence[amounts.Row]]) -> Reading:
    return lambda value, _: read(value)


QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity")
READINGS: dict[tuple[str, str], Reading] = {
    ("token", "CodeableConcept"): concept,
    ("token", "Coding"): coding,
    ("token", "Identifier"): identifier,
    ("token", "ContactPoint"): contact,
    ("token", "boolean"): boolean,
    **{("token", code): plain for code in ("code", "id", "string", "uri", "url", "oid", "uuid", "canonical")},
    **{("uri", code): plain for code in ("uri", "url", "oid", "uuid")},
    ("uri", "canonical"): address,
    ("reference", "Reference"): reference,
    ("reference", "Resource"): resource,
    **{("reference", code): canonical for code in ("canonical", "uri", "url", "oid", "uuid")},
    **{("date", code): _spans(span) for code in ("date", "dateTime", "instant")},
    ("date", "Period"): _spans(period),
    ("date", "Timing"): _spans(timing),
    **{("string", code): _strings(texts) for code, texts in TEXTS.items()},
    **{("number", code): _number for code in ("decimal", "integer", "positiveInt", "unsignedInt")},
    ("number", "Range"): _numbers,
    **{("quantity", code): _amounts(amounts.quantity) for code in QUANTITIES},
    ("quantity", "Money"): _amounts(amounts.money),
    ("quantity", "Range"): _amounts(amounts.extent),
    ("quantity", "SampledData"): _amounts(amounts.sampled),
}
"""By kind of parameter and data type; what is absent has no index form."""
