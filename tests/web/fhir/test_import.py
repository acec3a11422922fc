"""NDJSON sent or laid into the inbox: loaded behind, every fault located, nothing doubled."""

import time

import orjson
import pytest

from builders import observation, patient
from camphora.gate import User
from camphora.installation.importing import Imports
from camphora.policy import Role
from camphora.policy.internal import following
from leak.ground import World, opened

ASYNC = {"prefer": "respond-async"}
SENT = {**ASYNC, "content-type": "application/fhir+ndjson"}


@pytest.fixture
def world(tmp_path):
    served = World(opened(tmp_path / "place"), tmp_path / "place")
    identity = served.installation.gate.identity
    identity.add_user(User("keeper", "管理者", Role.ADMINISTRATOR), None)
    identity.add_user(User("doctor", "醫師", Role.CLINICIAN, "h1"), None)
    yield served
    served.close()


def _lines(*resources):
    return b"".join(orjson.dumps(each) + b"\n" for each in resources)


def _some():
    return patient("ada", "王小明", "1950-02-01", "A123456780"), *(
        observation(f"o{number}", "ada", "8480-6", "2026-01-05") for number in range(3)
    )


def _keeper(world):
    client = world.client("keeper")
    client.headers["origin"] = "http://testserver"
    return client


def _done(client, answer):
    assert answer.status_code == 202, answer.text
    place, until = answer.headers["content-location"], time.monotonic() + 30
    while (told := client.get(place)).status_code == 202:
        assert told.headers["x-progress"]
        assert time.monotonic() < until
        time.sleep(0.02)
    return place, told


def test_what_is_sent_is_written_and_a_second_time_doubles_nothing(world):
    client, body = _keeper(world), _lines(*_some())
    _, first = _done(client, client.post("/fhir/$import", content=body, headers=SENT))
    _, again = _done(client, client.post("/fhir/$import", content=body, headers=SENT))
    assert [each["count"] for each in first.json()["output"]] == [4]
    assert first.json()["error"] == []
    assert [each["unchanged"] for each in again.json()["output"]] == [4]


def test_every_fault_is_located_by_file_and_line_and_bad_rows_come_back(world):
    client = _keeper(world)
    person, first, *_ = _some()
    wrong = {**first, "kode": {}}
    body = _lines(person, wrong) + b'{"resourceType":"Obs\n'
    place, told = _done(client, client.post("/fhir/$import", content=body, headers=SENT))
    (error,) = told.json()["error"]
    assert [(each["code"], each["place"].split()[0]) for each in error["faults"]] == [
        ("fhir-unknown-element", "sent.ndjson:2"),
        ("formats-json-truncated", "sent.ndjson:3:21"),
    ]
    assert all(each["remedy"] and each["remedyEnglish"] for each in error["faults"])
    assert client.get(f"{place}/bad").content == _lines(wrong) + b'{"resourceType":"Obs\n'


def test_of_an_import_without_bad_rows_there_are_none_to_fetch(world):
    client = _keeper(world)
    place, _ = _done(client, client.post("/fhir/$import", content=_lines(*_some()), headers=SENT))
    answer = client.get(f"{place}/bad")
    assert (answer.status_code, answer.content) == (200, b"")


def _parameter(code, base, expression):
    return {
        "resourceType": "SearchParameter", "id": "s", "url": "https://example.org/s", "name": "S", "type": "string",
        "status": "active", "description": "-", "code": code, "base": [base], "expression": expression,
    }  # fmt: skip


def test_a_search_parameter_that_cannot_be_and_a_name_twice_are_bad_rows(world):
    client = _keeper(world)
    broken = _parameter("s", "Patient", "Patient.(")
    twice = b'{"resourceType":"Patient","id":"n3","id":"n4"}\n'
    body = _lines(broken) + twice + _lines(*_some())
    place, told = _done(client, client.post("/fhir/$import", content=body, headers=SENT))
    assert told.status_code == 200
    assert told.json()["output"][0]["count"] == 4
    faults = told.json()["error"][0]["faults"]
    assert {each["place"].split(":")[1].split()[0] for each in faults} == {"1", "2"}
    assert "web-fhir-twice" in {each["code"] for each in faults}
    assert client.get(f"{place}/bad").content == _lines(broken) + twice


def test_a_search_parameter_whose_code_is_taken_is_kept_and_the_answer_warns_of_it(world):
    client = _keeper(world)
    taken = _parameter("status", "Observation", "Observation.status")
    body = _lines(*_some(), taken)
    _, told = _done(client, client.post("/fhir/$import", content=body, headers=SENT))
    assert (told.json()["output"][0]["count"], told.json()["error"]) == (5, [])
    (warned,) = [each for each in told.json()["warning"] if each["code"] == "fhir-parameter-idle"]
    assert warned == {
        "inputUrl": "sent.ndjson",
        "code": "fhir-parameter-idle",
        "count": 1,
        "places": ["sent.ndjson:5 SearchParameter.code"],
    }


def test_files_of_the_inbox_are_named_and_nothing_else_is(world):
    client = _keeper(world)
    (world.folder / "inbox").mkdir()
    (world.folder / "inbox" / "a.ndjson").write_bytes(_lines(*_some()))

    def asked(url):
        part = [{"name": "url", "valueUri": url}]
        body = {"resourceType": "Parameters", "parameter": [{"name": "input", "part": part}]}
        return client.post("/fhir/$import", json=body, headers=ASYNC)

    _, told = _done(client, asked("inbox/a.ndjson"))
    assert told.json()["output"][0]["count"] == 4
    for url in (
        "inbox/../records.sqlite",
        "inbox/none.ndjson",
        "https://example.org/a.ndjson",
        "/etc/passwd",
    ):
        refused = asked(url)
        assert refused.status_code == 400
        assert "bulk-input" in refused.text


def test_only_an_administrator_imports(world):
    client = world.client("doctor")
    client.headers["origin"] = "http://testserver"
    refused = client.post("/fhir/$import", content=_lines(*_some()), headers=SENT)
    assert refused.status_code == 403
    assert "bulk-importer" in refused.text
    assert world.installation.store.last_change() == 0 or "Patient" not in world.installation.store.counts()


def test_cancelling_ends_it(world):
    client = _keeper(world)
    place, _ = _done(client, client.post("/fhir/$import", content=_lines(*_some()), headers=SENT))
    assert client.delete(place).status_code == 202
    assert client.get(place).status_code == 404


def test_what_a_process_left_is_gone_on_with(world, monkeypatch):
    monkeypatch.setattr("camphora.installation.loading.CHUNK", 2)
    installation = world.installation
    imports = installation.imports
    tell, told = imports._tell, []

    def once(one, number, report):
        tell(one, number, report)
        told.append(report.read)
        imports._closing.set()

    monkeypatch.setattr(imports, "_tell", once)
    client = _keeper(world)
    answer = client.post("/fhir/$import", content=_lines(*_some()), headers=SENT)
    imports._thread.join(20)
    imports._due.put(None)
    imports._thread.join(20)
    assert told == [2]
    assert client.get(answer.headers["content-location"]).status_code == 202
    again = Imports(installation)
    again.resume()
    try:
        _, status = _done(client, answer)
    finally:
        again.close()
    assert status.json()["output"][0]["count"] == 4
    kept = installation.store.scan(following("t"), 0, 100)
    assert sum(each.type == "Observation" for each in kept) == 3
