"""Small-number protection, held by brute force."""

from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import TooLarge
from camphora.lake.disclosure import Cell, Rules, listed, release, rounded, secondary, significant

RULES = Rules()
SMALL = Rules(least=4, base=3)


def _released(table, rules=RULES, kind="persons"):
    """A table of persons per cell, released."""
    domains = [sorted({key[at] for key in table}) for at in range(len(next(iter(table))))]
    cells = {key: Cell(count, count, 1, 6.5) for key, count in table.items() if count}
    return release(domains, cells, kind, rules)


def tables(high, rows=3, columns=3):
    keys = list(product(range(rows), range(columns)))
    return st.lists(st.integers(0, high), min_size=len(keys), max_size=len(keys)).map(
        lambda counts: dict(zip(keys, counts, strict=True))
    )


@given(tables(40))
def test_no_released_cell_is_about_fewer_persons_than_the_threshold(table):
    for key, figure in _released(table).cells.items():
        assert figure is None or (table[key] >= 10 and figure >= 10 and figure % 5 == 0)


@given(tables(40))
def test_no_line_has_exactly_one_withheld_cell(table):
    shown = _released(table).cells
    for at in (0, 1):
        for fixed in range(3):
            line = [figure for key, figure in shown.items() if key[at] == fixed]
            assert line.count(None) != 1


@given(tables(60), st.integers(0, 8))
def test_one_person_who_leaves_moves_a_released_count_by_one_step_at_most(table, where):
    key = sorted(table)[where]
    before = _released(table).cells
    after = _released({**table, key: max(table[key] - 1, 0)}).cells
    for cell, figure in before.items():
        if figure is not None and after[cell] is not None:
            assert figure - after[cell] in ({0, 5} if cell == key else {0})


@given(tables(60, rows=1, columns=1))
def test_none_and_a_few_look_the_same(table):
    few = {**table, (0, 0): min(table[0, 0], 9)}
    assert _released(few).cells == _released({(0, 0): 0}).cells


def test_nothing_is_learned_of_a_small_cell_from_a_table_its_rounded_totals_and_the_grand_total():
    """Every 2 × 2 table up to 13: among those that would be answered alike, a small cell takes every small value."""
    alike = {}
    for counts in product(range(14), repeat=4):
        alike.setdefault(_answers(counts), []).append(counts)
    for same in alike.values():
        ways = [{counts[at] for counts in same} for at in range(4)]
        for counts in same:
            small = [at for at in range(4) if counts[at] < SMALL.least and max(counts) < 8]
            assert all(len(ways[at]) >= SMALL.least for at in small)


def _answers(counts):
    """What questions by both dimensions, by each, and by none would be answered, all under the same rules."""
    a, b, c, d = counts
    table = dict(zip(product((0, 1), (0, 1)), counts, strict=True))
    closed = secondary([[0, 1], [0, 1]], table, {key for key in table if table[key] < SMALL.least})
    shown = tuple(None if key in closed else rounded(table[key], SMALL.base) for key in table)
    grand = a + b + c + d
    return shown, _pair(a + b, c + d), _pair(a + c, b + d), rounded(grand, SMALL.base) if grand >= 4 else None


@cache
def _pair(one, other):
    return tuple(_released({(0,): one, (1,): other}, SMALL).cells.values())


@given(st.lists(st.integers(0, 400), min_size=10, max_size=30), st.integers(0, 29))
def test_one_person_with_many_rows_moves_a_count_of_rows_by_two_steps_at_most(per_person, who):
    def shown(rows):
        return release([["a"]], {("a",): Cell(len(rows), sum(rows), max(rows))}, "rows", RULES)

    rest = per_person[:who] + per_person[who + 1 :]
    before, after = shown(per_person), shown(rest)
    if after.cells["a",] is not None:
        assert abs(before.cells["a",] - after.cells["a",]) <= 2 * before.certificate.base
    assert before.certificate.base >= max(per_person)


def test_the_smallest_other_cell_is_withheld_beside_a_single_small_one():
    persons = {("a",): 4, ("b",): 50, ("c",): 20}
    assert secondary([["a", "b", "c"]], persons, {("a",)}) == {("a",), ("c",)}


def test_the_certificate_says_how_many_cells_are_withheld_and_why():
    found = _released({(0, 0): 4, (0, 1): 50, (0, 2): 20, (1, 0): 30, (1, 1): 30, (1, 2): 30}).certificate
    assert (found.cells, found.suppressed, found.secondary, found.least, found.base) == (6, 4, 3, 10, 5)
    assert "6 格中 4 格" in found.sentence("zh-TW")
    assert "4 of 6 cells" in found.sentence("en")


def test_a_dimension_lists_what_enough_persons_have_somewhere():
    assert listed({"a": 12, None: 30, "b": 9}, {"b": 3}, RULES) == ["a", None]
    assert listed({1990: 10, 1980: 10, 1985: 2}, {}, RULES) == [1980, 1990]


def test_more_cells_than_anybody_reads_are_refused():
    with pytest.raises(TooLarge, match="lake-too-many-cells"):
        release([range(200), range(200)], {}, "persons", RULES)


@pytest.mark.parametrize(
    ("number", "digits", "expected"), [(137.46, 3, 137), (6.5432, 2, 6.5), (-0.0123, 2, -0.012), (0, 3, 0)]
)
def test_means_keep_their_significant_digits(number, digits, expected):
    assert significant(number, digits) == pytest.approx(expected)
