"""Lays a profile's differential over the snapshot of what it constrains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from camphora.errors import Invalid, Place
from camphora.fhir.snapshot.merge import merged, sourced
from camphora.fhir.snapshot.tree import Json, Node, grow

Find = Callable[[str], Json | None]
"""A definition by its canonical address."""
CORE = "http://hl7.org/fhir/StructureDefinition/"
BASE = CORE + "Base"
"""What logical models are of; defined since R5 only, and without elements."""
DEEPEST = 40
MOST_ELEMENTS = 50_000
BINDABLE = frozenset({"code", "Coding", "CodeableConcept", "Quantity", "string", "uri"})
TYPE_SLICING: Json = {
    "discriminator": [{"type": "type", "path": "$this"}],
    "ordered": False,
    "rules": "closed",
}
URL_SLICING: Json = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}


@dataclass
class Generator:
    """Makes snapshots, each base and each type only once."""

    find: Find
    _trees: dict[str, Node] = field(default_factory=dict)
    _under_way: list[str] = field(default_factory=list)

    def snapshot(self, definition: Json) -> list[Json]:
        """The elements of a definition's snapshot, made from its differential."""
        try:
            return list(self._generated(definition).flat())
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise _fault("snapshot-malformed", str(definition.get("url", ""))) from error

    def tree(self, canonical: str, asked_by: str = "") -> Node:
        """The tree of another definition's snapshot, made where it ships none; shared, so copy it."""
        bare = canonical.partition("#")[0]
        if bare == BASE:
            return Node("Base", "", {"min": 0, "max": "*"})
        if bare not in self._trees:
            found = self.find(bare)
            if found is None:
                raise _fault("snapshot-no-base", asked_by, base=bare)
            self._trees[bare] = self._of(found)
        return self._trees[bare]

    def _of(self, definition: Json) -> Node:
        shipped = definition.get("snapshot", {}).get("element")
        if not shipped:
            return self._generated(definition)
        return grow([sourced(element, definition["url"]) for element in shipped])

    def _generated(self, definition: Json) -> Node:
        url = definition["url"]
        if url in self._under_way or len(self._under_way) > DEEPEST:
            raise _fault("snapshot-circle", url, base=self._under_way[-1])
        self._under_way.append(url)
        try:
            base = self.tree(definition["baseDefinition"], url)
            return _Laying(self, definition, base).laid()
        finally:
            self._under_way.pop()


class _Laying:
    """One differential over the copy of one base."""

    def __init__(self, generator: Generator, definition: Json, base: Node) -> None:
        self.generator, self.url, self.root, self.base = generator, definition["url"], base.copy(), base
        self.adds = definition.get("derivation") == "specialization"
        self.rows: list[Json] = definition.get("differential", {}).get("element", [])
        self.left = MOST_ELEMENTS
        if self.adds:
            self.root.name = definition["type"].rpartition("/")[2]

    def laid(self) -> Node:
        if any(row["path"].count(".") > DEEPEST for row in self.rows):
            raise _fault("snapshot-large", self.url, most=MOST_ELEMENTS, deepest=DEEPEST)
        if self.rows:
            differential = grow(self.rows)
            self.root.name = differential.name if self.adds else self.root.name
            self._lay(self.root, differential)
        return self.root

    def _lay(self, node: Node, rules: Node, unsliced: Node | None = None) -> None:
        """Lay `rules` over `node`; `unsliced` is the element of which the node is a slice."""
        node.element = _bound(
            merged(self._below(node, rules.element), rules.element, self.url), rules.element
        )
        if rules.children and not (self.adds and node is self.root):
            self._open(node, unsliced)
        for child in rules.children:
            self._lay_child(node, child)

    def _lay_child(self, node: Node, rules: Node) -> None:
        found = node.child(rules.name)
        if found is None:
            found, rules = self._choice(node, rules)
        before = found.copy() if rules.slices else found
        self._lay(found, rules)
        for slice_ in rules.slices:
            part = found.sliced(slice_.slice)
            if part is None:
                part = self._new_slice(found, before, slice_.slice)
            self._lay(part, slice_, found)
        if found.slices:
            _narrow(found)

    def _choice(self, node: Node, rules: Node) -> tuple[Node, Node]:
        """The element that `valueQuantity` means, and the rules as those of its slice; or a new element, where the
        definition may add some."""
        for found in node.children:
            stem = found.name.removesuffix("[x]")
            if found.is_choice and rules.name.startswith(stem) and rules.name != stem:
                code = _type_named(found, rules.name[len(stem) :])
                if code:
                    part = Node(found.name, rules.name, {"type": [code]} | rules.element, rules.children)
                    head: Json = {} if found.slices else {"slicing": TYPE_SLICING, "type": [code]}
                    return found, Node(found.name, "", head, [], [part])
        if not self.adds:
            raise _fault("snapshot-no-element", self.url, element=rules.element.get("path", rules.name))
        made = Node(rules.name)
        node.children.append(made)
        return made, rules

    def _new_slice(self, found: Node, before: Node, name: str) -> Node:
        """A slice begins as its element does in the base, without the number that the element must have."""
        parent = found.sliced(name.rpartition("/")[0]) or before
        made = Node(found.name, name, {**parent.element, "min": 0})
        made.element.pop("slicing", None)
        made.children = self._copied(found if parent is before else parent)
        found.slices.append(made)
        if "slicing" not in found.element:
            found.element = found.element | {"slicing": _usual_slicing(found)}
        return made

    def _below(self, node: Node, rules: Json) -> Json:
        """What the rules are laid over: the node's own element, with what the profile that its type names says of
        it. An extension's limits and words are those of its definition; of a data type only its constraints are."""
        profile = None if self.adds else _only_profile(rules)
        found = self.generator.find(profile) if profile and profile != self.url else None
        if profile is None or found is None or found.get("kind") != "complex-type":
            return node.element
        root = self.generator.tree(profile, self.url)
        if root.name != "Extension":
            return merged(node.element, {"constraint": root.element.get("constraint", [])})
        kept = {"base", "type", "slicing", "mustSupport"}
        return node.element | {key: value for key, value in root.element.items() if key not in kept}

    def _open(self, node: Node, unsliced: Node | None) -> None:
        """See that the elements below the node are there, from its type, its profile or what it repeats."""
        if node.children:
            return
        if unsliced and unsliced.children:
            source = unsliced
        elif "contentReference" in node.element:
            source = self._repeated(node.element["contentReference"])
        else:
            source = self.generator.tree(self._type_of(node), self.url)
            if self.adds:
                rules = {"constraint": source.element.get("constraint", [])}
                node.element = merged(node.element, rules)
        node.children = self._copied(source)

    def _copied(self, source: Node) -> list[Node]:
        self.left -= sum(child.size() for child in source.children) + 1
        if self.left < 0:
            raise _fault("snapshot-large", self.url, most=MOST_ELEMENTS, deepest=DEEPEST)
        return [child.copy() for child in source.children]

    def _repeated(self, reference: str) -> Node:
        """The element that a contentReference names, as the base has it."""
        node: Node | None = self.base
        for step in reference.partition("#")[2].split(".")[1:]:
            node = node.child(step.partition(":")[0]) if node else None
        if node is None:
            raise _fault("snapshot-no-element", self.url, element=reference)
        return node

    def _type_of(self, node: Node) -> str:
        types = node.element.get("type", [])
        profile = _only_profile(node.element)
        if profile and profile != self.url:
            return profile
        codes = {one["code"] for one in types}
        code = codes.pop() if len(codes) == 1 else "Element"
        return code if ":" in code else CORE + code


def _usual_slicing(node: Node) -> Json:
    """How an element is sliced where its profile does not say; other slices than these cannot be told apart."""
    if node.is_choice:
        return TYPE_SLICING
    return (
        URL_SLICING
        if node.name in {"extension", "modifierExtension"}
        else {"ordered": False, "rules": "open"}
    )


def _only_profile(element: Json) -> str | None:
    types = element.get("type", [])
    profiles = types[0].get("profile", []) if len(types) == 1 else []
    return profiles[0] if len(profiles) == 1 else None


def _type_named(choice: Node, ending: str) -> Json | None:
    """The type of a choice whose name ends a property: Quantity of valueQuantity."""
    types = choice.element.get("type", [])
    return next((one for one in types if one["code"][:1].upper() + one["code"][1:] == ending), None)


def _bound(element: Json, rules: Json) -> Json:
    """The element without the binding of its base where no type that is left can have one (rule eld-11)."""
    if "binding" not in element or "binding" in rules or "type" not in rules:
        return element
    if any(one["code"] in BINDABLE for one in element["type"]):
        return element
    return {key: value for key, value in element.items() if key != "binding"}


def _narrow(choice: Node) -> None:
    """A choice that is sliced by type has no other types than a slice that must be there, and is closed where each
    of its types has a slice."""
    slicing = choice.element.get("slicing", {})
    if not choice.is_choice or [d.get("type") for d in slicing.get("discriminator", [])] != ["type"]:
        return
    sliced = {one["code"] for part in choice.slices for one in part.element.get("type", [])}
    needed = {
        one["code"]
        for part in choice.slices
        for one in part.element.get("type", [])
        if part.element.get("min") and len(part.element["type"]) == 1
    }
    types = choice.element.get("type", [])
    left = [one for one in types if one["code"] in needed] if len(needed) == 1 else types
    if left and all(one["code"] in sliced for one in left):
        choice.element = choice.element | {"type": left, "slicing": slicing | {"rules": "closed"}}


def _fault(code: str, url: str, **facts: object) -> Invalid:
    return Invalid(code, place=Place(path=url), **facts)
