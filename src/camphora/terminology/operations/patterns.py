"""Regular expressions whose time is bounded: an automaton that is in all its states at once never turns back.

A filter's expression comes from whoever sends a value set, and the usual engine needs 2ⁿ steps for `(a+)+b`. This one
needs at most (length of the text × states), and refuses an expression with too many states. It knows what filters use:
characters, `.`, classes, `\\d \\w \\s` and their opposites, groups, `|`, `* + ? {m,n}`, `^` and `$` at the ends. A
pattern covers the whole value, as HL7's suite expects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from camphora.errors import Invalid, TooLarge

MOST_STATES = 2000
MOST_DEPTH = 50
Test = Callable[[str], bool]
ESCAPES: dict[str, Test] = {
    "d": str.isdecimal,
    "D": lambda sign: not sign.isdecimal(),
    "w": lambda sign: sign.isalnum() or sign == "_",
    "W": lambda sign: not (sign.isalnum() or sign == "_"),
    "s": str.isspace,
    "S": lambda sign: not sign.isspace(),
}
LETTERS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}


@dataclass(slots=True)
class _State:
    """One state: it goes on by a sign that passes `test` to `after`, or freely to each of `free`."""

    test: Test | None = None
    after: int = -1
    free: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled expression; `covers(text)` says whether it matches all of a text."""

    states: tuple[_State, ...]
    start: int
    end: int

    def covers(self, text: str) -> bool:
        now = self._reach({self.start})
        for sign in text:
            steps = {state.after for at in now if (state := self.states[at]).test and state.test(sign)}
            now = self._reach(steps)
            if not now:
                return False
        return self.end in now

    def _reach(self, found: set[int]) -> set[int]:
        waiting = list(found)
        while waiting:
            for other in self.states[waiting.pop()].free:
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found


@lru_cache(maxsize=256)
def pattern(text: str) -> Pattern:
    """Compile. Raises Invalid terminology-regex where the expression is broken or asks for what is not offered,
    TooLarge terminology-regex-large where it has too many states."""
    builder = _Builder()
    end = builder.new(_State())
    start = builder.build(_Reader(text).read(), end)
    return Pattern(tuple(builder.states), start, end)


@dataclass(frozen=True, slots=True)
class _Node:
    """A piece of the expression: one sign (`test`), pieces in a row, a choice of rows, or a repeated piece."""

    test: Test | None = None
    row: tuple[_Node, ...] = ()
    choice: tuple[_Node, ...] = ()
    least: int = 1
    most: int | None = 1


class _Builder:
    """From pieces to states, each built with the state that follows it."""

    def __init__(self) -> None:
        self.states: list[_State] = []

    def new(self, state: _State) -> int:
        if len(self.states) >= MOST_STATES:
            raise TooLarge("terminology-regex-large", most=MOST_STATES)
        self.states.append(state)
        return len(self.states) - 1

    def build(self, node: _Node, after: int) -> int:
        """The state in which `node` begins, `after` being where it ends."""
        if node.test:
            return self.new(_State(node.test, after))
        if node.choice:
            return self.new(_State(free=[self.build(one, after) for one in node.choice]))
        if (node.least, node.most) != (1, 1):
            return self._repeated(node, after)
        for one in reversed(node.row):
            after = self.build(one, after)
        return after

    def _repeated(self, node: _Node, after: int) -> int:
        (piece,) = node.row
        if node.most is None:
            start = self.new(_State())
            self.states[start].free = [self.build(piece, start), after]
        else:
            start = after
            for _ in range(node.most - node.least):
                start = self.new(_State(free=[self.build(piece, start), after]))
        for _ in range(node.least):
            start = self.build(piece, start)
        return start


class _Reader:
    """Recursive descent over the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def read(self) -> _Node:
        if self._peek() == "^":
            self.at += 1
        found = self._choice()
        if self.at < len(self.text):
            raise self._broken()
        return found

    def _broken(self) -> Invalid:
        return Invalid("terminology-regex", regex=self.text, position=self.at + 1)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _next(self) -> str:
        sign = self._peek()
        if not sign:
            raise self._broken()
        self.at += 1
        return sign

    def _choice(self) -> _Node:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise TooLarge("terminology-regex-large", most=MOST_STATES)
        rows = [self._row()]
        while self._peek() == "|":
            self.at += 1
            rows.append(self._row())
        self.depth -= 1
        return _Node(choice=tuple(rows))

    def _row(self) -> _Node:
        pieces = []
        while (sign := self._peek()) and sign not in "|)":
            if sign == "$" and self.at + 1 == len(self.text):
                self.at += 1
                break
            piece = self._atom()
            least, most = self._times()
            pieces.append(piece if (least, most) == (1, 1) else _Node(row=(piece,), least=least, most=most))
        return _Node(row=tuple(pieces))

    def _times(self) -> tuple[int, int | None]:
        sign = self._peek()
        if sign == "{":
            found = self._counted()
        elif sign and sign in "*+?":
            self.at += 1
            found = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        else:
            return 1, 1
        if self._peek() == "?":
            self.at += 1
        return found

    def _counted(self) -> tuple[int, int | None]:
        inside, close, _ = self.text[self.at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if not close or not low.isdecimal() or (high and not high.isdecimal()):
            raise self._broken()
        self.at += len(inside) + 2
        most = int(high) if high else (None if comma else int(low))
        if int(low) > MOST_STATES or (most is not None and (most < int(low) or most > MOST_STATES)):
            raise TooLarge("terminology-regex-large", most=MOST_STATES)
        return int(low), most

    def _atom(self) -> _Node:
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            return _Node(self._class())
        if sign in "*+?{":
            raise self._broken()
        if sign == ".":
            return _Node(lambda one: one != "\n")
        if sign == "\\":
            return _Node(self._escape())
        return _Node(lambda one: one == sign)

    def _group(self) -> _Node:
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self._peek() == "?":
            raise self._broken()
        piece = self._choice()
        if self._next() != ")":
            raise self._broken()
        return piece

    def _escape(self) -> Test:
        sign = self._next()
        if sign in ESCAPES:
            return ESCAPES[sign]
        if sign.isalnum() and sign not in LETTERS:
            raise self._broken()
        letter = LETTERS.get(sign, sign)
        return lambda one: one == letter

    def _class(self) -> Test:
        opposite = self._peek() == "^"
        self.at += opposite
        tests: list[Test] = []
        while (sign := self._next()) != "]" or not tests:
            tests.append(self._member(sign))
        found = tuple(tests)
        return lambda one: any(test(one) for test in found) != opposite

    def _member(self, sign: str) -> Test:
        if sign == "\\" and self._peek() in ESCAPES:
            return ESCAPES[self._next()]
        low = self._plain(sign)
        if self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
            self.at += 1
            high = self._plain(self._next())
            if high < low:
                raise self._broken()
            return lambda one: low <= one <= high
        return lambda one: one == low

    def _plain(self, sign: str) -> str:
        if sign != "\\":
            return sign
        after = self._next()
        if after.isalnum() and after not in LETTERS:
            raise self._broken()
        return LETTERS.get(after, after)
