import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Faults
from camphora.fhir import definitions
from camphora.fhir.dates import LATEST, span
from camphora.fhir.definitions import SearchParameter
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.fhir.search import parameters, parse_query
from camphora.fhir.search.asking import (
    AllClause,
    Amount,
    AnyClause,
    ChainClause,
    CompositeClause,
    DateClause,
    HasClause,
    IdClause,
    Include,
    ListClause,
    MemberClause,
    MissingClause,
    NearClause,
    NotClause,
    NumberClause,
    Query,
    ReferenceClause,
    Sort,
    StringClause,
    SubsumedClause,
    TextClause,
    TokenClause,
    UpdatedClause,
    UriClause,
)
from camphora.fhir.search.filter_text import OPERATORS
from camphora.fhir.search.parting import escaped, plain, split


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
    assert clause == UriClause("_profile", ("http://e.org/p|1.0",))


def test_result_parameters_are_read():
    pairs = {
        "_sort": "-date,_id",
        "_count": "20",
        "_page": "opaque",
        "_total": "estimate",
        "_summary": "count",
    }
    query = parse_query("Observation", [*pairs.items(), ("_elements", "code,status")], strict=True)
    assert query.sort == (Sort("date", "date", down=True), Sort("_id", "token"))
    assert (query.count, query.page, query.total) == (20, "opaque", "estimate")
    assert (query.summary, query.elements) == ("count", ("code", "status"))


def test_ids_and_last_updated_are_asked_of_the_record_itself():
    pairs = [("_id", "a,b"), ("_id:not", "b"), ("_lastUpdated", "gt2024")]
    assert parse_query("Patient", pairs, strict=True).clauses == (
        IdClause(("a", "b")),
        NotClause(IdClause(("b",))),
        UpdatedClause((("gt", *span("2024")),)),
    )


def test_every_record_has_an_id():
    assert one("Patient", "_id:missing", "false") == AllClause(())
    assert one("Patient", "_lastUpdated:missing", "true") == AnyClause(())


UNKNOWN = [
    ("foo", "1", "fhir-search-unknown", "foo"),
    ("foo:exact", "1", "fhir-search-unknown", "foo"),
    ("_query", "mine", "fhir-search-unsupported", "_query"),
    ("subject:Patient.foo", "x", "fhir-search-unknown", "subject:Patient.foo"),
    ("subject.foo", "x", "fhir-search-chain", "subject.foo"),
    ("subject:Organization.name", "x", "fhir-search-chain", "subject:Organization.name"),
    ("code.name", "x", "fhir-search-chain", "code.name"),
    ("_include", "Observation:foo", "fhir-search-include", "_include"),
    ("_include", "Observation:code", "fhir-search-include", "_include"),
    ("_include", "Observation:subject:Organization", "fhir-search-include", "_include"),
    ("_has:Observation", "x", "fhir-search-has", "_has"),
    ("_has:Patient:general-practitioner:name", "x", "fhir-search-has", "_has"),
    ("_contained", "true", "fhir-search-contained", "_contained"),
    ("_containedType", "contained", "fhir-search-contained", "_containedType"),
    ("_foo", "x", "fhir-search-unknown", "_foo"),
    ("_sort", "code-value-quantity", "fhir-search-sort", "_sort"),
    ("_sort", "_score", "fhir-search-sort", "_sort"),
    ("_filter", "foo eq 1", "fhir-search-unknown", "foo"),
]


@pytest.mark.parametrize(("name", "value", "code", "param"), UNKNOWN)
def test_what_is_not_understood_is_refused_or_named(name, value, code, param):
    assert refused("Observation", (name, value)) == [(code, param)]
    query = parse_query("Observation", [(name, value), ("code", "x")], strict=False)
    assert [(each.name, each.value, each.part) for each in query.ignored] == [(name, value, param)]
    assert [clause.param for clause in query.clauses] == ["code"]


@pytest.mark.parametrize(
    ("name", "modifier"),
    [("date:exact", "exact"), ("code:exact", "exact"), ("subject:text", "text"), ("value-quantity:not", "not"),
     ("code-value-quantity:missing", "missing"), ("_lastUpdated:not", "not"), ("_text:exact", "exact"),
     ("_sort:x", "x"), ("_include:forever", "forever"), ("subject:Patient.name:not", "not"), ("subject:Foo", "Foo")],
)  # fmt: skip
def test_a_modifier_that_a_parameter_does_not_have_is_refused_in_any_handling(name, modifier):
    with pytest.raises(Faults) as caught:
        parse_query("Observation", [(name, "true")], strict=False)
    assert [(f.code, f.facts["modifier"]) for f in caught.value.faults] == [
        ("fhir-search-modifier", modifier)
    ]


def test_an_empty_parameter_is_no_error_and_asks_nothing():
    query = parse_query("Observation", [("code", ""), ("_id", ""), ("date:missing", "")], strict=True)
    assert (query.clauses, [each.name for each in query.ignored]) == ((), ["code", "_id", "date:missing"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("date", "last week"), ("date", "2024-02-30"), ("code", "a|b|c"), ("code", "|"), ("code", "a,,b"),
     ("code", r"a\b"), ("subject", "x y"), ("subject:missing", "maybe"), ("subject:missing", "true,false"),
     ("subject:Group", "Patient/1"), ("_count", "-1"), ("_count", "x"), ("_total", "x"),
     ("_summary", "x"), ("_elements", "a b"), ("_sort", "-"), ("_sort", "date,,code"), ("_lastUpdated", "x"),
     ("value-quantity", "x"), ("value-quantity", "5|mg"), ("value-quantity", "5|http://unitsofmeasure.org|"),
     ("value-quantity", "gt"), ("code-value-quantity", "a"), ("code-value-quantity", "a$5$6"),
     ("code-value-quantity", "a$b"), ("code:below", "http://a|"), ("code:of-type", "a|b"), ("code:of-type", "a||c"),
     ("value-string", " "), ("subject:below", "Patient/1"), ("subject:Patient.birthdate", "x"), ("_list", "$mine"),
     ("_list", "Patient/1"), ("_text", "(a"), ("_text", "a)"), ("_text", "NOT"), ("_text", '"a'), ("_text", "..."),
     ("_include", "a"), ("_include", "a:b:c:d"), ("_include", "Observation:")],
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
    assert len(parse_query("Observation", pairs, strict=True).clauses) == 50
    assert refused("Observation", *pairs, ("date", "2020"), ("_lastUpdated", "lt2030")) == [
        ("fhir-search-many", "date")
    ]


@pytest.mark.parametrize(
    ("kind", "name", "value", "clause"),
    [
        ("Patient", "gender:not", "male", NotClause(TokenClause("gender", ((None, "male"),)))),
        ("Condition", "code:text", "Ｈead,臺", StringClause("code:text", "contains", ("head", "台"))),
        ("Condition", "code:in", "http://a/vs|1,ValueSet/x", MemberClause("code", ("http://a/vs|1", "ValueSet/x"))),
        ("Condition", "code:in", "https://me.tw/fhir/ValueSet/x", MemberClause("code", ("ValueSet/x",))),
        ("Condition", "code:not-in", "ValueSet/x", NotClause(MemberClause("code", ("ValueSet/x",)))),
        ("Condition", "code:below", "126851005", SubsumedClause("code", "below", ((None, "126851005"),))),
        ("Condition", "code:above", "http://s|1", SubsumedClause("code", "above", (("http://s", "1"),))),
        ("Patient", "identifier:of-type", "http://t|MR|7", TokenClause("identifier:of-type", (("http://t", "MR|7"),))),
        ("Procedure", "location:below", "42", ReferenceClause("location", (("Location", "42"),), "below")),
        ("ValueSet", "url:below", "http://a/", UriClause("url", ("http://a/",), "below")),
        ("ValueSet", "url:above", "http://a/b", UriClause("url", ("http://a/b",), "above")),
        ("ValueSet", "url", "urn:oid:1.2", UriClause("url", ("urn:oid:1.2",))),
        ("ValueSet", "url", "http://a|2",
         AllClause((UriClause("url", ("http://a",)), TokenClause("version", ((None, "2"),))))),
        ("Observation", "_profile", "StructureDefinition/x",
         UriClause("_profile", ("StructureDefinition/x", "https://me.tw/fhir/StructureDefinition/x"))),
        ("Observation", "subject", "Patient/1/_history/2", ReferenceClause("subject", (("", "Patient/1/_history/2"),))),
        ("Patient", "_list", "List/42,List/43", ListClause(("42", "43"))),
        ("Location", "near", "25.03|121.5", NearClause("near", ((25.03, 121.5, 10_000.0),))),
        ("Location", "near", "25.03|121.5|2", NearClause("near", ((25.03, 121.5, 2_000.0),))),
        ("Location", "near", "-83.6|42.2|1|[mi_i]", NearClause("near", ((-83.6, 42.2, 1609.344),))),
        ("Condition", "_text", "(bone OR liver) and metastases",
         TextClause("_text", (("bone", "metastases"), ("liver", "metastases")))),
        ("Condition", "_content", '"bad head" ache,x', TextClause("_content", (("bad head", "ache"), ("x",)))),
        ("Condition", "_content", "a NOT b",
         AllClause((TextClause("_content", (("a",),)), NotClause(TextClause("_content", (("b",),)))))),
        ("Condition", "_content", "NOT (a b)",
         AnyClause((AllClause((NotClause(TextClause("_content", (("a",),))),)),
                    AllClause((NotClause(TextClause("_content", (("b",),))),))))),
        ("Condition", "_content", "a NOT a", AnyClause(())),
    ],
)  # fmt: skip
def test_kinds_and_modifiers_have_each_their_clause(kind, name, value, clause):
    assert one(kind, name, value, base="https://me.tw/fhir") == clause


@pytest.mark.parametrize(
    "value", ["25", "25|x", "91|0", "0|181", "25|121|-1", "25|121|1|kg", "25|121|1|km|x", "nan|1"]
)
def test_a_position_lies_on_the_globe_and_a_distance_is_a_length(value):
    assert refused("Location", ("near", value)) == [("fhir-search-value", "near")]


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("100", ("eq", 100, 99.5, 100.5)),
        ("100.00", ("eq", 100, 99.995, 100.005)),
        ("1e2", ("eq", 100, 95, 105)),
        ("1.00e2", ("eq", 100, 99.5, 100.5)),
        ("-2.0", ("eq", -2, -2.05, -1.95)),
        ("gt0.8", ("gt", 0.8, 0.75, 0.85)),
        ("ap200", ("ap", 200, 180, 220)),
        ("ap-200", ("ap", -200, -220, -180)),
        ("ap0", ("ap", 0, -0.5, 0.5)),
        ("ne5.40e-3", ("ne", 0.0054, 0.005395, 0.005405)),
    ],
)
def test_a_number_has_the_range_that_its_digits_imply(value, amount):
    (found,) = one("RiskAssessment", "probability", value).alternatives
    assert (found.prefix, *map(pytest.approx, (found.value, found.low, found.high))) == amount


def test_a_quantity_is_asked_in_canonical_units_as_written_or_whatever_its_unit():
    found = one("Observation", "value-quantity", "5.4|http://unitsofmeasure.org|g/L,le5||mg,7").alternatives
    assert [unit for _, unit in found] == ["http://unitsofmeasure.org|g.m-3", "|mg", ""]
    assert found[0][0].value == pytest.approx(5400)
    assert found[1][0] == Amount("le", 5.0, 4.5, 5.5)


def test_the_parts_of_a_composite_hold_together():
    clause = one("Observation", "component-code-value-quantity", r"http://loinc.org|8480-6$lt60,a\$b$ge5||%")
    assert isinstance(clause, CompositeClause)
    (first, second), (third, fourth) = clause.alternatives
    assert first == TokenClause("component-code", (("http://loinc.org", "8480-6"),))
    assert (second.param, second.alternatives[0][0].prefix) == ("component-value-quantity", "lt")
    assert third == TokenClause("component-code", ((None, "a$b"),))
    assert fourth.alternatives[0][1] == "|%"


def named(text):
    return StringClause("name", "start", (text,))


def linked(param, kind):
    return ChainClause(param, kind, (named("x"),))


@pytest.mark.parametrize(
    ("kind", "name", "clause"),
    [
        ("Observation", "subject:Patient.name", ChainClause("subject", "Patient", (named("x"),))),
        ("Observation", "patient.name", ChainClause("patient", "Patient", (named("x"),))),
        ("Observation", "subject.name",
         AnyClause((linked("subject", "Patient"), linked("subject", "Location")))),
        ("Patient", "general-practitioner:PractitionerRole.organization.name",
         ChainClause("general-practitioner", "PractitionerRole", (linked("organization", "Organization"),))),
        ("Patient", "general-practitioner.organization.name",
         ChainClause("general-practitioner", "PractitionerRole", (linked("organization", "Organization"),))),
        ("Observation", "patient._id", ChainClause("patient", "Patient", (IdClause(("x",)),))),
        ("Observation", "patient.name:exact",
         ChainClause("patient", "Patient", (TokenClause("name:exact", ((None, "x"),)),))),
        ("Patient", "_has:Observation:patient:code",
         HasClause("Observation", "patient", (TokenClause("code", ((None, "x"),)),))),
        ("Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent",
         HasClause("Observation", "patient",
                   (HasClause("AuditEvent", "entity", (ReferenceClause("agent", ((None, "x"),)),)),))),
        ("Observation", "patient._has:Encounter:patient:status",
         ChainClause("patient", "Patient",
                     (HasClause("Encounter", "patient", (TokenClause("status", ((None, "x"),)),)),))),
        ("Practitioner", "_has:Encounter:participant:patient.name",
         HasClause("Encounter", "participant", (ChainClause("patient", "Patient", (named("x"),)),))),
    ],
)  # fmt: skip
def test_names_lead_over_references_in_both_directions(kind, name, clause):
    assert one(kind, name, "x") == clause


def test_a_chain_is_bounded_in_depth_and_in_width():
    ten, eleven = (".".join(["part-of:Encounter"] * count) for count in (10, 11))
    assert isinstance(one("Encounter", f"{ten}.status", "x"), ChainClause)
    assert refused("Encounter", (f"{eleven}.status", "x"), strict=False) == [
        ("fhir-search-deep", f"{eleven}.status")
    ]
    assert refused("Provenance", ("target.subject.subject._id", "x"), strict=False) == [
        ("fhir-search-wide", "target.subject.subject._id")
    ]
    deep = "_has:Encounter:part-of:" * 11 + "status"
    assert refused("Encounter", (deep, "x"), strict=False) == [("fhir-search-deep", deep)]


def test_includes_are_read_in_all_their_forms():
    pairs = [("_include", "Observation:subject:Patient"), ("_include:iterate", "Patient:organization"),
             ("_include:recurse", "Observation:*"), ("_revinclude", "Provenance:target"),
             ("_include", "*")]  # fmt: skip
    assert parse_query("Observation", pairs, strict=True).includes == (
        Include("Observation", "subject", "Patient"),
        Include("Patient", "organization", iterate=True),
        Include("Observation", None, iterate=True),
        Include("Provenance", "target", reverse=True),
        Include(None, None),
    )
    assert refused("Observation", *[("_include", "*")] * 21) == [("fhir-search-many", "_include")]
    assert refused("Observation", ("_include", "*"), ("_summary", "text")) == [
        ("fhir-search-mixed", "_summary")
    ]


def test_any_parameter_with_an_order_sorts():
    keys = parse_query("Observation", [("_sort", "status,-date,value-quantity,subject")], strict=True).sort
    assert [(key.param, key.kind, key.down) for key in keys] == [
        ("status", "token", False), ("date", "date", True), ("value-quantity", "quantity", False),
        ("subject", "reference", False),
    ]  # fmt: skip


def test_a_search_of_several_types_asks_what_they_have_in_common():
    query = parse_query(
        None, [("_type", "Condition,Observation"), ("code", "x"), ("patient", "1")], strict=True
    )
    assert (query.type, query.types) == ("Condition", ("Condition", "Observation"))
    assert query.clauses[1] == ReferenceClause("patient", (("Patient", "1"),))
    with pytest.raises(Faults) as caught:
        parse_query(None, [("_type", "Condition,Observation"), ("value-quantity", "5")], strict=True)
    assert [fault.code for fault in caught.value.faults] == ["fhir-search-unknown"]


def test_a_search_of_everything_takes_what_every_type_has():
    query = parse_query(None, [("_tag", "x"), ("_lastUpdated", "gt2024"), ("_list", "4")], strict=True)
    assert set(query.types) == definitions.resource_types()
    assert refused(None, ("code", "x")) == [("fhir-search-unknown", "code")]
    assert refused(None, ("_type", "Foo")) == [("fhir-search-type", "_type")]
    assert refused("Patient", ("_type", "Observation")) == [("fhir-search-type", "_type")]
    assert parse_query("Patient", [("_type", "Patient")], strict=True) == Query("Patient")


@pytest.mark.parametrize(
    ("compartment", "kind", "other"),
    [("Patient", "Observation", "Location"), ("Encounter", "Condition", "Patient"), ("Device", "Flag", "Patient"),
     ("Practitioner", "Appointment", "Coverage"), ("RelatedPerson", "Basic", "Library")],
)  # fmt: skip
def test_a_compartment_holds_some_types(compartment, kind, other):
    within = (compartment, "1")
    assert parse_query(kind, [], strict=True, compartment=within) == Query(kind, compartment=within)
    every = parse_query(None, [], strict=True, compartment=within)
    assert set(every.types) == {compartment, *definitions.compartment(compartment)}
    with pytest.raises(Faults, match="fhir-search-type"):
        parse_query(other, [], strict=True, compartment=within)


def test_declared_parameters_are_asked_like_those_of_r4():
    eye = SearchParameter(
        "eye", "token", ("Patient",), "urn:eye", "Patient.extension.value.ofType(CodeableConcept)"
    )
    registry = Registry([eye])
    query = parse_query("Patient", [("eye", "blue")], strict=True, registry=registry)
    assert query.clauses == (TokenClause("eye", ((None, "blue"),)),)
    chained = parse_query("Observation", [("patient.eye:not", "blue")], strict=True, registry=registry)
    assert chained.clauses[0].clauses == (NotClause(TokenClause("eye", ((None, "blue"),))),)
    assert refused("Patient", ("eye", "blue")) == [("fhir-search-unknown", "eye")]


def test_there_are_five_compartments():
    with pytest.raises(Faults) as caught:
        parse_query("Patient", [], strict=True, compartment=("Organization", "1"))
    assert caught.value.faults[0].code == "fhir-search-compartment"


NAME_PET = StringClause("name", "contains", ("pet",))


@pytest.mark.parametrize(
    ("kind", "text", "clause"),
    [
        ("Patient", 'name co "pet"', NAME_PET),
        ("Patient", 'given eq "Peter" and birthdate ge 2014-10-10',
         AllClause((StringClause("given", "exact", ("peter",)),
                    DateClause("birthdate", (("ge", *span("2014-10-10")),))))),
        ("Observation", "code eq loinc|1234-5", TokenClause("code", (("http://loinc.org", "1234-5"),))),
        ("Observation", 'patient.name co "pet"', ChainClause("patient", "Patient", (NAME_PET,))),
        ("Observation", 'patient[gender eq male].name co "pet"',
         ChainClause("patient", "Patient", (TokenClause("gender", ((None, "male"),)), NAME_PET))),
        ("Observation", 'subject:Patient.name co "pet"', ChainClause("subject", "Patient", (NAME_PET,))),
        ("Patient", "gender eq a or gender eq b and gender eq c",
         AllClause((AnyClause((TokenClause("gender", ((None, "a"),)), TokenClause("gender", ((None, "b"),)))),
                    TokenClause("gender", ((None, "c"),))))),
        ("Patient", "gender eq a or (gender eq b and gender eq c)",
         AnyClause((TokenClause("gender", ((None, "a"),)),
                    AllClause((TokenClause("gender", ((None, "b"),)), TokenClause("gender", ((None, "c"),))))))),
        ("Patient", "not (gender eq a)", NotClause(TokenClause("gender", ((None, "a"),)))),
        ("Patient", "gender ne a", NotClause(TokenClause("gender", ((None, "a"),)))),
        ("Patient", "name sw 陳", StringClause("name", "start", ("陳",))),
        ("Patient", "name ew 明", StringClause("name", "end", ("明",))),
        ("Patient", "name ge M", StringClause("name", "ge", ("m",))),
        ("Patient", "birthdate po 2014", DateClause("birthdate", (("ap", *span("2014")),))),
        ("Patient", "birthdate co 2014", DateClause("birthdate", (("co", *span("2014")),))),
        ("Patient", "birthdate pr false", MissingClause("birthdate", "date", missing=True)),
        ("Patient", "_id eq a", IdClause(("a",))),
        ("Patient", "_lastUpdated sa 2014", UpdatedClause((("sa", *span("2014")),))),
        ("Patient", "link re Patient/1", ReferenceClause("link", (("Patient", "1"),))),
        ("Condition", "code ss http://s|1", SubsumedClause("code", "below", (("http://s", "1"),))),
        ("Condition", "code sb http://s|1", SubsumedClause("code", "above", (("http://s", "1"),))),
        ("Condition", "code in ValueSet/x", MemberClause("code", ("ValueSet/x",))),
        ("Condition", "code ni ValueSet/x", NotClause(MemberClause("code", ("ValueSet/x",)))),
        ("RiskAssessment", "probability co 0.5", NumberClause("probability", (Amount("co", 0.5, 0.45, 0.55),))),
        ("ValueSet", "url sw http://a", UriClause("url", ("http://a",), "below")),
        ("Group", "characteristic[code eq gender].value eq mixed",
         CompositeClause("characteristic-value", ((TokenClause("characteristic", ((None, "gender"),)),
                                                   TokenClause("value", ((None, "mixed"),))),))),
        ("DocumentReference", "relatesTo[code eq replaces].target re DocumentReference/1",
         CompositeClause("relationship", ((ReferenceClause("relatesto", (("DocumentReference", "1"),)),
                                           TokenClause("relation", ((None, "replaces"),))),))),
    ],
)  # fmt: skip
def test_a_filter_says_the_same_in_one_expression(kind, text, clause):
    assert one(kind, "_filter", text) == clause


@pytest.mark.parametrize(
    ("text", "at"),
    [("code", 5), ("code eq", 5), ("code eq ", 9), ("code is x", 5), ("(code eq x", 11), ("code eq x)", 10),
     ("code eq x and", 11), ("code eq x y eq z", 11), ('code eq "x', 9), ("subject[code eq x] eq y", 19),
     ("not code eq x", 4), ('code eq "\\ud800"', 9)],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_says_where(text, at):
    with pytest.raises(Faults) as caught:
        parse_query("Observation", [("_filter", text)], strict=False)
    assert [(f.code, f.facts["at"]) for f in caught.value.faults] == [("fhir-search-filter", at)]


@pytest.mark.parametrize(
    ("text", "code"),
    [("code gt 5", "fhir-search-operator"), ("subject co x", "fhir-search-operator"),
     ("date sw 2014", "fhir-search-operator"),
     ("_id co x", "fhir-search-operator"), ("_lastUpdated re x", "fhir-search-operator"),
     ("code-value-quantity pr true", "fhir-search-operator"), ("code-value-quantity eq x", "fhir-search-operator"),
     ("code-value-quantity[code eq x].value-quantity ss 5", "fhir-search-operator"),
     ("code-value-quantity[value-quantity eq 5].value-quantity eq 5", "fhir-search-filter-group"),
     ("code pr maybe", "fhir-search-value"), ("date eq x", "fhir-search-value"),
     ("(" * 11 + "code eq x" + ")" * 11, "fhir-search-filter-large"),
     (" and ".join(["code eq x"] * 51), "fhir-search-filter-large")],
)  # fmt: skip
def test_a_filter_asks_what_its_parameters_can_answer(text, code):
    with pytest.raises(Faults) as caught:
        parse_query("Observation", [("_filter", text)], strict=False)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_all_parameters_together_name_so_many_values_and_no_more():
    pairs = [("code", ",".join(["a"] * 200))] * 10
    assert len(parse_query("Observation", pairs, strict=True).clauses) == 10
    assert refused("Observation", *pairs, ("_id", "a")) == [("fhir-search-many", "_id")]


def test_all_faults_come_at_once_and_none_tells_a_value():
    pairs = [("name:sounds", "SECRET"), ("birthdate", "SECRET"), ("nickname", "SECRET")]
    with pytest.raises(Faults) as caught:
        parse_query("Patient", pairs, strict=True)
    said = [f"{f} {f.text('zh-TW')} {f.remedy('zh-TW')} {f.facts}" for f in caught.value.faults]
    assert len(said) == 3
    assert "SECRET" not in "".join(said)


def test_what_can_be_searched_is_a_parameter_of_the_type():
    for kind in definitions.resource_types():
        assert set(parameters(kind)) <= extract(kind).parameters.keys()
    assert parameters("AllergyIntolerance")["patient"].targets == ("Patient",)
    assert parameters("Observation")["_profile"].kind == "uri"


def test_every_kind_can_be_searched():
    for kind in definitions.resource_types():
        for code, row in definitions.search_parameters(kind).items():
            if row.type in {"number", "quantity", "composite", "special"}:
                assert code in parameters(kind), (kind, code)


@given(st.text(max_size=20), st.text(max_size=20))
def test_escaped_text_comes_back(first, second):
    assert split(escaped(first) + "," + escaped(second), ",") == [escaped(first), escaped(second)]
    if first and second:
        assert plain(escaped(first)) == first
        found = one("Observation", "code", f"{escaped(first)}|{escaped(second)}")
        assert found == TokenClause("code", ((first, second),))


NAMES = st.sampled_from([
    *parameters("Observation"), *parameters("Location"), "_id", "_lastUpdated", "_text", "_content", "_list", "_filter",
    "_type", "_sort", "_count", "_total", "_summary", "_elements", "_include", "_revinclude", "_contained", "_query",
    "subject.name", "subject:Patient.general-practitioner.name", "patient._has:Encounter:patient:date",
    "_has:AuditEvent:entity:agent", "_has:Provenance:target:_has:List:item:code",
])  # fmt: skip
ANY_MODIFIER = st.sampled_from(["", *(f":{each}" for each in (
    "missing", "exact", "contains", "text", "not", "in", "not-in", "above", "below", "of-type", "identifier", "Patient",
    "iterate", "", "x"))])  # fmt: skip
PIECES = st.lists(
    st.one_of(
        st.sampled_from([*"|$,\\():.[]- \"'", *OPERATORS, "and", "or", "not", "OR", "2014-02", "T10:00Z", "1e2", "5.4",
                         "http://loinc.org", "code", "Patient/1", "*", "mg", "true", "ap", "e999", "\ud800"]),
        st.text(string.printable, max_size=6),
        st.text(max_size=4),
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(
    st.sampled_from(["Observation", "Location", None]),
    st.lists(
        st.tuples(st.one_of(st.tuples(NAMES, ANY_MODIFIER).map("".join), st.text(max_size=30)), PIECES),
        max_size=4,
    ),
    st.booleans(),
)
def test_any_text_is_a_query_or_has_faults_that_tell_no_value(kind, pairs, strict):
    try:
        query = parse_query(kind, pairs, strict=strict, base="https://me.tw/fhir", now=0)
    except Faults as faults:
        for fault in faults.faults:
            assert fault.text("zh-TW")
            assert fault.remedy("en")
    else:
        assert hash(query) == hash(parse_query(kind, pairs, strict=strict, base="https://me.tw/fhir", now=0))


@given(st.decimals(-10_000, 10_000, places=3), st.sampled_from(["", "eq", "ne", "ap", "gt", "sa"]))
def test_a_number_lies_within_the_range_that_it_implies(number, prefix):
    (found,) = one("RiskAssessment", "probability", f"{prefix}{number}").alternatives
    assert found.low <= found.value <= found.high
    assert Decimal(str(found.value)) == number


def test_a_date_about_the_end_of_time_stays_in_time():
    (found,) = one("Observation", "date", "ap9999", now=0).alternatives
    assert found[2] == LATEST


@pytest.mark.parametrize(
    ("value", "clause"),
    [
        ("Wong", StringClause("phonetic", "exact", ("w520",))),
        ("Wang Ming", AllClause((
            StringClause("phonetic", "exact", ("w520",)), StringClause("phonetic", "exact", ("m520",))))),
        ("Wang,王小明", AnyClause((
            StringClause("phonetic", "exact", ("w520",)), StringClause("phonetic", "exact", ("王小明",))))),
    ],
)  # fmt: skip
def test_every_word_of_a_name_sounds_like_one_of_the_record(value, clause):
    assert one("Patient", "phonetic", value) == clause


def test_sounds_have_no_spelling():
    with pytest.raises(Faults):
        parse_query("Patient", [("phonetic:exact", "Wang")], strict=True)
    with pytest.raises(Faults):
        parse_query("Patient", [("phonetic", "12")], strict=True)


def test_what_a_parameter_says_is_remembered_for_its_moment_and_registry_alone():
    def clause(now, registry=None, value="ap2020-01-01"):
        pairs = [("date", value)]
        return parse_query("Observation", pairs, strict=True, now=now, registry=registry).clauses[0]

    day = 86_400_000
    assert clause(20_000 * day) is clause(20_000 * day)
    assert clause(20_000 * day) != clause(30_000 * day)
    assert clause(20_000 * day) is not clause(20_000 * day, Registry())
    long = ",".join(["2020-01-01"] * 20)
    assert clause(day, value=long) == clause(day, value=long)
    assert clause(day, value=long) is not clause(day, value=long)
    assert clause(None, value="2020") is not clause(None, value="2020")
