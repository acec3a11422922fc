"""Codes outside required value sets, and narrative."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from mutation.engine import Fault, Specimen, drop, kind, put
from mutation.tree import GUIDES, Element, Node

WRONG = "camphora-x"


@cache
def listed(value_set: str) -> bool:
    """Whether the value set names only codes that R4 lists, so that another code is surely wrong."""
    found = GUIDES.find(value_set)
    rows = found.get("compose", {}).get("include", ()) if found else ()
    return bool(rows) and all(_listed(row) for row in rows)


def _listed(row: dict) -> bool:
    if "valueSet" in row:
        return all(map(listed, row["valueSet"]))
    if row.get("concept"):
        return True
    system = GUIDES.find(row.get("system", ""))
    return bool(system) and system.get("content") == "complete" and "filter" not in row


def required(element: Element) -> bool:
    binding = element.row.get("binding", {})
    return binding.get("strength") == "required" and listed(binding.get("valueSet", ""))


def bound(specimen: Specimen, code: str) -> list[Node]:
    own = [n for n in specimen.nodes if n.code == code and required(n.element)]
    return [n for n in own if not str(n.keys[-1]).startswith("_")]


@kind("code-not-in-set", 90)
def code(specimen: Specimen) -> Iterator[Fault]:
    """A code outside its required value set."""
    for node in bound(specimen, "code"):
        yield Fault((node.path,), put(node.keys, WRONG))


@kind("concept-not-in-set")
def concept(specimen: Specimen) -> Iterator[Fault]:
    """A concept of which no coding is in the required value set: told at the concept, its coding or its code."""
    for node in bound(specimen, "CodeableConcept"):
        codings = node.value.get("coding", ())
        if len(codings) == 1 and "code" in codings[0]:
            place = f"{node.path}.coding[0]"
            keys = (*node.keys, "coding", 0, "code")
            yield Fault((node.path, f"{node.path}.coding", place, f"{place}.code"), put(keys, WRONG))


@kind("concept-without-code", 40)
def concept_without_code(specimen: Specimen) -> Iterator[Fault]:
    """A required binding wants a coding; text alone is not in the value set."""
    for node in bound(specimen, "CodeableConcept"):
        yield Fault((node.path, f"{node.path}.coding"), put(node.keys, {"text": "x"}))


@kind("code-of-other-system", 40)
def other_system(specimen: Specimen) -> Iterator[Fault]:
    """The right code under a system that the required value set does not include."""
    for node in bound(specimen, "CodeableConcept"):
        codings = node.value.get("coding", ())
        if len(codings) == 1 and "system" in codings[0]:
            place = f"{node.path}.coding[0]"
            keys = (*node.keys, "coding", 0, "system")
            places = (node.path, f"{node.path}.coding", place, f"{place}.system", f"{place}.code")
            yield Fault(places, put(keys, "urn:camphora:none"))


XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
NARRATIVES = {
    "script": f"<div {XHTML}><script>x</script></div>",
    "event": f'<div {XHTML}><p onclick="x()">text</p></div>',
    "form": f"<div {XHTML}><form>text</form></div>",
    "iframe": f'<div {XHTML}><iframe src="http://e.org">x</iframe></div>',
    "open": f"<div {XHTML}><p>text</div>",
    "entity": f"<div {XHTML}>&camphora;</div>",
    "empty": f"<div {XHTML}> </div>",
    "no-div": f"<p {XHTML}>text</p>",
    "text": "only text",
    "namespace": "<div>text</div>",
    "javascript": f'<div {XHTML}><a href="javascript:x()">text</a></div>',
    "object": f"<div {XHTML}><object>x</object></div>",
}


@kind("narrative", 60)
def narrative(specimen: Specimen) -> Iterator[Fault]:
    """Narrative that is not the limited XHTML (txt-1, txt-2): told at the text or its div."""
    for node in specimen.nodes:
        if node.code == "xhtml":
            for name, text in NARRATIVES.items():
                yield Fault((node.path, node.parent), put(node.keys, text), f"narrative {name}")


@kind("narrative-without-div", 10)
def without_div(specimen: Specimen) -> Iterator[Fault]:
    for node in specimen.nodes:
        if node.code == "xhtml":
            yield Fault((node.path, node.parent), drop(node.keys), f"{specimen.kind} div")
