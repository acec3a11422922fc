"""A SQL on FHIR v2 ViewDefinition, compiled: from one resource to rows of columns.

    view = View.of(definition)
    view.rows({"resourceType": "Patient", "id": "p1", …})   # [("p1", "female", …)]

Supported: column, nested select, forEach, forEachOrNull, repeat, unionAll, where, constant; paths are all of FHIRPath
(`camphora.fhir.fhirpath`), held to the definitions of R4 when the view is compiled. Titles and column labels come in
both languages through FHIR's translation extension. Source: https://sql-on-fhir.org/ig (ViewDefinition).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

from camphora.errors import Invalid
from camphora.fhir import definitions
from camphora.fhir.fhirpath import Primitive
from camphora.fhir.json import DEEPEST
from camphora.lake.scope import Path, Paths, Read, Scope, repeated

Row = tuple[Any, ...]
Rows = Callable[[Any, int, Any], list[Row]]
"""From an item, its row index and the resource around it to rows."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
_EACH = ("forEach", "forEachOrNull", "repeat")


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column: `type` is a FHIR type; where `collection`, its value is a list."""

    name: str
    type: str = "string"
    collection: bool = False
    label: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class View:
    """A compiled ViewDefinition over one resource type."""

    name: str
    title: Mapping[str, str]
    resource: str
    columns: tuple[ViewColumn, ...]
    _conditions: tuple[Callable[[Any], bool], ...]
    _rows: Rows

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> View:
        """Raises Invalid, naming the view and the column, where the definition is not a view."""
        resource, selects = definition.get("resource"), definition.get("select")
        if resource not in definitions.resource_types():
            raise Invalid("lake-view-resource", view=definition.get("name", ""))
        compiler = _Compiler(definition.get("name", ""), _constants(definition))
        scope = Scope.resource(resource)
        conditions = tuple(
            compiler.path(item.get("path"), scope, "where").holds() for item in definition.get("where", ())
        )
        columns, rows = compiler.select({"select": selects}, scope)
        names = [column.name for column in columns]
        if not columns or len(set(names)) < len(names):
            raise Invalid("lake-view-columns", view=compiler.view)
        return cls(compiler.view, texts(definition, "title"), resource, tuple(columns), conditions, rows)

    def rows(self, resource: Mapping[str, Any]) -> list[Row]:
        """The rows of one resource, none where it is of another type or a condition does not hold.

        Values are JSON: dates are text, decimals numbers. Raises Invalid where the resource has more values than
        a column has room for, or a path cannot be worked out on it.
        """
        if resource.get("resourceType") != self.resource or not all(
            met(resource) for met in self._conditions
        ):
            return []
        return self._rows(resource, 0, resource)


def texts(node: Mapping[str, Any], key: str) -> dict[str, str]:
    """An element's text by language: zh-TW as written, others from the translation extension."""
    if key not in node:
        return {}
    found = {"zh-TW": str(node[key])}
    for extension in node.get(f"_{key}", {}).get("extension", ()):
        if extension.get("url") == _TRANSLATION:
            parts = {part["url"]: part for part in extension["extension"]}
            found[parts["lang"]["valueCode"]] = parts["content"]["valueString"]
    return found


def _constants(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The constants as the engine takes them: primitives that know their type."""
    found: dict[str, Any] = {}
    for constant in definition.get("constant", ()):
        values = [(key, value) for key, value in constant.items() if key.startswith("value")]
        if len(values) != 1 or "name" not in constant:
            name = constant.get("name", "")
            raise Invalid("lake-view-constant", view=definition.get("name", ""), name=name)
        key, value = values[0]
        kind = key[5:6].lower() + key[6:]
        known = definitions.types().get(kind)
        found[constant["name"]] = Primitive(value, None, kind) if known else value
    return found


class _Compiler:
    """Compiles the select nodes of one view."""

    def __init__(self, view: str, constants: Mapping[str, Any]) -> None:
        self.view = view
        self.paths = Paths(view, constants)
        self.path = self.paths.path

    def select(self, node: Any, scope: Scope) -> tuple[list[ViewColumn], Rows]:
        """A node's columns, own ones first, then nested selects, then the union; and what makes its rows."""
        if not isinstance(node, dict) or sum(key in node for key in _EACH) > 1:
            raise Invalid("lake-view-select", view=self.view)
        inside, iterated = self._iterated(node, scope)
        parts: list[tuple[list[ViewColumn], Rows]] = []
        if "column" in node:
            parts.append(self._columns(node["column"], inside))
        parts += [self.select(inner, inside) for inner in self._listed(node, "select")]
        if "unionAll" in node:
            parts.append(self._union(self._listed(node, "unionAll"), inside))
        columns = [column for own, _ in parts for column in own]
        return columns, iterated(_crossed([rows for _, rows in parts]))

    def _listed(self, node: Mapping[str, Any], key: str) -> Sequence[Any]:
        found = node.get(key, [])
        if not isinstance(found, list):
            raise Invalid("lake-view-select", view=self.view)
        return found

    def _columns(self, nodes: Sequence[Mapping[str, Any]], scope: Scope) -> tuple[list[ViewColumn], Rows]:
        columns = [self._column(node) for node in nodes]
        read = tuple(
            self._value(column, self.path(node.get("path"), scope, column.name).values())
            for column, node in zip(columns, nodes, strict=True)
        )
        return columns, lambda item, row, resource: [tuple([value(item, row, resource) for value in read])]

    def _column(self, node: Mapping[str, Any]) -> ViewColumn:
        name = node.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Invalid("lake-view-columns", view=self.view)
        label = texts(node, "description")
        return ViewColumn(name, node.get("type", "string"), bool(node.get("collection")), label)

    def _value(self, column: ViewColumn, read: Read) -> Callable[[Any, int, Any], Any]:
        def value(item: Any, row: int, resource: Any) -> Any:
            found = read(item, row, resource)
            if len(found) > 1:
                raise Invalid("lake-view-many", view=self.view, column=column.name)
            return found[0] if found else None

        return read if column.collection else value

    def _union(self, nodes: Sequence[Any], scope: Scope) -> tuple[list[ViewColumn], Rows]:
        branches = [self.select(node, scope) for node in nodes]
        shapes = {tuple((c.name, c.type, c.collection) for c in columns) for columns, _ in branches}
        if len(shapes) != 1:
            raise Invalid("lake-view-union", view=self.view)
        makers = [rows for _, rows in branches]

        def rows(item: Any, row: int, resource: Any) -> list[Row]:
            return [made for make in makers for made in make(item, row, resource)]

        return branches[0][0], rows

    def _iterated(self, node: Mapping[str, Any], scope: Scope) -> tuple[Scope, Callable[[Rows], Rows]]:
        """Where the paths inside a node stand, and what brings its rows to each item there."""
        if "repeat" in node:
            return self._repeated(self._listed(node, "repeat"), scope)
        for key, each in (("forEach", _each), ("forEachOrNull", _each_or_null)):
            if key in node:
                path = self.path(node[key], scope, key)
                return path.gives, partial(each, path.items(path.gives))
        return scope, lambda rows: rows

    def _repeated(self, texts: Sequence[Any], scope: Scope) -> tuple[Scope, Callable[[Rows], Rows]]:
        if not texts:
            raise Invalid("lake-view-select", view=self.view)
        first, below, reached = repeated(self.paths, texts, scope)
        descent = self._descent(_readers(first, reached), _readers(below, reached))
        return reached, partial(_each, descent)

    def _descent(self, first: Sequence[Read], below: Sequence[Read]) -> Read:
        """Every item that the paths reach, again and again, parents before their children."""

        def further(paths: Sequence[Read], item: Any, resource: Any, level: int) -> Iterator[Any]:
            if level > DEEPEST:
                raise Invalid("lake-view-endless", view=self.view, most=DEEPEST)
            for path in paths:
                for inner in path(item, 0, resource):
                    yield inner
                    yield from further(below, inner, resource, level + 1)

        return lambda item, _, resource: list(further(first, item, resource, 1))


def _readers(paths: Sequence[Path], scope: Scope) -> list[Read]:
    return [path.items(scope) for path in paths]


def _crossed(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]

    def rows(item: Any, row: int, resource: Any) -> list[Row]:
        sides = [part(item, row, resource) for part in parts]
        return [tuple(value for side in combination for value in side) for combination in product(*sides)]

    return rows


def _each(items: Read, rows: Rows) -> Rows:
    def of_each(item: Any, row: int, resource: Any) -> list[Row]:
        found = items(item, row, resource)
        return [made for at, inner in enumerate(found) for made in rows(inner, at, resource)]

    return of_each


def _each_or_null(items: Read, rows: Rows) -> Rows:
    each = _each(items, rows)
    return lambda item, row, resource: each(item, row, resource) or rows(None, 0, resource)
