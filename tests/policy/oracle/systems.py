"""Code systems and classes of purposes."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import orjson

from policy.oracle.values import ACT_CODE, ACT_REASON, PROJECT, STRICTEST, Json, Rules


@cache
def parents(system: str) -> dict[str, frozenset[str]]:
    """Each code of a code system of R4 with the codes directly above it."""
    above: dict[str, set[str]] = {}

    def walk(concepts: Sequence[Json], over: str | None) -> None:
        for concept in concepts:
            above.setdefault(concept["code"], set()).update({over} if over else set())
            walk(concept.get("concept", ()), concept["code"])

    with lzma.open(str(files("camphora.fhir") / "definitions/hl7.fhir.r4.core.ndjson.xz")) as lines:
        for line in lines:
            if system.encode() in line:
                resource = orjson.loads(line)
                if resource.get("url") == system and "concept" in resource:
                    walk(resource["concept"], None)
    return {code: frozenset(over) for code, over in above.items()}


@cache
def upwards(system: str, code: str) -> frozenset[str]:
    """A code and all above it."""
    found = {code}
    for over in parents(system).get(code, ()):
        found |= upwards(system, over)
    return frozenset(found)


@cache
def sensitive(code: str) -> bool:
    return "_InformationSensitivityPolicy" in upwards(ACT_CODE, code)


def above_of(purpose: str, rules: Rules) -> tuple[str, ...]:
    """What stands directly above a purpose."""
    if purpose in rules.under:
        return (rules.under[purpose],)
    if purpose.startswith(PROJECT):
        return ("HRESCH",)
    return tuple(sorted(parents(ACT_REASON).get(purpose, ())))


def lineage(purpose: str, rules: Rules) -> set[str]:
    """A purpose and its ancestors."""
    found = {purpose}
    for over in above_of(purpose, rules):
        found |= lineage(over, rules)
    return found


def class_of(purpose: str, rules: Rules) -> str | None:
    """The class of a purpose; None where it is unknown."""
    if "PurposeOfUse" not in lineage(purpose, rules) - {purpose}:
        return None
    return _class(purpose, rules)


def _class(purpose: str, rules: Rules) -> str | None:
    if purpose in rules.classes:
        return rules.classes[purpose]
    found = {_class(over, rules) for over in above_of(purpose, rules)} - {None}
    return next((one for one in STRICTEST if one in found), None)
