"""Decimals that keep their digits."""

import copy
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.fhir import json
from camphora.fhir.json import Written

literals = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@given(st.lists(literals, min_size=1))
def test_decimals_are_written_as_they_were_read(texts):
    data = b'{"a":[%s]}' % ",".join(texts).encode()
    assert json.write(json.parse(data, exact=True)) == data


@given(literals)
def test_a_written_decimal_is_the_decimal_of_its_value(text):
    written = Written(text)
    assert written == Decimal(text)
    assert written + 1 == Decimal(text) + 1
    assert {
        copy.copy(written).text,
        copy.deepcopy(written).text,
        pickle.loads(pickle.dumps(written)).text,
    } == {text}


@pytest.mark.parametrize("text", ["18446744073709551616", "-9223372036854775809", "9" * 300])
def test_whole_numbers_beyond_64_bits_keep_their_digits(text):
    data = b'{"a":{"b":[%s]}}' % text.encode()
    assert json.write(json.parse(data, exact=True)) == data


@pytest.mark.parametrize("text", ["9" * 5_000, "0." + "9" * 5_000, "1e-999999999", "1.0e-400", "1" * 401])
def test_numbers_beyond_all_measure_are_refused_where_they_are_to_be_kept(text):
    with pytest.raises(Invalid) as caught:
        json.parse(b'{"a":%s}' % text.encode(), exact=True)
    assert caught.value.code in {"fhir-json-number", "fhir-json-broken"}


def test_a_plain_decimal_is_written_as_a_number_and_what_is_none_is_not():
    assert json.write({"a": Decimal("1.50")}) == b'{"a":1.50}'
    for value in (Decimal("NaN"), Decimal("Infinity"), object()):
        with pytest.raises(TypeError):
            json.write({"a": value})


def test_a_list_is_read_as_an_object_is():
    assert json.parse_list(b"\xef\xbb\xbf[1.50]", exact=True)[0].text == "1.50"
    for data, code in (
        (b"{}", "fhir-json-array"),
        (b"[", "fhir-json-truncated"),
        (b"[" * 70 + b"]" * 70, "fhir-json-deep"),
    ):
        with pytest.raises(Invalid) as caught:
            json.parse_list(data)
        assert caught.value.code == code
