"""Routes, CapabilityStatement and OpenAPI are made from one table, and say the same; no request of the OpenAPI is a
fault of ours."""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.applications import Starlette
from starlette.routing import Mount

from builders import clinician, people
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.web.fhir import Api, fhir_routes
from camphora.web.fhir.routes import CODES, METADATA, OPENAPI, UNKNOWN, VERSIONS
from camphora.web.fhir.table import DESCRIBED, HANGING, INTERACTIONS, operations
from leak.ground import World, opened
from web.fhir.asking import get

TYPES_LEVEL = {"search-compartment"}
"""Codes that R4's statement has no word for."""


def test_the_routes_are_those_of_the_table(loaded):
    own = {METADATA.name, OPENAPI.name, VERSIONS.name, CODES.name, UNKNOWN.name}
    routes = {
        (route.path, method, route.name)
        for route in fhir_routes(Api(loaded, lambda _: clinician()))
        for method in (route.methods or set()) - {"HEAD"}
        if route.name not in own
    }
    assert routes == {(one.address, one.method, one.reads.name) for one in DESCRIBED}


def _named_by(document):
    return {(path, method.upper()) for path, row in document["paths"].items() for method in row}


def test_the_document_names_every_route_and_no_other(doctor):
    document = get(doctor, "/openapi.json").json()
    table = {(one.address, one.method) for one in DESCRIBED if one.code[1:] not in HANGING}
    assert _named_by(document) == table | {
        (path, "GET") for path in ("/metadata", "/$versions", "/openapi.json")
    }
    ids = [row["operationId"] for path in document["paths"].values() for row in path.values()]
    assert len(ids) == len(set(ids))
    for path, rows in document["paths"].items():
        for row in rows.values():
            steps = {each["name"] for each in row.get("parameters", []) if each["in"] == "path"}
            assert steps == set(re.findall(r"\{(\w+)\}", path))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An installation with everything that one serves."""
    made = World(opened(tmp_path_factory.mktemp("whole") / "place"), tmp_path_factory.mktemp("gone"))
    yield made
    made.close()


def test_routes_document_and_statement_of_an_installation_say_the_same(whole):
    """What one of the three has and another lacks is forgotten somewhere: nothing is left out but the address of last
    resort, and steps of work that runs, which the statement has no word for beside their operation."""
    (mounted,) = (each for each in whole.app.routes if isinstance(each, Mount) and each.path == "/fhir")
    routes = {
        (route.path, method)
        for route in mounted.routes
        if route.name != UNKNOWN.name
        for method in route.methods - {"HEAD"}
    }
    client = whole.anybody()
    document = client.get("/fhir/openapi.json").json()
    assert _named_by(document) == routes
    rest = client.get("/fhir/metadata").json()["rest"][0]
    said = {("", row["name"]) for row in rest["operation"]} | {
        (row["type"], operation["name"]) for row in rest["resource"] for operation in row.get("operation", ())
    }
    kept = {row["type"] for row in rest["resource"]}
    answered = set()
    for path, _ in routes:
        *_, last = path.split("/")
        if not last.startswith("$") or "-job" in path:
            continue
        first = path.split("/")[1]
        asked = next(
            (row for row in document["paths"][path].values() if first == "{type}"), {"parameters": ()}
        )
        types = {
            name for each in asked["parameters"] if each["name"] == "type" for name in each["schema"]["enum"]
        }
        named = types or ({first} if first in kept else {""})
        answered |= {(each, last[1:]) for each in named}
    assert said == answered
    definitions = [row["definition"] for row in rest["operation"]]
    assert len(definitions) == len(set(definitions))


def test_the_statement_names_every_interaction_of_the_table(doctor):
    rest = get(doctor, "/metadata").json()["rest"][0]
    system = {row["code"] for row in rest["interaction"]}
    patient = next(row for row in rest["resource"] if row["type"] == "Patient")
    types = {row["code"] for row in patient["interaction"]}
    plain = [one for one in INTERACTIONS if not one.code.startswith("$") and one.code not in TYPES_LEVEL]
    assert system == {one.code for one in plain if one.level == "system"} | {"transaction"}
    assert types == {one.code for one in plain if one.level != "system"}
    own = {row["name"] for row in patient["operation"]}
    assert own == {code for code, kinds in operations().items() if {"*", "Patient"} & {*kinds}} - HANGING
    assert [row["name"] for row in rest["operation"]] == ["versions"]
    assert len(rest["compartment"]) == 5


def test_the_document_speaks_both_languages(doctor):
    said = [
        get(doctor, "/openapi.json", accept_language=lang).json()["info"]["title"] for lang in ("zh-TW", "en")
    ]
    assert said == ["樟 Camphora 的 FHIR 介面", "The FHIR API of Camphora"]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    store = SQLiteStore(tmp_path_factory.mktemp("schema"))
    store.write(loading("t"), [Put(row) for row in people()])
    api = Api(store, lambda _: clinician(), base="http://camphora.test/fhir")
    yield Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))])
    api.close()
    store.close()


OPERATIONS = sorted(
    {f"{one.method} {one.address}" for one in DESCRIBED if one.code[1:] not in HANGING}
    | {"GET /metadata", "GET /$versions"}
)


@pytest.fixture(scope="module")
def described(app):
    document = schemathesis.openapi.from_asgi("/fhir/openapi.json", app)
    found = (each.ok() for each in document.get_all_operations())
    return {f"{one.method.upper()} {one.path}": one for one in found}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_of_the_document_is_a_fault_of_ours(described, operation):
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described[operation].as_strategy())
    def asked(case):
        answer = case.call()
        assert answer.status_code < 500, answer.content
        said = str(answer.headers.get("content-type", ""))
        if answer.status_code >= 400 and answer.content and "json" in said:
            assert b"OperationOutcome" in answer.content

    asked()
