"""Writes that wait for their commit keep no thread: many share one disk sync, and readers pass them by."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from builders import clinician, observation
from camphora.web.fhir import Api, fhir_routes
from camphora.web.fhir.call import SIDE_BY_SIDE

MANY = 4 * SIDE_BY_SIDE
HEADERS = {"content-type": "application/fhir+json"}


@pytest.fixture
def served_api(loaded):
    api = Api(loaded, lambda _: clinician())
    yield Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]), loaded
    api.close()


def client(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://camphora.test", timeout=60)


def body(number):
    made = observation("", "ada", "8867-4", "2024-05-01")
    made["valueQuantity"]["value"] = number
    return orjson.dumps({name: value for name, value in made.items() if name != "id"})


async def until(true):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


def held(store):
    """Keep the keeper busy until the event is set."""
    begun, gate = threading.Event(), threading.Event()

    def wait(_):
        begun.set()
        gate.wait(30)

    store._keeper.submit(wait)
    assert begun.wait(10)
    return gate


def run(ask):
    """In a thread of its own: another test of this process may have left an event loop running."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(ask())).result()


def test_more_writes_than_threads_share_a_commit_and_reads_pass_them(served_api):
    app, store = served_api

    async def ask():
        async with client(app) as http:
            gate = held(store)
            before = store._keeper.commits
            posts = [
                asyncio.create_task(http.post("/fhir/Observation", content=body(each), headers=HEADERS))
                for each in range(MANY)
            ]
            await until(lambda: store._keeper.waiting == MANY)
            assert (await http.get("/fhir/Patient/ada")).status_code == 200
            assert not any(each.done() for each in posts)
            gate.set()
            answers = await asyncio.gather(*posts)
            assert store._keeper.commits <= before + 3
            for number, answer in enumerate(answers):
                assert answer.status_code == 201
                assert answer.json()["valueQuantity"]["value"] == number
                stored = await http.get(answer.headers["location"])
                assert stored.content == answer.content

    run(ask)


def test_who_goes_away_while_it_waits_holds_up_nobody(served_api):
    app, store = served_api

    async def ask():
        async with client(app) as http:
            gate = held(store)
            posts = [
                asyncio.create_task(http.post("/fhir/Observation", content=body(each), headers=HEADERS))
                for each in range(3)
            ]
            await until(lambda: store._keeper.waiting == 3)
            posts[1].cancel()
            with pytest.raises(asyncio.CancelledError):
                await posts[1]
            gate.set()
            assert [(await each).status_code for each in (posts[0], posts[2])] == [201, 201]
            found = await http.get("/fhir/Observation?code=8867-4&_summary=count")
            assert found.json()["total"] >= 3
            again = await http.post("/fhir/Observation", content=body(9), headers=HEADERS)
            assert again.status_code == 201

    run(ask)


def test_what_the_store_refuses_is_answered_as_before(served_api):
    app, _ = served_api
    made = orjson.loads(body(1)) | {"subject": {"reference": "Patient/nobody"}}

    async def ask():
        async with client(app) as http:
            refused = await http.post("/fhir/Observation", content=orjson.dumps(made), headers=HEADERS)
            assert refused.status_code == 422
            assert refused.json()["resourceType"] == "OperationOutcome"
            named = orjson.dumps({**orjson.loads(body(1)), "id": "none"})
            absent = await http.put("/fhir/Observation/none", content=named, headers=HEADERS)
            assert absent.status_code == 405
            assert absent.json()["issue"][0]["details"]["coding"][0]["code"] == "web-fhir-update-absent"
            large = orjson.loads(body(2)) | {"note": [{"text": "好" * 40_000}]}
            taken = await http.post("/fhir/Observation", content=orjson.dumps(large), headers=HEADERS)
            assert taken.status_code == 201

    run(ask)
