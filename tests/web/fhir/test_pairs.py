"""Query strings are read and written as the standard library does it, only sooner."""

import tracemalloc
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.web.fhir.bundles import link
from camphora.web.fhir.negotiation import MOST_PAIRS, decode_pairs, http_date

SIGNS = st.text(st.sampled_from("aZ9=&%+;/?# _.~-2Ff甲"), max_size=30)


@given(SIGNS)
def test_a_query_string_is_read_as_by_the_standard_library(text):
    raw = text.encode("utf-8")
    try:
        expected = tuple(parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict"))
    except ValueError:
        with pytest.raises(Invalid):
            decode_pairs(raw)
    else:
        assert decode_pairs(raw) == expected


def test_so_many_parameters_and_no_more():
    assert len(decode_pairs(b"&".join([b"a=1"] * MOST_PAIRS))) == MOST_PAIRS
    with pytest.raises(Invalid):
        decode_pairs(b"&".join([b"a=1"] * (MOST_PAIRS + 1)))


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=12)), min_size=1, max_size=5).map(tuple))
def test_a_link_is_written_as_by_the_standard_library(pairs):
    assert link("http://x", "Patient", pairs) == f"http://x/Patient?{urlencode(pairs)}"


def test_long_texts_of_a_link_are_not_remembered():
    """A form may send a megabyte in one; thousands of them would be gigabytes."""
    tracemalloc.start()
    try:
        for number in range(10):
            link("http://x", "Patient", (("family", f"{number}{'!' * 1_000_000}"),))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1_000_000


@given(st.integers(0, 4_102_444_800_000))
def test_a_date_is_written_as_by_the_standard_library(milliseconds):
    from email.utils import formatdate

    assert http_date(milliseconds) == formatdate(milliseconds // 1000, usegmt=True)
