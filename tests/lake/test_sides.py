"""Which parts of a source a question reads, and of whom: plain values, without a store."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from camphora.lake.cutting import SPAN, WIDE
from camphora.lake.duckdb import FEW, Engine
from camphora.lake.manifest import Manifest, Part
from camphora.lake.sides import ranges, rows_of
from camphora.lake.sources import base_views, view_source

SOURCE = next(source for source in map(view_source, base_views()) if source.name == "condition")
PERSONS = st.sets(st.one_of(st.integers(0, 5 * SPAN), st.integers(0, 2**32 - 1)), max_size=40)


def _part(low, *, is_open):
    return Part(f"{low}.{is_open}", "", low, SOURCE.name, is_open, 1)


@given(PERSONS)
def test_each_range_is_named_once_and_in_order(persons):
    assert ranges(BitMap(persons)) == sorted({person // SPAN * SPAN for person in persons})


def test_of_those_who_stopped_only_who_may_lie_in_an_open_part_is_left_out_of_it():
    parts = [_part(0, is_open=True), _part(SPAN, is_open=True), _part(3 * SPAN, is_open=True)]
    stopped = BitMap([5, SPAN - 1, 2 * SPAN, 2 * SPAN + 7, 9 * SPAN])
    rows = rows_of(SOURCE, Manifest(1, parts={SOURCE.name: parts}), stopped)
    assert rows.guarded == parts[:1]
    assert rows.plain == parts[1:]
    assert rows.left_out == BitMap([5, SPAN - 1])


def test_many_who_stopped_are_looked_up_by_parts_as_few_are_by_persons():
    parts = [_part(0, is_open=True), _part(SPAN, is_open=True), _part(3 * SPAN, is_open=True)]
    many = BitMap(range(SPAN, 2 * SPAN)) | BitMap(range(2 * SPAN, 3 * SPAN, 7))
    rows = rows_of(SOURCE, Manifest(1, parts={SOURCE.name: parts}), many)
    assert rows.guarded == [parts[1]]
    assert rows.plain == [parts[0], parts[2]]
    assert rows.left_out == BitMap(range(SPAN, 2 * SPAN))


def test_of_those_whom_a_purpose_lets_in_only_who_may_lie_in_a_withheld_part_is_read():
    parts = [_part(0, is_open=False), _part(SPAN * WIDE, is_open=False)]
    placed = BitMap([3, 4, SPAN * WIDE - 1, 5 * SPAN * WIDE])
    present = Manifest(1, withheld={SOURCE.name: placed}, parts={SOURCE.name: parts})
    rows = rows_of(SOURCE, present, BitMap([4]))
    assert rows.withheld == parts[:1]
    assert rows.admitted == BitMap([3, SPAN * WIDE - 1])


def test_a_large_set_is_the_table_of_its_persons_and_made_once(tmp_path):
    engine = Engine(tmp_path)
    persons = BitMap(range(0, 3 * (FEW + 1), 3)) | BitMap([2**32 - 1])
    with engine.sets() as named:
        table = named(persons)
        assert named(BitMap(persons)) == table
        with engine.asking() as cursor:
            found = cursor.execute(f"SELECT person FROM {table}").fetchall()
    assert sorted(person for (person,) in found) == list(persons)
    engine.close()
