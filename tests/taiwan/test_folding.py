import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir import folding
from camphora.fhir.folding import VARIANTS, fold
from camphora.formats import fold as at_the_edge
from camphora.formats.fold import official


@pytest.mark.parametrize(("written", "kept"), VARIANTS.items())
def test_both_ways_of_writing_are_found_by_each_other(written, kept):
    assert fold(f"王{written}明") == fold(f"王{kept}明") == f"王{kept}明"


def test_the_variant_that_stands_for_both_is_none_itself():
    assert not VARIANTS.keys() & set(VARIANTS.values())
    assert all(unicodedata.normalize("NFKC", sign) == sign for sign in {*VARIANTS, *VARIANTS.values()})


@pytest.mark.parametrize(
    ("one", "other"), [("里", "裡"), ("王", "玉"), ("昇", "升"), ("臺", "壹"), ("台", "召")]
)
def test_words_that_only_look_alike_stay_apart(one, other):
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("written", "folded"),
    [("台北", "台北"), ("臺北", "台北"), ("ＡＢＣ　１２３", "abc 123"), ("㈱", "(株)"), ("①", "1"), ("㎎", "mg"),
     ("㓟", "㓟"), ("李\ufe00明", "李\ufe00明"), ("葛\U000e0100城", "葛\U000e0100城"),
     ("﨑", "﨑"), ("樂", "樂")],
)  # fmt: skip
def test_widths_and_compatibility_forms_are_one_and_rare_characters_stay(written, folded):
    assert fold(written) == folded


def test_there_is_one_folding():
    assert at_the_edge.fold is folding.fold


@given(st.text(st.sampled_from([*VARIANTS, *VARIANTS.values(), *"ＡbÉ 　里"]), max_size=20))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_official_names_are_written_with_the_full_character():
    assert official("台北市") == "臺北市"
    assert official("臺東縣台東市") == "臺東縣臺東市"
