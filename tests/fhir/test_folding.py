import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller", "muller"),
        ("ＷＡＮＧ　Ｔａ－Ｍｉｎｇ", "wang ta-ming"),
        ("臺北市", "台北市"),
        ("  a \t b ", "a b"),
        ("Straße", "strasse"),
        ("ﾜﾀﾅﾍﾞ", "ワタナベ"),
        ("か\u3099", "が"),
        ("王大明", "王大明"),
    ],
)
def test_many_spellings_fold_to_one(text, folded):
    assert fold(text) == folded


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30))
def test_decomposed_and_composed_text_fold_alike(text):
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_full_width_folds_as_half_width(text):
    assert fold("".join(chr(ord(letter) + 0xFEE0) for letter in text)) == fold(text)
