"""The file in which a package is kept: whatever goes in comes out, wherever a stream ends."""

import lzma

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.fhir.packages import shelf
from camphora.fhir.packages.shelf import Shelf, pack

ROWS = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {"resourceType": st.sampled_from(["CodeSystem", "Patient"])},
            optional={"id": st.text(max_size=8), "url": st.one_of(st.text(max_size=9), st.integers(-9, 9)),
                      "version": st.none(), "name": st.lists(st.text(max_size=30))},
        ),
        st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def lines(rows):
    return [(orjson.dumps(row), example) for row, example in rows]


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(1, 200), st.booleans())
def test_what_is_packed_is_read_back_in_its_order(rows, most, fast):
    usual, shelf.STREAM_BYTES = shelf.STREAM_BYTES, most
    try:
        kept = Shelf(pack({"name": "a"}, lines(rows), fast=fast))
    finally:
        shelf.STREAM_BYTES = usual
    assert [(kept.fresh(entry), entry.example) for entry in kept.entries] == rows
    assert [entry.type for entry in kept.entries] == [row["resourceType"] for row, _ in rows]


@given(ROWS)
def test_the_same_input_gives_the_same_bytes(rows):
    assert pack({"name": "a"}, lines(rows)) == pack({"name": "a"}, lines(rows))


def test_one_definition_is_read_without_unpacking_the_others(monkeypatch):
    rows = [({"resourceType": "Patient", "id": str(n), "x": "y" * 300_000}, False) for n in range(6)]
    kept = Shelf(pack({"name": "a"}, lines(rows)))
    unpacked = []
    decompress = lzma.decompress
    monkeypatch.setattr(shelf.lzma, "decompress", lambda data: unpacked.append(data) or decompress(data))
    assert kept.read(kept.entries[4])["id"] == "4"
    assert kept.read(kept.entries[4]) is kept.read(kept.entries[4])
    assert len(unpacked) == 1


def test_decimals_keep_their_digits_in_the_raw_form():
    kept = Shelf(pack({"name": "a"}, [(b'{"resourceType":"Observation","v":1.00}', True)]))
    assert kept.raw(kept.entries[0]).endswith(b"1.00}")
