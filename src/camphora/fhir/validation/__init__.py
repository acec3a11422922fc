"""Validation of resources against base R4 and any number of profiles, compiled to closures.

    validator = Validator(Guides.bundled())
    validator.validate(resource)                     # [] where all is well
    validator.report(resource).sentence("zh-TW")     # what was checked, and what could not be

Structure, cardinality, types, slicing, fixed values and patterns, bindings (through `Terms`), references (through
`Resolver`), extensions, invariants, narrative and the rules of bundles; profiles are those that the resource
declares and those that the caller names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from camphora.fhir import definitions
from camphora.fhir.packages import Guides
from camphora.fhir.primitives import Found
from camphora.fhir.protocols import Resolver, Terms
from camphora.fhir.validation.compiler import Compiler
from camphora.fhir.validation.finding import Finding, Report, Severity, findings
from camphora.fhir.validation.limits import address
from camphora.fhir.validation.parts import Library, Part
from camphora.fhir.validation.policy import Mode, Policy
from camphora.fhir.validation.references import declared, no_resource
from camphora.fhir.validation.scope import Check, Scope, Tally
from camphora.fhir.validation.terms import GuideTerms

MOST_PLANS = 1024
MOST_VALUES = 100_000
"""So many kinds of values are compiled (the guides at hand need some thousands); then the memory starts anew, so that
no mixture of profiles can fill it."""
_INVARIANT = re.compile(r"(?!fhir-|validation-)[a-z][A-Za-z]*-\d+[a-z]*")
"""The key of an invariant."""
Plan = tuple[Check, list[Found], tuple[str, ...]]
"""The check of a resource type with certain profiles, what is to be said of those, and their addresses."""


class Validator:
    """Validates parsed JSON resources; free of state that a resource could change, and shared between threads."""

    def __init__(
        self,
        guides: Guides,
        terms: Terms | None = None,
        resolver: Resolver | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.guides = guides
        self.policy = policy or Policy()
        self.holds_structure = all(_INVARIANT.fullmatch(rule) for rule in self.policy.rules)
        """Whether what breaks the structure of R4 is always an error: no line of the policy is about more than an
        invariant. What has no error is right by `structure.check` then."""
        self.terms = terms or GuideTerms(guides)
        self._resolver = resolver
        self._library = Library(guides)
        self._begin()

    def _begin(self) -> None:
        """Nothing is compiled yet, and nothing remembered of codes."""
        self._state = self.terms.state
        off = frozenset(rule for rule, mode in self.policy.rules.items() if mode == "off")
        made = (self._library, self.terms, self._resolver)
        self._compiler = Compiler(*made, off=off)
        self._counting = Compiler(*made, off=off, counting=True)
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._known: dict[tuple[str, int], tuple[Found, list[Finding]]] = {}

    def validate(self, resource: Any, profiles: Sequence[str] = ()) -> list[Finding]:
        """Everything found in a resource, against base R4, the profiles that it declares and those given; empty
        where all is well. Never raises for what a resource holds."""
        self._renew()
        check, notes, _ = self._plan(self._compiler, resource, profiles)
        found = check(resource, Scope(resource))
        if found is None and not notes:
            return []
        return self._judged(resource, [*notes, *(found or ())])

    def report(self, resource: Any, profiles: Sequence[str] = ()) -> Report:
        """As `validate`, with an account of what was checked and what could not be; slower."""
        self._renew()
        check, notes, held = self._plan(self._counting, resource, profiles)
        tally = Tally()
        found = check(resource, Scope(resource, tally=tally))
        judged = self._judged(resource, [*notes, *(found or ())])
        return Report(judged, held, tally.nodes, tally.invariants, tuple(tally.unknown))

    def _renew(self) -> None:
        """Begin anew once other codes are held, or too many kinds of values were compiled."""
        if self.terms.state != self._state or len(self._compiler.values) > MOST_VALUES:
            self._begin()

    def _judged(self, resource: Any, found: Sequence[Found]) -> list[Finding]:
        kind = resource.get("resourceType") if type(resource) is dict else None
        root = kind if type(kind) is str and kind in definitions.resource_types() else ""
        if len(found) == 1 and not found[0].path:
            return self._alone(resource, root, found[0])
        return self._weighed(resource, root, found)

    def _alone(self, resource: Any, root: str, fault: Found) -> list[Finding]:
        """What is said of the one fault of a resource as a whole. Most that have any have no other than that narrative
        is lacking, which is the same object each time."""
        known = self._known.get((root, id(fault)))
        if known is None or known[0] is not fault:
            if len(self._known) >= MOST_PLANS:
                self._known.clear()
            known = self._known[root, id(fault)] = fault, self._weighed(resource, root, [fault])
        return list(known[1])

    def _weighed(self, resource: Any, root: str, found: Iterable[Found]) -> list[Finding]:
        every = [self.policy.judge(one) for one in findings(resource, root, found)]
        return [one for one in every if one is not None]

    def _plan(self, compiler: Compiler, resource: Any, profiles: Sequence[str]) -> Plan:
        kind = resource.get("resourceType") if type(resource) is dict else None
        if type(kind) is not str or kind not in definitions.resource_types():
            return (lambda value, _scope: no_resource(value)), [], ()
        own = declared(resource)
        key = (compiler, kind, *own, None, *profiles)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._made(compiler, kind, own, profiles)
            if not plan[1] and len(self._plans) < MOST_PLANS:
                self._plans[key] = plan
        return plan

    def _made(self, compiler: Compiler, kind: str, own: Sequence[str], profiles: Sequence[str]) -> Plan:
        roots: dict[Part, None] = {}
        notes: list[Found] = []
        for number, url in enumerate((*own, *profiles)):
            if self.policy.mode(url) == "off":
                continue
            root = self._library.root(url)
            path = f".meta.profile[{number}]" if number < len(own) else ""
            if root is None:
                notes += self._unknown(url, path) if path else _asked_in_vain(url)
            elif root.path not in {kind, "Resource", "DomainResource"}:
                facts: dict[str, object] = {"found": kind, "expected": root.path}
                notes.append(Found(path, "validation-profile-type", facts, "error", root.profile))
            else:
                roots[root] = None
        held = tuple(root.profile for root in roots)
        return compiler.resource(kind, sorted(roots, key=lambda root: root.profile)), notes, held

    def _unknown(self, url: str, path: str) -> list[Found]:
        if self.policy.unknown == "off":
            return []
        severity: Severity = "error" if self.policy.unknown == "refuse" else "warning"
        return [Found(path, "validation-profile-unknown", {"found": address(url)}, severity, address(url))]


def _asked_in_vain(url: str) -> list[Found]:
    """A profile that whoever validates asks for, and nobody here knows, is never passed over."""
    return [Found("", "validation-profile-unknown", {"found": address(url)}, "error", address(url))]


__all__ = ["Finding", "GuideTerms", "Mode", "Policy", "Report", "Severity", "Validator"]
