"""The FHIR R4 definitions, distilled by `tools/distil_r4.py` from HL7's own package and read when first asked.

Every resource and data type with its elements, the search parameters, the five compartments, and the codes of
each required value set that lists them. Source: npm `hl7.fhir.r4.examples` 4.0.1 (CC0).
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Kind = Literal["resource", "complex", "primitive"]


class Element(msgspec.Struct, frozen=True, gc=False):
    """One element: `path` from its type, `max` as FHIR writes it, `types` the codes that it may hold.

    `targets` are the types that a reference may name, `same_as` the path whose content it repeats, `values`
    the address of its required value set.
    """

    path: str
    min: int = 0
    max: str = "1"
    types: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    same_as: str | None = None
    values: str | None = None
    summary: bool = False
    modifier: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def many(self) -> bool:
        return self.max not in {"0", "1"}

    @property
    def properties(self) -> tuple[tuple[str, str], ...]:
        """The names that the element can have in JSON, each with its type: `value[x]` has one per type."""
        if not self.name.endswith("[x]"):
            return ((self.name, self.types[0] if self.types else ""),)
        return tuple((self.name[:-3] + code[0].upper() + code[1:], code) for code in self.types)

    @property
    def system(self) -> str | None:
        """The code system that a plain `code` implies: its required value set's, where that has only one."""
        systems = value_sets().get(self.values or "", {})
        return next(iter(systems)) if len(systems) == 1 else None

    def content(self, code: str) -> str:
        """The type or path whose elements lie inside this one when it holds the type `code`."""
        return self.same_as or (self.path if code in {"BackboneElement", "Element"} else code)


class TypeDefinition(msgspec.Struct, frozen=True):
    """A resource or data type. `pattern` is a primitive's regular expression; `elements` are in FHIR's order."""

    name: str
    kind: Kind
    abstract: bool = False
    base: str | None = None
    pattern: str | None = None
    elements: tuple[Element, ...] = ()


class Component(msgspec.Struct, frozen=True):
    definition: str
    expression: str


class SearchParameter(msgspec.Struct, frozen=True):
    """One search parameter; `expression` is FHIRPath, `target` the types that a reference may name."""

    code: str
    type: str
    base: tuple[str, ...]
    url: str
    expression: str = ""
    target: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()


class _Search(msgspec.Struct, frozen=True):
    parameters: tuple[SearchParameter, ...]
    compartments: dict[str, dict[str, tuple[str, ...]]]


def _bytes(name: str) -> bytes:
    return gzip.decompress(files(__name__).joinpath(f"{name}.json.gz").read_bytes())


@cache
def types() -> dict[str, TypeDefinition]:
    """Every R4 type by name: resources, complex types and primitives, the abstract ones too."""
    return msgspec.json.decode(_bytes("r4-types"), type=dict[str, TypeDefinition])


def is_a(name: str, ancestor: str) -> bool:
    """Whether a type is another or derives from it: a canonical is a uri."""
    at: str | None = name
    while at is not None and at != ancestor:
        at = types()[at].base if at in types() else None
    return at is not None


@cache
def _tree(name: str) -> dict[str, tuple[Element, ...]]:
    tree: dict[str, list[Element]] = {}
    for element in types()[name].elements:
        tree.setdefault(element.path.rpartition(".")[0], []).append(element)
    return {owner: tuple(rows) for owner, rows in tree.items()}


def children(owner: str) -> tuple[Element, ...]:
    """The elements directly inside a type (`Patient`) or a path (`Patient.contact`)."""
    return _tree(owner.partition(".")[0]).get(owner, ())


@cache
def resource_types() -> frozenset[str]:
    """The names of the resource types of which there are instances."""
    return frozenset(t.name for t in types().values() if t.kind == "resource" and not t.abstract)


@cache
def _search() -> _Search:
    return msgspec.json.decode(_bytes("r4-search"), type=_Search)


@cache
def search_parameters(resource_type: str) -> dict[str, SearchParameter]:
    """The search parameters of a resource type by code, those of Resource and DomainResource among them.

    KeyError for a type that R4 does not have.
    """
    definition = types()[resource_type]
    bases = {resource_type, "Resource", definition.base}
    return {p.code: p for p in _search().parameters if not bases.isdisjoint(p.base)}


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    return msgspec.json.decode(_bytes("r4-descriptions"), type=dict[str, dict[str, str]])


def description(url: str, resource_type: str) -> str:
    """What R4's definition of the search parameter with this address says of it, for a resource type; "" where R4 has
    none, or it says nothing."""
    said = _descriptions().get(url, {})
    return said.get(resource_type) or said.get("", "")


@cache
def _by_address() -> dict[str, SearchParameter]:
    return {parameter.url: parameter for parameter in _search().parameters}


def search_parameter(url: str) -> SearchParameter | None:
    """The search parameter with this canonical address; None where R4 has none."""
    return _by_address().get(url)


def compartment(code: str) -> dict[str, tuple[str, ...]]:
    """The search parameters, by resource type, that put a resource into the compartment `code`; `{def}` is the
    resource itself.

    KeyError for a compartment that R4 does not define.
    """
    return _search().compartments[code]


@cache
def value_sets() -> dict[str, dict[str, tuple[str, ...]]]:
    """The required value sets that list their codes: address → code system → codes."""
    return msgspec.json.decode(_bytes("r4-codes"), type=dict[str, dict[str, tuple[str, ...]]])
