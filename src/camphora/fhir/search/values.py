"""The values of a parameter as the clause that they ask, for each of R4's kinds and modifiers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from camphora.fhir import definitions, ucum
from camphora.fhir.amounts import asked
from camphora.fhir.dates import EARLIEST, LATEST, span
from camphora.fhir.folding import fold
from camphora.fhir.references import parse_reference
from camphora.fhir.search.asking import (
    AllClause,
    Amount,
    AnyClause,
    Clause,
    CompositeClause,
    DateClause,
    Direction,
    IdClause,
    Kind,
    MemberClause,
    MissingClause,
    Mode,
    NearClause,
    NotClause,
    NumberClause,
    Parameter,
    Prefix,
    QuantityClause,
    ReferenceClause,
    StringClause,
    SubsumedClause,
    TokenClause,
    UpdatedClause,
    UriClause,
)
from camphora.fhir.search.known import HIERARCHIES
from camphora.fhir.search.parting import plain, split, token
from camphora.fhir.sounds import sounds

MODIFIERS: dict[Kind, frozenset[str]] = {
    "token": frozenset({"missing", "text", "not", "above", "below", "in", "not-in", "of-type"}),
    "reference": frozenset({"missing", "identifier", "above", "below"}),
    "date": frozenset({"missing"}),
    "number": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
    "string": frozenset({"missing", "exact", "contains"}),
    "uri": frozenset({"missing", "above", "below"}),
    "composite": frozenset(),
    "special": frozenset(),
}
"""The modifiers of each kind (search.html#modifiers), beside the type of a reference."""
NEAR = 10_000.0
"""Metres within which a position is near where a search names no distance: R4 leaves it to the server."""
_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.+)", re.DOTALL)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_DEGREES = re.compile(r"[+-]?\d{1,3}(\.\d{1,20})?", re.ASCII)
_METRES = re.compile(r"\d{1,12}(\.\d{1,20})?", re.ASCII)
Span = tuple[Prefix, int, int]


def allowed(parameter: Parameter, modifier: str) -> bool:
    """Whether the parameter has this modifier; "" is none at all."""
    if parameter.code == "phonetic":
        return modifier in {"", "missing"}
    typed = parameter.kind == "reference" and modifier in definitions.resource_types()
    return not modifier or typed or modifier in MODIFIERS[parameter.kind]


@dataclass(frozen=True, slots=True)
class Values:
    """Reads values. `base` is this server's own address, `now` the millisecond against which `ap` is measured.

    All parts are given still escaped. ValueError where one has not the form that its parameter asks.
    """

    base: str
    now: int

    def clause(self, parameter: Parameter, modifier: str, parts: Sequence[str]) -> Clause:
        """Any of `parts`, by a modifier that is `allowed`."""
        if modifier == "missing":
            return MissingClause(parameter.code, parameter.kind, truth(parts))
        if parameter.kind == "reference":
            return self._reference(parameter, modifier, parts)
        return _READERS[parameter.kind](self, parameter, modifier, parts)

    def ids(self, modifier: str, parts: Sequence[str]) -> Clause:
        """`_id`, which every record has."""
        if modifier == "missing":
            return AnyClause(()) if truth(parts) else AllClause(())
        clause = IdClause(tuple(plain(part) for part in parts))
        return NotClause(clause) if modifier == "not" else clause

    def updated(self, modifier: str, parts: Sequence[str]) -> Clause:
        """`_lastUpdated`, which every record has."""
        if modifier == "missing":
            return AnyClause(()) if truth(parts) else AllClause(())
        return UpdatedClause(tuple(self.span(part) for part in parts))

    def token(self, parameter: Parameter, modifier: str, parts: Sequence[str]) -> Clause:
        code = parameter.code
        match modifier:
            case "text":
                return StringClause(f"{code}:text", "contains", tuple(folded(plain(part)) for part in parts))
            case "of-type":
                return TokenClause(f"{code}:of-type", tuple(_typed(part) for part in parts))
            case "in" | "not-in":
                member = MemberClause(code, tuple(self._value_set(plain(part)) for part in parts))
                return NotClause(member) if modifier == "not-in" else member
            case "above" | "below":
                return SubsumedClause(code, modifier, tuple(_concept(part) for part in parts))
        clause = TokenClause(code, tuple(token(part) for part in parts))
        return NotClause(clause) if modifier == "not" else clause

    def string(self, parameter: Parameter, modifier: str, parts: Sequence[str]) -> Clause:
        texts = [plain(part) for part in parts]
        if parameter.code == "phonetic":
            return _any([_sounding(parameter.code, text) for text in texts])
        if modifier == "exact":
            return TokenClause(f"{parameter.code}:exact", tuple((None, text) for text in texts))
        mode: Mode = "contains" if modifier == "contains" else "start"
        return StringClause(parameter.code, mode, tuple(folded(text) for text in texts))

    def date(self, parameter: Parameter, _: str, parts: Sequence[str]) -> Clause:
        return DateClause(parameter.code, tuple(self.span(part) for part in parts))

    def number(self, parameter: Parameter, _: str, parts: Sequence[str]) -> Clause:
        return NumberClause(parameter.code, tuple(self.amount(part)[0] for part in parts))

    def quantity(self, parameter: Parameter, _: str, parts: Sequence[str]) -> Clause:
        return QuantityClause(parameter.code, tuple(_quantity(part) for part in parts))

    def uri(self, parameter: Parameter, modifier: str, parts: Sequence[str]) -> Clause:
        texts = [plain(part) for part in parts]
        if modifier:
            if any(text.startswith("urn:") for text in texts):
                raise ValueError("a URN has nothing above or below it")
            return UriClause(parameter.code, tuple(texts), cast("Direction", modifier))
        if parameter.code == "_profile":
            texts = [each for text in texts for each in self._everywhere(text)]
        return UriClause(parameter.code, tuple(texts))

    def composite(self, parameter: Parameter, _: str, parts: Sequence[str]) -> Clause:
        return CompositeClause(parameter.code, tuple(self._group(parameter, part) for part in parts))

    def near(self, parameter: Parameter, _: str, parts: Sequence[str]) -> Clause:
        return NearClause(parameter.code, tuple(_position(part) for part in parts))

    def span(self, text: str) -> Span:
        """A date with its prefix; `ap` is widened by a tenth of its distance from now."""
        prefix, rest = prefixed(text)
        # a plus sign that a client did not encode arrives as a space
        low, high = span(rest.replace(" ", "+"))
        slack = abs(self.now - (low + high) // 2) // 10 if prefix == "ap" else 0
        return prefix, max(EARLIEST, low - slack), min(LATEST, high + slack)

    def amount(self, text: str) -> tuple[Amount, str]:
        """A number with its prefix, and without a unit."""
        return _amount(text, "", "")

    def _group(self, parameter: Parameter, text: str) -> tuple[Clause, ...]:
        parts = split(text, "$")
        if len(parts) != len(parameter.components):
            raise ValueError("a part of the composite is missing or too many")
        return tuple(
            self.clause(component, "", [part])
            for component, part in zip(parameter.components, parts, strict=True)
        )

    def _value_set(self, text: str) -> str:
        found = parse_reference(text, self.base)
        return found.local if found.kind == "local" and found.type == "ValueSet" else text

    def _everywhere(self, text: str) -> list[str]:
        """A profile named by where it lies on this server may be written with the server's address, or without."""
        found = parse_reference(text, self.base)
        local = found.kind == "local" and bool(self.base)
        return [found.local, f"{self.base.rstrip('/')}/{found.local}"] if local else [text]

    def _reference(self, parameter: Parameter, modifier: str, parts: Sequence[str]) -> Clause:
        if modifier == "identifier":
            return TokenClause(f"{parameter.code}:identifier", tuple(token(part) for part in parts))
        if modifier in {"above", "below"}:
            found = tuple(self._placed(plain(part), parameter) for part in parts)
            return ReferenceClause(parameter.code, found, cast("Direction", modifier))
        targets = (modifier,) if modifier else parameter.targets
        texts = [plain(part) for part in parts]
        if modifier and any(parse_reference(text, self.base).type not in {modifier, ""} for text in texts):
            raise ValueError("a reference to another type")
        return ReferenceClause(parameter.code, tuple(self.reference(text, targets) for text in texts))

    def _placed(self, text: str, parameter: Parameter) -> tuple[str | None, str]:
        """What others lie above or below: a record of a type with a hierarchy, or a canonical address."""
        targets = tuple(each for each in parameter.targets if each in HIERARCHIES)
        kind, key = self.reference(text, targets)
        if kind is None or (kind and kind not in targets):
            raise ValueError("nothing is above or below records of this type")
        return kind, key

    def reference(self, text: str, targets: Sequence[str]) -> tuple[str | None, str]:
        """An id, `Type/id` or address as (type, id); the only one of `targets` is the type of an id. A version is an
        address of its own."""
        found = parse_reference(text, self.base)
        if found.kind == "local":
            version = f"{found.local}/_history/{found.version}"
            return ("", version) if found.version else (found.type, found.id)
        if found.kind in {"absolute", "urn"}:
            return "", text
        if not _ID.fullmatch(text):
            raise ValueError("reference")
        return (targets[0] if len(targets) == 1 else None), text


_READERS: dict[Kind, Callable[[Values, Parameter, str, Sequence[str]], Clause]] = {
    "token": Values.token,
    "string": Values.string,
    "date": Values.date,
    "number": Values.number,
    "quantity": Values.quantity,
    "uri": Values.uri,
    "composite": Values.composite,
    "special": Values.near,
}


def _any(clauses: list[Clause]) -> Clause:
    return clauses[0] if len(clauses) == 1 else AnyClause(tuple(clauses))


def _sounding(code: str, text: str) -> Clause:
    """Every word of the text sounds like some word of the name."""
    words = [StringClause(code, "exact", (sound,)) for sound in sounds(text)]
    if not words:
        raise ValueError("a text without words")
    return words[0] if len(words) == 1 else AllClause(tuple(words))


def prefixed(text: str) -> tuple[Prefix, str]:
    """The prefix, `eq` where there is none, and the rest, which is not empty."""
    found = _PREFIXED.fullmatch(text)
    if not found:
        raise ValueError("empty value")
    return cast("Prefix", found[1] or "eq"), found[2]


def folded(text: str) -> str:
    """The folded text. ValueError where nothing is left of it: every text begins with nothing."""
    found = fold(text)
    if not found:
        raise ValueError("no letters")
    return found


def truth(parts: Sequence[str]) -> bool:
    if len(parts) != 1 or parts[0] not in {"true", "false"}:
        raise ValueError("neither true nor false")
    return parts[0] == "true"


def _amount(text: str, system: str, code: str) -> tuple[Amount, str]:
    prefix, number = prefixed(text)
    value, low, high, unit = asked(number, system, code, approximate=prefix == "ap")
    return Amount(prefix, value, low, high), unit


def _quantity(text: str) -> tuple[Amount, str]:
    parts = split(text, "|")
    if len(parts) == 1:
        return _amount(text, "", "")
    if len(parts) != 3:
        raise ValueError("a quantity has one part or three")
    number, system, code = parts
    return _amount(number, plain(system) if system else "", plain(code) if code else "")


def _typed(text: str) -> tuple[str, str]:
    """An identifier with its type: `system|code|value`, all three."""
    parts = split(text, "|")
    if len(parts) != 3:
        raise ValueError("an identifier with its type has three parts")
    system, code, value = (plain(part) for part in parts)
    return system, f"{code}|{value}"


def _concept(text: str) -> tuple[str | None, str]:
    system, code = token(text)
    if code is None:
        raise ValueError("a code is missing")
    return system, code


def _position(text: str) -> tuple[float, float, float]:
    """`latitude|longitude|distance|unit`; the distance and its unit may be left out (location.html, near)."""
    parts = split(text, "|")
    if not 2 <= len(parts) <= 4 or not all(_DEGREES.fullmatch(part) for part in parts[:2]):
        raise ValueError("not a position")
    latitude, longitude = float(parts[0]), float(parts[1])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError("not on the globe")
    distance, unit = (*parts[2:], "", "")[:2]
    return latitude, longitude, _metres(distance, unit) if distance else NEAR


def _metres(distance: str, unit: str) -> float:
    if not _METRES.fullmatch(distance):
        raise ValueError("not a distance")
    found = ucum.convert(Decimal(distance), {"": "km", "mi": "[mi_i]"}.get(unit, unit), "m")
    if found is None:
        raise ValueError("not a unit of length")
    return float(found)
