"""The simple shapes of FHIRPath in which R4 writes nearly all its search parameters, as paths.

Plain path, `as`/`ofType`, `where(field='literal')`, `where(resolve() is T)`, `extension('url')`, and `%resource` as a
root. What has another shape is given as text, so that the FHIRPath engine evaluates it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from camphora.fhir import definitions
from camphora.fhir.definitions import Element
from camphora.fhir.fhirpath import parse, tree
from camphora.fhir.fhirpath.tree import Node

WHOLE = "%resource"
"""The root of a path that begins at the whole resource, wherever it is evaluated."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step into a resource: the element's name, and what the item reached must be."""

    name: str
    cast: str = ""
    where: tuple[str, str] | None = None
    target: str = ""


class Path(NamedTuple):
    """`root` is the type at which the path begins, or `WHOLE`; "" where the expression leaves it out."""

    root: str
    steps: tuple[Step, ...]


class Branches(NamedTuple):
    read: tuple[Path, ...]
    unread: tuple[str, ...]


@lru_cache(maxsize=4096)
def branches(expression: str) -> Branches:
    """The union's branches as paths, and as text those that have another shape. Raises `Invalid` where the
    expression is no FHIRPath."""
    paths = [(part, _path(part)) for part in (parts(parse(expression)) if expression else ())]
    return Branches(tuple(p for _, p in paths if p), tuple(str(part) for part, p in paths if not p))


def reached(owner: str, step: Step) -> list[tuple[str, Element, str]]:
    """The properties in JSON to which a step leads from a type or an element's path, each with the element and its data
    type. None where there is no such element, or it cannot be chosen by `where` on a plain text."""
    return [
        (name, element, code)
        for element in definitions.children(owner)
        if element.name.removesuffix("[x]") == step.name
        for name, code in element.properties
        if _fits(code, step.cast) and (step.where is None or _has_text(element.content(code), step.where[0]))
    ]


def _fits(code: str, cast: str) -> bool:
    """Whether a type passes `as(CAST)`, a primitive also where R4 writes it with a capital (`DateTime`)."""
    return not cast or definitions.is_a(code, cast) or definitions.is_a(code, cast[0].lower() + cast[1:])


def _has_text(owner: str, field: str) -> bool:
    if owner not in definitions.types() and "." not in owner:
        return False
    found = [each for each in definitions.children(owner) if each.name == field]
    return (
        bool(found)
        and not found[0].many
        and definitions.is_a(found[0].types[0], "string") | definitions.is_a(found[0].types[0], "uri")
    )


def root(expression: str) -> str:
    """The type by which an expression begins; "" where it begins with an element or something else."""
    return root_of(parse(expression))


def root_of(node: Node) -> str:
    at: Node | None = node
    while at is not None:
        if isinstance(at, tree.Member) and at.source is None:
            return at.name if at.name[0].isupper() else ""
        if isinstance(at, tree.Member | tree.Function | tree.Indexer):
            at = at.source
        elif isinstance(at, tree.TypeTest | tree.Polarity):
            at = at.operand
        else:
            at = at.left if isinstance(at, tree.Binary) else None
    return ""


def parts(node: Node) -> list[Node]:
    """The branches of a union."""
    if isinstance(node, tree.Binary) and node.operator == "|":
        return [*parts(node.left), *parts(node.right)]
    return [node]


def _path(node: Node) -> Path | None:
    """One branch as a path; None where it has none of the simple shapes."""
    if isinstance(node, tree.External):
        return Path(WHOLE, ()) if node.name == "resource" else None
    if isinstance(node, tree.Member):
        if node.source is not None:
            return _then(node.source, Step(node.name))
        return Path(node.name, ()) if node.name[0].isupper() else Path("", (Step(node.name),))
    if isinstance(node, tree.TypeTest) and node.operator == "as":
        return _narrowed(node.operand, cast=node.name)
    if isinstance(node, tree.Function) and len(node.arguments) == 1:
        return _called(node, node.arguments[0])
    return None


def _called(node: tree.Function, argument: Node) -> Path | None:
    if node.name in {"as", "ofType"} and isinstance(argument, tree.Member) and node.source is not None:
        return _narrowed(node.source, cast=argument.name)
    if node.name == "extension" and _is_text(argument):
        step = Step("extension", where=("url", str(argument.value)))  # type: ignore[union-attr]
        return Path("", (step,)) if node.source is None else _then(node.source, step)
    if node.name != "where" or node.source is None:
        return None
    if isinstance(argument, tree.TypeTest) and argument.operator == "is":
        asked = argument.operand
        resolves = isinstance(asked, tree.Function) and asked.name == "resolve" and asked.source is None
        return _narrowed(node.source, target=argument.name) if resolves else None
    if isinstance(argument, tree.Binary) and argument.operator == "=" and _is_text(argument.right):
        field = argument.left
        if isinstance(field, tree.Member) and field.source is None:
            return _narrowed(node.source, where=(field.name, str(argument.right.value)))  # type: ignore[union-attr]
    return None


def _is_text(node: Node) -> bool:
    return isinstance(node, tree.Literal) and node.type == "String"


def _then(source: Node, step: Step) -> Path | None:
    before = _path(source)
    # what resolves is the end of a path: beyond it lies another resource
    if before is None or any(each.target for each in before.steps):
        return None
    return Path(before.root, (*before.steps, step))


def _narrowed(
    source: Node, cast: str = "", where: tuple[str, str] | None = None, target: str = ""
) -> Path | None:
    before = _path(source)
    if before is None or not before.steps:
        return None
    *first, last = before.steps
    if (cast and last.cast) or (where and last.where) or (target and last.target):
        return None
    step = replace(last, cast=cast or last.cast, where=where or last.where, target=target or last.target)
    return Path(before.root, (*first, step))
