"""SearchParameter resources that an operator or a guide declares: checked, and taken into a registry.

    registry = plus(Registry.bundled(), resource)          raises `Faults`, each at its place in the resource
    registry, faults = with_guide(registry, resources)     takes what is right, says what is wrong with the rest

Source: https://hl7.org/fhir/R4/searchparameter.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from camphora.errors import Faults, Invalid, Place
from camphora.fhir import definitions
from camphora.fhir.composites import COMPONENT, FORMLESS, Part, Plan
from camphora.fhir.definitions import SearchParameter
from camphora.fhir.emit import EMITTERS
from camphora.fhir.fhirpath import parse
from camphora.fhir.fhirpath.checking import Checker
from camphora.fhir.fhirpath.types import Shape, shape
from camphora.fhir.paths import parts, root_of
from camphora.fhir.readings import READINGS
from camphora.fhir.registry import Registry, beyond, read

KINDS = frozenset({"number", "date", "string", "token", "reference", "composite", "quantity", "uri"})
ABSTRACT = frozenset({"Resource", "DomainResource"})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_HERE = "SearchParameter"


def plus(registry: Registry, resource: dict[str, Any]) -> Registry:
    """The registry with the parameter that a SearchParameter resource declares, in place of an earlier one of the same
    address; without it where it is retired. Raises `Faults` with all that is wrong with it."""
    found = read(resource)
    before = Registry(each for each in registry.parameters if each.url != found.url)
    if resource.get("status") == "retired":
        return before
    faults = list(_faults(before, found))
    if faults:
        raise Faults(faults)
    return Registry([*before.parameters, found])


def with_guide(
    registry: Registry, resources: Iterable[dict[str, Any]]
) -> tuple[Registry, tuple[Invalid, ...]]:
    """The registry with the parameters of a guide that it lacks (see `registry.beyond`), and the faults of those that
    could not be taken, each with the address of its definition as the file. Composites come after what they are of."""
    faults: list[Invalid] = []
    found = list(beyond(resources, registry))
    for parameter in sorted(found, key=lambda each: each.type == "composite"):
        wrong = list(_faults(registry, parameter))
        for fault in wrong:
            at = fault.place or Place()
            fault.place = Place(parameter.url or None, at.line, at.column, at.path)
        faults += wrong
        if not wrong:
            registry = Registry([*registry.parameters, parameter])
    return registry, tuple(faults)


class Idle(NamedTuple):
    """Why a definition declares nothing: another one, with the address `url` and the type `kind`, has its code for
    `base` already; `alike` where both are of one type."""

    base: str
    code: str
    url: str
    kind: str
    alike: bool

    @property
    def why(self) -> str:
        """The code of the sentence that says it."""
        return "fhir-parameter-restated" if self.alike else "fhir-parameter-idle"

    @property
    def facts(self) -> dict[str, object]:
        return {"type": self.base, "param": self.code, "url": self.url, "kind": self.kind}


def idle(registry: Registry, resource: dict[str, Any]) -> Idle | None:
    """Why an active SearchParameter that is kept declares nothing in a registry; None for one that declares."""
    found = read(resource)
    if resource.get("status") != "active" or any(each.url == found.url for each in registry.parameters):
        return None
    for base in found.base:
        if other := _taken(registry, found, base):
            return Idle(base, found.code, other.url, other.type, other.type == found.type)
    return None


def _faults(registry: Registry, parameter: SearchParameter) -> Iterator[Invalid]:
    if not parameter.url:
        yield _fault("fhir-parameter-url", "url")
    if not _CODE.fullmatch(parameter.code):
        yield _fault("fhir-parameter-code", "code", param=parameter.code[:64])
    known = definitions.resource_types() | ABSTRACT
    for name, types in (("base", parameter.base), ("target", parameter.target)):
        for index, each in enumerate(types):
            if each not in known:
                yield _fault("fhir-parameter-base", f"{name}[{index}]", type=each[:64])
    if not parameter.base:
        yield _fault("fhir-parameter-base", "base", type="")
    bases = [(index, base) for index, base in enumerate(parameter.base) if base in known]
    for index, base in bases:
        taken = _taken(registry, parameter, base)
        if taken:
            where = f"base[{index}]"
            yield _fault("fhir-parameter-taken", where, type=base, param=parameter.code, url=taken.url)
    if parameter.type not in KINDS:
        yield _fault("fhir-parameter-kind", "type", kind=parameter.type[:64])
    elif not parameter.expression:
        yield _fault("fhir-parameter-expression", "expression")
    elif parameter.type == "composite":
        yield from _of_components(registry, parameter, [base for _, base in bases])
    else:
        yield from _of_expression(parameter.expression, [base for _, base in bases], parameter.type)


def _fault(code: str, where: str, **facts: object) -> Invalid:
    return Invalid(code, place=Place(path=f"{_HERE}.{where}"), **facts)


def _taken(registry: Registry, parameter: SearchParameter, base: str) -> SearchParameter | None:
    """The parameter that has this code already, of the type or, for an abstract one, of any below it."""
    below = [
        kind
        for kind in definitions.resource_types()
        if base in {kind, "Resource", definitions.types()[kind].base}
    ]
    for kind in sorted(below):
        other = registry.of(kind).get(parameter.code)
        if other is not None:
            return other
    return None


def _of_expression(expression: str, bases: list[str], kind: str) -> Iterator[Invalid]:
    """What is wrong with an expression: it is no FHIRPath, names what a type lacks, or gives nothing to index."""
    try:
        nodes = parts(parse(expression))
    except Invalid as error:
        yield _located(error, "expression")
        return
    for base in bases:
        own = [node for node in nodes if root_of(node) in {base, *ABSTRACT, ""}]
        forms: list[bool] = []
        for node in own:
            try:
                found = Checker(expression, shape(base)).check(node)
            except Invalid as error:
                yield _located(error, "expression")
                return
            forms.append(found.types is None or any(_indexed(kind, each) for each in found.types))
        if not any(forms):
            yield _fault("fhir-parameter-values", "expression", type=base, kind=kind)


def _indexed(kind: str, of: Shape | str) -> bool:
    if isinstance(of, str):
        code = {"Decimal": "decimal", "Integer": "integer", "Boolean": "boolean", "String": "string", "Date": "date",
                "DateTime": "dateTime", "Quantity": "Quantity"}.get(of, of)  # fmt: skip
    else:
        code = "Resource" if of.resource else of.code
    return (kind, code) in EMITTERS


def _located(error: Invalid, where: str) -> Invalid:
    at = error.place or Place()
    error.place = Place(None, at.line, at.column, f"{_HERE}.{where}")
    return error


def _of_components(registry: Registry, parameter: SearchParameter, bases: list[str]) -> Iterator[Invalid]:
    found = [registry.by_url(each.definition) for each in parameter.components]
    kinds = {kind for kind, _ in READINGS}
    for index, (part, known) in enumerate(zip(parameter.components, found, strict=True)):
        where = f"component[{index}]"
        if known is None or known.type not in kinds:
            yield _fault("fhir-parameter-component", f"{where}.definition", definition=part.definition[:200])
        try:
            parse(part.expression)
        except Invalid as error:
            yield _located(error, f"{where}.expression")
            return
    if len(found) < 2:
        yield _fault("fhir-parameter-component", "component", definition="")
    known_parts = [each for each in found if each]
    if len(known_parts) < len(found) or len(found) < 2:
        return
    laid = tuple(
        Part(each.type, part.expression) for each, part in zip(known_parts, parameter.components, strict=True)
    )
    for base in bases:
        try:
            reason = Plan(base).lay(parameter, laid)
        except Invalid as error:
            yield _located(error, "expression")
            return
        if reason == FORMLESS:
            yield _fault("fhir-parameter-values", "expression", type=base, kind="composite")
        elif reason:
            index = int(reason.removeprefix(COMPONENT))
            yield _fault(
                "fhir-parameter-values", f"component[{index}].expression", type=base, kind=laid[index].kind
            )
