"""Names of parameters: plain ones, chains over references, and `_has` back over them, each of any depth up to ten.

Sources: https://hl7.org/fhir/R4/search.html#chaining and #has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from camphora.errors import Invalid
from camphora.fhir import definitions
from camphora.fhir.search.asking import AnyClause, ChainClause, Clause, HasClause, Parameter
from camphora.fhir.search.known import Scope

DEEPEST = 10
"""So many references may a chain, a `_has` or a path of `_filter` follow, one after the other."""
MOST_LINKS, MOST_TRIED = 500, 2_000
"""So many links may the chains of one search have, counted for each type that a reference may name, and so many types
may be tried."""
HAS = "_has:"
_HEAD = re.compile(r"[A-Za-z][\w-]*")


class Wrong(Exception):
    """What is wrong with a parameter, as a fault that names it and the type in which it was looked for."""

    def __init__(self, code: str, searched: Scope, param: str, **facts: str | int) -> None:
        super().__init__(code)
        self.fault = Invalid(code, place=None, type=searched.shown, param=param, **facts)


class Unknown(Wrong):
    """What lenient handling leaves out and strict handling refuses."""


class Refused(Wrong):
    """What is refused in any handling."""


class Excess(Refused):
    """What asks for too much, whichever way the rest is read."""


Leaf = Callable[[Scope, str, str], Clause]
"""The clause of a type's parameter and its modifier, at the end of a name."""
Made = Callable[[Scope], tuple[Clause, ...]]
"""The clauses that hold of a record of another type."""


class Names:
    """Follows the names of one search; `whole` is the name that the search gave, by which a fault is told."""

    def __init__(self) -> None:
        self.links = self.tried = self.depth = 0

    def clause(self, searched: Scope, name: str, leaf: Leaf, whole: str) -> Clause:
        """The clause at the end of a name. Raises Unknown, Refused, or what `leaf` raises."""
        if name.startswith(HAS):
            return self._has(searched, name, leaf, whole)
        code, dot, rest = name.partition(".")
        code, _, modifier = code.partition(":")
        if not dot:
            return leaf(searched, code, modifier)
        parameter = self.parameter(searched, code, whole)
        return self.through(
            searched,
            parameter,
            modifier,
            lambda each: (self.clause(each, rest, leaf, whole),),
            whole,
            rest=rest,
        )

    def parameter(self, searched: Scope, code: str, whole: str) -> Parameter:
        found = searched.known.get(code)
        if found is None:
            declared = searched.declares(code)
            raise Unknown("fhir-search-unsupported" if declared else "fhir-search-unknown", searched, whole)
        return found

    def through(
        self, searched: Scope, parameter: Parameter, kind: str, made: Made, whole: str, *, rest: str = ""
    ) -> Clause:
        """Some record that a reference names, of the type `kind` or of any that has what is asked of it. `rest` begins
        with the parameter that it must have."""
        if parameter.kind != "reference":
            raise Unknown("fhir-search-chain", searched, whole)
        if kind and kind not in definitions.resource_types():
            raise Refused("fhir-search-modifier", searched, parameter.code, modifier=kind)
        targets = [each for each in parameter.targets if kind in {"", each}]
        head = _HEAD.match(rest)
        if head and len(targets) > 1:
            targets = [each for each in targets if head[0] in searched.of(each).known]
        found: list[Clause] = []
        faults: list[Unknown | Refused | ValueError] = []
        with self._deeper(searched, whole):
            for target in targets:
                self.tried += 1
                self._bounded(searched, whole)
                try:
                    found.append(ChainClause(parameter.code, target, made(searched.of(target))))
                    self.links += 1
                except Excess:
                    raise
                except (Unknown, Refused, ValueError) as fault:
                    faults.append(fault)
        if not found:
            raise _telling(faults) or Unknown("fhir-search-chain", searched, whole)
        return found[0] if len(found) == 1 else AnyClause(tuple(found))

    @contextmanager
    def _deeper(self, searched: Scope, whole: str) -> Iterator[None]:
        depth = self.depth
        self.depth += 1
        self._bounded(searched, whole)
        try:
            yield
        finally:
            self.depth = depth

    def _bounded(self, searched: Scope, whole: str) -> None:
        if self.depth > DEEPEST:
            raise Excess("fhir-search-deep", searched, whole, most=DEEPEST)
        if self.links > MOST_LINKS or self.tried > MOST_TRIED:
            raise Excess("fhir-search-wide", searched, whole, most=MOST_LINKS)

    def _has(self, searched: Scope, name: str, leaf: Leaf, whole: str) -> Clause:
        parts = name.split(":", 3)
        if len(parts) != 4 or parts[1] not in definitions.resource_types():
            raise Unknown("fhir-search-has", searched, "_has")
        _, kind, code, rest = parts
        inner = searched.of(kind)
        parameter = self.parameter(inner, code, whole)
        if parameter.kind != "reference" or set(searched.types).isdisjoint(parameter.targets):
            raise Unknown("fhir-search-has", searched, "_has")
        self.links += 1
        with self._deeper(searched, whole):
            return HasClause(kind, code, (self.clause(inner, rest, leaf, whole),))


def _telling(faults: list[Unknown | Refused | ValueError]) -> Exception | None:
    """The fault that tells most: of a parameter that is known, or that of the only type there is."""
    known = [fault for fault in faults if not isinstance(fault, Unknown)]
    return next(iter(known or (faults if len(faults) == 1 else ())), None)
