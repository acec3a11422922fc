"""The text of a pattern to its parts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Union

from camphora.errors import Invalid

LONGEST, DEEPEST, MOST = 4_000, 40, 1_000
"""Letters of a pattern, groups within groups, and the count in `{…}`."""


@dataclass(frozen=True, slots=True)
class Letters:
    """One letter out of a set: `ranges` of letters, `kinds` by test, all others where `negated`."""

    ranges: tuple[tuple[str, str], ...] = ()
    kinds: tuple[Callable[[str], bool], ...] = ()
    negated: bool = False
    folded: bool = False

    def has(self, letter: str) -> bool:
        return self._in(letter) is not self.negated

    def _in(self, letter: str) -> bool:
        forms = {letter, letter.lower(), letter.upper()} if self.folded else (letter,)
        return any(low <= form <= high for form in forms for low, high in self.ranges) or any(
            kind(letter) for kind in self.kinds
        )


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    part: Part
    least: int
    most: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Group:
    number: int
    part: Part


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place: the start, the end, a line's start or end, a word's edge or none."""

    kind: Literal["start", "end", "line-start", "line-end", "edge", "inside"]


@dataclass(frozen=True, slots=True)
class Look:
    """What must follow, or must not."""

    part: Part
    negated: bool


Part = Union[Letters, Sequence, Choice, Repeat, Group, Assertion, Look]  # noqa: UP007 - used above, before it is there


def _digit(letter: str) -> bool:
    return "0" <= letter <= "9"


def _word(letter: str) -> bool:
    return letter == "_" or (letter.isascii() and letter.isalnum())


def _space(letter: str) -> bool:
    return letter in " \t\n\r\f\v"


def _not(kind: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda letter: not kind(letter)


def is_word(letter: str) -> bool:
    r"""Whether a letter belongs to a word as `\w` and `\b` mean it."""
    return _word(letter)


CLASSES: dict[str, Callable[[str], bool]] = {
    "d": _digit, "D": _not(_digit), "w": _word, "W": _not(_word), "s": _space, "S": _not(_space)
}  # fmt: skip
SIGNS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b", "0": "\0"}
PLACES: dict[str, Assertion] = {
    "A": Assertion("start"), "z": Assertion("end"), "Z": Assertion("end"), "b": Assertion("edge"),
    "B": Assertion("inside"),
}  # fmt: skip
ANY = Letters(negated=True)


def broken() -> Invalid:
    return Invalid("fhirpath-pattern")


class Reader:
    """Reads a pattern; `names` are its named groups by number, `groups` how many there are."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise broken()
        self.text = text
        self.at = 0
        self.depth = 0
        self.groups = 0
        self.names: dict[str, int] = {}
        self.folded = self.lines = False

    def whole(self) -> Part:
        part = self.choice()
        if self.at < len(self.text):
            raise broken()
        return part

    def peek(self, text: str) -> bool:
        """Whether `text` comes next; it is taken."""
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def take(self) -> str:
        if self.at >= len(self.text):
            raise broken()
        self.at += 1
        return self.text[self.at - 1]

    def until(self, end: str) -> str:
        stop = self.text.find(end, self.at)
        if stop < 0:
            raise broken()
        found, self.at = self.text[self.at : stop], stop + len(end)
        return found

    def choice(self) -> Part:
        self.depth += 1
        if self.depth > DEEPEST:
            raise broken()
        parts = [self.sequence()]
        while self.peek("|"):
            parts.append(self.sequence())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def sequence(self) -> Part:
        parts: list[Part] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.repeated(self.one()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def repeated(self, part: Part) -> Part:
        bounds = self.bounds()
        if bounds is None:
            return part
        greedy = not self.peek("?")
        if isinstance(part, Assertion) or self.bounds() is not None:
            raise broken()
        return Repeat(part, *bounds, greedy)

    def bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.peek(sign):
                return bounds
        if self.text[self.at : self.at + 1] != "{":
            return None
        inside = self.text[self.at + 1 : self.text.find("}", self.at)] if "}" in self.text[self.at :] else ""
        low, comma, high = inside.partition(",")
        if not low.isdecimal() or (high and not high.isdecimal()):
            return None
        self.at += len(inside) + 2
        least, most = int(low[:5]), int((high if comma else low)[:5]) if high or not comma else None
        if least > MOST or (most is not None and not least <= most <= MOST):
            raise broken()
        return least, most

    def one(self) -> Part:
        letter = self.take()
        if letter == "(":
            return self.group()
        if letter == "[":
            return self.letters()
        if letter == ".":
            return ANY
        if letter in "^$":
            kind: Literal["start", "end", "line-start", "line-end"] = "start" if letter == "^" else "end"
            return Assertion(f"line-{kind}" if self.lines else kind)  # type: ignore[arg-type]
        if letter in "*+?":
            raise broken()
        return self.escaped() if letter == "\\" else self.plain(letter)

    def plain(self, letter: str) -> Letters:
        return Letters(((letter, letter),), folded=self.folded)

    def group(self) -> Part:
        if not self.peek("?"):
            return self.numbered("")
        if self.peek(":"):
            return self.closed(self.choice())
        if self.peek("=") or self.peek("!"):
            negated = self.text[self.at - 1] == "!"
            return self.closed(Look(self.choice(), negated))
        if self.peek("P<") or (self.peek("<") and self.text[self.at : self.at + 1] not in {"=", "!"}):
            return self.numbered(self.until(">"))
        return self.flags()

    def flags(self) -> Part:
        """`(?i)` for the rest, `(?i:…)` for a group."""
        before = self.folded, self.lines
        while (letter := self.take()) not in ":)":
            if letter not in "ism":
                raise broken()
            self.folded = self.folded or letter == "i"
            self.lines = self.lines or letter == "m"
        if letter == ")":
            return Sequence(())
        part = self.closed(self.choice())
        self.folded, self.lines = before
        return part

    def numbered(self, name: str) -> Part:
        self.groups += 1
        number = self.groups
        if name:
            self.names[name] = number
        return self.closed(Group(number, self.choice()))

    def closed(self, part: Part) -> Part:
        if not self.peek(")"):
            raise broken()
        return part

    def escaped(self) -> Part:
        letter = self.take()
        if letter in PLACES:
            return PLACES[letter]
        kind = self.kind(letter)
        if kind:
            return Letters(kinds=(kind,))
        return self.plain(self.sign(letter))

    def kind(self, letter: str) -> Callable[[str], bool] | None:
        r"""The test that an escape such as `\d` or `\p{Lu}` stands for."""
        if letter not in {"p", "P"}:
            return CLASSES.get(letter)
        name = self.until("}")[1:] if self.text[self.at : self.at + 1] == "{" else self.take()
        name = name.removeprefix("Is")
        if not 1 <= len(name) <= 2 or name[0] not in "LMNPSZC":
            raise broken()
        test = lambda sign: unicodedata.category(sign).startswith(name)  # noqa: E731
        return test if letter == "p" else _not(test)

    def sign(self, letter: str) -> str:
        """The letter that an escape stands for."""
        if letter in {"x", "u"}:
            digits = self.text[self.at : self.at + (2 if letter == "x" else 4)]
            self.at += len(digits)
            if len(digits) not in {2, 4} or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                raise broken()
            return chr(int(digits, 16))
        if letter in SIGNS:
            return SIGNS[letter]
        if letter.isascii() and letter.isalnum():
            raise broken()
        return letter

    def letters(self) -> Letters:
        """A class in brackets."""
        negated = self.peek("^")
        ranges: list[tuple[str, str]] = []
        kinds: list[Callable[[str], bool]] = []
        first = True
        while first or not self.peek("]"):
            first = False
            low = self.member(kinds)
            if low is None:
                continue
            if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.member(kinds)
                if high is None or high < low:
                    raise broken()
                ranges.append((low, high))
            else:
                ranges.append((low, low))
        return Letters(tuple(ranges), tuple(kinds), negated, self.folded)

    def member(self, kinds: list[Callable[[str], bool]]) -> str | None:
        """The next letter of a class; None where a whole kind was added to `kinds`."""
        letter = self.take()
        if letter != "\\":
            return letter
        letter = self.take()
        kind = self.kind(letter)
        if kind is None:
            return "\b" if letter == "b" else self.sign(letter)
        kinds.append(kind)
        return None
