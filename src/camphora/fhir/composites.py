"""Composite parameters: of each element at their base, every combination of their components' values.

Source: https://hl7.org/fhir/R4/search.html#combining.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, NamedTuple

from camphora.fhir import fhirpath
from camphora.fhir.definitions import Element, SearchParameter
from camphora.fhir.emit import Component, Emit, IndexValues, component
from camphora.fhir.evaluated import components, values
from camphora.fhir.fhirpath.checking import Checker
from camphora.fhir.fhirpath.types import Shape, shape
from camphora.fhir.laying import ends
from camphora.fhir.paths import WHOLE, Path, Step, branches, reached, root
from camphora.fhir.readings import READINGS

COMPONENT = "no value of component "
FORMLESS = "no path with an index form"
Gather = Callable[[Any, Any], list[Component]]
"""Takes an element and the whole resource, gives the values of a component."""
Visit = Callable[[Any, list[Any]], None]
"""Takes an element and adds what lies at a path to the list."""
Leaf = Callable[[Element, str], Visit | None]
"""The end of a path: what to do with an element of a type; None where nothing can be done with it."""


class Part(NamedTuple):
    """A component: the parameter that says its kind, and its expression from the composite's element."""

    kind: str
    expression: str


class Composite(NamedTuple):
    param: str
    parts: tuple[Part, ...]


class Plan:
    """The composites of a resource type, by the elements at which they begin, each component read once an element."""

    def __init__(self, resource_type: str) -> None:
        self.type = resource_type
        self._at: dict[str, tuple[Callable[[Any], Iterable[Any]], str, list[Composite]]] = {}

    def lay(self, parameter: SearchParameter, parts: tuple[Part, ...]) -> str | None:
        """Add a composite with its components in order; the reason where that cannot be."""
        found = branches(parameter.expression)
        bases = {self.type, "Resource", "DomainResource", ""}
        expressions = [_said(path) for path in found.read if path.root in bases]
        expressions += [text for text in found.unread if root(text) in bases]
        for expression in expressions:
            elements, owner = _elements(expression, self.type)
            for index, part in enumerate(parts):
                if _gather(part, owner, self.type) is None:
                    return f"{COMPONENT}{index}"
            self._at.setdefault(expression, (elements, owner, []))[2].append(Composite(parameter.code, parts))
        return None if expressions else FORMLESS

    def emit(self) -> Emit | None:
        """The function that adds all composites of a resource; None where there are none."""
        visits = [(elements, _visit(owner, self.type, rows)) for elements, owner, rows in self._at.values()]
        if not visits:
            return None

        def emit(resource: Any, out: IndexValues) -> None:
            for elements, visit in visits:
                for element in elements(resource):
                    visit(element, resource, out)

        return emit


def _said(path: Path) -> str:
    steps = [
        step.name
        + (f".as({step.cast})" if step.cast else "")
        + (f".where({step.where[0]}={fhirpath.tree.quoted(step.where[1])})" if step.where else "")
        for step in path.steps
    ]
    return ".".join([path.root, *steps] if path.root else steps)


def _visit(
    owner: str, resource_type: str, composites: list[Composite]
) -> Callable[[Any, Any, IndexValues], None]:
    """Of one element: each component at most once, the last of a composite first, since most elements lack it."""
    parts = list(dict.fromkeys(part for each in composites for part in each.parts))
    gathers = [gather for part in parts if (gather := _gather(part, owner, resource_type))]
    groups: dict[tuple[int, ...], list[str]] = {}
    for each in composites:
        groups.setdefault(tuple(parts.index(part) for part in each.parts), []).append(each.param)
    entries = [
        (_begins(parts[indexes[-1]], owner), indexes, indexes[::-1], tuple(params))
        for indexes, params in groups.items()
    ]

    def visit(element: Any, resource: Any, out: IndexValues) -> None:
        known: list[list[Component] | None] = [None] * len(gathers)
        for names, indexes, backwards, params in entries:
            if names is not None:
                for name in names:
                    if name in element:
                        break
                else:
                    continue
            for index in backwards:
                found = known[index]
                if found is None:
                    found = known[index] = gathers[index](element, resource)
                if not found:
                    break
            else:
                rows = list(product(*[known[index] or () for index in indexes]))
                for param in params:
                    out.composites += [(param, row) for row in rows]

    return visit


def _begins(part: Part, owner: str) -> tuple[str, ...] | None:
    """The properties of which an element must have one to have a value of a component; None where that cannot be
    said."""
    found = branches(part.expression)
    paths = [path for path in found.read if path.root != WHOLE and path.steps]
    if found.unread or len(paths) < len(found.read) or not owner:
        return None
    return tuple(name for path in paths for name, _, _ in reached(owner, path.steps[0]))


def _elements(expression: str, resource_type: str) -> tuple[Callable[[Any], Iterable[Any]], str]:
    """The elements at which a composite begins, and the type or path that they are of ("": not known)."""
    found = branches(expression)
    steps = found.read[0].steps if found.read else ()
    if found.read and not steps:
        return lambda resource: (resource,), resource_type
    owners: list[str] = []

    def leaf(element: Element, code: str) -> Visit:
        owners.append(element.content(code))
        return lambda value, rows: rows.append(value)

    visit = _walk(resource_type, steps, leaf) if steps else None
    if visit is None:
        return _evaluated(expression, resource_type)

    def elements(resource: Any) -> list[Any]:
        rows: list[Any] = []
        visit(resource, rows)
        return rows

    return elements, owners[0]


def _evaluated(expression: str, resource_type: str) -> tuple[Callable[[Any], Iterable[Any]], str]:
    compiled = fhirpath.compile(expression, resource_type)
    types = Checker(expression, shape(resource_type)).check(compiled.tree).types or ()
    owners = [each.name for each in types if isinstance(each, Shape)]
    owner = owners[0] if len(owners) == 1 else ""
    return lambda resource: [value for _, value in values(compiled, resource)], owner


def _gather(part: Part, owner: str, resource_type: str) -> Gather | None:
    """A component's values of an element of the type or path `owner` ("": not known); None where it has none."""
    found = branches(part.expression)
    paths = [(path, resource_type if path.root == WHOLE else owner) for path in found.read]
    if found.unread or not owner or not all(ends(path, start) for path, start in paths):
        compiled = fhirpath.compile(part.expression, owner or None)
        return lambda element, resource: components(part.kind, compiled, element, resource)
    if all(path.root != WHOLE and len(path.steps) == 1 and not path.steps[0].where for path in found.read):
        return _direct(part.kind, owner, [path.steps[0] for path in found.read])
    laid = [(path.root == WHOLE, _walk(start, path.steps, _leaf(part.kind))) for path, start in paths]
    visits = [(whole, visit) for whole, visit in laid if visit]

    def gather(element: Any, resource: Any) -> list[Component]:
        rows: list[Component] = []
        for whole, visit in visits:
            visit(resource if whole else element, rows)
        return rows

    return gather if visits else None


def _direct(kind: str, owner: str, steps: list[Step]) -> Gather | None:
    """As `_gather`, of properties of the element itself: what nearly all composites of R4 are made of."""
    entries = [
        (name, element.many, component(kind, code), element.system if code == "code" else None)
        for step in steps
        for name, element, code in reached(owner, step)
        if (kind, code) in READINGS
    ]
    if len(entries) == 1 and not entries[0][1]:
        only, _, one, implied = entries[0]

        def alone(element: Any, _: Any) -> list[Component]:
            value = element.get(only)
            return [] if value is None else one(value, implied)

        return alone

    def gather(element: Any, _: Any) -> list[Component]:
        rows: list[Component] = []
        for name, many, read, system in entries:
            value = element.get(name)
            if value is not None:
                for each in value if many else (value,):
                    rows += read(each, system) if each is not None else ()
        return rows

    return gather if entries else None


def _leaf(kind: str) -> Leaf:
    def leaf(element: Element, code: str) -> Visit | None:
        if (kind, code) not in READINGS:
            return None
        read, system = component(kind, code), element.system if code == "code" else None
        return lambda value, rows: rows.extend(read(value, system))

    return leaf


def _walk(owner: str, steps: tuple[Step, ...], leaf: Leaf) -> Visit | None:
    """The function that adds what lies at the path; None where the path leads nowhere."""
    step, *rest = steps
    entries = []
    for name, element, code in reached(owner, step):
        inner = _walk(element.content(code), tuple(rest), leaf) if rest else leaf(element, code)
        if inner:
            entries.append((name, element.many, inner))
    return _over(entries, step.where) if entries else None


def _over(entries: list[tuple[str, bool, Visit]], where: tuple[str, str] | None) -> Visit:
    def visit(value: Any, rows: list[Any]) -> None:
        for name, many, inner in entries:
            found = value.get(name)
            if found is not None:
                for item in found if many else (found,):
                    if item is not None and (where is None or item.get(where[0]) == where[1]):
                        inner(item, rows)

    return visit
