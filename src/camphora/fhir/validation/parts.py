"""The snapshot of a StructureDefinition as a tree of parts: an element, what lies inside it, and its slices.

Source: https://hl7.org/fhir/R4/profiling.html and elementdefinition.html#id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from camphora.fhir.packages import Guides

BASE = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM = "http://hl7.org/fhirpath/System."
_FHIR_TYPE = BASE + "structuredefinition-fhir-type"


class Part:
    """One element of one profile. `children` are by name (`value[x]`), `slices` by slice name."""

    __slots__ = ("children", "definition", "path", "profile", "root", "slice", "slices")

    def __init__(self, definition: dict[str, Any], profile: str, root: Part | None) -> None:
        self.definition = definition
        self.profile = profile
        self.root = root or self
        self.path: str = definition.get("path", "")
        self.slice: str = definition.get("sliceName", "")
        self.children: dict[str, Part] = {}
        self.slices: dict[str, Part] = {}

    def __repr__(self) -> str:
        return f"Part({self.id})"

    @property
    def id(self) -> str:
        return str(self.definition.get("id") or self.path)

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def min(self) -> int:
        return int(self.definition.get("min") or 0)

    @property
    def max(self) -> int | None:
        """None: as many as one likes."""
        most = self.definition.get("max", "*")
        return None if most == "*" else int(most)

    @property
    def many(self) -> bool:
        """Whether JSON has an array: by the base definition, however few a profile allows."""
        base = self.definition.get("base") or self.definition
        return base.get("max", "1") not in {"0", "1"}

    @property
    def types(self) -> dict[str, dict[str, Any]]:
        """The types that the element may have: code → the type's definition. A resource's id is of type `id`, though
        R4's snapshots say `string` (docs/rulings.md)."""
        rows = self.definition.get("type", ())
        if (self.definition.get("base") or {}).get("path") == "Resource.id":
            return dict.fromkeys(("id",), rows[0])
        return {type_code(row): row for row in rows}

    def value(self, kind: str) -> tuple[str, Any] | None:
        """`fixed[x]`, `pattern[x]`, `minValue[x]`, …: the name of its type and the value; None where not given."""
        for name, value in self.definition.items():
            if name.startswith(kind) and name[len(kind) : len(kind) + 1].isupper():
                return name[len(kind) :], value
        return None

    def below(self) -> Iterator[Part]:
        """This part and every part inside it."""
        yield self
        for child in (*self.children.values(), *self.slices.values()):
            yield from child.below()


def type_code(row: dict[str, Any]) -> str:
    """The FHIR type of a type's definition; the types of FHIRPath that ids and urls have become FHIR's."""
    code = str(row.get("code", ""))
    if not code.startswith(SYSTEM):
        return code.removeprefix(BASE)
    for extension in row.get("extension", ()):
        if extension.get("url") == _FHIR_TYPE:
            return str(extension.get("valueUrl") or extension.get("valueUri"))
    name = code.removeprefix(SYSTEM)
    return name[0].lower() + name[1:]


def tree(definition: dict[str, Any]) -> Part | None:
    """The parts of a StructureDefinition's snapshot; None where it has none, or limits that are no numbers."""
    rows = (definition.get("snapshot") or {}).get("element") or []
    if not rows or not all(map(_bounded, rows)):
        return None
    version = definition.get("version")
    profile = definition.get("url", "") + (f"|{version}" if version else "")
    root = Part(rows[0], profile, None)
    known = {_tokens(rows[0]): root}
    for row in rows[1:]:
        part = Part(row, profile, root)
        tokens = _tokens(row)
        known[tokens] = part
        _place(part, tokens, known)
    return root


def _bounded(row: dict[str, Any]) -> bool:
    """R4's structure lets `max` be any text, its invariant eld-3 a number or `*`."""
    most, least = row.get("max", "*"), row.get("min", 0)
    return (most == "*" or str(most).isdecimal()) and type(least) is int


def _tokens(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get("id") or row["path"]).split("."))


def _place(part: Part, tokens: tuple[str, ...], known: dict[tuple[str, ...], Part]) -> None:
    name, _, sliced = tokens[-1].partition(":")
    if sliced:
        parent, _, _ = sliced.rpartition("/")
        owner = known.get((*tokens[:-1], f"{name}:{parent}" if parent else name))
        if owner is not None:
            owner.slices[sliced] = part
            return
    owner = known.get(tokens[:-1])
    if owner is not None:
        owner.children[part.name] = part


class Library:
    """The parts of every definition that `guides` can find, each made once."""

    def __init__(self, guides: Guides) -> None:
        self.guides = guides
        self._roots: dict[str, Part] = {}

    def root(self, canonical: str) -> Part | None:
        """The root part of a profile, extension or type by its address; None where it is not known."""
        if canonical in self._roots:
            return self._roots[canonical]
        found = self.guides.find(canonical)
        if found is None or found.get("resourceType") != "StructureDefinition":
            return None
        root = tree(found)
        if root is not None:
            self._roots[canonical] = root
        return root

    def type(self, code: str) -> Part:
        """The root part of a base type; KeyError where R4 has no such type."""
        found = self.root(BASE + code)
        if found is None:
            raise KeyError(code)
        return found

    def target(self, part: Part) -> Part:
        """The part whose content this one has: itself, or what its `contentReference` names."""
        reference = part.definition.get("contentReference")
        if part.children or not reference:
            return part
        canonical, _, name = reference.partition("#")
        root = self.root(canonical) if canonical else part.root
        found = next((one for one in root.below() if one.id == name), None) if root else None
        return found or part
