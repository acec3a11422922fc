"""The search grammar: a query string as an immutable `Query`.

Source: https://hl7.org/fhir/R4/search.html. Repeated parameters are joined by and, values with commas by or.
An error names the parameter, never its value: a value may be a person's name or number.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import cast

from camphora.errors import Faults, Invalid
from camphora.fhir import definitions
from camphora.fhir.registry import Registry
from camphora.fhir.search.asking import (
    AllClause,
    AnyClause,
    Clause,
    Ignored,
    Include,
    ListClause,
    MissingClause,
    Query,
    ReferenceClause,
    Sort,
    Summary,
    TokenClause,
    Total,
    UriClause,
)
from camphora.fhir.search.filtering import filter_clause
from camphora.fhir.search.known import (
    DRUG_ALLERGIES,
    ELSEWHERE,
    FUNCTIONAL_LISTS,
    REFUSED,
    RESULT_NAMES,
    Scope,
)
from camphora.fhir.search.naming import HAS, Names, Refused, Unknown
from camphora.fhir.search.parting import plain, split
from camphora.fhir.search.results import FORMS, include, sort_keys
from camphora.fhir.search.texts import text_clause
from camphora.fhir.search.values import Values, allowed

MOST_ALTERNATIVES, MOST_CLAUSES, MOST_SORTED, MOST_INCLUDED = 200, 50, 10, 20
"""So many values may one parameter name, so many parameters a search, so many keys its order; so many includes."""
MOST_VALUES = 2_000
"""So many values may all parameters of a search name together: each is several bound values of a statement."""
OWN_MODIFIERS = {"_id": frozenset({"", "missing", "not"}), "_lastUpdated": frozenset({"", "missing"})}
LONGEST_REMEMBERED = 100
"""Characters of a value whose meaning is remembered: a form may send a megabyte in one."""
UNSPLIT = frozenset({"_filter", "_include", "_revinclude", "_page"})
"""Parameters whose values are one, commas or not."""


def parse_query(
    resource_type: str | None,
    pairs: Iterable[tuple[str, str]],
    *,
    strict: bool,
    base: str = "",
    now: int | None = None,
    compartment: tuple[str, str] | None = None,
    registry: Registry | None = None,
) -> Query:
    """A query string, taken apart into its name and value `pairs`, as a `Query`.

    `resource_type` None: a search of all types, or of those that `_type` names. `compartment` (type, id): of what lies
    in it alone. `registry`: the parameters beside R4's own (`Registry.bundled()` where none is given). `base` is this
    server's own address, so that absolute references under it count as local; `now` the time in milliseconds against
    which `ap` is measured. All faults are raised together as `Faults`: a malformed value or a modifier that its
    parameter does not have always, an unknown parameter where `strict`; otherwise it is named in `Query.ignored`. A
    parameter without a value is no error and is named there too.
    """
    moment = int(time.time() * 1000) if now is None else now
    given = [pair for pair in pairs if pair[0] not in ELSEWHERE]
    types = _types(resource_type, given, compartment)
    shown = resource_type or (types[0] if len(types) == 1 else "Resource")
    searched = Scope(types, shown, registry or Registry.bundled())
    reading = _Reading(searched, Values(base, moment), compartment, recurs=now is not None)
    for name, value in sorted(given, key=lambda pair: pair[0] == "_list"):
        reading.take(name, value)
    faults = [*reading.faults, *(reading.unknown if strict else ())]
    if faults:
        raise Faults(faults)
    several = searched.types if resource_type is None else ()
    return reading.query(several, compartment)


def _types(
    resource_type: str | None, pairs: Sequence[tuple[str, str]], compartment: tuple[str, str] | None
) -> tuple[str, ...]:
    """The types that are searched; Faults where `_type` or the compartment leaves none."""
    shown = resource_type or "Resource"
    within = _within(compartment)
    types = (resource_type,) if resource_type else tuple(sorted(within or definitions.resource_types()))
    for name, value in pairs:
        if name == "_type" and value:
            named = value.split(",")
            if not definitions.resource_types() >= set(named) or (
                resource_type and resource_type not in named
            ):
                raise Faults([Invalid("fhir-search-type", type=shown, param="_type")])
            types = tuple(each for each in types if each in named)
    if within is not None:
        types = tuple(each for each in types if each in within)
    if not types:
        raise Faults([Invalid("fhir-search-type", type=shown, param="_type")])
    return types


def _within(compartment: tuple[str, str] | None) -> frozenset[str] | None:
    """The types of which records lie in a compartment; the resource that it is about among them."""
    if compartment is None:
        return None
    try:
        return frozenset({compartment[0], *definitions.compartment(compartment[0])})
    except KeyError:
        raise Faults([Invalid("fhir-search-compartment", type=compartment[0])]) from None


class _Reading:
    """A query while it is read: what was understood, what was not, and what was wrong."""

    def __init__(
        self,
        searched: Scope,
        values: Values,
        compartment: tuple[str, str] | None,
        *,
        recurs: bool = False,
    ) -> None:
        """`recurs`: other searches come at the same moment, so that what is read may be remembered for them."""
        self.recurs = recurs
        self.searched = searched
        self.compartment = compartment
        self.values = values
        self.names = Names()
        self.clauses: list[Clause] = []
        self.includes: list[Include] = []
        self.values_asked = 0
        self.sort: tuple[Sort, ...] = ()
        self.result: dict[str, str] = {}
        self.faults: list[Invalid] = []
        self.unknown: list[Invalid] = []
        self.ignored: list[Ignored] = []

    def take(self, name: str, value: str) -> None:
        code = name.partition(":")[0]
        if code == "_type":
            return
        if not value:
            self.ignored.append(Ignored(name, value, ""))
            return
        if self._too_many(code, name, value):
            return
        try:
            self._taken(code, name, value)
        except Unknown as unknown:
            self.ignored.append(Ignored(name, value, str(unknown.fault.facts["param"])))
            self.unknown.append(unknown.fault)
        except Refused as refused:
            self.faults.append(refused.fault)
        except ValueError:
            self.faults.append(Invalid("fhir-search-value", type=self.searched.shown, param=name))

    def _too_many(self, code: str, name: str, value: str) -> bool:
        most = MOST_SORTED if code == "_sort" else MOST_ALTERNATIVES
        parts = 1 if code in UNSPLIT or "," not in value else len(split(value, ","))
        self.values_asked += parts
        if parts <= most and self.values_asked > MOST_VALUES:
            parts, most = self.values_asked, MOST_VALUES
        if len(self.includes) >= MOST_INCLUDED and code in {"_include", "_revinclude"}:
            parts, most = len(self.includes) + 1, MOST_INCLUDED
        if len(self.clauses) >= MOST_CLAUSES and code not in RESULT_NAMES:
            parts, most = len(self.clauses) + 1, MOST_CLAUSES
        if parts <= most:
            return False
        if not any(fault.code == "fhir-search-many" for fault in self.faults):
            self.faults.append(Invalid("fhir-search-many", type=self.searched.shown, param=name, most=most))
        return True

    def _taken(self, code: str, name: str, value: str) -> None:
        if code in RESULT_NAMES:
            self._result(code, name, value)
        elif name == "_filter":
            self.clauses.append(filter_clause(value, self.searched, self.names, self.values))
        else:
            self.clauses.append(self._said(name, value))

    def _said(self, name: str, value: str) -> Clause:
        """What a parameter says; where that hangs on no other one, and on the day alone, it is remembered."""
        simple = self.recurs and name[:1] != "_" and "." not in name and len(value) <= LONGEST_REMEMBERED
        if simple:
            return _remembered(self.searched, self.values.base, self.values.now, name, value)
        return self.clause(name, value)

    def clause(self, name: str, value: str) -> Clause:
        whole = name if name.startswith(HAS) else name.partition(":")[0] if "." not in name else name
        leaf = partial(self._leaf, whole, split(value, ","))
        return self.names.clause(self.searched, name, leaf, whole)

    def _leaf(self, whole: str, parts: list[str], searched: Scope, code: str, modifier: str) -> Clause:
        """The clause of the parameter at the end of a name."""
        own = self._own(code, modifier, parts, searched, whole)
        if own is not None:
            return own
        parameter = self.names.parameter(searched, code, whole)
        if not allowed(parameter, modifier):
            raise Refused("fhir-search-modifier", searched, code, modifier=modifier)
        if parameter.code == "url" and not modifier and "version" in searched.known:
            return self._canonical(parts)
        return self.values.clause(parameter, modifier, parts)

    def _own(self, code: str, modifier: str, parts: list[str], searched: Scope, whole: str) -> Clause | None:
        """The parameters of every type that no element of it stands for."""
        if modifier not in OWN_MODIFIERS.get(code, {"", modifier}):
            raise Refused("fhir-search-modifier", searched, code, modifier=modifier)
        if code in {"_text", "_content", "_list"} and modifier:
            raise Refused("fhir-search-modifier", searched, code, modifier=modifier)
        match code:
            case "_id":
                return self.values.ids(modifier, parts)
            case "_lastUpdated":
                return self.values.updated(modifier, parts)
            case "_text" | "_content":
                return text_clause(code, [plain(part) for part in parts])
            case "_list":
                return self._lists([plain(part) for part in parts], searched)
        if code in REFUSED or code == "_filter":
            raise Unknown("fhir-search-unsupported", searched, whole)
        return None

    def _lists(self, texts: list[str], searched: Scope) -> Clause:
        """`_list`. A functional list is one of a patient, whom the rest of the search names."""
        named = tuple(self._list(text) for text in texts if not text.startswith("$"))
        current = tuple(text for text in texts if text in FUNCTIONAL_LISTS)
        drugs = DRUG_ALLERGIES in texts
        if len(named) + len(current) + texts.count(DRUG_ALLERGIES) < len(texts):
            raise ValueError("no such list")
        patients = self._patients() if searched is self.searched else ()
        if not patients and (current or drugs):
            raise Refused("fhir-search-list", searched, "_list")
        found: list[Clause] = [ListClause(named + current, patients)] if named or current else []
        if drugs:
            found.append(_of_drugs(ListClause(("$current-allergies",), patients), searched))
        return found[0] if len(found) == 1 else AnyClause(tuple(found))

    def _patients(self) -> tuple[str, ...]:
        """The patients whom the search names by their ids: `patient`, `subject`, or the compartment."""
        within = [self.compartment[1]] if self.compartment and self.compartment[0] == "Patient" else []
        named = (each for each in self.clauses if isinstance(each, ReferenceClause) and not each.direction)
        keys = [
            key
            for clause in named
            if clause.param in {"patient", "subject"}
            for kind, key in clause.alternatives
            if kind in {"Patient", None}
        ]
        return tuple(dict.fromkeys([*within, *keys]))

    def _list(self, text: str) -> str:
        kind, key = self.values.reference(text, ("List",))
        if kind != "List":
            raise ValueError("not a List")
        return key

    def _canonical(self, parts: list[str]) -> Clause:
        """`url`, in which a version may stand behind a bar (search.html#uri)."""
        found: list[Clause] = []
        bare = []
        for part in parts:
            address, *version = split(part, "|")
            if len(version) == 1 and version[0]:
                wanted = TokenClause("version", ((None, plain(version[0])),))
                found.append(AllClause((UriClause("url", (plain(address),)), wanted)))
            else:
                bare.append(plain(part))
        if bare:
            found.insert(0, UriClause("url", tuple(bare)))
        return found[0] if len(found) == 1 else AnyClause(tuple(found))

    def _result(self, code: str, name: str, value: str) -> None:
        if code in {"_include", "_revinclude"}:
            self.includes.append(include(self.searched, name, value))
            return
        if name != code:
            raise Refused("fhir-search-modifier", self.searched, code, modifier=name.partition(":")[2])
        if code == "_sort":
            self.sort = sort_keys(self.searched, value)
        elif code in {"_contained", "_containedType"}:
            if code == "_containedType" or value != "false":
                raise Unknown("fhir-search-contained", self.searched, code)
        elif not FORMS[code](value):
            raise ValueError(code)
        else:
            self.result[code] = value

    def query(self, types: tuple[str, ...], compartment: tuple[str, str] | None) -> Query:
        given = self.result
        if self.includes and given.get("_summary") == "text":
            fault = Invalid("fhir-search-mixed", type=self.searched.shown, param="_summary")
            raise Faults([fault])
        return Query(
            type=self.searched.types[0],
            clauses=tuple(self.clauses),
            sort=self.sort,
            count=int(given["_count"]) if "_count" in given else None,
            page=given.get("_page"),
            total=cast("Total", given.get("_total", "none")),
            summary=cast("Summary", given.get("_summary", "false")),
            elements=tuple(filter(None, given.get("_elements", "").split(","))),
            ignored=tuple(self.ignored),
            includes=tuple(self.includes),
            compartment=compartment,
            types=types,
        )


@lru_cache(4096)
def _remembered(searched: Scope, base: str, now: int, name: str, value: str) -> Clause:
    return _Reading(searched, Values(base, now), None).clause(name, value)


def _of_drugs(allergies: Clause, searched: Scope) -> Clause:
    """Of these allergies those to medication: an allergy that says nothing of what it is to stays among them."""
    if searched.types != ("AllergyIntolerance",):
        raise ValueError("not a list of this type")
    unsaid = MissingClause("category", "token", missing=True)
    return AllClause((allergies, AnyClause((TokenClause("category", ((None, "medication"),)), unsaid))))
