"""Pure parts of the public pages, each against counting by hand."""

from hypothesis import given
from hypothesis import strategies as st

from camphora.pages.counties import BY_CODE
from camphora.web.population import tallied
from camphora.web.showing import Kept
from camphora.web.systems import pattern

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "township": st.sampled_from(["63000010", "63000020", "09007010", "10014110"]),
            "township_name": st.just("某區"),
            "sex": st.sampled_from(["male", "female"]),
            "age": st.integers(0, 100),
            "persons": st.integers(0, 10_000),
        }
    )
)


@given(ROWS)
def test_counties_are_the_sums_of_their_rows(rows):
    counties = tallied(rows).counties
    for code in BY_CODE:
        mine = [row for row in rows if row["township"].startswith(code)]
        count = counties[code]
        assert count.persons == count.male + count.female == sum(row["persons"] for row in mine)
        assert count.old == sum(row["persons"] for row in mine if row["age"] >= 65)


@given(st.lists(st.integers(0, 5)), st.integers(1, 4))
def test_what_is_kept_is_the_last_asked_for(keys, size):
    kept, made = Kept(size), []
    for at, key in enumerate(keys):
        recent = list(dict.fromkeys(reversed(keys[:at])))[:size]
        before = len(made)
        assert kept.get(key, lambda key=key: made.append(key) or -key) == -key
        assert (len(made) > before) == (key not in recent)


def test_a_path_with_a_parameter_takes_one_part():
    assert pattern("hospitals/{code}").fullmatch("hospitals/0401180014")["code"] == "0401180014"
    assert pattern("hospitals/{code}").fullmatch("hospitals/a/b") is None
    assert pattern("a.b").fullmatch("axb") is None
