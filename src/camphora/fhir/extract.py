"""Search parameters compiled once per resource type: one walk over a resource gives its index values.

The paths of all parameters of a type are laid into one tree by property, so that a resource pays only for the
elements that it has. Source: https://hl7.org/fhir/R4/searchparameter-registry.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from camphora.fhir import definitions
from camphora.fhir.dates import EARLIEST
from camphora.fhir.definitions import Element, SearchParameter
from camphora.fhir.emit import BOOLEANS, EMITTERS, Emit, IndexValues, Leaf, emitter
from camphora.fhir.paths import Path, Step, branches

KINDS = frozenset({"token", "reference", "date", "string", "uri"})
OWN_COLUMNS = frozenset({"_id", "_lastUpdated"})
"""Parameters that a store answers from a record's own row."""
PRESENCE = re.compile(r"(\w+)\.(\w+)\.exists\(\) and \1\.\2 != false")
LEADING = {"Condition": ("onset-date", "recorded-date"), "AllergyIntolerance": ("date", "onset")}
"""The date parameters that give the main date, where it is not the first of `USUAL` that the type has."""
USUAL = ("date", "effective", "authoredon", "authored-on", "authored", "occurrence", "onset-date", "performed",
         "period", "created", "started", "whenhandedover", "whenprepared", "issued", "recorded", "received", "sent",
         "start-date", "collected", "request", "entered-date")  # fmt: skip
FIRST_NAMES = ("patient", "subject", "individual", "beneficiary")
"""Among the parameters that put a resource into the Patient compartment, those that say whom it is about."""


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths: by property and condition the nodes below, and what is emitted here."""

    below: dict[tuple[str, bool, tuple[str, str] | None], _Node] = field(default_factory=dict)
    leaves: dict[tuple[str, str, str], list[Leaf]] = field(default_factory=dict)


class Extractor:
    """Index values of one resource type.

    `compiled` names its parameters, `uncompiled` the others and why; `targets` gives the types that a reference
    parameter's elements may name.
    """

    __slots__ = (
        "_always",
        "_dates",
        "_people",
        "_visit",
        "compiled",
        "resource_type",
        "targets",
        "uncompiled",
    )

    def __init__(self, resource_type: str) -> None:
        self.resource_type = resource_type
        self.uncompiled: dict[str, str] = {}
        self.targets: dict[str, frozenset[str]] = {}
        self._always: list[Emit] = []
        root = _Node()
        parameters = definitions.search_parameters(resource_type)
        for parameter in parameters.values():
            reason = self._laid(parameter, root)
            if reason:
                self.uncompiled[parameter.code] = reason
        self.compiled = frozenset(parameters) - self.uncompiled.keys()
        self._visit = _properties(root)
        self._dates = _ranks(LEADING.get(resource_type, USUAL))
        self._people = _ranks(_about(definitions.compartment("Patient").get(resource_type, ())))

    def __call__(self, resource: dict[str, Any]) -> IndexValues:
        """The index values of a resource that `structure.check` found right."""
        out = IndexValues()
        visit = self._visit
        for name, value in resource.items():
            found = visit.get(name)
            if found is not None:
                found(value, out)
        for emit in self._always:
            emit(resource, out)
        self._person_of(resource, out)
        if out.strings:
            out.strings = list(dict.fromkeys(out.strings))
            out.tokens = list(dict.fromkeys(out.tokens))
        if out.dates:
            out.main_date = self._main_date(out)
        meta = resource.get("meta")
        if meta is not None and "security" in meta:
            out.labels = tuple(label["code"] for label in meta["security"] if "code" in label)
        return out

    def _laid(self, parameter: SearchParameter, root: _Node) -> str | None:
        """Lay one parameter into the tree; the reason where that cannot be."""
        if parameter.type not in KINDS:
            return f"type {parameter.type}"
        if parameter.code == "phonetic":
            return "needs an algorithm of sounds"
        if parameter.code in OWN_COLUMNS:
            return None
        presence = PRESENCE.fullmatch(parameter.expression)
        if presence:
            self._always.append(_presence(parameter.code, self.resource_type, presence[2]))
            return None
        split = branches(parameter.expression)
        bases = {self.resource_type, "Resource", "DomainResource", ""}
        paths = [path for path in split.read if path.root in bases]
        laid = [target for path in paths for target in _lay(path, parameter, self.resource_type, root)]
        self.targets[parameter.code] = frozenset[str]().union(*laid)
        unread = [text for text in split.unread if text.lstrip("(").startswith(self.resource_type + ".")]
        if unread:
            return f"expression {unread[0]}"
        return None if laid else "no path with an index form"

    def _person_of(self, resource: dict[str, Any], out: IndexValues) -> None:
        if self.resource_type == "Patient":
            if "id" in resource:
                out.person = ("Patient", resource["id"])
            return
        best = len(self._people)
        for name, kind, key in out.references:
            if kind == "Patient":
                rank = self._people.get(name, best)
                if rank < best:
                    best, out.person = rank, (kind, key)

    def _main_date(self, out: IndexValues) -> int | None:
        best, found = len(self._dates), None
        for name, low, high in out.dates:
            rank = self._dates.get(name, best)
            if rank < best:
                best, found = rank, low if low != EARLIEST else high
        return found


@cache
def extract(resource_type: str) -> Extractor:
    """The extractor of a resource type, compiled at the first call; KeyError for a type that R4 lacks."""
    return Extractor(resource_type)


def _lay(path: Path, parameter: SearchParameter, resource_type: str, root: _Node) -> list[tuple[str, ...]]:
    """Lay one path into the tree; of each leaf, the types that it may refer to."""
    places = [(root, resource_type)]
    reached: list[tuple[_Node, Element, str]] = []
    for step in path.steps:
        reached = [found for node, owner in places for found in _stepped(node, owner, step)]
        places = [(node, element.content(code)) for node, element, code in reached]
    laid = [(node, element, code) for node, element, code in reached if (parameter.type, code) in EMITTERS]
    for node, element, code in laid:
        key = (parameter.type, code, _system(element) if code == "code" else "")
        node.leaves.setdefault(key, []).append(Leaf(parameter.code, path.steps[-1].target))
    target = path.steps[-1].target
    return [(target,) if target else element.targets for _, element, _ in laid]


def _stepped(node: _Node, owner: str, step: Step) -> Iterable[tuple[_Node, Element, str]]:
    for element in definitions.children(owner):
        if element.name.removesuffix("[x]") == step.name:
            for name, code in element.properties:
                if not step.cast or definitions.is_a(code, step.cast):
                    key = (name, element.many, step.where)
                    yield node.below.setdefault(key, _Node()), element, code


def _system(element: Element) -> str:
    """The code system that a plain `code` implies: its required value set's, where that has only one."""
    systems = definitions.value_sets().get(element.values or "", {})
    return next(iter(systems)) if len(systems) == 1 else ""


def _properties(node: _Node) -> dict[str, Emit]:
    grouped: dict[str, list[Emit]] = {}
    for (name, many, where), below in node.below.items():
        emit = _item(below)
        emit = _guarded(emit, *where) if where else emit
        grouped.setdefault(name, []).append(_each(emit) if many else emit)
    return {name: _all(emits) for name, emits in grouped.items()}


def _item(node: _Node) -> Emit:
    emits = [emitter(*key, leaves) for key, leaves in node.leaves.items()]
    if node.below:
        emits.append(_inner(tuple(_properties(node).items())))
    return _all(emits)


def _inner(entries: tuple[tuple[str, Emit], ...]) -> Emit:
    def visit(value: Any, out: IndexValues) -> None:
        for name, emit in entries:
            item = value.get(name)
            if item is not None:
                emit(item, out)

    return visit


def _each(emit: Emit) -> Emit:
    def visit(values: Any, out: IndexValues) -> None:
        for value in values:
            if value is not None:
                emit(value, out)

    return visit


def _all(emits: list[Emit]) -> Emit:
    if len(emits) == 1:
        return emits[0]

    def visit(value: Any, out: IndexValues) -> None:
        for emit in emits:
            emit(value, out)

    return visit


def _guarded(emit: Emit, name: str, literal: str) -> Emit:
    def visit(value: Any, out: IndexValues) -> None:
        if value.get(name) == literal:
            emit(value, out)

    return visit


def _presence(code: str, resource_type: str, name: str) -> Emit:
    """`X.exists() and X != false` as a boolean token, false where the element is absent."""
    of = {e.name.removesuffix("[x]"): e for e in definitions.children(resource_type)}
    names = tuple(name for name, _ in of[name].properties)

    def visit(resource: Any, out: IndexValues) -> None:
        found = any(resource.get(name, False) is not False for name in names)
        out.tokens.append((code, BOOLEANS, "true" if found else "false"))

    return visit


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names)}


def _about(parameters: tuple[str, ...]) -> list[str]:
    return sorted(parameters, key=lambda name: name not in FIRST_NAMES)
