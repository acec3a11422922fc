"""FHIRPath for R4: expressions compiled once to closures over parsed JSON.

    compile("Patient.name.given")(patient)                     → ["Peter", "James"]
    compile("name.given").located(patient)                     → [Located("Peter", "string", "Patient.name[0]…", …)]
    compile("name.exists()", "Patient").holds(patient)         → True, False, or None where it is empty
    parse("name.given")                                        → the tree (see `tree`)

Source: https://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/fhirpath.html. What an expression may cost is bounded:
see `lexer.LONGEST`, `parser.DEEPEST`, `running.STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, Unpack

from camphora.errors import Invalid
from camphora.fhir.fhirpath import quick, tree, types
from camphora.fhir.fhirpath.checking import Checker
from camphora.fhir.fhirpath.compiler import Compiler
from camphora.fhir.fhirpath.dates import Date, DateTime, Time
from camphora.fhir.fhirpath.functions.taking import truth
from camphora.fhir.fhirpath.items import Item, Primitive, Step, Thing, TypeInfo, root, type_of
from camphora.fhir.fhirpath.parser import DEEPEST, parse
from camphora.fhir.fhirpath.quantities import Quantity
from camphora.fhir.fhirpath.quick import Slow, Unfit
from camphora.fhir.fhirpath.running import Collection, Environment, Frame, Given, Run

__all__ = [
    "Date",
    "DateTime",
    "Environment",
    "Expression",
    "Located",
    "Primitive",
    "Quantity",
    "Time",
    "TypeInfo",
    "compile",
    "parse",
    "tree",
]


class Located(NamedTuple):
    """One result. `value` is its JSON, or a value of FHIRPath's own; None for a primitive with extensions alone.

    `type` is the FHIR type (`HumanName`) or the System one (`System.String`). `path` and `location` say where an
    element lies (`Patient.name[0]`, `("name", 0)` from the item evaluated on); both are None for computed values and
    `location` for elements of other resources.
    """

    value: Any
    type: str
    path: str | None
    location: tuple[Step, ...] | None
    beside: dict[str, Any] | None = None


class _Quick(NamedTuple):
    """The ways straight on JSON that an expression has for one type of context."""

    values: quick.Values | None = None
    truth: quick.Truth | None = None

    @classmethod
    def of(cls, node: tree.Node, context: types.Shape | None) -> _Quick:
        if context is None or not context.known:
            return _NONE
        return cls(_fitting(quick.values, node, context), _fitting(quick.truth, node, context))


_NONE = _Quick()


def _fitting(build: Callable[[tree.Node, types.Shape], Any], node: tree.Node, context: types.Shape) -> Any:
    try:
        return build(node, context)
    except Unfit:
        return None


class Expression:
    """A compiled expression. It keeps nothing between evaluations and may be shared by threads.

    All ways to evaluate take the same: `item` is the JSON of a resource or element, a `Primitive`, or a plain value;
    `resource` and `root` are the resource around it and the one around that (a contained resource's container, a
    Bundle); `variables` are the `%names` by name without `%`; `resolver` and `terms` answer `resolve()`,
    `memberOf()` and `subsumes()`, `conforms` answers `conformsTo()` (JSON, profile), `trace` hears of `trace()`.
    Every fault is `camphora.errors.Invalid` with a code `fhirpath-…`, the column in the expression and the element.
    """

    __slots__ = ("_evaluate", "_quick", "_shape", "_strict", "text", "tree", "type")

    def __init__(
        self, text: str, of: str | None = None, *, strict: bool = False, ordered: bool = False
    ) -> None:
        self.text = text
        self.tree = parse(text)
        self.type = of
        self._shape = None if of is None else types.element(of)
        self._strict = strict
        self._quick: dict[str | None, _Quick] = {}
        if strict:
            Checker(text, self._shape, ordered=ordered).check(self.tree)
        self._evaluate = Compiler(text, strict=strict).compile(self.tree)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __call__(self, item: Any, **given: Unpack[Environment]) -> list[Any]:
        """The results as plain values: an element's JSON, else bool, str, int, Decimal, `Date`, `DateTime`, `Time`,
        `Quantity` or `TypeInfo`. Primitives that have no value, extensions alone, are left out."""
        values = self._known(item).values
        if values is not None and "trace" not in given:
            try:
                return list(values(item))
            except Slow:
                pass
        found = (_plain(thing) for thing in self.things(item, **given))
        return [value for value in found if value is not None]

    def located(self, item: Any, **given: Unpack[Environment]) -> list[Located]:
        """The results with type and place, in order, those without a value among them."""
        context = root(item, self._shape)
        return [_located(thing, context) for thing in self.things(context, **given)]

    def holds(self, item: Any, **given: Unpack[Environment]) -> bool | None:
        """Whether it holds, as an invariant: a lone boolean says it, other results mean yes, none None."""
        quickly = self._known(item).truth
        if quickly is not None and "trace" not in given:
            try:
                return quickly(item)
            except Slow:
                pass
        things = self.things(item, **given)
        return truth(things) if len(things) < 2 else True

    def _known(self, item: Any) -> _Quick:
        """The quick way for the type of an item, found once for each type."""
        kind = item.get("resourceType") if type(item) is dict else None
        try:
            return self._quick[kind]
        except KeyError:
            if kind is None or types.is_resource(kind):
                self._quick[kind] = _Quick.of(self.tree, self._shape if kind is None else types.shape(kind))
                return self._quick[kind]
        except TypeError:
            pass
        return _NONE

    def things(self, item: Any, **given: Unpack[Environment]) -> Collection:
        """The results as the engine holds them: elements as `Item`, other values as they are."""
        context = root(item, self._shape)
        resource, whole = given.get("resource"), given.get("root")
        within = context if resource is None else root(resource, None)
        environment = Given(
            within,
            within if whole is None else root(whole, None),
            given.get("variables") or {},
            given.get("resolver"),
            given.get("terms"),
            given.get("conforms"),
            given.get("trace"),
        )
        try:
            return self._evaluate(Frame(Run(context, environment), [context]))
        except RecursionError:
            raise Invalid("fhirpath-deep", most=DEEPEST) from None


SHORT = 2_000
"""Expressions up to this length are kept compiled."""


def compile(  # noqa: A001 - the word that re has taught everybody
    text: str,
    type: str | None = None,  # noqa: A002
    *,
    strict: bool = False,
    ordered: bool = False,
) -> Expression:
    """The expression compiled, one object for one text. `type` is the FHIR type or element path of its context.

    Raises `Invalid` for what is no FHIRPath. `strict` also refuses names and types that cannot fit the context
    (`Patient.name.given1`) and `as` on several things; `ordered` an order asked of what has none.
    """
    if len(text) > SHORT:
        return Expression(text, type, strict=strict, ordered=ordered)
    return _kept(text, type, strict, ordered)


@lru_cache(maxsize=4096)
def _kept(text: str, of: str | None, strict: bool, ordered: bool) -> Expression:
    return Expression(text, of, strict=strict, ordered=ordered)


def _plain(thing: Thing) -> Any:
    return thing.value if isinstance(thing, Item) else thing


def _located(thing: Thing, context: Thing) -> Located:
    if not isinstance(thing, Item):
        return Located(thing, str(type_of(thing)), None, None)
    top = thing
    while top.parent is not None:
        top = top.parent
    location = thing.location if top is context else None
    return Located(thing.value, thing.shape.code, thing.path, location, thing.beside)
