"""Intervals against walking up parent by parent."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from camphora.terminology.hierarchy import ancestors, beyond, intervals

SIZES = st.integers(1, 14)
graphs = SIZES.flatmap(
    lambda size: st.tuples(
        st.just(size),
        st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=30),
    )
)
forests = SIZES.flatmap(
    lambda size: st.tuples(st.just(size), st.lists(st.integers(-1, size - 1), min_size=size, max_size=size))
)


def linked(edges):
    children, parents = defaultdict(list), defaultdict(list)
    for parent, child in dict.fromkeys(edges):
        children[parent].append(child)
        parents[child].append(parent)
    return children, parents


@given(graphs)
def test_any_graph_is_told_whole_cycles_and_all(drawn):
    size, edges = drawn
    children, parents = linked(edges)
    spans = intervals(size, children, parents)
    rest = set(beyond(spans, parents))
    for place in range(size):
        low = spans[place][0]
        told = {
            other for other in range(size)
            if other != place and (spans[other][0] <= low <= spans[other][1] or (other, place) in rest)
        }  # fmt: skip
        assert told == ancestors(place, parents)


@given(forests)
def test_in_a_forest_intervals_tell_everything(drawn):
    size, above = drawn
    edges = [(parent, child) for child, parent in enumerate(above) if 0 <= parent < child]
    children, parents = linked(edges)
    spans = intervals(size, children, parents)
    assert list(beyond(spans, parents)) == []
    assert sorted(low for low, _ in spans) == list(range(1, size + 1))
    for place in range(size):
        low = spans[place][0]
        holding = {k for k, (first, last) in enumerate(spans) if first <= low <= last}
        assert holding == ancestors(place, parents) | {place}


def test_children_are_walked_in_the_order_given():
    spans = intervals(4, {0: [3, 1], 3: [2]}, {3: [0], 1: [0], 2: [3]})
    assert spans == [(1, 4), (4, 4), (3, 3), (2, 3)]
