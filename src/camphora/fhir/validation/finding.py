"""What a validation says: findings in a stable order, and a report with what was and what could not be checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from camphora.errors import Invalid, Lang, Place, catalogue
from camphora.errors.sentences import filled
from camphora.fhir.primitives import Found

Severity = Literal["error", "warning", "information"]
ORDER: dict[str, int] = {"error": 0, "warning": 1, "information": 2}
_STEP = re.compile(r"\.([A-Za-z_?][A-Za-z0-9_]*)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a validation found.

    `path` is FHIRPath with indexes; `found` a kind, a number or a code, never what belongs to a person; `profile`
    the address (with version) of the definition that asks, `rule` the invariant's key, the element's id or the
    slice; `facts` fill the sentences of the catalogue.
    """

    severity: Severity
    code: str
    path: str
    found: str = ""
    expected: str = ""
    profile: str = ""
    rule: str = ""
    facts: dict[str, object] = field(default_factory=dict, compare=False)

    def text(self, lang: Lang = "en") -> str:
        return filled(catalogue()[self.code].text[lang], self.facts)

    def remedy(self, lang: Lang = "en") -> str:
        return filled(catalogue()[self.code].remedy[lang], self.facts)

    def fault(self) -> Invalid:
        """The finding as an error that can be raised."""
        return Invalid(self.code, place=Place(path=self.path or None), **self.facts)


@dataclass(frozen=True, slots=True)
class Report:
    """A validation with its account: the profiles held to, how many values and invariants were checked, and what
    could not be (`unchecked`: pairs of a kind of thing and which)."""

    findings: list[Finding]
    profiles: tuple[str, ...]
    nodes: int
    invariants: int
    unchecked: tuple[tuple[str, str], ...]

    @property
    def right(self) -> bool:
        """No error was found."""
        return not any(one.severity == "error" for one in self.findings)

    def sentence(self, lang: Lang = "en") -> str:
        """What was checked, in one sentence for people."""
        code = "validation-right" if self.right else "validation-wrong"
        facts = {
            "profiles": len(self.profiles),
            "nodes": self.nodes,
            "invariants": self.invariants,
            "errors": sum(1 for one in self.findings if one.severity == "error"),
            "unchecked": len(self.unchecked),
        }
        return filled(catalogue()[code].text[lang], facts)


def findings(resource: Any, root: str, found: Iterable[Found]) -> list[Finding]:
    """The faults of a resource as findings: in document order, then by severity and code; each said once."""
    once: dict[tuple[object, ...], Finding] = {}
    for fault in found:
        one = _finding(root, fault)
        once.setdefault((one.path, one.code, one.rule if fault.code in _BY_RULE else _said(fault)), one)
    every = list(once.values())
    if len(every) > 1:
        inner = {one.path for one in every} - {root}
        place = _Order(resource).place if len(inner) > 1 else lambda path: (int(path != root),)
        every.sort(key=lambda one: (place(one.path), ORDER[one.severity], one.code))
    return every


_BY_RULE = {"validation-invariant", "validation-advice"}


def _said(fault: Found) -> tuple[str, ...]:
    """By which two faults at one place are one: what was found and expected, whichever profile says it."""
    return tuple([str(value) for name, value in fault.facts.items() if name != "type"])


def _finding(root: str, fault: Found) -> Finding:
    facts = fault.facts
    expected = facts.get("expected", facts.get("values", facts.get("least", facts.get("most", ""))))
    return Finding(
        fault.severity,
        fault.code,
        root + fault.path,
        str(facts.get("found", "")),
        str(expected),
        fault.profile,
        fault.rule,
        facts,
    )


class _Order:
    """Where paths lie in a document; each object's properties are counted once."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource
        self._known: dict[tuple[int, str], tuple[int, Any]] = {}
        self._counted: set[int] = set()

    def place(self, path: str) -> tuple[int, ...]:
        """The position of each step of a path; what is missing comes last in its object."""
        at, found = self._resource, []
        for step in _STEP.finditer(path):
            name, index = step[1], step[2]
            if index is not None:
                found.append(int(index))
                at = at[int(index)] if type(at) is list and int(index) < len(at) else None
            else:
                position, at = self._property(at, name)
                found.append(position)
        return tuple(found)

    def _property(self, at: Any, name: str) -> tuple[int, Any]:
        at = at[0] if type(at) is list and at else at
        if type(at) is not dict:
            return _LAST
        if id(at) not in self._counted:
            self._counted.add(id(at))
            for position, (key, value) in enumerate(at.items()):
                self._known[id(at), key] = (position, value)
        key = (id(at), name)
        if key not in self._known:
            self._known[key] = self._choice(at, name)
        return self._known[key]

    def _choice(self, at: dict[str, Any], name: str) -> tuple[int, Any]:
        """The property of a choice (`valueString` for `value`), or of what lies beside a primitive alone."""
        for key in at:
            bare = key.removeprefix("_")
            if bare == name or (bare.startswith(name) and bare[len(name) : len(name) + 1].isupper()):
                return self._known[id(at), key]
        return _LAST


_LAST: tuple[int, Any] = (10**6, None)
