from hypothesis import given
from hypothesis import strategies as st

from camphora.formats.fold import fold, official
from camphora.formats.shape import shape


def test_variants_widths_and_cases_are_the_same():
    assert fold("ＡＢＣ　台北") == fold("abc 臺北") == "abc 台北"


def test_place_names_get_their_official_form():
    assert official("台北市") == "臺北市"


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="0123456789ABCxyz王小明", min_size=3))
def test_a_shape_tells_nothing_of_the_value(text):
    assert set(shape(text)) <= set("9A字…")
