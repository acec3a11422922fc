"""The table of addresses chooses what trying every route in turn would choose."""

from itertools import product

import pytest
from starlette.routing import Match
from starlette.testclient import TestClient

from builders import clinician
from camphora.web.fhir import Api, fhir_routes
from camphora.web.fhir.addresses import Addresses
from web.fhir.asking import codes

PARTS = (
    "",
    "Patient",
    "Group",
    "metadata",
    "a1",
    "_history",
    "_search",
    "$export",
    "$export-job",
    "bad",
    "甲 乙",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")


@pytest.fixture
def routes(loaded):
    api = Api(loaded, lambda _: clinician())
    yield fhir_routes(api)
    api.close()


def tried_in_turn(routes, scope):
    found = ((route, *route.matches(scope)) for route in routes)
    return next((route, child) for route, match, child in found if match is Match.FULL)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_address_has_the_route_that_meets_it_first(routes, length):
    table, met = Addresses(routes), set()
    for parts, method in product(product(PARTS, repeat=length), METHODS):
        path = "/fhir/" + "/".join(parts)
        scope = {"type": "http", "method": method, "path": path, "root_path": "/fhir", "path_params": {}}
        expected = tried_in_turn(routes, scope)
        assert table.route_of(scope) == expected
        met.add(expected[0].name)
    assert len(met) >= 2


def test_the_whole_table_is_met(routes):
    """Each route has an address of its own, so none was left out of the table."""
    table = Addresses(routes)
    for route in routes[:-1]:
        path = "/fhir" + route.path.replace("{type}", "Observation").replace("{", "").replace("}", "")
        for method in route.methods:
            scope = {"type": "http", "method": method, "path": path, "root_path": "/fhir", "path_params": {}}
            assert table.route_of(scope)[0].path == route.path


@pytest.mark.parametrize(
    "path", ["/%0A", "/%0AX", "/Pa%0Atient", "/Pa%0Atient/a1/$export", "/%0D%0A%E2%80%A8/x"]
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_an_address_of_several_lines_is_one_that_is_not_there(routes, method, path):
    answer = TestClient(Addresses(routes)).request(method, path)
    assert codes(answer)[0] in {"web-fhir-no-route", "web-fhir-method", "web-fhir-no-type"}
