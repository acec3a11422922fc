"""What the definitions say of each node of a resource, read from the StructureDefinitions without the validator."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from camphora.fhir.packages import Guides

BASE = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM = "http://hl7.org/fhirpath/System."
GUIDES = Guides.bundled()
Json = dict[str, Any]


class Element(NamedTuple):
    """One element of a type: `types` are the codes that it may hold, `row` its ElementDefinition."""

    path: str
    name: str
    least: int
    many: bool
    types: tuple[str, ...]
    row: Json

    @property
    def choice(self) -> bool:
        return self.name.endswith("[x]")

    @property
    def label(self) -> str:
        return self.name.removesuffix("[x]")

    def key(self, code: str) -> str:
        """The JSON name under which it holds this type."""
        return self.label + code[0].upper() + code[1:] if self.choice else self.name

    @property
    def targets(self) -> tuple[str, ...]:
        """The resource types that a reference may name; empty where any may."""
        urls = [url for kind in self.row.get("type", ()) for url in kind.get("targetProfile", ())]
        return tuple(url.removeprefix(BASE) for url in urls)


class Node(NamedTuple):
    """One value in a resource: where it lies in JSON (`keys`) and in FHIRPath (`path`), and what it should be."""

    keys: tuple[Any, ...]
    path: str
    element: Element
    code: str
    value: Any

    @property
    def parent(self) -> str:
        """The path of the element that owns it."""
        return self.path.rpartition(".")[0]

    @property
    def primitive(self) -> bool:
        return self.code[:1].islower() and self.code != "xhtml"

    @property
    def inner(self) -> str:
        """The type or path whose elements it holds."""
        return content(self.element, self.code)


@cache
def structure(name: str) -> Json | None:
    """The base definition of a type."""
    return GUIDES.find(BASE + name)


@cache
def children(owner: str) -> tuple[Element, ...]:
    """The elements directly in a type (`Patient`) or a path (`Patient.contact`)."""
    definition = structure(owner.partition(".")[0])
    rows = definition["snapshot"]["element"] if definition else ()
    return tuple(element(row) for row in rows if row["path"].rpartition(".")[0] == owner)


def element(row: Json) -> Element:
    path = row["path"]
    codes = tuple(_code(kind["code"], path) for kind in row.get("type", ()))
    return Element(path, path.rpartition(".")[2], row["min"], row["max"] not in {"0", "1"}, codes, row)


def _code(code: str, path: str) -> str:
    if not code.startswith(SYSTEM):
        return code
    if path.endswith(".id"):
        return "id" if path.count(".") == 1 and is_resource(path.partition(".")[0]) else "string"
    return "uri" if path == "Extension.url" else code.removeprefix(SYSTEM).lower()


@cache
def is_resource(name: str) -> bool:
    definition = structure(name)
    return definition is not None and definition["kind"] == "resource"


def content(element: Element, code: str) -> str:
    same = element.row.get("contentReference", "").partition("#")[2]
    return same or (element.path if code in {"BackboneElement", "Element"} else code)


def nodes(resource: Json) -> list[Node]:
    """Every node of a resource, with those of contained and bundled resources."""
    return list(_resource(resource, resource["resourceType"], ()))


def _resource(value: Any, path: str, keys: tuple[Any, ...]) -> Iterator[Node]:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if isinstance(kind, str) and is_resource(kind):
        yield from _inside(value, kind, path, keys)


def _inside(value: Json, owner: str, path: str, keys: tuple[Any, ...]) -> Iterator[Node]:
    for element in children(owner):
        for code in element.types or ("",):
            key = element.key(code)
            for at, index, item in _items(value.get(key), (*keys, key)):
                yield from _node(Node(at, f"{path}.{element.label}{index}", element, code, item))
            for at, index, item in _items(value.get("_" + key), (*keys, "_" + key)):
                if isinstance(item, dict):
                    yield from _inside(item, "Element", f"{path}.{element.label}{index}", at)


def _items(value: Any, keys: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str, Any]]:
    if isinstance(value, list):
        yield from (((*keys, n), f"[{n}]", item) for n, item in enumerate(value) if item is not None)
    elif value is not None:
        yield keys, "", value


def _node(node: Node) -> Iterator[Node]:
    yield node
    if node.code == "Resource":
        yield from _resource(node.value, node.path, node.keys)
    elif isinstance(node.value, dict):
        yield from _inside(node.value, node.inner, node.path, node.keys)


def at(resource: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        resource = resource[key]
    return resource
