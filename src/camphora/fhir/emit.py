"""What a resource can be found by, and how each data type adds to it for all parameters that end there.

Source: https://hl7.org/fhir/R4/search.html, the tables of each parameter type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from camphora.fhir import amounts, readings
from camphora.fhir.dates import Span, span
from camphora.fhir.folding import fold
from camphora.fhir.readings import LONGEST, QUANTITIES, READINGS, TEXTS, Reading
from camphora.fhir.sounds import sounds

REMEMBERED, SHORT = 512, 100
"""So many codes and texts are remembered where a parameter ends, of so many characters at most."""
Component = tuple[Any, ...]
"""The kind of the component's parameter, then its row as `readings` gives it."""


class IndexValues:
    """What a resource can be found by. A row may stand more than once.

    `tokens` (parameter, system or None, code); `references` (parameter, type, id), type "" with an address as
    id where the target lies elsewhere; `dates` (parameter, first, last millisecond UTC); `strings` (parameter,
    folded text); `numbers` (parameter, least, greatest); `quantities` (parameter, unit, least, greatest), one for each
    way to ask for the unit (see `amounts`); `composites` (parameter, components), each component its kind and its row;
    `positions` (parameter, latitude, longitude).

    The exact spelling of a string is a token of `PARAM:exact`, a reference by identifier one of `PARAM:identifier`, an
    identifier by its type one of `PARAM:of-type` (the type's system, `CODE|VALUE`); what a token says in words is a
    string of `PARAM:text`; a reference to a version is also the address `TYPE/ID/_history/VERSION` (type "").
    `person` is the Patient whose compartment holds the resource, `main_date` the start in milliseconds of its leading
    clinical date, `labels` the codes in meta.security.
    """

    __slots__ = (
        "composites",
        "dates",
        "labels",
        "main_date",
        "numbers",
        "person",
        "positions",
        "quantities",
        "references",
        "strings",
        "tokens",
    )

    def __init__(self) -> None:
        self.tokens: list[tuple[str, str | None, str]] = []
        self.references: list[tuple[str, str, str]] = []
        self.dates: list[tuple[str, int, int]] = []
        self.strings: list[tuple[str, str]] = []
        self.numbers: list[tuple[str, float, float]] = []
        self.quantities: list[tuple[str, str, float, float]] = []
        self.composites: list[tuple[str, tuple[Component, ...]]] = []
        self.positions: list[tuple[str, float, float]] = []
        self.person: tuple[str, str] | None = None
        self.main_date: int | None = None
        self.labels: tuple[str, ...] = ()


Emit = Callable[[Any, IndexValues], None]


class Leaf(NamedTuple):
    """A parameter that ends here; `target` is the type that a reference must have, "" for any."""

    param: str
    target: str = ""


Make = Callable[[list[Leaf], str | None], Emit]


def emitter(kind: str, data_type: str, system: str, leaves: list[Leaf]) -> Emit:
    """The function that adds a value of `data_type` to the index for all these parameters at once."""
    return EMITTERS[kind, data_type](leaves, system or None)


LISTS = {"number": "numbers", "token": "tokens", "uri": "tokens", "reference": "references"}
"""By kind of parameter, the list of `IndexValues` that its rows go to."""


def _rows(kind: str, read: Reading) -> Make:
    place = LISTS[kind]

    def make(leaves: list[Leaf], system: str | None) -> Emit:
        params = [leaf.param for leaf in leaves]

        def emit(value: Any, out: IndexValues) -> None:
            found = read(value, system)
            if found:
                rows = getattr(out, place)
                for row in found:
                    for param in params:
                        rows.append((param, *row))

        return emit

    return make


def _in_words(param: str, text: str, out: IndexValues) -> None:
    out.strings.append((f"{param}:text", fold(text[:LONGEST])))


def _plain(leaves: list[Leaf], system: str | None) -> Emit:
    params = [leaf.param for leaf in leaves]

    def emit(value: Any, out: IndexValues) -> None:
        for param in params:
            out.tokens.append((param, system, value))

    return emit


def _dates(read: Callable[[Any], Span | None]) -> Make:
    def make(leaves: list[Leaf], _: str | None) -> Emit:
        params = [leaf.param for leaf in leaves]

        def emit(value: Any, out: IndexValues) -> None:
            found = read(value)
            if found is not None:
                low, high = found
                for param in params:
                    out.dates.append((param, low, high))

        return emit

    return make


def _quantities(read: Callable[[Any], Sequence[amounts.Row]]) -> Make:
    def make(leaves: list[Leaf], _: str | None) -> Emit:
        params = [leaf.param for leaf in leaves]

        def emit(value: Any, out: IndexValues) -> None:
            rows = read(value)
            for param in params:
                out.quantities += [(param, unit, low, high) for unit, low, high in rows]

        return emit

    return make


def _concept(leaves: list[Leaf], _: str | None) -> Emit:
    params = [(leaf.param, f"{leaf.param}:text") for leaf in leaves]

    @lru_cache(maxsize=REMEMBERED)
    def coded(system: str | None, code: str) -> tuple[tuple[str, str | None, str], ...]:
        return tuple((param, system, code) for param, _ in params)

    @lru_cache(maxsize=REMEMBERED)
    def said(text: str) -> tuple[tuple[str, str], ...]:
        folded = fold(text[:LONGEST])
        return tuple((param, folded) for _, param in params)

    def emit(value: Any, out: IndexValues) -> None:
        shown = None
        for coding in value.get("coding", ()):
            code = coding.get("code")
            if code is not None:
                out.tokens += coded(coding.get("system"), code)
            display = coding.get("display")
            if display is not None and display != shown:
                shown = display
                out.strings += said(display) if len(display) <= SHORT else said.__wrapped__(display)
        text = value.get("text")
        if text is not None and text != shown:
            out.strings += said(text) if len(text) <= SHORT else said.__wrapped__(text)

    return emit


def _coding(leaves: list[Leaf], _: str | None) -> Emit:
    coded = _rows("token", readings.coding)(leaves, None)

    def emit(value: Any, out: IndexValues) -> None:
        coded(value, out)
        if "display" in value:
            for leaf in leaves:
                _in_words(leaf.param, value["display"], out)

    return emit


def _identifier(leaves: list[Leaf], _: str | None) -> Emit:
    identified = _rows("token", readings.identifier)(leaves, None)

    def emit(value: Any, out: IndexValues) -> None:
        identified(value, out)
        said = value.get("type")
        if said is not None:
            for leaf in leaves:
                out.tokens += [(f"{leaf.param}:of-type", *token) for token in readings.of_type(value)]
                if "text" in said:
                    _in_words(leaf.param, said["text"], out)

    return emit


def _reference(leaves: list[Leaf], _: str | None) -> Emit:
    def emit(value: Any, out: IndexValues) -> None:
        text = value.get("reference")
        if text is not None:
            kind, key, known, versioned = readings.target(text)
            if key:
                for param, target in leaves:
                    if target in {"", known or value.get("type")}:
                        out.references.append((param, kind, key))
                        if versioned:
                            out.references.append((param, "", versioned))
        identifier = value.get("identifier")
        if identifier is not None and "value" in identifier:
            for param, target in leaves:
                if target in {"", value.get("type")}:
                    out.tokens.append((f"{param}:identifier", identifier.get("system"), identifier["value"]))

    return emit


def _resource(leaves: list[Leaf], _: str | None) -> Emit:
    def emit(value: Any, out: IndexValues) -> None:
        for kind, key in readings.resource(value, None):
            out.references += [(param, kind, key) for param, target in leaves if target in {"", kind}]

    return emit


def _strings(texts: Callable[[Any], list[str]]) -> Make:
    def make(leaves: list[Leaf], _: str | None) -> Emit:
        params = [(leaf.param, f"{leaf.param}:exact") for leaf in leaves]

        def emit(value: Any, out: IndexValues) -> None:
            for text in texts(value):
                short = text[:LONGEST]
                folded = fold(short)
                for param, exact in params:
                    out.strings.append((param, folded))
                    out.tokens.append((exact, None, short))

        return emit

    return make


def _sounds(texts: Callable[[Any], list[str]]) -> Make:
    def make(leaves: list[Leaf], _: str | None) -> Emit:
        def emit(value: Any, out: IndexValues) -> None:
            for text in texts(value):
                out.strings += [(leaf.param, sound) for sound in sounds(text[:LONGEST]) for leaf in leaves]

        return emit

    return make


def _position(leaves: list[Leaf], _: str | None) -> Emit:
    def emit(value: Any, out: IndexValues) -> None:
        latitude, longitude = value.get("latitude"), value.get("longitude")
        if latitude is not None and longitude is not None:
            out.positions += [(leaf.param, float(latitude), float(longitude)) for leaf in leaves]

    return emit


EMITTERS: dict[tuple[str, str], Make] = {
    **{pair: _rows(pair[0], read) for pair, read in READINGS.items() if pair[0] in LISTS},
    **{pair: _plain for pair, read in READINGS.items() if read is readings.plain},
    **{("date", code): _dates(span) for code in ("date", "dateTime", "instant")},
    ("date", "Period"): _dates(readings.period),
    ("date", "Timing"): _dates(readings.timing),
    **{("quantity", code): _quantities(amounts.quantity) for code in QUANTITIES},
    ("quantity", "Money"): _quantities(amounts.money),
    ("quantity", "Range"): _quantities(amounts.extent),
    ("quantity", "SampledData"): _quantities(amounts.sampled),
    **{("string", code): _strings(texts) for code, texts in TEXTS.items()},
    **{("phonetic", code): _sounds(TEXTS[code]) for code in ("HumanName", "string")},
    ("token", "CodeableConcept"): _concept,
    ("token", "Coding"): _coding,
    ("token", "Identifier"): _identifier,
    ("reference", "Reference"): _reference,
    ("reference", "Resource"): _resource,
    ("special", "BackboneElement"): _position,
}
"""By kind of parameter and data type; what is absent has no index form."""


def component(kind: str, data_type: str) -> Callable[[Any, str | None], list[Component]]:
    """The function that gives a value's rows as components of a composite, each with its kind before it."""
    if (kind, data_type) == ("token", "CodeableConcept"):
        return _concepts
    read = READINGS[kind, data_type]
    return lambda value, system: [(kind, *row) for row in read(value, system)]


def _concepts(value: Any, _: str | None) -> list[Component]:
    """As `component` of a CodeableConcept, in one go: the component that nearly all composites begin with."""
    return [("token", each.get("system"), each["code"]) for each in value.get("coding", ()) if "code" in each]
