# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""Filters over concepts (http://hl7.org/fhir/filter-operator) as SQL over the terminology file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from camphora.terminology.operations.filters import CODE, HIERARCHY, checked, split
from camphora.terminology.systems import Filter
from camphora.terminology.words import Sql


class Conditions:
    """Makes the conditions of one edition; `attributes` are the numbers of its properties by name."""

    def __init__(self, number: int, attributes: Mapping[str, int]) -> None:
        self._number, self._attributes = number, attributes

    def all(self, filters: Sequence[Filter]) -> Sql:
        """Holds for the concepts that pass every filter. Raises Invalid terminology-filter."""
        found = [self.one(each) for each in filters]
        return " AND ".join(sql for sql, _ in found) or "1 = 1", [
            value for _, part in found for value in part
        ]

    def one(self, rule: Filter) -> Sql:
        """The condition of one filter over the row `concept`. Raises Invalid terminology-filter."""
        checked(rule)
        if rule.op in HIERARCHY:
            return self._by_hierarchy(rule)
        name = rule.property
        if name in self._attributes:
            return self._of_property(rule)
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

    def _own(self, code: str) -> Sql:
        sql = "SELECT top.id FROM concept top WHERE top.code = ? COLLATE NOCASE AND top.edition = ? AND top.code = ?"
        return sql, [code, self._number, code]

    def _below(self, code: str) -> Sql:
        own, values = self._own(code)
        span = own.replace("top.id", "top.low, top.high")
        sql = (
            f"(concept.id IN (SELECT c.id FROM concept c, ({span}) t WHERE c.edition = ? AND c.low > t.low"
            f" AND c.low <= t.high) OR concept.id IN (SELECT lower FROM beyond WHERE upper IN ({own})))"
        )
        return sql, [*values, self._number, *values]

    def _is_a(self, code: str) -> Sql:
        below, values = self._below(code)
        return f"(concept.code = ? OR {below})", [code, *values]

    def _above(self, code: str) -> Sql:
        own, values = self._own(code)
        span = own.replace("top.id", "top.low")
        sql = (
            f"(concept.code = ? OR concept.id IN (SELECT c.id FROM concept c, ({span}) t WHERE c.edition = ?"
            " AND c.low < t.low AND c.high >= t.low)"
            f" OR concept.id IN (SELECT upper FROM beyond WHERE lower IN ({own})))"
        )
        return sql, [code, *values, self._number, *values]

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

    def _of_property(self, rule: Filter) -> Sql:
        one = "SELECT concept FROM property p WHERE p.attribute = ?"
        number: list[object] = [self._attributes[rule.property]]
        if rule.op == "exists":
            found: Sql = (f"concept.id IN ({one})", number)
            return found if rule.value == "true" else _not(found)
        negated = rule.op == "not-in"
        tested, values = _compared("p.value", rule._replace(op="in") if negated else rule)
        found = (f"concept.id IN ({one} AND {tested})", [*number, *values])
        return _not(found) if negated else found


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
        "=": (f"({column} <> '' AND {column} = ?)", [rule.value]),
        "in": (f"({column} <> '' AND {column} IN ({marks}))", listed),
        "not-in": (f"({column} = '' OR {column} NOT IN ({marks}))", listed),
        "regex": (f"({column} <> '' AND covers(?, {column}))", [rule.value]),
        "exists": (f"{column} {'<>' if rule.value == 'true' else '='} ''", []),
    }
    return made[rule.op]


def _not(sql: Sql) -> Sql:
    return f"NOT ({sql[0]})", sql[1]
