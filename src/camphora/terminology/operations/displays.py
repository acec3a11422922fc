"""Whether the name that was written beside a code is one of its names, in a language that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from camphora.terminology.operations.issues import Choices, Issue
from camphora.terminology.operations.languages import (
    Languages,
    best,
    is_display,
    names,
    withdrawn,
)
from camphora.terminology.systems import CodeSystem, Concept, Designation


class Named(NamedTuple):
    """`shown` is what to call the concept; `issue` what is to be said of the name given."""

    shown: str | None
    issue: Issue | None = None


def named(
    system: CodeSystem,
    concept: Concept,
    given: str | None,
    wish: Languages | None,
    *,
    at: str,
    extra: Sequence[Designation] = (),
    lenient: bool = False,
) -> Named:
    """Compare `given` with the names of the concept and with `extra` ones, those of the value set.

    Case does not count. In a language for which there is no name, the name in the system's own language is good.
    """
    if not extra and wish is None and given in (None, concept.display):
        return Named(concept.display)
    every = [*names(concept, system.language), *extra]
    shown = best(every, wish) or (every[0] if every and concept.display is not None else None)
    text = shown.value if shown else None
    if given is None or not every:
        return Named(text)
    current = [item for item in every if is_display(item) and not withdrawn(item)]
    inside = [item for item in current if wish is None or wish.covers(item.language)]
    if _among(given, inside):
        return Named(text)
    facts: dict[str, object] = {"given": given, "system": system.url, "concept": concept.code}
    severity = "warning" if lenient else ""
    old = [item for item in every if withdrawn(item)]
    if _among(given, old):
        return Named(text, Issue("terminology-display-withdrawn", at, {**facts, "choices": _quoted(inside)}))
    if not inside and wish:
        facts |= {"languages": wish.text, "display": concept.display or concept.code}
        if _among(given, [item for item in current if _own(item, system)]):
            return Named(text, Issue("terminology-display-other-language", at, facts))
        return Named(text, Issue("terminology-display-no-language", at, facts, severity))
    facts |= {"languages": wish.text if wish else "--", "choices": _choices(inside), "count": len(inside)}
    space = " ".join(given.split()).casefold() in {" ".join(item.value.split()).casefold() for item in inside}
    kind = "terminology-display-space" if space else "terminology-display-wrong"
    return Named(text, Issue(kind if len(inside) == 1 else f"{kind}-choices", at, facts, severity))


def _among(given: str, known: Sequence[Designation]) -> bool:
    folded = given.casefold()
    return any(item.value.casefold() == folded for item in known)


def _own(item: Designation, system: CodeSystem) -> bool:
    """Whether a name is in the system's own language."""
    return not item.language or item.language.partition("-")[0] == system.language.partition("-")[0]


def _choices(known: Sequence[Designation]) -> Choices:
    def each() -> Iterator[str]:
        for item in known:
            yield f"'{item.value}' ({item.language})" if item.language else f"'{item.value}'"

    return Choices(each())


def _quoted(known: Sequence[Designation]) -> Choices:
    return Choices(f'"{item.value}"' for item in known[:1])
