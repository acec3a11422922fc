"""What of a Patient tells who it is: numbers, names, birth, sex, where they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from camphora.fhir.folding import fold
from camphora.fhir.taiwan.identifiers import kinds, kinds_of_system
from camphora.records.derived import others_linked

Json = dict[str, Any]
PARENT = 12
"""So many years lie at least between a parent and a child: two who bear one number and are so far apart are not one."""
RESIDENT = ("resident-number", "resident-number-old")
NUMBERS = frozenset({"national-id", *RESIDENT, "nhi-card", "chart"})
CHARTS, CARDS = "MR", "MB"
SHORTEST_ADDRESS, SHORTEST_PHONE = 6, 7


class Number(NamedTuple):
    """A number that one person alone should have. `space`: within what it is one person's: a kind, or the system of a
    hospital."""

    kind: str
    space: str
    value: str


class Traits(NamedTuple):
    """A Patient as it is compared. Texts are folded; `birth` is a FHIR date as far as it is known, or empty. `names`:
    whole names as written; `spelled`: those put together of family and given, in Latin letters as a rule."""

    id: str
    numbers: frozenset[Number]
    names: tuple[str, ...]
    spelled: tuple[str, ...]
    birth: str
    sex: str
    contacts: frozenset[str]
    multiple: bool
    linked: frozenset[str]
    label: str


def traits(patient: Json) -> Traits:
    """What is compared of a Patient. Numbers of `use` temp are passed over, and so are old names and addresses."""
    present = [name for name in patient.get("name", ()) if name.get("use") != "old"]
    names = _folded(name.get("text", "") for name in present)
    spelled = _folded(" ".join((name.get("family", ""), *name.get("given", ()))) for name in present)
    written = (name.get("text") for name in present)
    plural = patient.get("multipleBirthInteger", patient.get("multipleBirthBoolean", False))
    return Traits(
        patient.get("id", ""),
        frozenset(found for each in patient.get("identifier", ()) if (found := number_of(each))),
        names,
        spelled,
        patient.get("birthDate", ""),
        patient.get("gender", ""),
        frozenset(_contacts(patient)),
        bool(plural),
        others_linked(patient),
        next((text for text in written if text), "".join(spelled[:1])),
    )


def number_of(identifier: Json) -> Number | None:
    """The number that an identifier holds, where it is of a kind that belongs to one person; else None."""
    value = fold(str(identifier.get("value", ""))).upper()
    if not value or identifier.get("use") == "temp":
        return None
    system = str(identifier.get("system", ""))
    kind = kind_of(system, value) or _by_type(identifier)
    if kind not in NUMBERS or (kind == "chart" and not system):
        return None
    space = {"chart": system}.get(kind, "resident" if kind in RESIDENT else kind)
    return Number(kind, space, value)


def kind_of(system: str, value: str) -> str:
    """Which kind of number a value of a system is; empty where the system says none, or the value is none of its."""
    return next((kind for kind in kinds_of_system(system) if kinds()[kind].form.fullmatch(value)), "")


def years_between(one: str, other: str) -> int | None:
    """Whole calendar years between two births; None where one is not known."""
    if len(one) < 4 or len(other) < 4:
        return None
    return abs(int(one[:4]) - int(other[:4]))


def _by_type(identifier: Json) -> str:
    codes = {each.get("code") for each in (identifier.get("type") or {}).get("coding", ())}
    return "chart" if CHARTS in codes else "nhi-card" if CARDS in codes else ""


def _folded(texts: Iterable[str]) -> tuple[str, ...]:
    found = (fold(text).replace(" ", "") for text in texts)
    return tuple(dict.fromkeys(text for text in found if text))


def _contacts(patient: Json) -> Iterator[str]:
    for each in patient.get("telecom", ()):
        digits = "".join(sign for sign in fold(each.get("value", "")) if sign.isalnum() or sign == "@")
        if len(digits) >= SHORTEST_PHONE and each.get("use") != "old":
            yield digits
    for each in patient.get("address", ()):
        parts = (each.get("district"), each.get("city"), *each.get("line", ()))
        text = fold(each.get("text") or "".join(part for part in parts if part)).replace(" ", "")
        exact = bool(each.get("text") or each.get("line"))
        if exact and len(text) >= SHORTEST_ADDRESS and each.get("use") != "old":
            yield text
