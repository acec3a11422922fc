"""The capability statement tells the truth: what it names is there, what it does not name is refused."""

import pytest
from starlette.testclient import TestClient

from builders import condition, observation
from camphora.errors import Faults
from camphora.fhir import definitions, structure
from camphora.fhir.search import EVERYWHERE, parameters, parse_query
from camphora.policy.internal import loading
from camphora.web.fhir.negotiation import JSON_PATCH
from web.fhir.asking import bundle, entry, get, post, put

HERS = observation("o1", "ada", "8480-6", "2026-01-05")
TRY = {
    "read": lambda c: get(c, "/Observation/o1"),
    "vread": lambda c: get(c, "/Observation/o1/_history/1"),
    "update": lambda c: put(c, "/Observation/o1", HERS),
    "patch": lambda c: c.patch("/fhir/Observation/o1", json=[], headers={"content-type": JSON_PATCH}),
    "delete": lambda c: c.delete("/fhir/Observation/o1"),
    "history-instance": lambda c: get(c, "/Observation/o1/_history"),
    "history-type": lambda c: get(c, "/Observation/_history"),
    "create": lambda c: post(c, "/Observation", HERS),
    "search-type": lambda c: get(c, "/Observation?code=8480-6"),
    "transaction": lambda c: post(c, "/", bundle("transaction", entry("GET", "Observation/o1"))),
    "batch": lambda c: post(c, "/", bundle("batch", entry("GET", "Observation/o1"))),
    "search-system": lambda c: c.get("/fhir/?_type=Observation"),
    "history-system": lambda c: get(c, "/_history"),
}
"""Every interaction that R4 has (valueset restful-interaction), each as a request that a server which has it grants."""

VALUES = {
    "date": "2026", "reference": "x", "string": "x", "token": "x", "uri": "x", "number": "1", "quantity": "1",
    "special": "25.04|121.5|1|km",
}  # fmt: skip


def _value(kind, code):
    """A value that a parameter takes; of a composite, one of each component."""
    if code in EVERYWHERE:
        return VALUES[EVERYWHERE[code]]
    parameter = parameters(kind)[code]
    return "$".join(VALUES[one.kind] for one in parameter.components or (parameter,))


@pytest.fixture
def statement(doctor):
    return get(doctor, "/metadata").json()


def _named(statement):
    rest = statement["rest"][0]
    kinds = {tuple(row["code"] for row in resource["interaction"]) for resource in rest["resource"]}
    assert len(kinds) == 1
    return {*kinds.pop(), *(row["code"] for row in rest["interaction"])}


@pytest.mark.parametrize("interaction", TRY)
def test_an_interaction_is_granted_exactly_where_it_is_named(doctor, statement, interaction):
    status = TRY[interaction](doctor).status_code
    assert (status < 300) == (interaction in _named(statement))
    assert status < 300 or status in {404, 405}


def test_every_type_that_is_named_answers_and_no_other(served, loaded, statement):
    load = served(loaded, loading("test"))
    named = {resource["type"] for resource in statement["rest"][0]["resource"]}
    assert len(named) == len(definitions.resource_types()) - 1
    for name in sorted(definitions.resource_types() | {"Nothing"}):
        assert (get(load, f"/{name}?_count=0").status_code == 200) == (name in named)


def test_search_parameters_are_taken_exactly_where_they_are_named(statement):
    for resource in statement["rest"][0]["resource"]:
        named = {row["name"]: row["type"] for row in resource["searchParam"]}
        for code, row in definitions.search_parameters(resource["type"]).items():
            if code in named:
                assert named[code] == row.type
                parse_query(resource["type"], [(code, _value(resource["type"], code))], strict=True)
            else:
                with pytest.raises(Faults):
                    parse_query(resource["type"], [(code, "1")], strict=True)


@pytest.mark.parametrize("kind", ["Patient", "Observation", "Condition", "MedicationRequest", "Organization"])
def test_search_parameters_that_are_named_are_answered_over_http(doctor, statement, kind):
    rows = next(row for row in statement["rest"][0]["resource"] if row["type"] == kind)["searchParam"]
    named = {row["name"] for row in rows}
    for row in rows:
        asked = f"/{kind}?{row['name']}={_value(kind, row['name'])}"
        assert get(doctor, asked, prefer="handling=strict").status_code == 200
    for code in definitions.search_parameters(kind).keys() - named:
        assert get(doctor, f"/{kind}?{code}=1", prefer="handling=strict").status_code == 400


def test_a_named_parameter_finds_and_does_not_only_answer(served, loaded):
    made = condition("c9", "ada", "E11", None) | {"onsetDateTime": "2020-05-01", "recordedDate": "2020-06-01"}
    load = served(loaded, loading("test"))
    put(load, "/Condition/c9", made)
    for asked in (
        "_id=c9",
        "code=E11",
        "patient=ada&onset-date=2020",
        "recorded-date=2020-06",
        "_lastUpdated=ge2026&code=E11",
    ):
        assert [row["resource"]["id"] for row in get(load, f"/Condition?{asked}").json()["entry"]] == ["c9"]


def test_the_statement_is_itself_right_and_says_where_it_comes_from(statement):
    assert structure.check(statement) == []
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == "http://camphora.test/fhir"
    assert statement["implementationGuide"][0].endswith("tw.gov.mohw.twcore|0.3.2")
    profiles = {row["type"]: row.get("supportedProfile", []) for row in statement["rest"][0]["resource"]}
    assert any(url.endswith("/Patient-twcore") for url in profiles["Patient"])
    assert profiles["Account"] == []


def test_the_statement_speaks_both_languages(doctor: TestClient):
    chinese = get(doctor, "/metadata").json()["rest"][0]["security"]["description"]
    english = get(doctor, "/metadata", accept_language="en").json()["rest"][0]["security"]["description"]
    assert "登入" in chinese
    assert "sign-in" in english
