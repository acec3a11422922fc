"""The tree to closures: each takes the frame in which it stands and gives a collection."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from camphora.errors import Invalid, Place
from camphora.fhir.fhirpath import dates, functions, tree
from camphora.fhir.fhirpath.functions.elements import as_type, is_type, member_of
from camphora.fhir.fhirpath.functions.filtering import sort
from camphora.fhir.fhirpath.functions.taking import amount, integer, one, truth
from camphora.fhir.fhirpath.items import Item, Value, root
from camphora.fhir.fhirpath.lexer import fault
from camphora.fhir.fhirpath.operators import OPERATORS
from camphora.fhir.fhirpath.quantities import Quantity
from camphora.fhir.fhirpath.running import Collection, Evaluate, Frame
from camphora.fhir.fhirpath.tree import Node
from camphora.fhir.fhirpath.types import SYSTEM, has
from camphora.fhir.ucum import EXACT

CONSTANTS = {
    "ucum": "http://unitsofmeasure.org", "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"
}  # fmt: skip
PREFIXED = {
    "vs-": "http://hl7.org/fhir/ValueSet/", "ext-": "http://hl7.org/fhir/StructureDefinition/"
}  # fmt: skip
TYPED = ("is", "as", "ofType")


class Compiler:
    """Compiles one expression. `strict`: `as` refuses several things instead of choosing among them."""

    def __init__(self, text: str, *, strict: bool = False) -> None:
        self.text = text
        self.strict = strict
        self.scoped = "defineVariable" in text

    def compile(self, node: Node) -> Evaluate:
        make: Callable[[Any], Evaluate] = getattr(self, f"_{type(node).__name__.lower()}")
        return make(node)

    def guarded(self, node: Node, evaluate: Evaluate) -> Evaluate:
        """`evaluate`, whose errors name their place in the expression and the element."""

        def run(frame: Frame) -> Collection:
            try:
                return evaluate(frame)
            except Invalid as error:
                if error.place is None:
                    error.place = self._place(node.at, frame)
                raise

        return run

    def _place(self, at: int, frame: Frame) -> Place:
        spot = fault("fhirpath-syntax", self.text, at).place or Place()
        thing = frame.this[0] if frame.this else None
        return Place(line=spot.line, column=spot.column, path=thing.path if isinstance(thing, Item) else None)

    def _literal(self, node: tree.Literal) -> Evaluate:
        things: Collection = [self._value(node)]
        return lambda _: things

    def _value(self, node: tree.Literal) -> Value:
        read = {"Date": dates.date, "DateTime": dates.date_time, "Time": dates.time}.get(node.type)
        if read is None:
            return node.value
        found = read(node.text)
        if found is None:
            raise fault("fhirpath-date", self.text, node.at)
        return found

    def _quantity(self, node: tree.Quantity) -> Evaluate:
        things: Collection = [Quantity(Decimal(node.text), node.unit, node.calendar)]
        return lambda _: things

    def _empty(self, _: tree.Empty) -> Evaluate:
        return lambda _: []

    def _special(self, node: tree.Special) -> Evaluate:
        if node.name == "this":
            return lambda frame: frame.this
        if node.name == "index":
            return lambda frame: [] if frame.index is None else [frame.index]
        return lambda frame: frame.total or []

    def _external(self, node: tree.External) -> Evaluate:
        name = node.name
        for prefix, address in PREFIXED.items():
            if name.startswith(prefix):
                found: Collection = [address + name.removeprefix(prefix)]
                return lambda _: found
        return self.guarded(node, lambda frame: external(frame, name))

    def _member(self, node: tree.Member) -> Evaluate:
        name = node.name
        if node.source is not None:
            source = self.compile(node.source)
            return lambda frame: member_of(frame, source(frame), name)
        if not has(name):
            return lambda frame: member_of(frame, frame.this, name)

        def named_type(frame: Frame) -> Collection:
            if all(isinstance(thing, Item) and name in thing.shape.ancestors for thing in frame.this):
                return frame.this
            return member_of(frame, frame.this, name)

        return named_type

    def _indexer(self, node: tree.Indexer) -> Evaluate:
        source, index = self.compile(node.source), self.compile(node.index)

        def run(frame: Frame) -> Collection:
            things, at = source(frame), integer(index(frame))
            return things[at : at + 1] if at is not None and at >= 0 else []

        return self.guarded(node, run)

    def _polarity(self, node: tree.Polarity) -> Evaluate:
        operand, turned = self.compile(node.operand), EXACT.minus if node.sign == "-" else EXACT.plus

        def run(frame: Frame) -> Collection:
            value = amount(operand(frame))
            if isinstance(value, Quantity):
                return [Quantity(turned(value.value), value.unit, value.calendar)]
            if value is None:
                return []
            return [turned(value) if isinstance(value, Decimal) else int(turned(Decimal(value)))]

        return self.guarded(node, run)

    def _binary(self, node: tree.Binary) -> Evaluate:
        if node.operator == "|":
            return self._union(node)
        left, right = self._scope(self.compile(node.left)), self._scope(self.compile(node.right))
        logical = LOGICAL.get(node.operator)
        if logical:
            return self.guarded(node, logical(left, right))
        operator = OPERATORS[node.operator]
        return self.guarded(node, lambda frame: operator(frame, left(frame), right(frame)))

    def _union(self, node: tree.Binary) -> Evaluate:
        """A chain of `|` in one go."""
        parts: list[Node] = []
        at: Node = node
        while isinstance(at, tree.Binary) and at.operator == "|":
            parts.append(at.right)
            at = at.left
        branches = [self._scope(self.compile(part)) for part in (at, *reversed(parts))]
        union = OPERATORS["|"]

        def run(frame: Frame) -> Collection:
            return union(frame, [], [thing for branch in branches for thing in branch(frame)])

        return self.guarded(node, run)

    def _scope(self, evaluate: Evaluate) -> Evaluate:
        """What `defineVariable` defines inside is not known outside."""
        if not self.scoped:
            return evaluate

        def run(frame: Frame) -> Collection:
            before = frame.names
            found = evaluate(frame)
            frame.names = before
            return found

        return run

    def _typetest(self, node: tree.TypeTest) -> Evaluate:
        return self._typed(node, node.operator, self.compile(node.operand), node.namespace, node.name)

    def _typed(self, node: Node, operator: str, source: Evaluate, namespace: str, name: str) -> Evaluate:
        self._known_type(node, operator, namespace, name)
        single = self.strict and operator == "as"

        def test(frame: Frame) -> Collection:
            thing = one(source(frame))
            return [] if thing is None else [is_type(thing, namespace, name)]

        def choose(frame: Frame) -> Collection:
            things = source(frame)
            if single:
                one(things)
            return [thing for thing in things if as_type(thing, namespace, name)]

        return self.guarded(node, test if operator == "is" else choose)

    def _known_type(self, node: Node, operator: str, namespace: str, name: str) -> None:
        known = {"": name in SYSTEM or has(name), "System": name in SYSTEM, "FHIR": has(name)}
        if not known.get(namespace, False) and not (namespace in known and namespace and operator == "is"):
            raise fault("fhirpath-no-type", self.text, node.at, type=f"{namespace}.{name}".lstrip("."))

    def _function(self, node: tree.Function) -> Evaluate:
        source = self.compile(node.source) if node.source is not None else _this
        if node.name in TYPED and len(node.arguments) == 1:
            return self._typed(node, node.name, source, *self._type_name(node.arguments[0]))
        if node.name == "sort":
            return self._sort(node, source)
        definition = functions.FUNCTIONS.get(node.name)
        if definition is None:
            raise fault("fhirpath-no-function", self.text, node.at, name=node.name)
        if not definition.least <= len(node.arguments) <= definition.most:
            count = {"least": definition.least, "most": definition.most, "found": len(node.arguments)}
            raise fault("fhirpath-arguments", self.text, node.at, name=node.name, **count)
        return self.guarded(node, self._called(definition, source, node.arguments))

    def _called(
        self, definition: functions.Definition, source: Evaluate, given: tuple[Node, ...]
    ) -> Evaluate:
        arguments, run = [self._scope(self.compile(argument)) for argument in given], definition.run
        if definition.lazy:
            return lambda frame: run(frame, source(frame), *arguments)
        if not arguments:
            return lambda frame: run(frame, source(frame))
        if len(arguments) == 1:
            argument = arguments[0]
            return lambda frame: run(frame, source(frame), argument(frame))
        return lambda frame: run(frame, source(frame), *(argument(frame) for argument in arguments))

    def _type_name(self, node: Node) -> tuple[str, str]:
        if isinstance(node, tree.Member) and node.source is None:
            return "", node.name
        if (
            isinstance(node, tree.Member)
            and isinstance(node.source, tree.Member)
            and node.source.source is None
        ):
            return node.source.name, node.name
        raise fault("fhirpath-no-type", self.text, node.at, type="?")

    def _sort(self, node: tree.Function, source: Evaluate) -> Evaluate:
        keys: list[tuple[int, Evaluate]] = []
        for argument in node.arguments:
            falling = isinstance(argument, tree.Polarity) and argument.sign == "-"
            inside = argument.operand if isinstance(argument, tree.Polarity) and falling else argument
            keys.append((-1 if falling else 1, self._scope(self.compile(inside))))
        return self.guarded(node, lambda frame: sort(frame, source(frame), keys))


def _this(frame: Frame) -> Collection:
    return frame.this


def external(frame: Frame, name: str) -> Collection:
    """What `%name` stands for. Raises `Invalid` where nobody has defined it."""
    if frame.names is not None and name in frame.names:
        return frame.names[name]
    given = frame.run.given
    if name in given.variables:
        value = given.variables[name]
        return [root(one, None) for one in (value if isinstance(value, list) else [value]) if one is not None]
    context = frame.run.context
    if name == "context":
        return [context]
    if name in {"resource", "rootResource"}:
        found = given.root if name == "rootResource" and given.root is not None else given.resource
        return [context if found is None else found]
    if name in CONSTANTS:
        return [CONSTANTS[name]]
    raise Invalid("fhirpath-variable", name=name)


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    def run(frame: Frame) -> Collection:
        a = truth(left(frame))
        if a is False:
            return [False]
        b = truth(right(frame))
        return [False] if b is False else [True] if a and b else []

    return run


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    def run(frame: Frame) -> Collection:
        a = truth(left(frame))
        if a:
            return [True]
        b = truth(right(frame))
        return [True] if b else [False] if a is False and b is False else []

    return run


def _xor(left: Evaluate, right: Evaluate) -> Evaluate:
    def run(frame: Frame) -> Collection:
        a, b = truth(left(frame)), truth(right(frame))
        return [] if a is None or b is None else [a is not b]

    return run


def _implies(left: Evaluate, right: Evaluate) -> Evaluate:
    def run(frame: Frame) -> Collection:
        a = truth(left(frame))
        if a is False:
            return [True]
        b = truth(right(frame))
        return [True] if b else [False] if a and b is False else []

    return run


LOGICAL: dict[str, Callable[[Evaluate, Evaluate], Evaluate]] = {
    "and": _and, "or": _or, "xor": _xor, "implies": _implies
}  # fmt: skip
