import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Faults
from camphora.fhir import definitions
from camphora.fhir.dates import span
from camphora.fhir.search import (
    DateClause,
    MissingClause,
    ReferenceClause,
    StringClause,
    TokenClause,
    parameters,
    parse_query,
    split,
)


def one(kind, name, value, **options):
    return parse_query(kind, [(name, value)], strict=True, **options).clauses[0]


def refused(kind, *pairs, strict=True):
    with pytest.raises(Faults) as caught:
        parse_query(kind, pairs, strict=strict)
    return [(f.code, f.facts["param"]) for f in caught.value.faults]


@pytest.mark.parametrize(
    ("value", "alternatives"),
    [
        ("4548-4", [(None, "4548-4")]),
        ("http://loinc.org|4548-4", [("http://loinc.org", "4548-4")]),
        ("|4548-4", [("", "4548-4")]),
        ("http://loinc.org|", [("http://loinc.org", None)]),
        ("a,b|c", [(None, "a"), ("b", "c")]),
        (r"a\,b\|c\$d\\e", [(None, r"a,b|c$d\e")]),
    ],
)
def test_a_token_is_asked_for_in_four_ways(value, alternatives):
    assert one("Observation", "code", value) == TokenClause("code", tuple(alternatives))


@pytest.mark.parametrize(
    ("name", "value", "alternative"),
    [
        ("patient", "1", ("Patient", "1")),
        ("subject", "1", (None, "1")),
        ("subject:Group", "1", ("Group", "1")),
        ("subject", "Group/1", ("Group", "1")),
        ("subject", "https://me.tw/fhir/Patient/1", ("Patient", "1")),
        ("subject", "https://you.tw/fhir/Patient/1", ("", "https://you.tw/fhir/Patient/1")),
    ],
)
def test_a_reference_is_asked_for_by_id_type_or_address(name, value, alternative):
    clause = one("Observation", name, value, base="https://me.tw/fhir/")
    assert clause == ReferenceClause(name.split(":")[0], (alternative,))


def test_dates_carry_their_prefix_and_span():
    march = span("2024-03")
    assert one("Observation", "date", "ge2024-03") == DateClause("date", (("ge", *march),))
    assert one("Observation", "date", "2024-03,sa2024-03").alternatives == (("eq", *march), ("sa", *march))


def test_about_a_date_widens_by_a_tenth_of_its_distance():
    low, high = span("2024-03-01")
    middle = (low + high) // 2
    assert one("Observation", "date", "ap2024-03-01", now=middle + 1000).alternatives == (
        ("ap", low - 100, high + 100),
    )


def test_a_plus_sign_that_was_not_encoded_is_read():
    assert one("Observation", "date", "2024-03-01T08:00:00 08:00").alternatives[0][1:] == span(
        "2024-03-01T00:00:00Z"
    )


def test_strings_are_folded_and_exact_ones_are_not():
    assert one("Patient", "name", "Ｗáng,臺") == StringClause("name", "start", ("wang", "台"))
    assert one("Patient", "name:contains", "a") == StringClause("name", "contains", ("a",))
    assert one("Patient", "name:exact", "Wáng") == TokenClause("name:exact", ((None, "Wáng"),))


def test_missing_and_identifier_are_understood():
    assert one("Patient", "birthdate:missing", "true") == MissingClause("birthdate", "date", missing=True)
    assert one("Observation", "subject:identifier", "urn:n|7") == TokenClause(
        "subject:identifier", (("urn:n", "7"),)
    )


def test_an_address_may_hold_bars():
    clause = one("Observation", "_profile", "http://e.org/p|1.0")
    assert clause == TokenClause("_profile", ((None, "http://e.org/p|1.0"),))


def test_result_parameters_are_read():
    pairs = {
        "_sort": "-date,_id",
        "_count": "20",
        "_page": "opaque",
        "_total": "estimate",
        "_summary": "count",
    }
    query = parse_query("Observation", [*pairs.items(), ("_elements", "code,status")], strict=True)
    assert (query.sort, query.count, query.page) == ((("date", True), ("_id", False)), 20, "opaque")
    assert (query.total, query.summary, query.elements) == ("accurate", "count", ("code", "status"))


def test_ids_and_last_updated_stand_apart():
    pairs = [("_id", "a,b"), ("_id", "b,c"), ("_lastUpdated", "gt2024")]
    query = parse_query("Patient", pairs, strict=True)
    assert (query.ids, query.clauses) == (("b",), ())
    assert query.last_updated == (DateClause("_lastUpdated", (("gt", *span("2024")),)),)


def test_ids_that_exclude_each_other_leave_none():
    assert parse_query("Patient", [("_id", "a"), ("_id", "b")], strict=True).ids == ()


UNKNOWN = [
    ("foo", "1", "fhir-search-unknown"),
    ("value-quantity", "5", "fhir-search-unsupported"),
    ("subject.name", "x", "fhir-search-unsupported"),
    ("_include", "x", "fhir-search-unsupported"),
    ("_has:Observation:patient:code", "x", "fhir-search-unsupported"),
    ("_foo", "x", "fhir-search-unknown"),
    ("code:not", "x", "fhir-search-modifier"),
    ("date:exact", "2024", "fhir-search-modifier"),
    ("_sort", "code", "fhir-search-sort"),
]


@pytest.mark.parametrize(("name", "value", "code"), UNKNOWN)
def test_what_is_not_understood_is_refused_or_named(name, value, code):
    assert refused("Observation", (name, value)) == [(code, name.split(":")[0])]
    query = parse_query("Observation", [(name, value), ("code", "x")], strict=False)
    assert query.ignored == (name,)
    assert [clause.param for clause in query.clauses] == ["code"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("date", "last week"), ("date", "2024-02-30"), ("code", "a|b|c"), ("code", "|"), ("code", ""), ("code", "a,,b"),
     ("subject", "x y"), ("subject:missing", "maybe"),
     ("subject:Group", "Patient/1"), ("_count", "-1"), ("_count", "x"), ("_total", "x"),
     ("_summary", "x"), ("_elements", "a b"), ("_sort", ""), ("_lastUpdated", "x"), ("_id", "")],
)  # fmt: skip
def test_a_malformed_value_is_refused_even_when_lenient(name, value):
    assert refused("Observation", (name, value), strict=False) == [("fhir-search-value", name)]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("name", "value", "most"),
    [("code", "a", 200), ("_id", "a", 200), ("date", "2020", 200), ("_lastUpdated", "2020", 200), ("subject", "a", 200),
     ("_sort", "date", 10), ("_elements", "code", 200)],
)  # fmt: skip
def test_a_parameter_names_so_many_values_and_no_more(name, value, most, strict):
    parse_query("Observation", [(name, ",".join([value] * most))], strict=strict)
    assert refused("Observation", (name, ",".join([value] * (most + 1))), strict=strict) == [
        ("fhir-search-many", name)
    ]


def test_a_search_has_so_many_parameters_and_no_more():
    pairs = [("code", "a")] * 30 + [("_lastUpdated", "ge2020")] * 20
    assert len(parse_query("Observation", pairs, strict=True).clauses) == 30
    assert refused("Observation", *pairs, ("date", "2020"), ("_lastUpdated", "lt2030")) == [
        ("fhir-search-many", "_lastUpdated")
    ]


def test_all_faults_come_at_once_and_none_tells_a_value():
    pairs = [("name:sounds", "SECRET"), ("birthdate", "SECRET"), ("nickname", "SECRET")]
    with pytest.raises(Faults) as caught:
        parse_query("Patient", pairs, strict=True)
    said = [f"{f} {f.text('zh-TW')} {f.remedy('zh-TW')} {f.facts}" for f in caught.value.faults]
    assert len(said) == 3
    assert "SECRET" not in "".join(said)


def test_what_can_be_searched_is_a_parameter_of_the_type():
    for kind in definitions.resource_types():
        assert set(parameters(kind)) <= definitions.search_parameters(kind).keys()
    assert parameters("AllergyIntolerance")["patient"].targets == ("Patient",)
    assert parameters("Observation")["_profile"].is_uri


@given(st.text(max_size=20), st.text(max_size=20))
def test_escaped_text_comes_back(first, second):
    def escaped(text):
        return "".join("\\" + letter if letter in ",|$\\" else letter for letter in text)

    assert split(escaped(first) + "," + escaped(second), ",") == [escaped(first), escaped(second)]
    if first and second:
        found = one("Observation", "code", f"{escaped(first)}|{escaped(second)}")
        assert found == TokenClause("code", ((first, second),))
