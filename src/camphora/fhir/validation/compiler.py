"""StructureDefinitions as closures: one walk for the base type and any number of profiles at once.

A *value* is described by the parts that say something about it: the element in each profile, the slices it fell
into, the profiles of its type. Each distinct set of parts is compiled once, when a value first needs it, so that
types may hold themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from camphora.fhir import definitions
from camphora.fhir.primitives import Found, primitive
from camphora.fhir.protocols import Resolver, Terms
from camphora.fhir.validation import limits
from camphora.fhir.validation.bindings import Bindings
from camphora.fhir.validation.extensions import Extensions
from camphora.fhir.validation.invariants import Invariant, invariants
from camphora.fhir.validation.parts import BASE, Library, Part
from camphora.fhir.validation.references import References, Within
from camphora.fhir.validation.remembering import Memory, remembering
from camphora.fhir.validation.scope import Check, Scope
from camphora.fhir.validation.slices import sliced_check, slicer
from camphora.fhir.validation.special import RESOURCE_RULES, own_id, special
from camphora.fhir.validation.walking import (
    Shape,
    array_check,
    both,
    object_check,
    pair_rule,
    remembered,
    right,
    safe,
)

Parts = tuple[Part, ...]


class Field:
    """One JSON property of an object: the element's parts, base first, and the type that it holds."""

    __slots__ = ("code", "label", "many", "name", "parts")

    def __init__(self, name: str, label: str, code: str, parts: Parts, *, many: bool) -> None:
        self.name, self.label, self.code, self.parts, self.many = name, label, code, parts, many


class Compiler:
    """Compiles what one validator needs. `off` are the rules that are not asked; `counting`: the checks also count
    what they do."""

    def __init__(
        self,
        library: Library,
        terms: Terms,
        resolver: Resolver | None = None,
        *,
        off: frozenset[str] = frozenset(),
        counting: bool = False,
    ) -> None:
        self.library = library
        self.terms = terms
        self.resolver = resolver
        self.off = off
        self.counting = counting
        self.bindings = Bindings(terms, off)
        self.references = References(self)
        self.extensions = Extensions(self)
        self._memory = None if counting or resolver is not None else Memory(terms)
        self._contents: dict[tuple[Parts, str], Check] = {}
        self.values: dict[tuple[Parts, str], Check] = {}

    def around(self, scope: Scope) -> dict[str, Any]:
        """What FHIRPath may ask: references as seen from the scope, and codes."""
        return {"resolver": Within(self.references, scope), "terms": self.terms}

    def resource(self, kind: str, profiles: Iterable[Part] = ()) -> Check:
        """The check of a resource of a type against base R4 and the profiles whose roots are given."""
        return self.value((self.library.type(kind), *profiles), kind)

    def value(self, parts: Parts, code: str) -> Check:
        """The check of one value of a type that all the parts describe."""
        key = (parts, code)
        if key not in self.values:
            self.values[key] = self._value(parts, code)
        return self.values[key]

    def _value(self, parts: Parts, code: str) -> Check:
        if code in {"Resource", "DomainResource"}:
            return self.references.inner(parts)
        every = self.typed(parts, code)
        if is_primitive(code):
            checks = [*limits.primitive_limits(parts, code), *self.bindings.primitive(parts, code)]
            checks += self.references.checks(parts, code)
            rules = invariants(every, code, self.around, self.off)
            checks += [check for rule in rules if (check := rule.primitive())]
            return self._counted(both(cast("Check", primitive(code)), checks), len(rules))
        checks = [*limits.values(parts), *self.bindings.complex(parts, code), *special(code, self)]
        checks += self.references.checks(parts, code)
        checks += [self.any_of(row) for row in self._choices_of_profile(parts, code)]
        check = both(self.content(every, code), checks)
        return remembered(check) if code == "Coding" else check

    def typed(self, parts: Parts, code: str) -> Parts:
        """The parts with the type's own root before them, and the profile that a part asks of this type."""
        more = [self._inner(part, code) for part in parts]
        found = [self.library.type(code), *parts, *(root for root in more if root)]
        return tuple(dict.fromkeys(found))

    def _inner(self, part: Part, code: str) -> Part | None:
        profiles = part.types.get(code, {}).get("profile", ())
        return self.library.root(profiles[0]) if len(profiles) == 1 and code != "Extension" else None

    def _choices_of_profile(self, parts: Parts, code: str) -> list[list[Part]]:
        found = []
        for part in parts:
            profiles = part.types.get(code, {}).get("profile", ())
            roots = [self.library.root(profile) for profile in profiles]
            if len(profiles) > 1 and all(roots):
                found.append([root for root in roots if root])
        return found

    def any_of(self, roots: list[Part]) -> Check:
        """The check of a value that must fit at least one of several profiles."""
        code = roots[0].path
        checks = [self.value((root,), code) for root in roots]
        names = ", ".join(root.profile for root in roots)

        def check(value: Any, scope: Scope) -> list[Found] | None:
            if any(fits(one, value, scope) for one in checks):
                return None
            return [Found("", "validation-no-profile", {"profiles": names}, "error", names)]

        return check

    def whole(self, present: frozenset[str], kind: str) -> list[Check]:
        """What is asked of every object of a type or path with these properties, beside its own rules."""
        asked = [self.extensions.owner(kind)] if "extension" in present else []
        if kind in definitions.resource_types():
            return asked + [check for name, check in RESOURCE_RULES.items() if name in present]
        return [*asked, own_id] if "id" in present else asked

    def content(self, parts: Parts, code: str) -> Check:
        """The check of an object's own properties and of the invariants over it."""
        key = (parts, code)
        if key not in self._contents:
            node = Node(self, parts, code)
            self._contents[key] = self._counted(object_check(node.shape), len(node.rules))
        return self._contents[key]

    def again(self, check: Check, code: str) -> Check:
        """The check of an element's values, which looks first whether they were right before. What a resolver answers
        may change."""
        if self._memory is None or code in {"Resource", "DomainResource"} or is_primitive(code):
            return check
        return remembering(check, self._memory)

    def _counted(self, check: Check, rules: int) -> Check:
        if not self.counting:
            return check

        def counting(value: Any, scope: Scope) -> list[Found] | None:
            if scope.tally is not None:
                scope.tally.nodes += 1
                scope.tally.invariants += rules
            return check(value, scope)

        return counting


def fits(check: Check, value: Any, scope: Scope) -> bool:
    """Whether a check finds no error; warnings count for nothing."""
    return not any(fault.severity == "error" for fault in check(value, scope) or ())


def is_primitive(code: str) -> bool:
    known = definitions.types().get(code)
    return known is not None and known.kind == "primitive"


class Node:
    """An object's properties and rules, gathered from all parts that describe it."""

    def __init__(self, compiler: Compiler, parts: Parts, code: str) -> None:
        self.compiler = compiler
        self.code = code
        self._resource = code in definitions.resource_types()
        self.parts = parts
        self.owners = tuple(dict.fromkeys(compiler.library.target(part) for part in parts))
        self.path = self.owners[0].path if code not in INLINE else self.owners[-1].path
        every = dict.fromkeys((*parts, *self.owners))
        self.rules: list[Invariant] = invariants(every, code, compiler.around, compiler.off)
        self.elements = self._elements()
        self.fields = {field.name: field for row in self.elements for field in row.fields}
        self._checks: dict[str, Check] = {}

    def _elements(self) -> list[Element]:
        names = dict.fromkeys(name for owner in self.owners for name in owner.children)
        made = (Element(tuple(o.children[name] for o in self.owners if name in o.children)) for name in names)
        primitive_value = is_primitive(self.code)
        return [one for one in made if not (primitive_value and one.label == "value")]

    def shape(self, names: tuple[str, ...]) -> Shape:
        """What to check in an object with these property names."""
        present = frozenset(names)
        faults = [fault for row in self.elements for fault in row.faults(present, self.path)]
        steps = tuple(self._step(name, faults) for name in names)
        labels = frozenset(field.label for field in self.fields.values() if field.name in present)
        labels |= {
            self.fields[name[1:]].label for name in names if name[:1] == "_" and name[1:] in self.fields
        }
        rules = [rule.given(labels) for rule in self.rules]
        pairs = [
            pair_rule(f.name)
            for f in self.fields.values()
            if f.many and f.name in present and f"_{f.name}" in present
        ]
        more = self.compiler.whole(present, self.path if self.code in INLINE else self.code)
        return Shape(steps, (*pairs, *more, *(rule for rule in rules if rule)), tuple(faults))

    def _step(self, name: str, faults: list[Found]) -> tuple[str, Check]:
        if name == "resourceType" and self._resource:
            return (name, right)
        field = self.fields.get(name.removeprefix("_"))
        if field is None or (name.startswith("_") and not is_primitive(field.code)):
            faults.append(unknown(name, self.path))
            return (safe(name), right)
        if name not in self._checks:
            made = self._check(field, beside=name.startswith("_"))
            self._checks[name] = self.compiler.again(made, field.code)
        return (field.label, self._checks[name])

    def _check(self, field: Field, *, beside: bool) -> Check:
        compiler = self.compiler
        if beside:
            parts = compiler.typed(field.parts, field.code)
            one = compiler.content(parts, field.code)
            return array_check(one, 0, None, lambda _: []) if field.many else one
        if field.label in {"extension", "modifierExtension"}:
            return compiler.extensions.check(field.parts, self, modifier=field.label == "modifierExtension")
        slicers = [made for part in field.parts if (made := slicer(compiler, part, field.code))]
        if slicers:
            return sliced_check(compiler, field.parts, field.code, slicers, many=field.many)
        one = compiler.value(field.parts, field.code)
        return self._many(field, one) if field.many else one

    def _many(self, field: Field, one: Check) -> Check:
        return array_check(one, *limits.numbers(field.parts))


INLINE = {"BackboneElement", "Element"}


class Element:
    """One element of an object, as all parts have it: its JSON properties, how often it stands, what it must hold."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        base = parts[0]
        self.choice = base.name.endswith("[x]")
        self.label = base.name.removesuffix("[x]")
        self.fields = [self._field(code) for code in base.types] or [self._field("")]
        self.names = frozenset(mark + field.name for field in self.fields for mark in ("", "_"))

    def _field(self, code: str) -> Field:
        base = self.parts[0]
        name = self.label + code[0].upper() + code[1:] if self.choice else self.label
        parts = self.parts
        if self.choice:
            parts = (*parts, *(s for part in parts for s in part.slices.values() if _of_type(part, s, code)))
        return Field(name, self.label, code or "BackboneElement", parts, many=base.max != 1)

    def faults(self, present: frozenset[str], owner: str) -> list[Found]:
        """What the names of an object say against this element."""
        given = self.names & present
        if not given:
            return self._absent(owner)
        path = f".{self.label}"
        kinds = {name.removeprefix("_") for name in given}
        if len(kinds) > 1:
            return [Found(path, "fhir-choice", {"element": self.label})]
        field = next(field for field in self.fields if field.name in kinds)
        barred = next((part for part in self.parts if part.max == 0), None)
        if barred is not None:
            return [limits.said(barred, path, "validation-prohibited", element=self.label)]
        return self._typed(field, path)

    def _absent(self, owner: str) -> list[Found]:
        needing = [part for part in self.parts if part.min] or [
            one
            for part in self.parts
            for one in part.slices.values()
            if one.min and not part.min and self.choice
        ]
        if not needing:
            return []
        facts: dict[str, object] = {"element": self.label, "type": owner}
        part = needing[0]
        return [Found(f".{self.label}", "fhir-missing", facts, "error", part.profile, part.id)]

    def _typed(self, field: Field, path: str) -> list[Found]:
        for part in self.parts if self.choice else ():
            if part.types and field.code not in part.types:
                expected = ", ".join(part.types)
                return [limits.said(part, path, "validation-type", found=field.code, expected=expected)]
        needed = [s for part in self.parts for s in part.slices.values() if s.min] if self.choice else []
        if needed and not any(field.code in s.types for s in needed):
            expected = ", ".join(needed[0].types)
            return [limits.said(needed[0], path, "validation-type", found=field.code, expected=expected)]
        return []


def _of_type(part: Part, one: Part, code: str) -> bool:
    """Whether a slice of a choice is the one for values of this type."""
    kinds = {row.get("type") for row in (part.definition.get("slicing") or {}).get("discriminator", ())}
    return kinds <= {"type"} and code in one.types and "/" not in one.slice


def unknown(name: str, owner: str) -> Found:
    return Found(f".{safe(name)}", "fhir-unknown-element", {"element": safe(name), "type": owner})


__all__ = ["BASE", "Compiler", "Field", "Node", "fits"]
