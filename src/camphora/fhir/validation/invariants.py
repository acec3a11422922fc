"""Invariants: the constraints of definitions, FHIRPath expressions that must hold.

Each is decided as early as can be: what hangs on the names of an object alone, once per shape; what a quick look at
the values answers, by that look; the rest by the engine, which is the truth for all
(https://hl7.org/fhir/R4/conformance-rules.html#constraints).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from camphora.errors import CamphoraError
from camphora.fhir import fhirpath
from camphora.fhir.primitives import Found
from camphora.fhir.validation.parts import Part
from camphora.fhir.validation.scope import Check, Scope
from camphora.fhir.validation.sight import Answer, Look, Sight, sight

Around = Callable[[Scope], dict[str, Any]]
"""What an expression may ask in a scope: the `resolver` and the `terms` of the engine."""
ELSEWHERE = frozenset({"txt-1", "txt-2"})
"""Checked by `narrative`, which says more than their `htmlChecks()`."""


MENDED = {
    "operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": (
        "start.hasValue().not() or end.hasValue().not() or (start <= end) or (start <= end).empty()"
    ),
}
"""Expressions of R4 that do not say what they mean, and what they mean (docs/rulings.md)."""


class Invariant:
    """One invariant at one kind of node."""

    def __init__(self, row: dict[str, Any], part: Part, code: str, around: Around) -> None:
        self.key = str(row.get("key", ""))
        text = str(row.get("expression", ""))
        self.text = MENDED.get(text, text)
        warning = row.get("severity") == "warning"
        human = " ".join(str(row.get("human", "")).split())
        facts: dict[str, object] = {"key": self.key, "human": human}
        name = "validation-advice" if warning else "validation-invariant"
        self.fault = Found("", name, facts, "warning" if warning else "error", part.profile, self.key)
        self.sight: Sight | None = sight(self.text)
        self._code = code
        self._around = around
        self._type = part.path if code in {"BackboneElement", "Element"} else code

    def given(self, labels: frozenset[str]) -> Check | None:
        """The check for objects with these elements; None where they alone make it hold."""
        return self._seen(self.sight.object(self._code, labels) if self.sight else None, self._silent(labels))

    def _silent(self, labels: frozenset[str]) -> bool:
        """Whether the expression is about elements that are not there and does not ask whether they are; then to
        give nothing is no fault."""
        if self.sight is None or not self.sight.names or self.sight.names & labels:
            return False
        return not any(word in self.text for word in ("exists", "empty", "count", "descendants"))

    def primitive(self) -> Check | None:
        """The check for primitives that have a value; None where it holds for all."""
        return self._seen(self.sight.primitive(self._code) if self.sight else None)

    def _seen(self, answer: Answer, silent: bool = False) -> Check | None:
        if isinstance(answer, bool):
            return None if answer else self._broken
        if silent:
            return None
        return self._look(answer) if callable(answer) else self.check

    def _look(self, look: Look) -> Check:
        def check(value: Any, scope: Scope) -> list[Found] | None:
            return None if look(value) is True else self.check(value, scope)

        return check

    def _broken(self, _value: Any, _scope: Scope) -> list[Found]:
        return [self.fault]

    def check(self, value: Any, scope: Scope) -> list[Found] | None:
        """The engine's answer; nothing counts as no. What it cannot evaluate is noted; faults of structure are said
        elsewhere."""
        try:
            holds = fhirpath.compile(self.text, self._type).holds(
                value, resource=scope.resource, root=scope.root, **self._around(scope)
            )
        except CamphoraError:
            scope.unknown("invariant", self.key)
            return None
        return None if holds else [self.fault]


def invariants(
    parts: Iterable[Part], code: str, around: Around, off: frozenset[str] = frozenset()
) -> list[Invariant]:
    """The invariants of all parts, each once, without those that are off."""
    found: dict[tuple[str, str], Invariant] = {}
    for part in parts:
        for row in part.definition.get("constraint", ()):
            key = (row.get("key", ""), row.get("expression", ""))
            if row.get("expression") and key not in found and row.get("key") not in ELSEWHERE | off:
                found[key] = Invariant(row, part, code, around)
    return list(found.values())
