"""The capability statement tells the truth: what it names is there, what it does not name is refused."""

import pytest
from starlette.testclient import TestClient

from builders import condition, observation
from camphora.errors import Faults
from camphora.fhir import definitions, structure
from camphora.fhir.search import EVERYWHERE, UNDECLARED, parameters, parse_query
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


MADE = {"_list": "x", "_filter": "_id eq x", "_type": "Patient"}
HAS = "_has:Provenance:target:_id"


def _asked(kind, code):
    """A parameter with a value that it takes; of a composite, one of each component."""
    return (HAS, "x") if code == "_has" else (code, _value(kind, code))


def _value(kind, code):
    if code in MADE or code in EVERYWHERE:
        return MADE.get(code) or VALUES[EVERYWHERE[code]]
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
    assert named >= UNDECLARED.keys()
    for row in rows:
        name, value = _asked(kind, row["name"])
        assert get(doctor, f"/{kind}?{name}={value}", prefer="handling=strict").status_code == 200
    for code in definitions.search_parameters(kind).keys() - named:
        assert get(doctor, f"/{kind}?{code}=1", prefer="handling=strict").status_code == 400


def test_a_search_of_several_types_takes_what_is_named_for_all(doctor, statement):
    named = [row["name"] for row in statement["rest"][0]["searchParam"]]
    assert len(named) == len(set(named)) > len(UNDECLARED)
    for code in named:
        name, value = _asked("Patient", code)
        asked = f"/?{name}={value}" if code == "_type" else f"/?_type=Patient,Observation&{name}={value}"
        assert get(doctor, asked, prefer="handling=strict").status_code == 200, code


def _taken(kind, name, value):
    try:
        parse_query(kind, [(name, value)], strict=True)
    except Faults:
        return False
    return True


def test_includes_are_taken_exactly_where_they_are_named(statement):
    """Of every parameter that R4 declares, by the grammar; a reverse one leads back where the forward one leads."""
    rows = {row["type"]: row for row in statement["rest"][0]["resource"]}
    forward = {name: {*row["searchInclude"]} - {"*", f"{name}:*"} for name, row in rows.items()}
    for name, named in forward.items():
        taken = {
            f"{name}:{code}"
            for code in {*definitions.search_parameters(name), *parameters(name)}
            if _taken(name, "_include", f"{name}:{code}")
        }
        assert taken == named
    for name, row in rows.items():
        back = {*row["searchRevInclude"]} - {"*"}
        assert back == {
            each for own in forward.values() for each in own if _taken(name, "_revinclude", f"{each}:{name}")
        }
        assert all(_taken(name, "_include", each) for each in row["searchInclude"])
        assert all(_taken(name, "_revinclude", each) for each in row["searchRevInclude"])


def test_parameters_of_guides_and_of_the_store_are_named_once_they_are_known(served, loaded):
    load = served(loaded, loading("test"))
    own = {
        "resourceType": "SearchParameter", "id": "shoe", "url": "http://camphora.test/shoe", "name": "shoe",
        "status": "active", "description": "shoe", "code": "shoe-of", "base": ["Patient"], "type": "reference",
        "expression": "Patient.managingOrganization", "target": ["Organization"],
    }  # fmt: skip

    def of(kind):
        found = get(load, "/metadata").json()["rest"][0]["resource"]
        return next(row for row in found if row["type"] == kind)

    guide = {
        row["name"]: row["definition"] for row in of("DetectedIssue")["searchParam"] if "definition" in row
    }
    assert "status" in guide
    assert "shoe-of" not in {row["name"] for row in of("Patient")["searchParam"]}
    assert put(load, "/SearchParameter/shoe", own).status_code == 201
    named = {row["name"]: row.get("definition") for row in of("Patient")["searchParam"]}
    assert named["shoe-of"] == own["url"]
    assert "Patient:shoe-of" in of("Patient")["searchInclude"]
    assert "Patient:shoe-of" in of("Organization")["searchRevInclude"]


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
