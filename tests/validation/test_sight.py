"""The quick form of an invariant and the engine say the same of whatever is right in structure."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import CamphoraError
from camphora.fhir import definitions, fhirpath
from camphora.fhir.packages import Guides
from camphora.fhir.validation.invariants import MENDED
from camphora.fhir.validation.sight import sight
from fhir_strategies import elements, resources

BASE = "http://hl7.org/fhir/StructureDefinition/"
COMPLEX = [
    "Extension",
    "Period",
    "Quantity",
    "Range",
    "Timing",
    "Attachment",
    "Reference",
    "ElementDefinition",
]


@cache
def rules(code):
    """The expressions that a type's definition has for it as a whole."""
    root = Guides.bundled().find(BASE + code)["snapshot"]["element"][0]
    texts = {row["expression"] for row in root.get("constraint", ()) if "htmlChecks" not in row["expression"]}
    return sorted(texts | {MENDED.get(text, text) for text in texts})


def labels(code, value):
    named = {name: e.name.removesuffix("[x]") for e in definitions.children(code) for name, _ in e.properties}
    return frozenset(named[name.removeprefix("_")] for name in value if name != "resourceType")


def agrees(text, code, value):
    answer = sight(text).object(code, labels(code, value))
    seen = answer(value) if callable(answer) else answer
    if seen is None:
        return True
    try:
        return bool(fhirpath.compile(text, code).holds(value, resource=value, root=value)) is seen
    except CamphoraError:
        return False


@settings(max_examples=150, deadline=None)
@given(resources())
def test_of_a_resource_the_quick_answer_is_the_engines(resource):
    code = resource["resourceType"]
    assert [text for text in rules(code) if not agrees(text, code, resource)] == []


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(COMPLEX).flatmap(lambda code: st.tuples(st.just(code), elements(code))))
def test_of_an_element_the_quick_answer_is_the_engines(found):
    code, value = found
    assert [text for text in rules(code) if not agrees(text, code, value)] == []


ATOMS = [
    "a.exists()", "a.empty()", "b.exists()", "a = 'x'", "a != 'x'", "a in ('x'|'y')", "a.startsWith('x')", "true",
    "a.hasValue()", "a <= b", "a.exists().not()", "a.where(b = 'x').exists()", "(a | b).empty()",
]  # fmt: skip
NAMES = {"a": "family", "b": "text"}


def expressions():
    atoms = st.sampled_from(ATOMS)
    joined = ["or", "and", "implies", "xor"]
    pairs = lambda inner: st.tuples(inner, st.sampled_from(joined), inner)  # noqa: E731
    return st.recursive(
        atoms, lambda inner: pairs(inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"), max_leaves=6
    )


@settings(max_examples=400, deadline=None)
@given(
    expressions(),
    st.dictionaries(st.sampled_from("ab"), st.sampled_from(["x", "y", "2024-01-02", "2024-03-04"])),
)
def test_of_any_logic_the_quick_answer_is_the_engines(text, value):
    value = {NAMES[key]: item for key, item in value.items()} | {"use": "usual"}
    for short, name in NAMES.items():
        text = (
            text.replace(f"{short}.", f"{name}.")
            .replace(f"{short} ", f"{name} ")
            .replace(f" {short})", f" {name})")
        )
        text = text.replace(f"({short} ", f"({name} ").replace(f"<= {short}", f"<= {name}")
    assert agrees(text, "HumanName", value)


@pytest.mark.parametrize(
    ("text", "names", "seen"),
    [("contained.contained.empty()", {"status"}, True), ("ext.exists() != value.exists()", {"value"}, True),
     ("value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
      {"value"}, True), ("low.exists() or high.exists()", {"text"}, False),
     ("start.hasValue().not() or end.hasValue().not() or (start <= end)", {"start"}, True)],
)  # fmt: skip
def test_names_alone_decide_what_they_can(text, names, seen):
    assert sight(text).object("Observation", frozenset(names)) is seen
