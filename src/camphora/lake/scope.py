"""The paths of a view, each compiled for the place where it stands: the resource, or what the forEach around it gives.

Where that has one type, items are plain JSON and most paths run straight on it (`fhirpath.quick`). Otherwise items
are the engine's own, which carry their type and their extensions along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any, TypeVar

from camphora.errors import Faults, Invalid
from camphora.fhir import fhirpath
from camphora.fhir.fhirpath import quick, tree
from camphora.fhir.fhirpath.checking import UNKNOWN, Checker, Static, both, of
from camphora.fhir.fhirpath.compiler import CONSTANTS, PREFIXED
from camphora.fhir.fhirpath.items import Item, Thing, value_of
from camphora.fhir.fhirpath.lexer import fault
from camphora.fhir.fhirpath.quick import Slow, Unfit
from camphora.fhir.fhirpath.types import Shape, shape
from camphora.lake import straight

Run = TypeVar("Run")
Read = Callable[[Any, int, Any], list[Any]]
"""From an item, its `%rowIndex` and the resource around it to values or to further items."""
KNOWN = frozenset({"rowIndex", "context", "resource", "rootResource", *CONSTANTS})


@dataclass(frozen=True, slots=True)
class Scope:
    """Where paths stand: the types that an item may have there."""

    types: Static

    @property
    def shape(self) -> Shape | None:
        """The only type, where it is a complex one: items are JSON then."""
        only = next(iter(self.types.types)) if self.types.types and len(self.types.types) == 1 else None
        if not isinstance(only, Shape) or only.primitive or only.name == "Resource" or not only.known:
            return None
        return only

    @classmethod
    def resource(cls, kind: str) -> Scope:
        return cls(of(shape(kind)))


class Paths:
    """Compiles the paths of one view."""

    def __init__(self, view: str, constants: Mapping[str, Any]) -> None:
        self.view = view
        self.constants = constants

    def path(self, text: Any, scope: Scope, column: str) -> Path:
        """A path of the column, or of `where`, `forEach`, …. Raises Invalid where it can mean nothing there."""
        if not isinstance(text, str):
            raise Invalid("lake-view-path", view=self.view, column=column, path="")
        try:
            return Path(self, text, scope, column)
        except Invalid as error:
            raise self.fault(column, text, error) from None

    def fitting(self, texts: Sequence[str], scope: Scope, column: str) -> list[Path]:
        """Those paths of which the elements can lie in the scope. Raises Invalid for other faults."""
        found = []
        for text in texts:
            try:
                found.append(self.path(text, scope, column))
            except Invalid as error:
                if not _is_absent(error):
                    raise
        return found

    def fault(self, column: str, text: str, error: Invalid) -> Invalid:
        """An error of the engine with the view, the column and the path that it is about."""
        return Faults([Invalid("lake-view-path", view=self.view, column=column, path=text), error])


class Path:
    """One path in its scope. `gives` is the scope of what it gives."""

    def __init__(self, paths: Paths, text: str, scope: Scope, column: str) -> None:
        self._paths, self._text, self._column = paths, text, column
        self._shape = scope.shape
        self._expression = fhirpath.compile(text, self._shape.name if self._shape else None)
        checker = _Types(text, scope.types, paths.constants)
        self.gives = Scope(checker.check(self._expression.tree))
        self._indexed = "rowIndex" in text

    def values(self) -> Read:
        """Reads what a column holds: JSON, dates as text, decimals as numbers."""
        otherwise = self._joined if _is_join(self._expression.tree) else self._values
        run = self._fitting(straight.values)
        if run is not None:
            return _first_try(run, otherwise)
        truth = self._fitting(quick.truth) if self.is_truth() else None
        if truth is not None:
            return _first_try(lambda item: [] if (found := truth(item)) is None else [found], otherwise)
        return otherwise

    def items(self, scope: Scope) -> Read:
        """Reads what paths in `scope` stand on, in the form that they ask for."""
        if scope.shape is None:
            return self._things
        run = self._fitting(straight.values)
        return _first_try(run, self._elements) if run is not None else self._elements

    def holds(self) -> Callable[[Any], bool]:
        """Whether a resource meets the condition. Raises Invalid lake-view-where for what is not true or false."""
        if self.gives.types.types and not self.is_truth():
            raise Invalid("lake-view-where", view=self._paths.view)
        truth = self._fitting(quick.truth) if self.is_truth() else None

        def holds(resource: Any) -> bool:
            try:
                return (truth(resource) if truth is not None else self._truth(resource)) is True
            except Slow:
                return self._truth(resource)

        return holds

    def is_truth(self) -> bool:
        """Whether it can give nothing but Booleans."""
        types = self.gives.types.types
        return bool(types) and all(
            one == "Boolean" or (isinstance(one, Shape) and one.carries == "Boolean") for one in types or ()
        )

    def _fitting(self, build: Callable[[tree.Node, Shape], Run]) -> Run | None:
        """The way straight on JSON, where there is one."""
        if self._shape is None:
            return None
        try:
            return build(self._expression.tree, self._shape)
        except Unfit:
            return None

    def _things(self, item: Any, row: int, resource: Any) -> list[Thing]:
        given = self._paths.constants
        variables = {**given, "rowIndex": row} if self._indexed else given
        try:
            return self._expression.things(item, resource=resource, variables=variables)
        except Invalid as error:
            raise self._paths.fault(self._column, self._text, error) from None

    def _values(self, item: Any, row: int, resource: Any) -> list[Any]:
        found = (_plain(thing) for thing in self._things(item, row, resource))
        return [value for value in found if value is not None]

    def _joined(self, item: Any, row: int, resource: Any) -> list[Any]:
        """SQL on FHIR's tests have nothing joined be a text without letters; FHIRPath has it be nothing."""
        return self._values(item, row, resource) or ([] if item is None else [""])

    def _elements(self, item: Any, row: int, resource: Any) -> list[Any]:
        return [thing.value for thing in self._things(item, row, resource) if isinstance(thing, Item)]

    def _truth(self, resource: Any) -> bool:
        found = [value_of(thing) for thing in self._things(resource, 0, resource)]
        if len(found) > 1 or (found and not isinstance(found[0], bool)):
            raise Invalid("lake-view-where", view=self._paths.view)
        return found == [True]


class _Types(Checker):
    """Infers what a path gives, and refuses constants that the view does not have."""

    def __init__(self, text: str, context: Static, constants: Mapping[str, Any]) -> None:
        super().__init__(text, None)
        self.context = context
        self.constants = constants

    def _external(self, node: tree.External, this: Static) -> Static:
        if node.name not in self.constants and node.name not in KNOWN and not node.name.startswith(_PREFIXES):
            raise fault("fhirpath-variable", self.text, node.at, name=node.name)
        return super()._external(node, this)

    def _call_getreferencekey(self, *_: object) -> Static:
        return of("String")


_PREFIXES = tuple(PREFIXED)


def repeated(paths: Paths, texts: Sequence[str], scope: Scope) -> tuple[list[Path], list[Path], Scope]:
    """The paths of a `repeat`: on the first item, on those below, and the scope of all that they reach.

    `item` and `answer.item` are one repeat, though a Questionnaire's response has no `answer` itself.
    """
    first = paths.fitting(texts, scope, "repeat")
    reached = _reached(first)
    while True:
        below = paths.fitting(texts, reached, "repeat")
        further = _reached([*first, *below])
        if further == reached:
            return first, below, reached
        reached = further


def _reached(paths: Sequence[Path]) -> Scope:
    return Scope(reduce(both, (path.gives.types for path in paths))) if paths else Scope(UNKNOWN)


def _is_absent(error: Invalid) -> bool:
    return isinstance(error, Faults) and error.faults[-1].code == "fhirpath-no-element"


def _is_join(node: tree.Node) -> bool:
    return isinstance(node, tree.Function) and node.name == "join"


def _first_try(run: Callable[[Any], list[Any]], otherwise: Read) -> Read:
    def read(item: Any, row: int, resource: Any) -> list[Any]:
        try:
            return run(item)
        except Slow:
            return otherwise(item, row, resource)

    return read


def _plain(thing: Thing) -> Any:
    """A value as columns hold it."""
    if isinstance(thing, Item):
        return thing.value
    if isinstance(thing, bool | str | int):
        return thing
    if isinstance(thing, Decimal):
        return _number(thing)
    if isinstance(thing, fhirpath.Quantity):
        return {"value": _number(thing.value), "unit": thing.unit}
    return str(thing)


def _number(value: Decimal) -> int | float:
    whole = value.as_tuple().exponent == 0 and abs(value) < 2**63
    return int(value) if whole else float(value)
