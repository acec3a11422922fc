"""Regular expressions: Python's own `re` is the oracle, on texts so short that it cannot hang.

On the empty text `\\B` of Python before 3.14 is wrong and is not asked.
"""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from camphora.fhir import fhirpath
from camphora.fhir.fhirpath.patterns import compiled
from fhirpath.official import refusal

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "1",
        ".",
        "[ab]",
        "[^a]",
        r"\d",
        r"\w",
        r"\S",
        r"\b",
        r"\B",
        "^",
        r"\Z",
        "(?=a)",
        "(?!b)",
        "(a|b)",
    ]
)
QUANTIFIERS = st.sampled_from(["", "", "*", "+", "?", "{1,2}", "*?", "+?", "??", "{2}", "{1,}"])
PIECES = st.recursive(
    st.builds("{}{}".format, ATOMS, QUANTIFIERS),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{}){}".format, inner, inner, QUANTIFIERS),
        st.builds("({}){}".format, inner, QUANTIFIERS),
    ),
    max_leaves=6,
)
FLAT = st.recursive(
    st.builds("{}{}".format, ATOMS, QUANTIFIERS),
    lambda inner: st.builds("{}{}".format, inner, inner) | st.builds("(?:{}|{})".format, inner, inner),
    max_leaves=6,
)
"""No repetition of what may be empty: there the dialects differ in how far they go."""


def nothing(_):
    """Steps that nobody counts."""


@settings(max_examples=600, deadline=None)
@given(PIECES, st.text("ab1 \n", max_size=8))
def test_patterns_match_as_re_does(pattern, text):
    try:
        oracle = re.compile(pattern, re.DOTALL | re.ASCII)
    except re.error:
        return
    assume(not refusal(lambda: compiled(pattern)) and (text or r"\B" not in pattern))
    made = compiled(pattern)
    assert made.found_in(text, nothing) is bool(oracle.search(text))
    assert made.fits(text, nothing) is bool(oracle.fullmatch(text))


@settings(max_examples=300, deadline=None)
@given(FLAT, st.text("ab1 \n", max_size=8))
def test_replacing_finds_the_matches_that_re_finds(pattern, text):
    try:
        expected = [found.span() for found in re.compile(pattern, re.DOTALL | re.ASCII).finditer(text)]
    except re.error:
        return
    # after an empty match re may find another one at the same place, others go on; only full ones are compared
    assume(not refusal(lambda: compiled(pattern)) and all(end > start for start, end in expected))
    assume(text or r"\B" not in pattern)
    assert [marks[:2] for marks in compiled(pattern).matches(text, nothing)] == expected


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^[A-Z]([A-Za-z0-9_]){0,254}$", "Patient_1", True),
        (r"(?i)PATIENT", "a patient", True),
        (r"\p{Lu}\p{L}+", "Ärzte", True),
        (r"^\p{Lo}+$", "臺北市", True),
        (r"[\p{Lo}]{2}縣", "彰化縣", True),
        (r"^(?=.*\d)[a-z\d]+$", "abc1", True),
        (r"^(?!test)", "test-1", False),
        (r"[-+./]", "a-b", True),
        (r"[]a]", "]", True),
        (r"a{,2}", "a{,2}", True),
        (r"\x41A", "AA", True),
    ],
)
def test_the_dialect(pattern, text, found):
    assert compiled(pattern).found_in(text, nothing) is found


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        "(?<=a)b",
        "(",
        ")",
        "[a",
        "*a",
        "a**b{2",
        "a++",
        r"\p{Foo}",
        "a{3,2}",
        "[z-a]",
        r"\q",
        "(?x)a",
    ],
)
def test_what_is_malformed_or_not_supported_is_refused(pattern):
    assert refusal(lambda: compiled(pattern)) == "fhirpath-pattern"


def test_a_substitute_names_groups():
    named = (
        r"'11/30/1972'.replaceMatches('\\b(?<m>\\d{1,2})/(?<d>\\d{1,2})/(?<y>\\d{2,4})\\b', '${y}-${m}-${d}')"
    )
    assert fhirpath.compile(named)({}) == ["1972-11-30"]
    assert fhirpath.compile("'ab'.replaceMatches('(a)(b)', '$2$1$3')")({}) == ["ba$3"]
    assert fhirpath.compile(r"'a'.replaceMatches('a', '\\$1')")({}) == ["$1"]
