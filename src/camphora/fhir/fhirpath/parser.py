"""Tokens to the tree, by the binding power of operators (https://hl7.org/fhirpath/N1/#operator-precedence)."""

from __future__ import annotations

from typing import Literal as Of
from typing import cast

from camphora.errors import Invalid
from camphora.fhir.fhirpath.lexer import Token, fault, tokens
from camphora.fhir.fhirpath.tree import (
    LEVELS,
    RESERVED,
    UNARY,
    UNITS,
    Binary,
    Empty,
    External,
    Function,
    Indexer,
    Literal,
    LiteralType,
    Member,
    Node,
    Polarity,
    Quantity,
    Special,
    TypeTest,
)

DEEPEST = 150
"""Nodes from the root of a tree to its deepest leaf."""
NESTED = 60
"""Brackets and operators open at once."""
_LITERALS: dict[str, LiteralType] = {
    "string": "String", "date": "Date", "datetime": "DateTime", "time": "Time"
}  # fmt: skip


def parse(text: str) -> Node:
    """The tree of an expression. Raises `Invalid` (`fhirpath-…`) with the column of the fault."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.next = 0
        self.nested = 0
        self.depths: dict[int, int] = {}

    def whole(self) -> Node:
        node = self.expression(0)
        if self.token.kind != "end":
            raise self.unexpected("the end")
        return node

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.tokens[self.next]
        self.next += 1
        return token

    def unexpected(self, expected: str) -> Invalid:
        token = self.token
        found = token.text if token.kind in {"sign", "special"} else token.kind
        return fault("fhirpath-syntax", self.text, token.at, expected=expected, found=found)

    def sign(self, text: str) -> bool:
        """Whether this sign comes next; it is taken."""
        if self.token.kind == "sign" and self.token.text == text:
            self.next += 1
            return True
        return False

    def must(self, text: str) -> None:
        if not self.sign(text):
            raise self.unexpected(text)

    def made(self, node: Node, *inner: Node | None) -> Node:
        """`node`, refused where the tree has become too deep."""
        depth = 1 + max((self.depths.get(id(one), 1) for one in inner if one is not None), default=0)
        if depth > DEEPEST:
            raise fault("fhirpath-deep", self.text, node.at, most=DEEPEST)
        self.depths[id(node)] = depth
        return node

    def expression(self, least: int) -> Node:
        self.nested += 1
        if self.nested > NESTED:
            raise fault("fhirpath-deep", self.text, self.token.at, most=NESTED)
        left = self.operand()
        while (level := self.level()) > least:
            left = self.joined(left, self.take(), level)
        self.nested -= 1
        return left

    def level(self) -> int:
        token = self.token
        return LEVELS.get(token.text, 0) if token.kind in {"sign", "word"} else 0

    def joined(self, left: Node, operator: Token, level: int) -> Node:
        if operator.text in {"is", "as"}:
            namespace, name = self.type_name()
            test = cast("Of['is', 'as']", operator.text)
            return self.made(TypeTest(test, left, namespace, name, operator.at), left)
        right = self.expression(level)
        return self.made(Binary(operator.text, left, right, operator.at), left, right)

    def type_name(self) -> tuple[str, str]:
        name = self.identifier()
        return (name, self.identifier()) if self.sign(".") else ("", name)

    def identifier(self) -> str:
        token = self.token
        if token.kind == "quoted" or (token.kind == "word" and token.text not in RESERVED):
            self.next += 1
            return token.text
        raise self.unexpected("a name")

    def operand(self) -> Node:
        token = self.token
        if token.kind == "sign" and token.text in {"+", "-"}:
            self.next += 1
            inner = self.expression(UNARY - 1)
            sign = cast("Of['+', '-']", token.text)
            return self.made(Polarity(sign, inner, token.at), inner)
        node = self.term()
        while True:
            at = self.token.at
            if self.sign("."):
                node = self.invocation(node)
            elif self.sign("["):
                index = self.expression(0)
                self.must("]")
                node = self.made(Indexer(node, index, at), node, index)
            else:
                return node

    def term(self) -> Node:
        token = self.token
        if token.kind in _LITERALS:
            self.next += 1
            return Literal(_LITERALS[token.kind], token.text, token.at)
        if token.kind == "number":
            return self.number()
        if token.kind == "special":
            self.next += 1
            return Special(cast("Of['this', 'index', 'total']", token.text[1:]), token.at)
        if token.kind == "word" and token.text in {"true", "false"}:
            self.next += 1
            return Literal("Boolean", token.text, token.at)
        if self.sign("("):
            inner = self.expression(0)
            self.must(")")
            return inner
        if self.sign("{"):
            self.must("}")
            return Empty(token.at)
        return self.external(token.at) if self.sign("%") else self.invocation(None)

    def number(self) -> Node:
        number, after = self.take(), self.token
        if after.kind == "string":
            self.next += 1
            return Quantity(number.text, after.text, at=number.at)
        if after.kind == "word" and after.text in UNITS:
            self.next += 1
            return Quantity(number.text, UNITS[after.text], calendar=True, at=number.at)
        return Literal("Decimal" if "." in number.text else "Integer", number.text, number.at)

    def external(self, at: int) -> Node:
        if self.token.kind == "string":
            return External(self.take().text, at)
        return External(self.identifier(), at)

    def invocation(self, source: Node | None) -> Node:
        at = self.token.at
        name = self.identifier()
        if not self.sign("("):
            return self.made(Member(source, name, at), source)
        arguments: list[Node] = []
        if not self.sign(")"):
            arguments.append(self.expression(0))
            while self.sign(","):
                arguments.append(self.expression(0))
            self.must(")")
        return self.made(Function(source, name, tuple(arguments), at), source, *arguments)
