"""Expressions that want to hang, to fill the memory or to overflow the stack end soon with an error."""

import pytest

from camphora.fhir.fhirpath import compile as compiled
from camphora.fhir.fhirpath.lexer import LONGEST
from camphora.fhir.fhirpath.parser import DEEPEST, NESTED
from fhirpath.official import refusal

REFUSED = ("fhirpath-steps", "fhirpath-pattern")
TEN = "(0|1|2|3|4|5|6|7|8|9)"


def deep(levels):
    inner = {"resourceType": "Questionnaire", "item": []}
    at = inner["item"]
    for number in range(levels):
        at.append({"linkId": str(number), "item": []})
        at = at[0]["item"]
    return inner


def refused(text):
    return refusal(lambda: compiled(text)({}))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 5000 + "1",
        "a" + ".a" * 5000,
        "1" + "+1" * 5000,
        "a[" * 3000 + "0" + "]" * 3000,
        "f(" * 3000 + ")" * 3000,
        "a implies " * 1900 + "a",
        "iif(true," * 2000,
    ],
)
def test_deep_nesting_is_refused(text):
    assert refused(text) in {"fhirpath-deep", "fhirpath-syntax"}


def test_a_long_text_is_refused_and_a_long_union_of_moderate_length_is_not():
    assert refused("a" * (LONGEST + 1)) == "fhirpath-long"
    many = "|".join(f"'{number}'" for number in range(DEEPEST - 1))
    assert len(compiled(many)({})) == DEEPEST - 1
    nested = "(" * (NESTED - 1) + "1" + ")" * (NESTED - 1)
    assert compiled(nested)({}) == [1]


@pytest.mark.parametrize(
    "text",
    [
        f"{TEN}.select({TEN}).select({TEN}.select({TEN}).select({TEN}.select({TEN}).select({TEN}.select({TEN}))))",
        f"{TEN}.where({TEN}.where({TEN}.where({TEN}.where({TEN}.where({TEN}.where({TEN}.exists($this = 11)))))))",
        "1.repeat($this | $this + 1)",
        f"{TEN}.aggregate($total | {TEN}.select($this.toString() + $total.count().toString()))"
        + ".select($this)" * 9,
    ],
)
def test_combinations_and_endless_repetition_run_out_of_steps(text):
    assert refusal(lambda: compiled(text)({})) in {"", "fhirpath-steps", "fhirpath-text"}


def test_repetition_that_only_grows_ends():
    assert refused("1.repeat($this + 1)") == "fhirpath-steps"
    assert refused("'a'.repeat($this + 'a')") in {"fhirpath-steps", "fhirpath-text"}


@pytest.mark.parametrize("grow", ["$this + $this", "$this & $this", "$this.replace('a', 'aa')"])
def test_texts_that_double_do_not_fill_the_memory(grow):
    text = "'aaaaaaaaaa'" + f".select({grow})" * 40
    assert refusal(lambda: compiled(text + ".length()")({})) in {"fhirpath-text", "fhirpath-steps"}


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)*c",
        "(x+x+)+y",
        "(.*)*b",
        "((a*)*)*b",
        "(a{1,30}){1,30}b",
        "(?=(a+)+$)b",
        "a*a*a*a*a*b",
    ],
)
def test_matches_cannot_hang(pattern):
    for subject in ("a" * 20_000, "x" * 20_000):
        for function in ("matches", "matchesFull"):
            given = {"s": subject, "p": pattern}
            made = compiled(f"%s.{function}(%p)")
            assert refusal(lambda made=made, given=given: made({}, variables=given)) in {"", *REFUSED}


def test_replacing_matches_cannot_hang_nor_grow_without_end():
    given = {"s": "a" * 100_000, "n": "b" * 10_000}
    made = compiled("%s.replaceMatches('a*?', %n)")
    assert refusal(lambda: made({}, variables=given)) in {"fhirpath-steps", "fhirpath-text"}


@pytest.mark.parametrize(
    "text", ["2.power(2000000000)", "9999999999.0.power(999999)", "99999.exp()", "(-1).ln()", "0.ln()"]
)
def test_what_cannot_be_computed_is_empty(text):
    assert compiled(text)({}) == []


@pytest.mark.parametrize(
    "text",
    ["2147483647 + 1", "2147483647 * 2147483647", "1 'a'.power(3)", "@9999-12-31 + 1 day", "@0001 - 1 year"],
)
def test_what_leaves_the_range_is_empty_or_refused(text):
    found = refusal(lambda: compiled(text)({}))
    assert found == "fhirpath-type" or (not found and compiled(text)({}) == [])


def test_the_descendants_of_deep_and_wide_resources_are_found_and_gathered_once():
    assert compiled("descendants().count()")(deep(60))[0] >= 120
    wide = {"resourceType": "Patient", "name": [{"given": ["a"] * 300} for _ in range(300)]}
    many = "name.where(%resource.descendants().count() > 3).count()"
    assert refusal(lambda: compiled(many)(wide)) == "fhirpath-steps"


def test_units_written_by_an_enemy_are_read_or_refused():
    for unit in (
        "(" * 150,
        "m" + "60" * 50,
        "10*999999",
        "/" * 199,
        "m.".join(["m"] * 90),
        "{" * 100,
        "10*60" * 30,
    ):
        assert compiled("1.toQuantity(%u)")({}, variables={"u": unit}) == []


def test_data_nested_deeper_than_any_reader_lets_through_end_in_an_error_of_ours():
    inner = {"resourceType": "Patient"}
    for _ in range(3000):
        inner = {"resourceType": "Patient", "contained": [inner]}
    assert refusal(lambda: compiled("contained | contained")(inner)) == "fhirpath-deep"
    assert refusal(lambda: compiled("descendants().count()")(inner)) == ""


@pytest.mark.parametrize("number", ["9" * 34, "9" * 30 + ".5", "0." + "0" * 31 + "1"])
@pytest.mark.parametrize(
    "text",
    [
        "%n.lowBoundary()", "%n mod 7", "%n div 0.3", "@T10:00 + %n.toQuantity('hour')", "@2024 - %n.toQuantity('day')",
        "%n.round(28)", "%n.toQuantity('g').toQuantity('Yg') = 1 'yg'", "-%n", "%n.exp()", "%n.power(%n)",
        "%n ~ %n / 3",
        "%n * %n * %n * %n", "(%n 'a' | 3)", "%n.toString().toInteger()", "%n.precision()",
    ],
)  # fmt: skip
def test_extreme_numbers_end_in_results_or_an_error_of_ours(text, number):
    said = refusal(lambda: compiled(text.replace("%n", number))({}))
    assert said[:9] in {"", "fhirpath-"}
