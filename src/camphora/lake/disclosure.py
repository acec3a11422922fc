"""Small-number protection: what of a table of counts may leave.

The rules, each a parameter:
- a cell about fewer than `least` persons is withheld, none or nine alike, so that the two look the same;
- a dimension lists only values that at least `least` persons have, in the whole source or in the answer;
- where a line of the table would have exactly one withheld cell, the smallest other is withheld with it, so that
  totals asked for elsewhere do not give it away;
- counts are rounded to the nearest multiple of `base`; counts of rows to a base not below the most rows of any one
  person, so that one person who leaves moves a count by little more than a step of rounding;
- a mean counts each person once, and keeps two significant digits below 100 persons and three from there on.

There are no totals beside the cells: a total is a question of its own, under the same rules.
Known limit: whoever asks for each cell by a question of its own goes around the partner rule, and two sets that lie
just under the threshold can then show in their rounded union. Noise keyed by the set of persons cures that; it comes
with `methods/disclosure`, where this file is to go.
Source of the parameters: ACRO/SACRO (threshold 10), OpenSAFELY (rounding to 5, secondary suppression).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import floor, log10
from typing import Literal

from camphora.errors import TooLarge

Value = str | int | float | bool | None
Key = tuple[Value, ...]
Kind = Literal["persons", "rows", "mean"]

MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Rules:
    """`least` persons behind any released cell; counts in multiples of `base`."""

    least: int = 10
    base: int = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """What is truly there: persons, their rows, the most rows of any one of them, the mean over persons."""

    persons: int = 0
    rows: int = 0
    most: int = 0
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Under which rules an answer was released. `suppressed` of `cells` are withheld, `secondary` of them only to
    protect others. `rule` is `small-numbers`, or `none` where the rows are about no person."""

    rule: Literal["small-numbers", "none"]
    least: int = 0
    base: int = 0
    cells: int = 0
    suppressed: int = 0
    secondary: int = 0

    def sentence(self, lang: str) -> str:
        """The certificate in words."""
        facts = (self.cells, self.suppressed, self.least, self.base)
        return _SENTENCES[self.rule][lang].format(*facts)


_SENTENCES = {
    "none": {
        "zh-TW": "資料未涉及個人，數值未經處理。",
        "en": "The rows are about no person; figures are as they are.",
    },
    "small-numbers": {
        "zh-TW": "揭露風險控管：{0} 格中 {1} 格不予顯示（未達 {2} 人，或為保護未達人數之格）；件數以 {3} 為單位取整。",
        "en": "Disclosure control: {1} of {0} cells are withheld (fewer than {2} persons, or to protect such a cell); "
        "counts are rounded to multiples of {3}.",
    },
}


@dataclass(frozen=True, slots=True)
class Released:
    """Cells in the order of their dimensions; None where withheld."""

    cells: Mapping[Key, int | float | None]
    certificate: Certificate


def listed(values: Mapping[Value, int], answered: Mapping[Value, int], rules: Rules) -> list[Value]:
    """The values that a dimension lists: persons who have each in the whole source, and in the answer."""
    enough = [value for value in values if max(values[value], answered.get(value, 0)) >= rules.least]
    return sorted(enough, key=_order)


def release(
    domains: Sequence[Sequence[Value]], cells: Mapping[Key, Cell], kind: Kind, rules: Rules
) -> Released:
    """What may leave of these cells. Raises TooLarge where the dimensions make more than `MOST_CELLS`."""
    size = 1
    for values in domains:
        size *= len(values)
    if size > MOST_CELLS:
        raise TooLarge("lake-too-many-cells", cells=size, most=MOST_CELLS)
    persons = {key: cells[key].persons if key in cells else 0 for key in product(*domains)}
    first = {key for key, count in persons.items() if count < rules.least}
    closed = secondary(domains, persons, first)
    base = _base(kind, [cells[key].most for key in persons if key not in closed], rules)
    shown = {key: None if key in closed else _figure(cells[key], kind, base) for key in persons}
    certificate = Certificate(
        "small-numbers", rules.least, base, len(persons), len(closed), len(closed) - len(first)
    )
    return Released(shown, certificate)


def secondary(domains: Sequence[Sequence[Value]], persons: Mapping[Key, int], first: set[Key]) -> set[Key]:
    """The cells to withhold: the first ones, and one more in every line that would have a single withheld cell.

    The partner is the one that leaves the fewest lines of its own with a single withheld cell, then the smallest.
    """
    closed = set(first)
    lines = [line for at in range(len(domains)) for line in _lines(domains, at) if len(line) > 1]
    through: dict[Key, list[int]] = {key: [] for key in persons}
    for number, line in enumerate(lines):
        for key in line:
            through[key].append(number)
    held = [sum(key in closed for key in line) for line in lines]

    def cost(key: Key) -> tuple[int, int]:
        return sum(held[number] == 0 for number in through[key]), persons[key]

    while 1 in held:
        partner = min((key for key in lines[held.index(1)] if key not in closed), key=cost)
        closed.add(partner)
        for number in through[partner]:
            held[number] += 1
    return closed


def rounded(count: int, base: int) -> int:
    """To the nearest multiple of `base`; a half goes up."""
    return (2 * count + base) // (2 * base) * base


def _lines(domains: Sequence[Sequence[Value]], at: int) -> list[list[Key]]:
    """All lines of cells along one dimension."""
    others = product(*(values for number, values in enumerate(domains) if number != at))
    return [[(*rest[:at], value, *rest[at:]) for value in domains[at]] for rest in others]


def _base(kind: Kind, most: Sequence[int], rules: Rules) -> int:
    """The step of rounding: for rows the first of base, 2·base, 10·base, 20·base, … that no person's rows exceed."""
    base, factor = rules.base, 2
    while kind == "rows" and base < max(most, default=0):
        base, factor = base * factor, 7 - factor
    return base


def _figure(cell: Cell, kind: Kind, base: int) -> int | float | None:
    if kind == "persons":
        return rounded(cell.persons, base)
    if kind == "rows":
        return rounded(cell.rows, base)
    return None if cell.mean is None else significant(cell.mean, 2 if cell.persons < 100 else 3)


def significant(number: float, digits: int) -> float:
    """A number with so many significant digits."""
    return round(number, digits - 1 - floor(log10(abs(number)))) if number else 0.0


def _order(value: Value) -> tuple[bool, str, float, str]:
    number = float(value) if isinstance(value, (int, float)) else 0.0
    return value is None, type(value).__name__ if isinstance(value, str) else "", number, str(value)
