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
MOST_BASES = 40
"""So many definitions may wait for one another; each asks for some frames of Python's stack."""
MOST_ELEMENTS = 50_000
BINDABLE = frozenset({"code", "Coding", "CodeableConcept", "Quantity", "string", "uri"})
EXTENSIONS = frozenset({"extension", "modifierExtension"})
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
        if url in self._under_way:
            raise _fault("snapshot-circle", url, base=self._under_way[-1])
        if len(self._under_way) > MOST_BASES:
            raise _fault("snapshot-bases", url, most=MOST_BASES)
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
        laid = merged(self._below(node, rules.element), rules.element, self.url)
        node.element = _bound(laid, rules.element)
        if rules.children and not (self.adds and node is self.root):
            self._open(node, unsliced)
        for child in _in_full(node, rules.children):
            self._lay_child(node.child(child.name) or self._added(node, child), child)

    def _lay_child(self, found: Node, rules: Node) -> None:
        before = found.copy() if rules.slices else found
        self._lay(found, rules)
        for slice_ in rules.slices:
            part = found.sliced(slice_.slice)
            if part is None:
                part = self._new_slice(found, before, slice_.slice)
            self._lay(part, slice_, found)
        if found.slices:
            _narrow(found)

    def _added(self, node: Node, rules: Node) -> Node:
        """A new element, where the definition may add some."""
        if not self.adds:
            raise _fault("snapshot-no-element", self.url, element=rules.element.get("path", rules.name))
        made = Node(rules.name)
        node.children.append(made)
        return made

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
    return URL_SLICING if node.name in EXTENSIONS else {"ordered": False, "rules": "open"}


def _only_profile(element: Json) -> str | None:
    types = element.get("type", [])
    profiles = types[0].get("profile", []) if len(types) == 1 else []
    return profiles[0] if len(profiles) == 1 else None


def _in_full(node: Node, rules: list[Node]) -> list[Node]:
    """The rules for what lies below a node, with `valueQuantity` written as the slice of `value[x]` that it means; the
    choice then has only the types that are written so, unless it has rules or slices already."""
    found = {rule.name: rule for rule in rules}
    short: dict[str, list[tuple[Json, Node]]] = {}
    for rule in rules:
        choice = None if node.child(rule.name) else _choice(node, rule.name)
        if choice:
            kind = next(one for one in choice.element["type"] if _property(choice, one) == rule.name)
            part = Node(choice.name, rule.name, {"type": [kind]} | rule.element, rule.children)
            short.setdefault(choice.name, []).append((kind, part))
            del found[rule.name]
    for name, parts in short.items():
        sliced = any(child.name == name and child.slices for child in node.children)
        head = found.setdefault(name, Node(name, "", {} if sliced else {"type": [kind for kind, _ in parts]}))
        head.slices += [part for _, part in parts]
    return list(found.values())


def _choice(node: Node, name: str) -> Node | None:
    """The choice below a node of which `name` is the property for one type: value[x] of valueQuantity."""
    choices = (child for child in node.children if child.is_choice)
    return next(
        (c for c in choices if any(_property(c, one) == name for one in c.element.get("type", []))), None
    )


def _property(choice: Node, type_: Json) -> str:
    code = str(type_["code"])
    return f"{choice.name.removesuffix('[x]')}{code[:1].upper()}{code[1:]}"


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
    rules = [part.element for part in choice.slices]
    sliced = {one["code"] for row in rules for one in row.get("type", [])}
    needed = {row["type"][0]["code"] for row in rules if row.get("min") and len(row.get("type", [])) == 1}
    types = choice.element.get("type", [])
    left = [one for one in types if one["code"] in needed] if len(needed) == 1 else types
    if left and all(one["code"] in sliced for one in left):
        choice.element = choice.element | {"type": left, "slicing": slicing | {"rules": "closed"}}


def _fault(code: str, url: str, **facts: object) -> Invalid:
    return Invalid(code, place=Place(path=url), **facts)
