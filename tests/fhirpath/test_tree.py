"""The tree: a public contract that other rooms translate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.fhir.fhirpath import parse, tree
from camphora.fhir.fhirpath.tree import (
    Binary,
    External,
    Function,
    Indexer,
    Literal,
    Member,
    Polarity,
    Special,
)
from fhirpath.official import refusal

NAMES = st.sampled_from(
    ["name", "value", "is", "in", "div", "contains", "vs-x", "day", "a`b", "it's", "\\", "姓名"]
)
TEXTS = st.text(max_size=6)
LEAVES = st.one_of(
    st.booleans().map(lambda value: Literal("Boolean", "true" if value else "false")),
    TEXTS.map(lambda text: Literal("String", text)),
    st.integers(0, 9999).map(lambda number: Literal("Integer", str(number))),
    st.sampled_from(["1.50", "0.0"]).map(lambda text: Literal("Decimal", text)),
    st.sampled_from(["2024", "2024-02-29"]).map(lambda text: Literal("Date", text)),
    st.sampled_from(["2024T", "2024-02-29T10:30:00.5+08:00"]).map(lambda text: Literal("DateTime", text)),
    st.sampled_from(["10", "10:30"]).map(lambda text: Literal("Time", text)),
    st.builds(tree.Quantity, st.just("4.5"), TEXTS),
    st.builds(tree.Quantity, st.just("4"), st.just("day"), st.just(True)),
    st.just(tree.Empty()),
    st.sampled_from(["this", "index", "total"]).map(Special),
    st.builds(External, NAMES),
    st.builds(Member, st.none(), NAMES),
)


def _larger(inner):
    return st.one_of(
        st.builds(Member, inner, NAMES),
        st.builds(Function, st.none() | inner, NAMES, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Indexer, inner, inner),
        st.builds(Polarity, st.sampled_from("+-"), inner),
        st.builds(Binary, st.sampled_from(sorted(set(tree.LEVELS) - {"is", "as"})), inner, inner),
        st.builds(tree.TypeTest, st.sampled_from(["is", "as"]), inner, st.sampled_from(["", "FHIR"]), NAMES),
    )


@given(st.recursive(LEAVES, _larger, max_leaves=12))
def test_a_tree_written_and_parsed_is_the_same_tree(node):
    assert parse(str(node)) == node


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text):
    if not refusal(lambda: parse(text)):
        assert parse(str(parse(text))) == parse(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                ".",
                "(",
                ")",
                "[",
                "]",
                "'x'",
                "1",
                "2.5",
                "is",
                "and",
                "|",
                "-",
                "=",
                "@2024",
                "@T10",
                "%x",
                "$this",
                "{",
                "}",
                ",",
                "day",
                "`q`",
                "//c\n",
            ]
        )
    )
)
def test_any_row_of_tokens_is_parsed_or_refused(words):
    text = " ".join(words)
    if not refusal(lambda: parse(text)):
        assert parse(str(parse(text))) == parse(text)


def test_operators_bind_as_the_specification_orders_them():
    assert str(parse("a or b and c = d | e + f * -g.h")) == "a or b and c = d | e + f * -g.h"
    assert parse("(a or b) and c") != parse("a or b and c")
    assert str(parse("((a)+(b))*c")) == "(a + b) * c"
    assert parse("a - b - c") == parse("(a - b) - c")
    assert parse("a is b.c") == tree.TypeTest("is", Member(None, "a"), "b", "c")


def test_where_a_node_stands_does_not_make_it_another():
    assert parse("name") == parse("  name  /* the name */")
    assert {parse("a.b"), parse(" a . b ")} == {parse("a.b")}
    assert parse("  name").at == 2


def test_true_is_not_one_and_digits_count():
    assert parse("true") != parse("1")
    assert parse("1.0") != parse("1.00")
    assert parse("1.50").value.as_tuple().exponent == -2
    assert parse("'\\u53f0\\u5317\\''").value == "台北'"


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        ("name.", 6, "fhirpath-syntax"),
        ("name.where(use = )", 18, "fhirpath-syntax"),
        ("a ! b", 3, "fhirpath-letter"),
        ("'open", 1, "fhirpath-letter"),
        ("1 /* open", 3, "fhirpath-letter"),
        ("a b", 3, "fhirpath-syntax"),
        ("@T10:30Z", 1, "fhirpath-time-zone"),
        ("1" * 40, 1, "fhirpath-number"),
        ("a.$this", 3, "fhirpath-syntax"),
    ],
)
def test_a_fault_names_its_column(text, column, code):
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert (caught.value.place.column, caught.value.code) == (column, code)


def test_of_several_lines_the_line_is_named_too():
    with pytest.raises(Invalid) as caught:
        parse("name\n  .given\n  .=")
    assert (caught.value.place.line, caught.value.place.column) == (3, 4)
