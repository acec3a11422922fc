"""Slicing: which slice of an element each of its items falls into, and what is asked of the slices.

Discriminators by value, pattern, type, exists and profile; their paths are the small FHIRPath of
https://hl7.org/fhir/R4/profiling.html#discriminator: names, `$this`, `extension('url')`, `ofType(T)`, `resolve()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from camphora.fhir.primitives import Found
from camphora.fhir.validation.discriminators import Match, discriminator
from camphora.fhir.validation.limits import numbers, said, slice_number
from camphora.fhir.validation.parts import Part
from camphora.fhir.validation.scope import Check, Scope
from camphora.fhir.validation.walking import no_array

if TYPE_CHECKING:
    from camphora.fhir.validation.compiler import Compiler

MOST_VERDICTS = 256
Chosen = tuple[Part, ...]
"""The slice that an item fell into, then the slice of that slice, and so on; empty: none."""


class Slicer:
    """The slices of one part. `choose` says which an item falls into."""

    def __init__(self, compiler: Compiler, part: Part, code: str) -> None:
        self.part = part
        slicing = part.definition.get("slicing") or {}
        self.rules: str = slicing.get("rules", "open")
        self.ordered = bool(slicing.get("ordered"))
        named = [one for one in part.slices.values() if one.slice != "@default"]
        self.default = next((one for one in part.slices.values() if one.slice == "@default"), None)
        rows = slicing.get("discriminator", ())
        self.slices = [(one, self._matches(compiler, one, code, rows)) for one in named]
        self.inner = {one: made for one in part.slices.values() if (made := slicer(compiler, one, code))}
        self._verdicts: dict[tuple[Chosen, ...], list[Found]] = {}
        self.order = {one: index for index, one in enumerate(named)}

    @staticmethod
    def _matches(compiler: Compiler, one: Part, code: str, rows: Any) -> Match:
        tests = tuple(discriminator(compiler, one, code, row["type"], row["path"]) for row in rows)
        if not tests:
            return lambda _value, _scope: False
        if len(tests) == 1:
            return tests[0]
        return lambda value, scope: all(test(value, scope) for test in tests)

    def choose(self, value: Any, scope: Scope) -> Chosen:
        for one, match in self.slices:
            if match(value, scope):
                return self._deeper(one, value, scope)
        return (self.default,) if self.default else ()

    def _deeper(self, one: Part, value: Any, scope: Scope) -> Chosen:
        inner = self.inner.get(one)
        return (one, *inner.choose(value, scope)) if inner else (one,)

    def faults(self, chosen: tuple[Chosen, ...]) -> list[Found]:
        """What the number and the order of the items in each slice breaks."""
        known = self._verdicts.get(chosen)
        if known is None:
            known = self._faults(chosen)
            if len(self._verdicts) < MOST_VERDICTS:
                self._verdicts[chosen] = known
        return known

    def _faults(self, chosen: tuple[Chosen, ...]) -> list[Found]:
        found = self._numbers(chosen)
        firsts = [one[0] if one else None for one in chosen]
        found += [f for index, one in enumerate(firsts) for f in self._unmatched(index, one, firsts)]
        if self.ordered:
            found += self._disorder(firsts)
        for one, inner in self.inner.items():
            found += inner.faults(tuple(path[1:] for path in chosen if path and path[0] is one))
        return found

    def _numbers(self, chosen: tuple[Chosen, ...]) -> list[Found]:
        found: list[Found] = []
        for one in self.part.slices.values():
            number = sum(1 for path in chosen if path and path[0] is one)
            found += slice_number(one, number)
        return found

    def _unmatched(self, index: int, one: Part | None, firsts: list[Part | None]) -> list[Found]:
        if one is not None or self.rules == "open":
            return []
        if self.rules == "openAtEnd" and not any(firsts[index:]):
            return []
        slices = ", ".join(part.slice for part in self.part.slices.values())
        return [said(self.part, f"[{index}]", "validation-slice-none", slices=slices)]

    def _disorder(self, firsts: list[Part | None]) -> list[Found]:
        latest = -1
        for index, one in enumerate(firsts):
            if one is None or one not in self.order:
                continue
            if self.order[one] < latest:
                return [said(self.part, f"[{index}]", "validation-slice-order", slice=one.slice)]
            latest = self.order[one]
        return []


def slicer(compiler: Compiler, part: Part, code: str) -> Slicer | None:
    """The slicer of a part; None where it has no slices, or only those of a choice's types."""
    slicing = part.definition.get("slicing") or {}
    kinds = {row.get("type") for row in slicing.get("discriminator", ())}
    if not part.slices or (part.name.endswith("[x]") and kinds <= {"type"}):
        return None
    return Slicer(compiler, part, code)


def sliced_check(
    compiler: Compiler, parts: tuple[Part, ...], code: str, slicers: list[Slicer], *, many: bool
) -> Check:
    """The check of an element that some of its parts slice."""
    least, most, limits = numbers(parts)
    table: dict[tuple[Chosen, ...], Check] = {}
    one_of = _chooser(slicers)

    def every(value: list[Any], scope: Scope) -> list[Found] | None:
        found: list[Found] | None = None
        chosen: list[tuple[Chosen, ...]] = []
        for index, item in enumerate(value):
            paths = one_of(item, scope)
            chosen.append(paths)
            one = table.get(paths)
            if one is None:
                more = (part for path in paths for part in path)
                one = table[paths] = compiler.value((*parts, *more), code)
            faults = one(item, scope)
            if faults is not None:
                found = [*(found or ()), *(f._replace(path=f"[{index}]{f.path}") for f in faults)]
        for number, made in enumerate(slicers):
            faults = made.faults(tuple([paths[number] for paths in chosen]))
            if faults:
                found = [*(found or ()), *faults]
        return found

    def check(value: Any, scope: Scope) -> list[Found] | None:
        if type(value) is not list or not value:
            return no_array(value)
        found = every(value, scope)
        if len(value) < least or (most is not None and len(value) > most):
            found = [*(found or ()), *limits(len(value))]
        return found

    def single(value: Any, scope: Scope) -> list[Found] | None:
        found = every([value], scope)
        return found and [fault._replace(path=fault.path.removeprefix("[0]")) for fault in found]

    return check if many else single


def _chooser(slicers: list[Slicer]) -> Callable[[Any, Scope], tuple[Chosen, ...]]:
    if len(slicers) == 1:
        choose = slicers[0].choose
        return lambda item, scope: (choose(item, scope),)
    return lambda item, scope: tuple(made.choose(item, scope) for made in slicers)
