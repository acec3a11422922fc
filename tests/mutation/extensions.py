"""Extensions that are malformed, unknown where they may not be, or used against their definition."""

from __future__ import annotations

from collections.abc import Iterator

from mutation.engine import Fault, Specimen, append, drop, kind, put
from mutation.shapes import objects
from mutation.tree import BASE, Node, children

UNKNOWN = {"url": "urn:camphora:unknown", "valueString": "x"}
KNOWN = {  # each with the type it demands, a wrong one, and where it belongs
    "patient-birthPlace": ("valueAddress", {"text": "x"}, "Patient"),
    "patient-nationality": ("extension", [{"url": "code", "valueCodeableConcept": {"text": "x"}}], "Patient"),
    "patient-religion": ("valueCodeableConcept", {"text": "x"}, "Patient"),
    "patient-disability": ("valueCodeableConcept", {"text": "x"}, "Patient"),
    "patient-mothersMaidenName": ("valueString", "x", "Patient"),
    "patient-cadavericDonor": ("valueBoolean", True, "Patient"),
    "condition-dueTo": ("valueCodeableConcept", {"text": "x"}, "Condition"),
    "observation-bodyPosition": ("valueCodeableConcept", {"text": "x"}, "Observation"),
    "observation-delta": ("valueCodeableConcept", {"text": "x"}, "Observation"),
    "goal-acceptance": ("extension", [{"url": "individual", "valueReference": {"display": "x"}}], "Goal"),
    "procedure-incisionDateTime": ("valueDateTime", "2024-03-01", "Procedure"),
    "encounter-modeOfArrival": ("valueCoding", {"code": "x"}, "Encounter"),
    "organization-period": ("valuePeriod", {"start": "2024"}, "Organization"),
    "questionnaire-hidden": ("valueBoolean", True, "Questionnaire.item"),
    "specimen-collectionPriority": ("valueCodeableConcept", {"text": "x"}, "Specimen"),
    "task-candidateList": ("valueReference", {"reference": "Patient/1"}, "Task"),
}  # fmt: skip


def extensions(specimen: Specimen) -> list[Node]:
    return [node for node in specimen.nodes if node.code == "Extension"]


@kind("extension-without-url")
def without_url(specimen: Specimen) -> Iterator[Fault]:
    """Told at the extension or its url."""
    for node in extensions(specimen):
        if len(node.value) > 1 and "url" in node.value:
            yield Fault((f"{node.path}.url", node.path), drop((*node.keys, "url")))
    count = len(specimen.resource.get("extension", ()))
    path = f"{specimen.kind}.extension[{count}]"
    if _domain(specimen):
        yield Fault((f"{path}.url", path), append(("extension",), {"valueString": "x"}))


@kind("extension-value-and-parts")
def value_and_parts(specimen: Specimen) -> Iterator[Fault]:
    """ext-1: an extension has a value or extensions, not both; told at the extension, its value or its parts."""
    for node in extensions(specimen):
        if any(name.startswith("value") for name in node.value):
            change = append((*node.keys, "extension"), UNKNOWN)
            count = len(node.value.get("extension", ()))
            places = (
                node.path,
                f"{node.path}.value",
                f"{node.path}.extension",
                f"{node.path}.extension[{count}]",
            )
            yield Fault(places, change)


@kind("extension-empty")
def neither(specimen: Specimen) -> Iterator[Fault]:
    """ext-1: an extension has a value or extensions."""
    for node in extensions(specimen):
        if set(node.value) - {"url", "id"}:
            yield Fault(
                (node.path, f"{node.path}.value"), put(node.keys, {"url": node.value.get("url", "urn:x")})
            )
    for node in objects(specimen):
        count = len(node.value.get("extension", ()))
        if node.code != "Extension":
            place = f"{node.path}.extension[{count}]"
            yield Fault((place, f"{place}.value"), append((*node.keys, "extension"), {"url": "urn:x"}))


@kind("unknown-modifier-extension")
def unknown_modifier(specimen: Specimen) -> Iterator[Fault]:
    """A modifier that nobody here knows changes the meaning: told at it, or at the list of modifiers."""
    owners = [("", (), specimen.resource)] if _domain(specimen) else []
    owners += [(n.path, n.keys, n.value) for n in objects(specimen) if _modified(n)]
    for path, keys, value in owners:
        place = f"{path or specimen.kind}.modifierExtension"
        count = len(value.get("modifierExtension", ()))
        yield Fault(
            (f"{place}[{count}]", place, f"{place}[{count}].url"),
            append((*keys, "modifierExtension"), UNKNOWN),
        )


def _modified(node: Node) -> bool:
    return any(e.name == "modifierExtension" for e in children(node.inner))


@kind("modifier-not-allowed", 30)
def modifier_not_allowed(specimen: Specimen) -> Iterator[Fault]:
    """A data type has no modifierExtension: told there or at the type."""
    for node in objects(specimen):
        if not _modified(node):
            place = f"{node.path}.modifierExtension"
            yield Fault((place, f"{place}[0]", node.path), put((*node.keys, "modifierExtension"), [UNKNOWN]))


@kind("extension-value-type")
def value_type(specimen: Specimen) -> Iterator[Fault]:
    """An extension of R4 with a value of another type: told at the extension or its value."""
    for name, (key, _, owner) in KNOWN.items():
        for path, keys, value in _hosts(specimen, owner):
            place = f"{path}.extension[{len(value.get('extension', ()))}]"
            other = {"valueInteger": 3} if key != "valueInteger" else {"valueString": "x"}
            row = {"url": BASE + name} | other
            places = (place, f"{place}.value", f"{place}.extension")
            yield Fault(places, append((*keys, "extension"), row), f"{name} {owner}")


@kind("extension-out-of-place")
def out_of_place(specimen: Specimen) -> Iterator[Fault]:
    """An extension of R4 on a type that its contexts do not name: told at the extension or its url."""
    for name, (key, value, owner) in KNOWN.items():
        if owner.partition(".")[0] != specimen.kind and _domain(specimen):
            place = f"{specimen.kind}.extension[{len(specimen.resource.get('extension', ()))}]"
            row = {"url": BASE + name, key: value}
            yield Fault((place, f"{place}.url"), append(("extension",), row), name)


@kind("extension-part-unknown", 20)
def part_unknown(specimen: Specimen) -> Iterator[Fault]:
    """A part of a complex extension of R4 that its definition does not have."""
    for name, (key, parts, owner) in KNOWN.items():
        for path, keys, value in _hosts(specimen, owner) if key == "extension" else ():
            place = f"{path}.extension[{len(value.get('extension', ()))}]"
            row = {"url": BASE + name, "extension": [*parts, {"url": "camphora", "valueString": "x"}]}
            places = (
                f"{place}.extension[{len(parts)}]",
                f"{place}.extension[{len(parts)}].url",
                f"{place}.extension",
            )
            yield Fault((*places, place), append((*keys, "extension"), row), f"{name} part")


def _domain(specimen: Specimen) -> bool:
    return any(element.name == "extension" for element in children(specimen.kind))


def _hosts(specimen: Specimen, owner: str):
    if owner == specimen.kind:
        yield specimen.kind, (), specimen.resource
    for node in specimen.nodes:
        if node.element.path == owner:
            yield node.path, node.keys, node.value
