"""What can be said of an expression before it runs: that its names exist and its types fit.

The type of each part is inferred from the type of the context; where it is not known nothing is refused.
"""

from __future__ import annotations

from typing import NamedTuple

from camphora.fhir.fhirpath import functions, tree
from camphora.fhir.fhirpath.lexer import fault
from camphora.fhir.fhirpath.tree import Node
from camphora.fhir.fhirpath.types import QUANTITIES, SYSTEM, Shape, has, shape

Type = Shape | str
"""A FHIR type as its shape, a System type as its name."""
ABSTRACT = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})
TEMPORAL = frozenset({"Date", "DateTime", "Time"})
NUMBERS = frozenset({"Integer", "Decimal"})


class Static(NamedTuple):
    """The types that things may have; None where that is not known, no types where there is nothing."""

    types: frozenset[Type] | None
    ordered: bool = True


UNKNOWN = Static(None)


def of(*types: Type) -> Static:
    return Static(frozenset(types))


def both(left: Static, right: Static) -> Static:
    types = None if left.types is None or right.types is None else left.types | right.types
    return Static(types, left.ordered and right.ordered)


class Checker:
    """Infers types; raises `Invalid` at the first part that cannot mean anything.

    `ordered`: also refuses to ask an order of what has none (`children().first()`).
    """

    def __init__(self, text: str, context: Shape | None, *, ordered: bool = False) -> None:
        self.text = text
        self.context = UNKNOWN if context is None else of(context)
        self.ask_order = ordered

    def check(self, node: Node) -> Static:
        return self.infer(node, self.context)

    def infer(self, node: Node, this: Static) -> Static:
        found: Static = getattr(self, f"_{type(node).__name__.lower()}")(node, this)
        return found

    def _literal(self, node: tree.Literal, _: Static) -> Static:
        return of(node.type)

    def _quantity(self, _node: tree.Quantity, _: Static) -> Static:
        return of("Quantity")

    def _empty(self, _node: tree.Empty, _: Static) -> Static:
        return of()

    def _special(self, node: tree.Special, this: Static) -> Static:
        return {"this": this, "index": of("Integer")}.get(node.name, UNKNOWN)

    def _external(self, node: tree.External, _: Static) -> Static:
        return self.context if node.name == "context" else UNKNOWN

    def _member(self, node: tree.Member, this: Static) -> Static:
        if node.source is not None:
            return self.inside(node, self.infer(node.source, this))
        if has(node.name):
            if this.types is None:
                return of(shape(node.name))
            named = [one for one in this.types if isinstance(one, Shape) and node.name in one.ancestors]
            if named:
                return of(*named)
        return self.inside(node, this)

    def inside(self, node: tree.Member, source: Static) -> Static:
        """The types of the elements of one name."""
        if source.types is None or not source.types:
            return source
        found: set[Type] = set()
        for one in source.types:
            if isinstance(one, str):
                found.update(
                    {"String", "Decimal"} if one == "Quantity" and node.name in {"value", "unit"} else ()
                )
            elif node.name in one.fields:
                found.update(option.shape for option in one.fields[node.name].options)
            elif one.name in ABSTRACT or not one.known:
                return Static(None, source.ordered)
        if not found:
            owner = ", ".join(sorted(one if isinstance(one, str) else one.name for one in source.types))
            raise fault("fhirpath-no-element", self.text, node.at, element=node.name, type=owner)
        return Static(None if self._open(found) else frozenset(found), source.ordered)

    @staticmethod
    def _open(types: set[Type]) -> bool:
        return any(isinstance(one, Shape) and one.name == "Resource" for one in types)

    def _indexer(self, node: tree.Indexer, this: Static) -> Static:
        source = self.infer(node.source, this)
        self.infer(node.index, this)
        self._in_order(node, source)
        return source

    def _in_order(self, node: tree.Indexer | tree.Function, source: Static) -> None:
        if self.ask_order and not source.ordered:
            name = node.name if isinstance(node, tree.Function) else "[ ]"
            raise fault("fhirpath-unordered", self.text, node.at, name=name)

    def _polarity(self, node: tree.Polarity, this: Static) -> Static:
        operand = self.infer(node.operand, this)
        self._takes(node, node.sign, frozenset({"Integer", "Decimal", "Quantity"}), operand)
        return operand

    def _typetest(self, node: tree.TypeTest, this: Static) -> Static:
        self.infer(node.operand, this)
        return of("Boolean") if node.operator == "is" else self._typed(node.namespace, node.name)

    @staticmethod
    def _typed(namespace: str, name: str) -> Static:
        if namespace != "System" and has(name):
            return of(shape(name))
        return of(name) if name in SYSTEM else UNKNOWN

    def _binary(self, node: tree.Binary, this: Static) -> Static:
        left, right = self.infer(node.left, this), self.infer(node.right, this)
        if node.operator == "|":
            return both(left, right)
        if node.operator == "&":
            return of("String")
        if node.operator in {"+", "-", "*", "/", "div", "mod"}:
            return self._arithmetic(node, left, right)
        return of("Boolean")

    def _arithmetic(self, node: tree.Binary, left: Static, right: Static) -> Static:
        a, b = _carried(left) - {"primitive"}, _carried(right) - {"primitive"}
        if not a or not b:
            return UNKNOWN
        if a <= TEMPORAL:
            fits, found = node.operator in {"+", "-"} and "Quantity" in b, left
        elif a <= {"String"}:
            fits, found = node.operator == "+" and "String" in b, of("String")
        else:
            numbers = NUMBERS | {"Quantity"}
            fits = bool(a & (numbers | TEMPORAL)) and bool(b & numbers)
            found = of("Integer") if a == b == {"Integer"} and node.operator != "/" else UNKNOWN
        if not fits:
            types = {"left": ", ".join(sorted(a)), "right": ", ".join(sorted(b))}
            raise fault("fhirpath-operands", self.text, node.at, operator=node.operator, **types)
        return found

    def _function(self, node: tree.Function, this: Static) -> Static:
        source = self.infer(node.source, this) if node.source is not None else this
        special = getattr(self, f"_call_{node.name.lower()}", None)
        if special is not None:
            found: Static = special(node, source, this)
            return found
        definition = functions.FUNCTIONS.get(node.name)
        if definition is None:
            return UNKNOWN
        for argument in node.arguments:
            self.infer(argument, source if definition.lazy else this)
        self._takes(node, node.name, definition.takes, source)
        if definition.ordered:
            self._in_order(node, source)
        if definition.gives == "":
            return source
        return UNKNOWN if definition.gives == "?" else of(definition.gives)

    def _takes(self, node: Node, name: str, takes: frozenset[str], source: Static) -> None:
        """Refuses a source none of whose types the function takes."""
        carried = _carried(source)
        if takes and carried and not carried & takes and not (carried >= {"primitive"} and "String" in takes):
            found = ", ".join(sorted(one if isinstance(one, str) else one.name for one in source.types or ()))
            expected = ", ".join(sorted(takes))
            raise fault("fhirpath-input", self.text, node.at, name=name, expected=expected, found=found)

    def _call_is(self, _: tree.Function, _source: Static, _this: Static) -> Static:
        return of("Boolean")

    def _call_as(self, node: tree.Function, source: Static, _: Static) -> Static:
        argument = node.arguments[0] if node.arguments else None
        if not isinstance(argument, tree.Member):
            return UNKNOWN
        before = argument.source
        typed = self._typed(before.name if isinstance(before, tree.Member) else "", argument.name)
        return Static(typed.types, source.ordered)

    _call_oftype = _call_as

    def _call_select(self, node: tree.Function, source: Static, _: Static) -> Static:
        found = self.infer(node.arguments[0], source) if node.arguments else UNKNOWN
        return Static(found.types, source.ordered and found.ordered)

    def _call_repeat(self, node: tree.Function, source: Static, this: Static) -> Static:
        first = self._call_select(node, source, this)
        if first.types is None or any(isinstance(one, str) for one in first.types):
            return Static(first.types, ordered=False)
        return Static(both(first, self._call_select(node, first, this)).types, ordered=False)

    def _call_iif(self, node: tree.Function, source: Static, this: Static) -> Static:
        scope = source if node.source is not None else this
        criterion, *branches = [self.infer(argument, scope) for argument in node.arguments] or [UNKNOWN]
        carried = _carried(criterion)
        if carried and "Boolean" not in carried:
            found = ", ".join(sorted(carried))
            raise fault("fhirpath-input", self.text, node.at, name="iif", expected="Boolean", found=found)
        found_types = of()
        for branch in branches:
            found_types = both(found_types, branch)
        return found_types

    def _call_aggregate(self, node: tree.Function, source: Static, this: Static) -> Static:
        for argument in node.arguments[1:]:
            self.infer(argument, this)
        if node.arguments:
            self.infer(node.arguments[0], source)
        return UNKNOWN

    def _call_trace(self, node: tree.Function, source: Static, _: Static) -> Static:
        for argument in node.arguments[1:]:
            self.infer(argument, source)
        return source

    def _call_union(self, node: tree.Function, source: Static, this: Static) -> Static:
        return both(source, self.infer(node.arguments[0], this)) if node.arguments else UNKNOWN

    _call_combine = _call_union

    def _call_children(self, _: tree.Function, _source: Static, _this: Static) -> Static:
        return Static(None, ordered=False)

    _call_descendants = _call_children

    def _call_extension(self, node: tree.Function, source: Static, this: Static) -> Static:
        for argument in node.arguments:
            self.infer(argument, this)
        return Static(of(shape("Extension")).types, source.ordered)


def _carried(static: Static) -> frozenset[str]:
    """The System types that the things carry, empty where one is not known; `complex` for what carries none."""
    if static.types is None:
        return frozenset()
    found: set[str] = set()
    for one in static.types:
        if isinstance(one, str):
            found.add(one)
        elif one.name in ABSTRACT or not one.known:
            return frozenset()
        elif one.primitive:
            found.update({one.carries or "String", "primitive"})
        else:
            found.add("Quantity" if one.code in QUANTITIES else "complex")
    return frozenset(found)
