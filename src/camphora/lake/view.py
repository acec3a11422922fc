"""A SQL on FHIR v2 ViewDefinition, compiled: from one resource to rows of columns.

    view = View.of(definition)
    view.rows({"resourceType": "Patient", "id": "p1", …})   # [("p1", "female", …)]

Supported: column, nested select, forEach, forEachOrNull, repeat, unionAll, where, constant; paths as in
`lake.paths`. Titles and column labels come in both languages through FHIR's translation extension.
Source: https://sql-on-fhir.org/ig (ViewDefinition).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from camphora.errors import Invalid
from camphora.fhir import definitions
from camphora.lake.paths import Evaluate, compile_path, truth

Row = tuple[Any, ...]
Rows = Callable[[Any, int], list[Row]]
"""From an item and its row index to rows."""

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
    _conditions: tuple[Evaluate, ...]
    _rows: Rows

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> View:
        """Raises Invalid where the definition is not a view, or asks for what is not supported."""
        resource, selects = definition.get("resource"), definition.get("select")
        if resource not in definitions.resource_types():
            raise Invalid("lake-view-resource", view=definition.get("name", ""))
        compiler = _Compiler(definition.get("name", ""), _constants(definition))
        conditions = tuple(compiler.path(item.get("path")) for item in definition.get("where", ()))
        columns, rows = compiler.select({"select": selects})
        names = [column.name for column in columns]
        if not columns or len(set(names)) < len(names):
            raise Invalid("lake-view-columns", view=compiler.view)
        return cls(compiler.view, texts(definition, "title"), resource, tuple(columns), conditions, rows)

    def rows(self, resource: Mapping[str, Any]) -> list[Row]:
        """The rows of one resource, none where it is of another type or a condition does not hold."""
        if resource.get("resourceType") != self.resource or not self._wanted(resource):
            return []
        return self._rows(resource, 0)

    def _wanted(self, resource: Mapping[str, Any]) -> bool:
        for condition in self._conditions:
            found = condition(resource, 0)
            if found and not isinstance(found[0], bool):
                raise Invalid("lake-view-where", view=self.name)
            if not truth(found):
                return False
        return True


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
    found: dict[str, Any] = {}
    for constant in definition.get("constant", ()):
        values = [value for key, value in constant.items() if key.startswith("value")]
        if len(values) != 1 or "name" not in constant:
            raise Invalid(
                "lake-view-constant", view=definition.get("name", ""), name=constant.get("name", "")
            )
        found[constant["name"]] = values[0]
    return found


class _Compiler:
    """Compiles the select nodes of one view."""

    def __init__(self, view: str, constants: Mapping[str, Any]) -> None:
        self.view = view
        self.constants = constants

    def path(self, text: Any) -> Evaluate:
        if not isinstance(text, str):
            raise Invalid("lake-view-path", view=self.view)
        return compile_path(text, self.constants)

    def select(self, node: Any) -> tuple[list[ViewColumn], Rows]:
        """A node's columns, own ones first, then nested selects, then the union; and what makes its rows."""
        if not isinstance(node, dict) or sum(key in node for key in _EACH) > 1:
            raise Invalid("lake-view-select", view=self.view)
        parts: list[tuple[list[ViewColumn], Rows]] = []
        if "column" in node:
            parts.append(self._columns(node["column"]))
        parts += [self.select(inner) for inner in self._listed(node, "select")]
        if "unionAll" in node:
            parts.append(self._union(self._listed(node, "unionAll")))
        columns = [column for own, _ in parts for column in own]
        return columns, self._iterated(node, _crossed([rows for _, rows in parts]))

    def _listed(self, node: Mapping[str, Any], key: str) -> Sequence[Any]:
        found = node.get(key, [])
        if not isinstance(found, list):
            raise Invalid("lake-view-select", view=self.view)
        return found

    def _columns(self, nodes: Sequence[Mapping[str, Any]]) -> tuple[list[ViewColumn], Rows]:
        columns = [self._column(node) for node in nodes]
        read = tuple(
            self._value(column, self.path(node.get("path")))
            for column, node in zip(columns, nodes, strict=True)
        )
        return columns, lambda item, row: [tuple([value(item, row) for value in read])]

    def _column(self, node: Mapping[str, Any]) -> ViewColumn:
        name = node.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Invalid("lake-view-columns", view=self.view)
        label = texts(node, "description")
        return ViewColumn(name, node.get("type", "string"), bool(node.get("collection")), label)

    def _value(self, column: ViewColumn, path: Evaluate) -> Callable[[Any, int], Any]:
        def value(item: Any, row: int) -> Any:
            found = path(item, row)
            if len(found) > 1:
                raise Invalid("lake-view-many", view=self.view, column=column.name)
            return found[0] if found else None

        return path if column.collection else value

    def _union(self, nodes: Sequence[Any]) -> tuple[list[ViewColumn], Rows]:
        branches = [self.select(node) for node in nodes]
        shapes = {tuple((c.name, c.type, c.collection) for c in columns) for columns, _ in branches}
        if len(shapes) != 1:
            raise Invalid("lake-view-union", view=self.view)
        makers = [rows for _, rows in branches]
        return branches[0][0], lambda item, row: [made for rows in makers for made in rows(item, row)]

    def _iterated(self, node: Mapping[str, Any], rows: Rows) -> Rows:
        if "repeat" in node:
            return _each(_descent([self.path(text) for text in self._listed(node, "repeat")]), rows)
        if "forEach" in node:
            return _each(self.path(node["forEach"]), rows)
        if "forEachOrNull" in node:
            each, path = _each(self.path(node["forEachOrNull"]), rows), self.path(node["forEachOrNull"])
            return lambda item, row: each(item, row) if path(item, row) else rows(None, 0)
        return rows


def _crossed(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]

    def rows(item: Any, row: int) -> list[Row]:
        sides = [part(item, row) for part in parts]
        return [tuple(value for side in combination for value in side) for combination in product(*sides)]

    return rows


def _each(path: Evaluate, rows: Rows) -> Rows:
    return lambda item, row: [made for at, inner in enumerate(path(item, row)) for made in rows(inner, at)]


def _descent(paths: Sequence[Evaluate]) -> Evaluate:
    """Every item that the paths reach, again and again, parents before their children."""

    def below(item: Any, row: int) -> Iterator[Any]:
        for path in paths:
            for inner in path(item, row):
                yield inner
                yield from below(inner, row)

    return lambda item, row: list(below(item, row))
