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
from camphora.web.fhir.table import INTERACTIONS, operations
from web.fhir.asking import get

TYPES_LEVEL = {"search-compartment"}
"""Codes that R4's statement has no word for."""


def test_the_routes_are_those_of_the_table(loaded):
    """But for an import, which takes NDJSON, and the addresses of work that runs, which its answers alone give."""
    own = {METADATA.name, OPENAPI.name, VERSIONS.name, CODES.name, UNKNOWN.name}
    routes = {
        (route.path, method, route.name)
        for route in fhir_routes(Api(loaded, lambda _: clinician()))
        for method in (route.methods or set()) - {"HEAD"}
        if route.name not in own and not route.name.startswith(("fhir.export.", "fhir.import"))
    }
    assert routes == {(one.address, one.method, one.reads.name) for one in INTERACTIONS}


def test_the_document_names_every_route_and_no_other(doctor, loaded):
    document = get(doctor, "/openapi.json").json()
    named = {(path, method.upper()) for path, row in document["paths"].items() for method in row}
    table = {(one.address, one.method) for one in INTERACTIONS if one.code != "$validate"}
    assert named == table | {(path, "GET") for path in ("/metadata", "/$versions", "/openapi.json")}
    ids = [row["operationId"] for path in document["paths"].values() for row in path.values()]
    assert len(ids) == len(set(ids))
    for path, rows in document["paths"].items():
        for row in rows.values():
            steps = {each["name"] for each in row.get("parameters", []) if each["in"] == "path"}
            assert steps == set(re.findall(r"\{(\w+)\}", path))


def test_the_statement_names_every_interaction_of_the_table(doctor):
    rest = get(doctor, "/metadata").json()["rest"][0]
    system = {row["code"] for row in rest["interaction"]}
    patient = next(row for row in rest["resource"] if row["type"] == "Patient")
    types = {row["code"] for row in patient["interaction"]}
    plain = [one for one in INTERACTIONS if not one.code.startswith("$") and one.code not in TYPES_LEVEL]
    assert system == {one.code for one in plain if one.level == "system"} | {"transaction"}
    assert types == {one.code for one in plain if one.level != "system"}
    own = {row["name"] for row in patient["operation"]}
    assert own == {code for code, kinds in operations().items() if {"*", "Patient"} & {*kinds}} - {"validate"}
    assert {row["name"] for row in rest["operation"]} == {"versions", *operations("system")}
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
    {f"{one.method} {one.address}" for one in INTERACTIONS if one.code != "$validate"}
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
