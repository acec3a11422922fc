"""XML Patch (RFC 5261, as FHIR uses it) on the XML of a resource or any document."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from camphora.errors import Invalid
from camphora.fhir.patch import nodes, xpath
from camphora.fhir.patch.limits import refuse, require_few
from camphora.fhir.patch.nodes import Comment, Element, Instruction, Name, Node, Text
from camphora.fhir.patch.xpath import Attribute, Child, Found, Namespace
from camphora.fhir.xml.tables import FHIR

_SPACE = " \t\r\n"


def xml_patch(document: bytes, diff: bytes, *, file: str | None = None) -> bytes:
    """The document after all operations of `diff` (an element `diff` or `patch` with `add`, `replace`, `remove`).

    Raises Invalid: xml-… where one of the two is no XML, patch-… that names the operation and its selector where one
    cannot be done, finds nothing or more than one node, or where the type or `id` of a resource would change. Source:
    RFC 5261, https://hl7.org/fhir/R4/http.html#patch.
    """
    patched = nodes.parse(document, file=file)
    before = _identity(patched)
    operations = _operations(nodes.parse(diff))
    for at, operation in enumerate(operations):
        _Doing(patched, at, operation).apply()
    after = _identity(patched)
    for element in sorted({*before, *after}):
        if before.get(element) != after.get(element):
            raise Invalid("patch-identity", element=element)
    return nodes.write(patched)


class _Operation(NamedTuple):
    element: Element
    scope: dict[str, str]


def _operations(diff: Element) -> list[_Operation]:
    root = next(diff.elements)
    if root.name.local not in {"diff", "patch"}:
        raise Invalid("patch-root")
    found = [_Operation(element, root.declared | element.declared) for element in root.elements]
    if not found:
        raise Invalid("patch-none")
    require_few(len(found))
    return found


def _identity(document: Element) -> dict[str, Name | list[dict[Name, str]]]:
    """The type and id of a FHIR resource; nothing of another document."""
    root = next(document.elements)
    if root.name.space != FHIR:
        return {}
    ids = [dict(element.attributes) for element in root.elements if element.name == Name(FHIR, "id")]
    return {"resourceType": root.name, "id": ids}


class _Doing:
    """One operation on the document."""

    def __init__(self, document: Element, at: int, operation: _Operation) -> None:
        self._document, self._at = document, at
        self._given, self._scope = operation
        self._options = {
            name.local: value for name, value in self._given.attributes.items() if not name.space
        }
        self._path = self._options.get("sel", "")

    def apply(self) -> None:
        kinds = {"add": self._add, "replace": self._replace, "remove": self._remove}
        kind = self._given.name.local
        if kind not in kinds:
            self._refuse("patch-operation")
        found = self._target()
        kinds[kind](found)
        owner = found.node if isinstance(found, Child) and isinstance(found.node, Element) else found.owner
        for element in (owner, found.owner):
            nodes.touch(self._document, element)
            element.children = nodes.joined(element.children)

    def _target(self) -> Found:
        try:
            found = xpath.select(self._document, xpath.parse(self._path, self._scope))
        except xpath.NotUnderstood:
            self._refuse("patch-selector")
        if len(found) != 1:
            self._refuse("patch-absent" if not found else "patch-several", count=len(found))
        return found[0]

    def _refuse(self, code: str, **facts: object) -> NoReturn:
        refuse(code, self._at, self._path, **facts)

    # add

    def _add(self, found: Found) -> None:
        kind, position = self._options.get("type"), self._options.get("pos")
        if not isinstance(found, Child):
            self._refuse("patch-target")
        if position in {"before", "after"}:
            self._add_beside(found, position)
        elif not isinstance(found.node, Element) or found.node is self._document:
            self._refuse("patch-target")
        elif kind is not None:
            self._add_property(found.node, kind)
        elif position == "prepend":
            found.node.children[:0] = self._content()
        elif position is None:
            found.node.children.extend(self._content())
        else:
            self._refuse("patch-operation")

    def _add_beside(self, found: Child, position: str) -> None:
        content = self._content()
        if found.owner is self._document and not all(isinstance(n, Comment | Instruction) for n in content):
            self._refuse("patch-target")
        at = _index(found) + (position == "after")
        found.owner.children[at:at] = content

    def _add_property(self, element: Element, kind: str) -> None:
        """An attribute (`@name`) or the declaration of a prefix (`namespace::prefix`)."""
        nodes.forget(element)
        if kind.startswith("namespace::"):
            prefix = kind.removeprefix("namespace::")
            if not prefix:
                self._refuse("patch-operation")
            if prefix in element.declared:
                self._refuse("patch-present")
            element.declared[prefix] = self._text()
            return
        prefix, _, local = kind.removeprefix("@").rpartition(":")
        if not kind.startswith("@") or not local or (prefix and prefix not in self._scope):
            self._refuse("patch-operation")
        name = Name(self._scope[prefix] if prefix else "", local, prefix)
        if name in element.attributes:
            self._refuse("patch-present")
        element.attributes[name] = self._text()

    # replace

    def _replace(self, found: Found) -> None:
        if isinstance(found, Attribute):
            found.owner.attributes[found.name] = self._text()
        elif isinstance(found, Namespace):
            self._refuse("patch-namespace")
        elif isinstance(found.node, Text):
            found.owner.children[_index(found)] = Text(self._text())
        else:
            found.owner.children[_index(found)] = self._one_like(found.node)

    def _one_like(self, node: Node) -> Node:
        """The one node of the content that is of the kind of `node`; beside it only white space stands."""
        content = [
            one for one in self._content() if not (isinstance(one, Text) and not one.data.strip(_SPACE))
        ]
        if len(content) != 1 or type(content[0]) is not type(node) or node is self._document:
            self._refuse("patch-content")
        return content[0]

    # remove

    def _remove(self, found: Found) -> None:
        if isinstance(found, Attribute):
            del found.owner.attributes[found.name]
        elif isinstance(found, Namespace):
            self._refuse("patch-namespace")
        elif found.owner is self._document and isinstance(found.node, Element):
            self._refuse("patch-target")
        else:
            at = _index(found)
            space = self._options.get("ws", "")
            if space not in {"", "before", "after", "both"}:
                self._refuse("patch-operation")
            del found.owner.children[at]
            if space in {"after", "both"}:
                self._remove_space(found.owner, at)
            if space in {"before", "both"}:
                self._remove_space(found.owner, at - 1)

    def _remove_space(self, owner: Element, at: int) -> None:
        node = owner.children[at] if 0 <= at < len(owner.children) else None
        if not isinstance(node, Text) or node.data.strip(_SPACE):
            self._refuse("patch-space")
        del owner.children[at]

    # content

    def _content(self) -> list[Node]:
        """Copies of what the operation holds. Where it holds elements, the white space around them is its layout."""
        content = [nodes.copied(child) for child in self._given.children]
        if not content:
            self._refuse("patch-content")
        return content

    def _text(self) -> str:
        if not all(isinstance(child, Text) for child in self._given.children):
            self._refuse("patch-content")
        return "".join(child.data for child in self._given.children if isinstance(child, Text))


def _index(found: Child) -> int:
    return next(at for at, child in enumerate(found.owner.children) if child is found.node)
