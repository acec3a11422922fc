"""What types ask beyond their definitions: known codes and displays, narrative, identifiers of Taiwan, bundles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from camphora.fhir.primitives import Found
from camphora.fhir.taiwan import identifiers
from camphora.fhir.validation import narrative
from camphora.fhir.validation.bundles import bundle
from camphora.fhir.validation.finding import Severity
from camphora.fhir.validation.limits import address
from camphora.fhir.validation.scope import Check, Scope

if TYPE_CHECKING:
    from camphora.fhir.validation.compiler import Compiler

MOST = 4096
IdentifierCheck = Callable[[str, str], tuple[str, ...]]
"""The codes of what is odd about a value of a system; empty where nothing is."""


def special(code: str, compiler: Compiler) -> list[Check]:
    """The further checks of values of this type."""
    if code == "Coding":
        return [_coding(compiler)]
    plain: dict[str, Check] = {"Bundle": bundle, "Narrative": _narrative, "Identifier": _identifier}
    return [plain[code]] if code in plain else []


def _coding(compiler: Compiler) -> Check:
    """A code of a code system that is known here is one of its codes, and its display is one of the code's names."""
    judged: dict[tuple[str, str, str | None], list[Found] | None] = {}
    terms = compiler.terms

    def check(value: Any, scope: Scope) -> list[Found] | None:
        if type(value) is not dict:
            return None
        system, code, display = value.get("system"), value.get("code"), value.get("display")
        if type(system) is not str or type(code) is not str or not (display is None or type(display) is str):
            return None
        key = (system, code, display)
        if key in judged and scope.tally is None:
            return judged[key]
        known = terms.knows(system, code)
        if known is None:
            scope.unknown("code system", address(system))
        if len(judged) >= MOST:
            judged.clear()
        judged[key] = _unknown(system) if known is False else _misnamed(compiler, system, code, display)
        return judged[key]

    return check


def _unknown(system: str) -> list[Found]:
    return [Found(".code", "validation-code-unknown", {"found": address(system)})]


def _misnamed(compiler: Compiler, system: str, code: str, display: str | None) -> list[Found] | None:
    """Neither the code nor its right name is told: both would say what a person has."""
    if not display:
        return None
    names = compiler.terms.displays(system, code)
    if not names or _folded(display) in map(_folded, names):
        return None
    return [Found(".display", "validation-display", {"found": address(system)}, "warning")]


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _narrative(value: Any, _scope: Scope) -> list[Found] | None:
    text = value.get("div") if type(value) is dict else None
    fault = narrative.wrong(text) if type(text) is str else None
    if fault is None:
        return None
    return [Found(".div", *_NARRATIVE[fault])]


_NARRATIVE: dict[str, tuple[str, dict[str, object], Severity, str, str]] = {
    "xml": ("validation-narrative-xml", {}, "error", "", "txt-1"),
    "element": ("validation-narrative-element", {}, "error", "", "txt-1"),
    "attribute": ("validation-narrative-attribute", {}, "error", "", "txt-1"),
    "empty": ("validation-narrative-empty", {}, "error", "", "txt-2"),
}


def _identifier(value: Any, _scope: Scope) -> list[Found] | None:
    if type(value) is not dict:
        return None
    system, number = value.get("system"), value.get("value")
    if type(system) is not str or type(number) is not str:
        return None
    odd = identifiers.warnings(system, number)
    return [Found(".value", code, {}, "warning", "", "identifier") for code in odd] or None


def _contained(value: Any, _scope: Scope) -> list[Found] | None:
    """Each contained resource has an id of its own."""
    rows = value["contained"]
    names = [row.get("id") for row in rows if type(row) is dict] if type(rows) is list else []
    texts = [name for name in names if type(name) is str]
    if len(set(texts)) == len(names):
        return None
    return [Found(".contained", "validation-contained-id", {}, "error", "", "contained")]


def _implicit(_value: Any, _scope: Scope) -> list[Found]:
    return [Found(".implicitRules", "validation-implicit-rules", {}, "warning", "", "implicitRules")]


def own_id(value: Any, scope: Scope) -> list[Found] | None:
    """An element's id is its own within the resource. In definitions of structures it is a path: the snapshot and
    the differential have it both."""
    name = value["id"]
    if type(name) is not str or scope.ids.setdefault(name, id(value)) == id(value):
        return None
    resource = scope.resource
    if type(resource) is dict and resource.get("resourceType") == "StructureDefinition":
        return None
    return [Found(".id", "validation-element-id", {}, "error", "", "id")]


RESOURCE_RULES: dict[str, Check] = {"contained": _contained, "implicitRules": _implicit}
"""What is asked of resources that have these elements."""
