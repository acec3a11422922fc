"""Bindings of elements to value sets, as closures that ask `Terms` once per code.

A required binding that fails is an error, an extensible one a warning; preferred and example ones are not checked,
as in HL7's validator. A code that nobody here knows to be in or out of the value set is not checked: it is noted
(`Scope.unknown`), never judged. Source: https://hl7.org/fhir/R4/terminologies.html#strength.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from camphora.fhir import definitions
from camphora.fhir.primitives import Found
from camphora.fhir.protocols import Terms
from camphora.fhir.validation.limits import address
from camphora.fhir.validation.parts import BASE, Part
from camphora.fhir.validation.scope import Check, Scope

MOST = 4096
"""So many verdicts of one binding are remembered; then the memory starts anew."""
STRENGTHS: dict[str, Literal["error", "warning"]] = {"required": "error", "extensible": "warning"}
CODES = {"error": "validation-code", "warning": "validation-code-extensible"}
_MAXIMUM = BASE + "elementdefinition-maxValueSet"

Coded = tuple[str | None, str]


class Bindings:
    def __init__(self, terms: Terms, off: frozenset[str] = frozenset()) -> None:
        self.terms = terms
        self._state = terms.state
        self._off = {severity for severity, code in CODES.items() if code in off}

    def primitive(self, parts: tuple[Part, ...], code: str) -> list[Check]:
        """The checks of a code, uri or string against the value sets that the parts bind it to."""
        if not (definitions.is_a(code, "string") or definitions.is_a(code, "uri")):
            return []
        return [self._plain(*row) for row in asked(parts) if row[2] not in self._off]

    def complex(self, parts: tuple[Part, ...], code: str) -> list[Check]:
        """The checks of a Coding, CodeableConcept or Quantity."""
        read = {"Coding": _coding, "CodeableConcept": _concept, "Quantity": _quantity}.get(code)
        if read is None:
            return []
        return [self._concept(read, *row) for row in asked(parts) if row[2] not in self._off]

    def _plain(self, part: Part, values: str, severity: Literal["error", "warning"]) -> Check:
        known: set[str] = set()
        contains = self.terms.contains

        def check(value: Any, scope: Scope) -> list[Found] | None:
            if type(value) is not str or value in known:
                return None
            inside = contains(values, None, value)
            if inside is False:
                return [_barred(part, values, severity)]
            if inside is None:
                scope.unknown("value set", values)
            if scope.tally is None and self.terms.state == self._state:
                if len(known) >= MOST:
                    known.clear()
                known.add(value)
            return None

        return check

    def _concept(
        self,
        read: Callable[[dict[str, Any]], list[Coded]],
        part: Part,
        values: str,
        severity: Literal["error", "warning"],
    ) -> Check:
        verdict = _remembered(self.terms, values)

        def check(value: Any, scope: Scope) -> list[Found] | None:
            if type(value) is not dict:
                return None
            codings = read(value)
            if not codings:
                return _uncoded(part, values, severity, value)
            doubtful = False
            for coding in codings:
                inside = verdict(coding, scope.tally is None)
                if inside:
                    return None
                doubtful = doubtful or inside is None
            if doubtful:
                scope.unknown("value set", values)
                return None
            found = "; ".join(dict.fromkeys(shown(coding) for coding in codings))
            return [_outside(part, values, severity, found)]

        return check


def asked(parts: tuple[Part, ...]) -> Iterator[tuple[Part, str, Literal["error", "warning"]]]:
    """The value sets that must or should hold the code, each once, the strongest first said."""
    found: dict[str, tuple[Part, str, Literal["error", "warning"]]] = {}
    for part in parts:
        for values, severity in _of(part.definition.get("binding") or {}):
            bare = values.partition("|")[0]
            if bare not in found or (severity == "error" and found[bare][2] != "error"):
                found[bare] = (part, values, severity)
    yield from found.values()


def _of(binding: dict[str, Any]) -> Iterator[tuple[str, Literal["error", "warning"]]]:
    """The value set of a binding that is checked, and the greatest one that an extension sets."""
    strength = STRENGTHS.get(binding.get("strength", ""))
    if strength and binding.get("valueSet"):
        yield str(binding["valueSet"]), strength
    for extension in binding.get("extension", ()):
        maximum = extension.get("valueCanonical") or extension.get("valueUri")
        if extension.get("url") == _MAXIMUM and maximum:
            yield str(maximum), "error"


def _remembered(terms: Terms, values: str) -> Callable[[Coded, bool], bool | None]:
    """`terms.contains` for one value set, with a bounded memory. A thread that sees another state of what is held adds
    nothing to it."""
    known: dict[Coded, bool | None] = {}
    state = terms.state

    def verdict(coding: Coded, keep: bool) -> bool | None:
        if coding in known:
            return known[coding]
        inside = terms.contains(values, *coding)
        if keep and terms.state == state:
            if len(known) >= MOST:
                known.clear()
            known[coding] = inside
        return inside

    return verdict


def _coding(value: dict[str, Any]) -> list[Coded]:
    code, system = value.get("code"), value.get("system")
    if type(code) is not str or not (system is None or type(system) is str):
        return []
    return [(system or "", code)]


def _concept(value: dict[str, Any]) -> list[Coded]:
    codings = value.get("coding")
    if type(codings) is not list:
        return []
    return [coded for coding in codings if type(coding) is dict for coded in _coding(coding)]


def _quantity(value: dict[str, Any]) -> list[Coded]:
    return _coding(value)


def _uncoded(
    part: Part, values: str, severity: Literal["error", "warning"], value: Any
) -> list[Found] | None:
    """A required binding needs a code; text alone may stand where the binding is extensible."""
    if severity != "error" or "value" in value or "unit" in value:
        return None
    facts: dict[str, object] = {"values": values}
    return [Found("", "validation-uncoded", facts, "error", part.profile, part.id)]


def _outside(part: Part, values: str, severity: Literal["error", "warning"], found: str) -> Found:
    facts: dict[str, object] = {"found": found, "values": values}
    return Found("", CODES[severity], facts, severity, part.profile, part.id)


def _barred(part: Part, values: str, severity: Literal["error", "warning"]) -> Found:
    """Of a code without a system nobody can say that it is one, so it is not repeated."""
    if severity == "error":
        return Found("", "fhir-code", {"values": values}, severity, part.profile, part.id)
    return _outside(part, values, severity, "?")


def shown(coding: Coded) -> str:
    """A coding in a finding: its system. The code would tell what a person has, or be a person's text."""
    return address(coding[0]) if coding[0] else "?"
