"""Patterns run without backtracking."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from camphora.fhir.fhirpath.patterns.syntax import (
    Assertion,
    Choice,
    Group,
    Letters,
    Part,
    Reader,
    Repeat,
    Sequence,
    broken,
    is_word,
)

LARGEST = 5_000
"""Instructions of a program."""
REMEMBERED = 5_000
"""Transitions that an automaton keeps before it begins anew."""
LETTERS_PER_STEP = 16
Spend = Callable[[int], None]
Marks = tuple[int, ...]
"""Where the match and its groups begin and end, -1 where they did not take part."""
_REFERENCE = re.compile(r"\\(.)|\$(?:(\d{1,2})|\{(\w+)\})", re.ASCII | re.DOTALL)


class Step(NamedTuple):
    """One instruction. `letter`: take one of `letters`; `fork`: go to `a`, else to `b`; `mark`: note the place as
    `a`; `check`: go on where the assertion holds; `look`: where the inner program fits (or not); `end`."""

    kind: Literal["letter", "fork", "mark", "check", "look", "end"]
    a: int = 0
    b: int = 0
    letters: Letters | None = None
    check: Assertion | None = None
    look: tuple[Step, ...] = ()


def program(part: Part) -> tuple[Step, ...]:
    code: list[Step] = []
    _emit(part, code)
    code.append(Step("end"))
    return tuple(code)


def _emit(part: Part, code: list[Step]) -> None:
    if len(code) > LARGEST:
        raise broken()
    if isinstance(part, Letters):
        code.append(Step("letter", len(code) + 1, letters=part))
    elif isinstance(part, Sequence):
        for one in part.parts:
            _emit(one, code)
    elif isinstance(part, Choice):
        _emit_choice(part, code)
    elif isinstance(part, Repeat):
        _emit_repeat(part, code)
    elif isinstance(part, Group):
        code.append(Step("mark", 2 * part.number))
        _emit(part.part, code)
        code.append(Step("mark", 2 * part.number + 1))
    elif isinstance(part, Assertion):
        code.append(Step("check", check=part))
    else:
        code.append(Step("look", b=int(part.negated), look=program(part.part)))


def _emit_choice(part: Choice, code: list[Step]) -> None:
    """Each branch but the last is entered by a fork and left by a jump (a fork with one way) to the end."""
    ends = []
    for one in part.parts[:-1]:
        at = len(code)
        code.append(Step("fork"))
        _emit(one, code)
        ends.append(len(code))
        code.append(Step("fork"))
        code[at] = Step("fork", at + 1, len(code))
    _emit(part.parts[-1], code)
    for at in ends:
        code[at] = Step("fork", len(code), len(code))


def _emit_repeat(part: Repeat, code: list[Step]) -> None:
    for _ in range(part.least):
        _emit(part.part, code)
    if part.most is None:
        at = len(code)
        code.append(Step("fork"))
        _emit(part.part, code)
        code.append(Step("fork", at, at))
        code[at] = _fork(at + 1, len(code), part.greedy)
        return
    forks = []
    for _ in range(part.most - part.least):
        forks.append(len(code))
        code.append(Step("fork"))
        _emit(part.part, code)
    for at in forks:
        code[at] = _fork(at + 1, len(code), part.greedy)


def _fork(on: int, out: int, greedy: bool) -> Step:
    return Step("fork", on, out) if greedy else Step("fork", out, on)


class _State:
    """A set of places in the program, and where each letter leads from it."""

    __slots__ = ("end", "next", "places")

    def __init__(self, places: frozenset[int], end: bool) -> None:
        self.places = places
        self.end = end
        self.next: dict[str, _State] = {}


class _Automaton:
    """A program without checks as sets of its places, made while it runs; where it `slides` it may begin anywhere."""

    def __init__(self, code: tuple[Step, ...], *, slides: bool) -> None:
        self.code = code
        self.slides = slides
        self.first = frozenset(_reached(code, [0]))
        self.states: dict[frozenset[int], _State] = {}
        self.known = 0

    def accepts(self, whole: str, spend: Spend, to_end: bool) -> bool:
        spend(1 + len(whole) // LETTERS_PER_STEP)
        state = self._state(self.first)
        for letter in whole:
            if state.end and not to_end:
                return True
            after = state.next.get(letter)
            if after is None:
                spend(len(state.places))
                after = self._after(state, letter)
            if not after.places:
                return False
            state = after
        return state.end

    def _after(self, state: _State, letter: str) -> _State:
        if self.known >= REMEMBERED:
            self.states, self.known = {}, 0
        on = [self.code[at].a for at in state.places if _has(self.code[at], letter)]
        places = frozenset(_reached(self.code, on))
        after = self._state(places | self.first if self.slides else places)
        state.next[letter] = after
        self.known += 1 + len(after.places) // 32
        return after

    def _state(self, places: frozenset[int]) -> _State:
        found = self.states.get(places)
        if found is None:
            found = _State(places, any(self.code[at].kind == "end" for at in places))
            self.states[places] = found
        return found


class Pattern:
    """A compiled pattern. Every way to run it pays by `spend` for the letters and places that it visits."""

    def __init__(self, text: str) -> None:
        reader = Reader(text)
        part = reader.whole()
        self.names = reader.names
        self.size = 2 * (reader.groups + 1)
        self.code = program(part)
        self.from_start, self.to_end, inner = _anchors(part)
        core = program(inner)
        self.placed = any(step.kind in {"check", "look"} for step in core)
        self.sliding, self.fixed = _Automaton(core, slides=True), _Automaton(core, slides=False)

    def found_in(self, whole: str, spend: Spend) -> bool:
        """Whether some part of the text matches."""
        if self.placed:
            return self.search(whole, 0, spend, anchored=False) is not None
        return (self.fixed if self.from_start else self.sliding).accepts(whole, spend, self.to_end)

    def fits(self, whole: str, spend: Spend) -> bool:
        """Whether the text as a whole matches."""
        if self.placed:
            return self.search(whole, 0, spend, anchored=True, full=True) is not None
        return self.fixed.accepts(whole, spend, to_end=True)

    def replaced(self, whole: str, new: str, spend: Spend) -> str:
        """The text with each match replaced; `$1` and `${name}` in `new` stand for its groups."""
        parts, at = [], 0
        for marks in self.matches(whole, spend):
            parts += [whole[at : marks[0]], self._filled(new, whole, marks)]
            at = marks[1]
            spend(1 + len(parts[-1]) // LETTERS_PER_STEP)
        return "".join([*parts, whole[at:]])

    def matches(self, whole: str, spend: Spend) -> Iterator[Marks]:
        """The matches from left to right that do not overlap."""
        at = 0
        while at <= len(whole):
            marks = self.search(whole, at, spend, anchored=False)
            if marks is None:
                return
            yield marks
            at = marks[1] if marks[1] > marks[0] else marks[1] + 1

    def _filled(self, new: str, whole: str, marks: Marks) -> str:
        def said(found: re.Match[str]) -> str:
            if found[1]:
                return found[1]
            number = int(found[2]) if found[2] else self.names.get(found[3], self.size)
            start, end = marks[2 * number : 2 * number + 2] or (-1, -1)
            return found[0] if number * 2 >= self.size else whole[start:end] if start >= 0 else ""

        return _REFERENCE.sub(said, new)

    def search(
        self, whole: str, at: int, spend: Spend, *, anchored: bool, full: bool = False
    ) -> Marks | None:
        """The leftmost match from `at` on, of the branches that the pattern prefers; None where there is none."""
        return _Simulation(self.code, whole, spend).run(at, self.size, anchored=anchored, full=full)


def _has(step: Step, letter: str) -> bool:
    return step.letters is not None and step.letters.has(letter)


def _anchors(part: Part) -> tuple[bool, bool, Part]:
    """Whether a pattern says `^` first and `$` last, and what lies between."""
    if not isinstance(part, Sequence) or not part.parts:
        return False, False, part
    parts = part.parts
    start = parts[0] == Assertion("start")
    end = parts[-1] == Assertion("end")
    return start, end, Sequence(parts[start : len(parts) - end])


def _reached(code: tuple[Step, ...], starts: list[int]) -> set[int]:
    """The places that take a letter or end, reached without taking one; for code that checks no place."""
    seen: set[int] = set()
    found: set[int] = set()
    stack = list(starts)
    while stack:
        at = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        step = code[at]
        if step.kind == "fork":
            stack += (step.a, step.b)
        elif step.kind == "mark":
            stack.append(at + 1)
        else:
            found.add(at)
    return found


class _Simulation:
    """Pike's simulation over one text: at most one thread per place of the program, in the order of preference."""

    def __init__(self, code: tuple[Step, ...], whole: str, spend: Spend) -> None:
        self.code = code
        self.whole = whole
        self.spend = spend

    def run(self, at: int, size: int, *, anchored: bool, full: bool) -> Marks | None:
        """The match that the pattern prefers, from `at` on, or where it is `anchored` at `at`; `full`: to the end."""
        threads: dict[int, Marks] = {}
        best: Marks | None = None
        start = at
        while at <= len(self.whole):
            if best is None and (not anchored or at == start):
                self._follow(0, (at, *(-1,) * (size - 1)), at, threads)
            if not threads and (best is not None or anchored):
                return best
            self.spend(1 + len(threads))
            found, threads = self._step(threads, at, full=full)
            best = found or best
            at += 1
        return best

    def _step(
        self, threads: dict[int, Marks], at: int, *, full: bool
    ) -> tuple[Marks | None, dict[int, Marks]]:
        """The threads after one letter; those that a finished one is preferred to are given up."""
        letter = self.whole[at] if at < len(self.whole) else ""
        after: dict[int, Marks] = {}
        for place, marks in threads.items():
            step = self.code[place]
            if step.kind == "end":
                if not full or not letter:
                    return (marks[0], at, *marks[2:]), after
            elif letter and _has(step, letter):
                self._follow(step.a, marks, at + 1, after)
        return None, after

    def _follow(self, place: int, marks: Marks, at: int, threads: dict[int, Marks]) -> None:
        """Adds the threads that a place leads to without taking a letter; the first to reach a place keeps it."""
        seen: set[int] = set()
        stack = [(place, marks)]
        while stack:
            here, noted = stack.pop()
            if here in seen or here in threads:
                continue
            seen.add(here)
            step = self.code[here]
            if step.kind == "fork":
                stack += ((step.b, noted), (step.a, noted))
            elif step.kind == "mark":
                stack.append((here + 1, (*noted[: step.a], at, *noted[step.a + 1 :])))
            elif step.kind in {"letter", "end"}:
                threads[here] = noted
            elif self._passes(step, at):
                stack.append((here + 1, noted))
        self.spend(len(seen))

    def _passes(self, step: Step, at: int) -> bool:
        if step.check is not None:
            return _holds(step.check, self.whole, at)
        inner = _Simulation(step.look, self.whole, self.spend)
        return (inner.run(at, 2, anchored=True, full=False) is None) is bool(step.b)


def _holds(check: Assertion, whole: str, at: int) -> bool:
    before, after = whole[at - 1 : at] if at else "", whole[at : at + 1]
    if check.kind == "start":
        return at == 0
    if check.kind == "end":
        return at == len(whole)
    if check.kind == "line-start":
        return not before or before == "\n"
    if check.kind == "line-end":
        return not after or after == "\n"
    edge = (bool(before) and is_word(before)) is not (bool(after) and is_word(after))
    return edge is (check.kind == "edge")


@lru_cache(maxsize=128)
def compiled(text: str) -> Pattern:
    """The pattern, compiled once. Raises `Invalid` (`fhirpath-pattern`) where it is malformed, too large, or asks
    for back references or look-behind."""
    return Pattern(text)
