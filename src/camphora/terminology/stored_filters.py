# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""Filters over concepts (http://hl7.org/fhir/filter-operator) as SQL over the terminology file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from camphora.terminology.operations.filters import CODE, HIERARCHY, checked, split
from camphora.terminology.systems import Filter
from camphora.terminology.words import Sql

NONE: Sql = ("1 = 0", [])
BELOW = ("is-a", "descendent-of", "descendent-leaf")
QUICK = (*HIERARCHY, "=", "in")
"""Operators that one concept is held to by an index."""


class Span(NamedTuple):
    """Where a concept stands: its id, its interval (None in a flat edition), and whether others stand below it that
    the interval does not hold."""

    id: int
    low: int | None
    high: int | None
    wider: bool


class Conditions:
    """Makes the conditions of one edition. `attributes` are the numbers of its properties by name; `span` tells where
    a code stands."""

    def __init__(
        self, number: int, attributes: Mapping[str, int], span: Callable[[str], Span | None]
    ) -> None:
        self._number, self._attributes, self._span = number, attributes, span

    def all(self, filters: Sequence[Filter], *, single: bool = False) -> Sql:
        """Holds for the concepts that pass every filter; `single` where it is asked of one concept alone. Raises
        Invalid terminology-filter."""
        found = [self.one(each, single=single) for each in filters]
        values = [value for _, part in found for value in part]
        return " AND ".join(sql for sql, _ in found) or "1 = 1", values

    def start(self, filters: Sequence[Filter]) -> int:
        """A number of the walk behind which all concepts stand that pass: where the filters name a subtree, its top."""
        tops = [self._span(one.value) for one in filters if one.op in BELOW and one.property in CODE]
        return max((top.low - 1 for top in tops if top and top.low and not top.wider), default=0)

    def one(self, rule: Filter, *, single: bool = False) -> Sql:
        """The condition of one filter over the row `concept`. Raises Invalid terminology-filter."""
        checked(rule)
        if rule.op in HIERARCHY:
            return self._by_hierarchy(rule)
        name = rule.property
        if name in self._attributes:
            return self._of_property(rule, single=single)
        if name in _ENDS:
            return self._of_neighbour(rule)
        return _compared(_COLUMNS.get(name, "''"), rule)

    def _by_hierarchy(self, rule: Filter) -> Sql:
        if rule.property in CODE:
            return self._stands(rule)
        negated = rule.op == "is-not-a"
        inner, values = self._stands(rule._replace(op="is-a") if negated else rule)
        codes = f"(SELECT concept.code FROM concept WHERE concept.edition = ? AND {inner})"
        word = "NOT IN" if negated else "IN"
        if rule.property in self._attributes:
            sql = (
                "concept.id IN (SELECT p.concept FROM property p"
                f" WHERE p.attribute = ? AND p.value {word} {codes})"
            )
            return sql, [self._attributes[rule.property], self._number, *values]
        if rule.property in _ENDS:
            own, other = _ENDS[rule.property]
            sql = (
                f"EXISTS (SELECT 1 FROM edge WHERE edge.edition = ? AND edge.{own} = concept.code"
                f" AND edge.{other} {word} {codes})"
            )
            return sql, [self._number, self._number, *values]
        column = _COLUMNS.get(rule.property, "''")
        return f"({column} <> '' AND {column} {word} {codes})", [self._number, *values]

    # The hierarchy, asked by code

    def _stands(self, rule: Filter) -> Sql:
        made: dict[str, Callable[[str], Sql]] = {
            "is-a": self._is_a,
            "descendent-of": self._below,
            "is-not-a": lambda code: _not(self._is_a(code)),
            "generalizes": self._above,
            "child-of": self._child_of,
            "descendent-leaf": self._leaf_below,
        }
        return made[rule.op](rule.value)

    def _below(self, code: str, within: str = "concept.low > ? AND concept.low <= ?") -> Sql:
        """The list of those beyond the code's interval is asked only where there is one."""
        own = self._span(code)
        if own is None or own.low is None:
            return NONE
        if not own.wider:
            return f"({within})", [own.low, own.high]
        others = "SELECT lower FROM beyond WHERE upper = ?"
        return f"({within} OR concept.id IN ({others}))", [own.low, own.high, own.id]

    def _is_a(self, code: str) -> Sql:
        own = self._span(code)
        if own is None or own.low is None:
            return ("concept.id = ?", [own.id]) if own else NONE
        return self._below(code, "concept.low >= ? AND concept.low <= ?")

    def _above(self, code: str) -> Sql:
        own = self._span(code)
        if own is None or own.low is None:
            return ("concept.id = ?", [own.id]) if own else NONE
        sql = (
            "(concept.low <= ? AND concept.high >= ?"
            " OR concept.id IN (SELECT upper FROM beyond WHERE lower = ?))"
        )
        return sql, [own.low, own.low, own.id]

    def _child_of(self, code: str) -> Sql:
        sql = "concept.code IN (SELECT child FROM edge WHERE edition = ? AND parent = ?)"
        return sql, [self._number, code]

    def _leaf_below(self, code: str) -> Sql:
        below, values = self._below(code)
        leaf = "NOT EXISTS (SELECT 1 FROM edge WHERE edition = ? AND parent = concept.code)"
        return f"({below} AND {leaf})", [*values, self._number]

    def _of_neighbour(self, rule: Filter) -> Sql:
        """Filters on `parent` and `child` where they are no properties but the hierarchy itself."""
        own, other = _ENDS[rule.property]
        negated = rule.op == "not-in" or (rule.op, rule.value) == ("exists", "false")
        tested, values = _compared(other, rule._replace(op="in") if rule.op == "not-in" else rule)
        if rule.op == "exists":
            tested, values = "1 = 1", []
        sql = f"EXISTS (SELECT 1 FROM edge WHERE edition = ? AND {own} = concept.code AND {tested})"
        found: Sql = (sql, [self._number, *values])
        return _not(found) if negated else found

    def _of_property(self, rule: Filter, *, single: bool) -> Sql:
        one = "SELECT concept FROM property p WHERE p.attribute = ?"
        if (
            single and rule.op in QUICK
        ):  # a scalar query: SQLite makes a join of EXISTS, which takes five times as long
            tested, values = _compared("p.value", rule)
            found = f"({one} AND p.concept = concept.id AND {tested} LIMIT 1) IS NOT NULL"
            return found, [self._attributes[rule.property], *values]
        number: list[object] = [self._attributes[rule.property]]
        if rule.op == "exists":
            some: Sql = (f"concept.id IN ({one})", number)
            return some if rule.value == "true" else _not(some)
        negated = rule.op == "not-in"
        tested, values = _compared("p.value", rule._replace(op="in") if negated else rule)
        held: Sql = (f"concept.id IN ({one} AND {tested})", [*number, *values])
        return _not(held) if negated else held


_ENDS = {"parent": ("child", "parent"), "child": ("parent", "child")}
"""Of an edge: the end where the concept itself stands, and the end that the property names."""
_COLUMNS = {
    "code": "concept.code",
    "concept": "concept.code",
    "display": "coalesce(concept.display, nullif(concept.zh, ''), concept.en)",
    "definition": "coalesce(concept.more ->> '$.definition', '')",
    "inactive": "CASE concept.inactive WHEN 1 THEN 'true' ELSE 'false' END",
    "status": "concept.status",
}
"""What every concept has without declaring it, as text; the empty text is no value."""


def _compared(column: str, rule: Filter) -> Sql:
    """A text against the value of a filter."""
    listed = list[object](split(rule.value))
    marks = ",".join("?" * len(listed))
    made: dict[str, Sql] = {
        "=": (f"({column} = ?)" if rule.value else f"({column} <> '' AND {column} = ?)", [rule.value]),
        "in": (
            f"({column} IN ({marks}))" if all(listed) else f"({column} <> '' AND {column} IN ({marks}))",
            listed,
        ),
        "not-in": (f"({column} = '' OR {column} NOT IN ({marks}))", listed),
        "regex": (f"({column} <> '' AND covers(?, {column}))", [rule.value]),
        "exists": (f"{column} {'<>' if rule.value == 'true' else '='} ''", []),
    }
    return made[rule.op]


def _not(sql: Sql) -> Sql:
    return f"NOT ({sql[0]})", sql[1]
