"""The search grammar: which parameters a type has, and a query string as an immutable `Query`.

Source: https://hl7.org/fhir/R4/search.html. Repeated parameters are joined by and, values with commas by or.
An error names the parameter, never its value: a value may be a person's name or number.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import cast

from camphora.errors import Faults, Invalid
from camphora.fhir import definitions
from camphora.fhir.dates import span
from camphora.fhir.extract import OWN_COLUMNS, extract
from camphora.fhir.folding import fold
from camphora.fhir.references import parse_reference
from camphora.fhir.search.asking import (
    Clause,
    DateClause,
    IdClause,
    Kind,
    MissingClause,
    Mode,
    Parameter,
    Prefix,
    Query,
    ReferenceClause,
    Sort,
    StringClause,
    Summary,
    TokenClause,
    Total,
    UpdatedClause,
    UriClause,
)

MODIFIERS: dict[Kind, frozenset[str]] = {
    "token": frozenset(),
    "reference": frozenset({"identifier"}),
    "date": frozenset(),
    "string": frozenset({"exact", "contains"}),
    "uri": frozenset(),
}
"""The modifiers that are understood, beside `missing` and the type of a reference."""
RESULT_NAMES = frozenset({"_sort", "_count", "_page", "_total", "_summary", "_elements"})
ELSEWHERE = frozenset({"_format", "_pretty"})
"""Parameters that the edge answers."""
NOT_YET = frozenset(
    {"_has", "_include", "_revinclude", "_filter", "_list", "_type", "_contained", "_containedType"}
)
"""Parameters of the grammar that no type declares and that are not understood yet."""
MOST_ALTERNATIVES, MOST_CLAUSES, MOST_SORTED = 200, 50, 10
"""So many values may one parameter name, so many parameters a search, so many keys its order."""
_DATE = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.+)")


@cache
def parameters(resource_type: str) -> dict[str, Parameter]:
    """The parameters of a type that can be searched, by code, without `_id` and `_lastUpdated`.

    KeyError for a type that R4 does not have.
    """
    found, extractor = {}, extract(resource_type)
    for code in sorted(extractor.compiled - OWN_COLUMNS):
        row = definitions.search_parameters(resource_type)[code]
        targets = tuple(t for t in row.target if t in extractor.targets.get(code, ()))
        found[code] = Parameter(code, cast("Kind", row.type), row.url, targets)
    return found


def parse_query(
    resource_type: str,
    pairs: Iterable[tuple[str, str]],
    *,
    strict: bool,
    base: str = "",
    now: int | None = None,
) -> Query:
    """A query string, taken apart into its name and value `pairs`, as a `Query`.

    `base` is this server's own address, so that absolute references under it count as local; `now` the time in
    milliseconds against which `ap` is measured. All faults are raised together as `Faults`: a malformed value
    always, an unknown parameter or modifier where `strict`; otherwise it is named in `Query.ignored`.
    """
    moment = int(time.time() * 1000) if now is None else now
    reading = _Reading(resource_type, base, moment)
    for name, value in pairs:
        if name not in ELSEWHERE:
            reading.take(name, value)
    faults = [*reading.faults, *reading.excess(), *(reading.unknown if strict else ())]
    if faults:
        raise Faults(faults)
    return reading.query()


class _Unknown(Exception):
    """What lenient handling leaves out and strict handling refuses."""


class _Reading:
    """A query while it is read: what was understood, what was not, and what was wrong."""

    def __init__(self, resource_type: str, base: str, now: int) -> None:
        self.type, self.base, self.now = resource_type, base, now
        self.known = parameters(resource_type)
        self.clauses: list[Clause] = []
        self.result: dict[str, str] = {}
        self.faults: list[Invalid] = []
        self.unknown: list[Invalid] = []
        self.ignored: list[str] = []

    def take(self, name: str, value: str) -> None:
        code, _, modifier = name.partition(":")
        most = MOST_SORTED if code == "_sort" else MOST_ALTERNATIVES
        if value.count(",") >= most and len(split(value, ",")) > most:
            self.faults.append(Invalid("fhir-search-many", type=self.type, param=name, most=most))
            return
        try:
            if code in RESULT_NAMES and not modifier:
                self._result(code, value)
            elif code == "_id" and not modifier:
                self.clauses.append(IdClause(tuple(_unescaped(part) for part in split(value, ","))))
            elif code == "_lastUpdated" and not modifier:
                self.clauses.append(UpdatedClause(self._spans(value)))
            else:
                self.clauses.append(self._clause(code, modifier, value))
        except _Unknown as unknown:
            self._left_out(name, str(unknown), code, modifier)
        except ValueError:
            self.faults.append(Invalid("fhir-search-value", type=self.type, param=name))

    def excess(self) -> list[Invalid]:
        """The fault of asking for more than so many things at once, named by the first that is one too many."""
        names = [getattr(clause, "param", "_id") for clause in self.clauses][MOST_CLAUSES:]
        return [
            Invalid("fhir-search-many", type=self.type, param=name, most=MOST_CLAUSES) for name in names[:1]
        ]

    def _left_out(self, name: str, reason: str, code: str, modifier: str) -> None:
        self.ignored.append(name)
        self.unknown.append(Invalid(reason, type=self.type, param=code, modifier=modifier))

    def _result(self, code: str, value: str) -> None:
        if not RESULT_FORMS[code](value):
            raise ValueError(code)
        if code == "_sort":
            for key in value.split(","):
                self._sortable(key.removeprefix("-"))
        self.result[code] = value

    def _sortable(self, code: str) -> None:
        parameter = self.known.get(code)
        if code not in {"_id", "_lastUpdated"} and (parameter is None or parameter.kind != "date"):
            raise _Unknown("fhir-search-sort")

    def _sort(self, key: str) -> Sort:
        code = key.removeprefix("-")
        kind: Kind = self.known[code].kind if code in self.known else "date"
        return Sort(code, "token" if code == "_id" else kind, key.startswith("-"))

    def _clause(self, code: str, modifier: str, value: str) -> Clause:
        parameter = self.known.get(code)
        if parameter is None:
            known = code.partition(".")[0] in {*definitions.search_parameters(self.type), *NOT_YET}
            raise _Unknown("fhir-search-unsupported" if known else "fhir-search-unknown")
        if not value:
            raise ValueError(code)
        if modifier == "missing":
            if value not in {"true", "false"}:
                raise ValueError(code)
            return MissingClause(code, parameter.kind, value == "true")
        typed = parameter.kind == "reference" and modifier in definitions.resource_types()
        if modifier and not typed and modifier not in MODIFIERS[parameter.kind]:
            raise _Unknown("fhir-search-modifier")
        return self._valued(parameter, modifier, value)

    def _valued(self, parameter: Parameter, modifier: str, value: str) -> Clause:
        code, parts = parameter.code, split(value, ",")
        if modifier in {"exact", "identifier"}:
            pairs = [(None, _unescaped(p)) if modifier == "exact" else _token(p) for p in parts]
            return TokenClause(f"{code}:{modifier}", tuple(pairs))
        if parameter.kind == "uri":
            return UriClause(code, tuple(_unescaped(part) for part in parts))
        if parameter.kind == "token":
            return TokenClause(code, tuple(_token(part) for part in parts))
        if parameter.kind == "date":
            return DateClause(code, self._spans(value))
        if parameter.kind == "string":
            mode: Mode = "contains" if modifier == "contains" else "start"
            return StringClause(code, mode, tuple(fold(_unescaped(part)) for part in parts))
        targets = (modifier,) if modifier else parameter.targets
        found = tuple(self._reference(_unescaped(part), targets) for part in parts)
        if modifier and any(kind not in {modifier, ""} for kind, _ in found):
            raise ValueError(code)
        return ReferenceClause(code, found)

    def _reference(self, text: str, targets: tuple[str, ...]) -> tuple[str | None, str]:
        found = parse_reference(text, self.base)
        if found.kind == "local":
            return found.type, found.id
        if found.kind in {"absolute", "urn"}:
            return "", text
        if not re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", text):
            raise ValueError("reference")
        return (targets[0] if len(targets) == 1 else None), text

    def _spans(self, value: str) -> tuple[tuple[Prefix, int, int], ...]:
        return tuple(self._span(part) for part in split(value, ","))

    def _span(self, text: str) -> tuple[Prefix, int, int]:
        found = _DATE.fullmatch(text)
        if not found:
            raise ValueError("date")
        # a plus sign that a client did not encode arrives as a space
        low, high = span(found[2].replace(" ", "+"))
        prefix = cast("Prefix", found[1] or "eq")
        slack = abs(self.now - (low + high) // 2) // 10 if prefix == "ap" else 0
        return prefix, low - slack, high + slack

    def query(self) -> Query:
        given = self.result
        sort = [self._sort(key) for key in given.get("_sort", "").split(",") if key]
        total = "none" if given.get("_total", "none") == "none" else "accurate"
        return Query(
            type=self.type,
            clauses=tuple(self.clauses),
            sort=tuple(sort),
            count=int(given["_count"]) if "_count" in given else None,
            page=given.get("_page"),
            total=cast("Total", total),
            summary=cast("Summary", given.get("_summary", "false")),
            elements=tuple(filter(None, given.get("_elements", "").split(","))),
            ignored=tuple(self.ignored),
        )


RESULT_FORMS: dict[str, Callable[[str], object]] = {
    "_sort": lambda value: all(value.split(",")),
    "_count": re.compile(r"[0-9]{1,9}").fullmatch,
    "_page": bool,
    "_total": frozenset({"none", "estimate", "accurate"}).__contains__,
    "_summary": frozenset({"true", "text", "data", "count", "false"}).__contains__,
    "_elements": re.compile(r"[A-Za-z]+(,[A-Za-z]+)*").fullmatch,
}


def split(text: str, mark: str) -> list[str]:
    r"""`text` at each `mark` that no backslash escapes; the escapes stay in the parts.

    >>> split(r"a\,b,c", ",")
    ['a\\,b', 'c']
    """
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == mark:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _unescaped(text: str) -> str:
    plain = re.sub(r"\\([,|$\\])", r"\1", text)
    if not plain:
        raise ValueError("empty value")
    return plain


def _token(text: str) -> tuple[str | None, str | None]:
    parts = split(text, "|")
    if len(parts) == 1:
        return None, _unescaped(text)
    if len(parts) > 2 or parts == ["", ""]:
        raise ValueError("token")
    system, code = (_unescaped(part) if part else "" for part in parts)
    return system, code or None
