"""The part of XPath that RFC 5261 and FHIR's patches use, as a parsed path and its evaluation.

    path       = ["/"] step *("/" step)
    step       = ("." / name / "*" / "@" name / "text()" / "comment()" / "node()" /
                  "processing-instruction(" [literal] ")" / "namespace::" prefix) *predicate
    predicate  = "[" (number / "last()" / "position()=" number / test *("and" test)) "]"
    test       = path ["=" literal]

Names have the prefixes that the patch declares; `f` and `h` are those of FHIR and XHTML where it declares no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from camphora.fhir.patch.nodes import Comment, Element, Instruction, Name, Node, Text
from camphora.fhir.xml.tables import FHIR, XHTML

USUAL = {"f": FHIR, "h": XHTML}
LONGEST = 2_000
DEEPEST = 8
"""Predicates inside one another."""
_TOKEN = re.compile(
    r"\s*(?:(?P<literal>'[^']*'|\"[^\"]*\")|(?P<number>\d{1,9})|(?P<axis>namespace::|child::|attribute::)"
    r"|(?P<kind>(?:text|comment|node|processing-instruction|last|position)\s*\()"
    r"|(?P<name>[^\W\d][\w.-]*(?::(?!:)[^\W\d][\w.-]*)?)|(?P<sign>[/@*.()\[\]=]))"
)


class Attribute(NamedTuple):
    """An attribute of an element, found by a path."""

    owner: Element
    name: Name


class Namespace(NamedTuple):
    """A namespace that an element declares."""

    owner: Element
    prefix: str


class Child(NamedTuple):
    """A node and the element that holds it."""

    owner: Element
    node: Node


Found = Attribute | Namespace | Child


@dataclass(frozen=True, slots=True)
class Test:
    """A path that must lead somewhere, and to the text `equals` where that is given."""

    path: tuple[Step, ...]
    equals: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `kind`: element, attribute, namespace, text, comment, node, processing-instruction, self. `name` is
    None for any. A predicate is a position from 1, 0 for the last, or tests."""

    kind: str
    name: Name | None = None
    predicates: tuple[int | tuple[Test, ...], ...] = ()


class NotUnderstood(Exception):
    """A path that is not of this part of XPath, or whose prefix is not declared."""


def parse(path: str, scope: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps of a path; `scope` are the namespaces by prefix. Raises NotUnderstood."""
    if len(path) > LONGEST:
        raise NotUnderstood
    parser = _Parser(_tokens(path), {**USUAL, **scope})
    steps = parser.path(allow_root=True)
    if parser.kind:
        raise NotUnderstood
    return steps


def _tokens(path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while path[at:].strip():
        match = _TOKEN.match(path, at)
        if match is None:
            raise NotUnderstood
        assert match.lastgroup is not None
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], scope: Mapping[str, str]) -> None:
        self._tokens, self._scope, self._at = tokens, scope, 0
        self._level = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _take(self, text: str) -> bool:
        here = self._at < len(self._tokens) and self._tokens[self._at] in {
            ("sign", text),
            ("name", text),
            ("axis", text),
        }
        self._at += here
        return here

    def _next(self, kind: str) -> str:
        if self.kind != kind:
            raise NotUnderstood
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _require(self, sign: str) -> None:
        if not self._take(sign):
            raise NotUnderstood

    def path(self, *, allow_root: bool = False) -> tuple[Step, ...]:
        if allow_root:
            self._take("/")
        steps = [self._step()]
        while self._take("/"):
            steps.append(self._step())
        return tuple(steps)

    def _step(self) -> Step:
        if self._take("."):
            return Step("self", None, self._predicates())
        if self._take("@") or self._take("attribute::"):
            return Step("attribute", self._name(attribute=True), self._predicates())
        if self._take("namespace::"):
            return Step("namespace", Name("", self._next("name")))
        self._take("child::")
        if self.kind == "kind":
            return self._node_test()
        return Step("element", self._name(attribute=False), self._predicates())

    def _node_test(self) -> Step:
        kind = self._next("kind").rstrip("( ")
        if kind in {"last", "position"}:
            raise NotUnderstood
        target = None
        if kind == "processing-instruction" and self.kind == "literal":
            target = Name("", self._next("literal")[1:-1])
        self._require(")")
        return Step(kind, target, self._predicates())

    def _name(self, *, attribute: bool) -> Name | None:
        if self._take("*"):
            return None
        prefix, colon, local = self._next("name").rpartition(":")
        if not colon:
            return Name("" if attribute else self._scope.get("", ""), local)
        if prefix not in self._scope:
            raise NotUnderstood
        return Name(self._scope[prefix], local)

    def _predicates(self) -> tuple[int | tuple[Test, ...], ...]:
        found: list[int | tuple[Test, ...]] = []
        while self._take("["):
            self._level += 1
            if self._level > DEEPEST:
                raise NotUnderstood
            found.append(self._predicate())
            self._require("]")
            self._level -= 1
        return tuple(found)

    def _predicate(self) -> int | tuple[Test, ...]:
        if self.kind == "number":
            return self._position()
        if self.kind == "kind" and self._tokens[self._at][1].startswith(("last", "position")):
            word = self._next("kind")
            self._require(")")
            if word.startswith("last"):
                return 0
            self._require("=")
            return self._position()
        tests = [self._test()]
        while self._take("and"):
            tests.append(self._test())
        return tuple(tests)

    def _position(self) -> int:
        position = int(self._next("number"))
        if position == 0:
            raise NotUnderstood
        return position

    def _test(self) -> Test:
        path = self.path()
        return Test(path, self._next("literal")[1:-1] if self._take("=") else None)


def select(document: Element, steps: tuple[Step, ...]) -> list[Found]:
    """What a path finds, in the order of the document."""
    found: list[Found] = [Child(document, document)]
    for step in steps:
        found = [one for start in found for one in _stepped(start, step)]
    return found


def _stepped(start: Found, step: Step) -> list[Found]:
    if step.kind == "self":
        found: list[Found] = [start]
    elif isinstance(start, Child) and isinstance(start.node, Element):
        found = list(_axis(start.node, step))
    else:
        found = []
    for predicate in step.predicates:
        if isinstance(predicate, int):
            found = found[predicate - 1 : predicate] if predicate else found[-1:]
        else:
            found = [one for one in found if all(_holds(one, test) for test in predicate)]
    return found


def _axis(owner: Element, step: Step) -> Iterator[Found]:
    if step.kind == "attribute":
        yield from (Attribute(owner, name) for name in owner.attributes if step.name in {None, name})
    elif step.kind == "namespace":
        assert step.name is not None
        if step.name.local in owner.declared:
            yield Namespace(owner, step.name.local)
    else:
        yield from (Child(owner, child) for child in owner.children if _fits(child, step))


def _fits(node: Node, step: Step) -> bool:
    if step.kind == "element":
        return isinstance(node, Element) and step.name in {None, node.name}
    if step.kind == "processing-instruction":
        return isinstance(node, Instruction) and (step.name is None or step.name.local == node.target)
    kinds: dict[str, type | tuple[type, ...]] = {
        "text": Text, "comment": Comment, "node": (Element, Text, Comment, Instruction),
    }  # fmt: skip
    return isinstance(node, kinds[step.kind])


def _holds(start: Found, test: Test) -> bool:
    found: list[Found] = [start]
    for step in test.path:
        found = [one for before in found for one in _stepped(before, step)]
    return bool(found) if test.equals is None else any(_string(one) == test.equals for one in found)


def _string(found: Found) -> str:
    """The text of what was found, as XPath says it."""
    if isinstance(found, Attribute):
        return found.owner.attributes[found.name]
    if isinstance(found, Namespace):
        return found.owner.declared[found.prefix]
    if isinstance(found.node, Element):
        return "".join(_string(Child(found.node, child)) for child in found.node.children
                       if isinstance(child, Element | Text))  # fmt: skip
    return found.node.data
