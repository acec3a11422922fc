"""`_filter` as clauses: which operator asks what of which kind of parameter.

Source: https://hl7.org/fhir/R4/search_filter.html; where it is silent, docs/rulings.md.
"""

from __future__ import annotations

from dataclasses import replace

from camphora.fhir.dates import span
from camphora.fhir.search.asking import (
    AllClause,
    AnyClause,
    Clause,
    CompositeClause,
    DateClause,
    IdClause,
    Kind,
    MissingClause,
    Mode,
    NotClause,
    NumberClause,
    Parameter,
    Prefix,
    StringClause,
    UpdatedClause,
    UriClause,
)
from camphora.fhir.search.filter_text import Joined, Misread, Negated, Node, Step, Test, TooMuch, read
from camphora.fhir.search.known import Scope
from camphora.fhir.search.naming import Excess, Names, Refused
from camphora.fhir.search.parting import escaped
from camphora.fhir.search.values import Values, folded, truth

WHOLE = "_filter"
EQUAL = frozenset({"eq", "ne"})
"""The operators of sounds, which neither begin nor end."""
ORDERED = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb"})
OPERATORS: dict[Kind, frozenset[str]] = {
    "string": frozenset({"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"}),
    "number": ORDERED | {"co"},
    "date": ORDERED | {"co", "po"},
    "quantity": ORDERED,
    "token": frozenset({"eq", "ne", "ss", "sb", "in", "ni"}),
    "reference": frozenset({"eq", "ne", "re"}),
    "uri": frozenset({"eq", "ne", "sw"}),
    "composite": frozenset(),
    "special": frozenset(),
}
"""The operators of each kind, beside `pr`."""
MODIFIERS = {"ss": "below", "sb": "above", "in": "in", "ni": "not-in"}
"""The operators on tokens that are modifiers elsewhere: `ss`, the value subsumes what the record has."""
MODES: dict[str, Mode] = {"eq": "exact", "ne": "exact", "co": "contains", "sw": "start", "ew": "end",
                          "gt": "gt", "lt": "lt", "ge": "ge", "le": "le"}  # fmt: skip
SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ucum": "http://unitsofmeasure.org",
}
"""Names that stand for the address of a code system."""
GROUPS = {
    ("Group", "characteristic"): ("characteristic-value", {"code": "characteristic", "value": "value"}),
    ("DocumentReference", "relatesTo"): ("relationship", {"code": "relation", "target": "relatesto"}),
}
"""The names that R4 adds for `_filter`, those of them whose parameters R4 still has: the composite that holds the same,
and what its parts are called."""


def filter_clause(text: str, searched: Scope, names: Names, values: Values) -> Clause:
    """The clause that a filter asks. Refused where it cannot be read, or an operator does not fit its parameter;
    Unknown where a parameter is."""
    try:
        return _Filter(names, values).clause(read(text), searched)
    except Misread as fault:
        raise Refused("fhir-search-filter", searched, WHOLE, at=fault.at) from None
    except TooMuch:
        raise Excess("fhir-search-filter-large", searched, WHOLE) from None


class _Filter:
    def __init__(self, names: Names, values: Values) -> None:
        self.names = names
        self.values = values

    def clause(self, node: Node, searched: Scope) -> Clause:
        match node:
            case Joined("and"):
                return AllClause(tuple(self.clause(each, searched) for each in node.nodes))
            case Joined():
                return AnyClause(tuple(self.clause(each, searched) for each in node.nodes))
            case Negated():
                return NotClause(self.clause(node.node, searched))
        return self._path(node, node.path, searched)

    def _path(self, test: Test, path: tuple[Step, ...], searched: Scope) -> Clause:
        first, *rest = path
        if not rest:
            return self._tested(test, first.name, searched)
        group = self._group(first.name, searched)
        if group is not None and first.within is not None:
            return self._grouped(*group, replace(test, path=tuple(rest)), first.within, searched)
        parameter = self.names.parameter(searched, first.name, first.name)

        def made(target: Scope) -> tuple[Clause, ...]:
            within = () if first.within is None else (self.clause(first.within, target),)
            return *within, self._path(test, tuple(rest), target)

        return self.names.through(searched, parameter, first.type, made, first.name)

    def _tested(self, test: Test, code: str, searched: Scope) -> Clause:
        if code in {"_id", "_lastUpdated"}:
            return self._own(test, code, searched)
        parameter = self.names.parameter(searched, code, code)
        if test.operator == "pr":
            if parameter.kind in {"composite", "special"}:
                raise self._unfit(test, code, searched)
            return MissingClause(code, parameter.kind, not truth([test.value]))
        if test.operator not in (EQUAL if code == "phonetic" else OPERATORS[parameter.kind]):
            raise self._unfit(test, code, searched)
        return self._valued(test, parameter)

    def _own(self, test: Test, code: str, searched: Scope) -> Clause:
        """`_id` and `_lastUpdated`, which lie in the record's own row."""
        if test.operator == "pr":
            return AllClause(()) if truth([test.value]) else AnyClause(())
        if code == "_id" and test.operator in {"eq", "ne"}:
            clause = IdClause((test.value,))
            return clause if test.operator == "eq" else NotClause(clause)
        if code == "_id" or test.operator not in OPERATORS["date"]:
            raise self._unfit(test, code, searched)
        return UpdatedClause(self._dates(test))

    def _valued(self, test: Test, parameter: Parameter) -> Clause:
        code, operator = parameter.code, test.operator
        clause: Clause
        match parameter.kind:
            case "string" if code == "phonetic":
                clause = self.values.clause(parameter, "", [escaped(test.value)])
            case "string":
                clause = StringClause(code, MODES[operator], (folded(test.value),))
            case "date":
                return DateClause(code, self._dates(test))
            case "number":
                amount, _ = self.values.amount(test.value if operator == "co" else operator + test.value)
                return NumberClause(code, (replace(amount, prefix="co") if operator == "co" else amount,))
            case "quantity":
                return self.values.clause(parameter, "", [operator + _systematic(test.value, 1)])
            case "uri" if operator == "sw":
                return UriClause(code, (test.value,), "below")
            case "uri":
                clause = UriClause(code, (test.value,))
            case "token" if operator in MODIFIERS:
                return self.values.clause(parameter, MODIFIERS[operator], [_systematic(test.value, 0)])
            case _:
                clause = self.values.clause(parameter, "", [_systematic(test.value, 0)])
        return NotClause(clause) if operator == "ne" else clause

    def _dates(self, test: Test) -> tuple[tuple[Prefix, int, int], ...]:
        match test.operator:
            case "po" | "co":
                return (("ap" if test.operator == "po" else "co", *span(test.value)),)
        return (self.values.span(test.operator + test.value),)

    def _group(self, name: str, searched: Scope) -> tuple[Parameter, dict[str, str]] | None:
        """The composite that a name stands for, and its parts by the names that they have under it."""
        code, parts = GROUPS.get((searched.types[0], name), (name, None))
        found = searched.known.get(code)
        if found is None or found.kind != "composite":
            return None
        return found, parts or {each.code: each.code for each in found.components}

    def _grouped(
        self, composite: Parameter, parts: dict[str, str], test: Test, within: Node, searched: Scope
    ) -> Clause:
        """`characteristic[code eq x].value eq y`: tests that hold of one element, one for each of its parts."""
        tests = within.nodes if isinstance(within, Joined) and within.word == "and" else (within,)
        asked = {
            parts.get(each.path[0].name, ""): each
            for each in (*tests, test)
            if isinstance(each, Test) and len(each.path) == 1
        }
        wanted = [each.code for each in composite.components]
        if sorted(asked) != sorted(wanted) or len(tests) + 1 != len(wanted):
            raise Refused("fhir-search-filter-group", searched, WHOLE)
        clauses = [self._part(asked[each.code], each, searched) for each in composite.components]
        return CompositeClause(composite.code, (tuple(clauses),))

    def _part(self, test: Test, component: Parameter, searched: Scope) -> Clause:
        fit = OPERATORS[component.kind] - {"ne", "ni", "in", "ss", "sb"}
        negated = component.kind in {"date", "number", "quantity"} and test.operator == "ne"
        if test.operator not in fit and not negated:
            raise self._unfit(test, component.code, searched)
        return self._valued(test, component)

    def _unfit(self, test: Test, code: str, searched: Scope) -> Refused:
        return Refused("fhir-search-operator", searched, code, operator=test.operator)


def _systematic(value: str, at: int) -> str:
    """A value whose part `at` may be the short name of a code system; the bars stay what parts it."""
    parts = value.split("|")
    if len(parts) > at + 1:
        parts[at] = SYSTEMS.get(parts[at], parts[at])
    return "|".join(escaped(part) for part in parts)
