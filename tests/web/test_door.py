"""The FHIR API's own door answers as the portal's stack does, header by header, and counts and measures the same."""

import gzip

import orjson
import pytest
from starlette.testclient import TestClient

from builders import people
from camphora.gate import User
from camphora.installation import Installation
from camphora.installation.service import Service
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.web.app import application
from camphora.web.fhir import interactions

HOST = "health.example.tw"
ASKED = [
    ("GET", "/fhir/Patient/ada", {}),
    ("GET", "/fhir/Patient/ada?lang=en&_pretty=true", {}),
    ("GET", "/fhir/Patient/ada?l%61ng=en", {}),
    ("GET", "/fhir/Patient/ada?_elements=name&theme=dark", {}),
    ("GET", "/fhir/Patient/ada", {"accept": "application/fhir+xml"}),
    ("GET", "/fhir/Patient/ada", {"accept": "text/csv"}),
    ("GET", "/fhir/Patient/ada", {"if-none-match": 'W/"1"'}),
    ("GET", "/fhir/Patient/ada", {"authorization": "Bearer wrong"}),
    ("GET", "/fhir/Patient/ada", {"authorization": ""}),
    ("GET", "/fhir/Patient/ada", {"host": "other.example"}),
    ("GET", "/fhir/Patient/ada", {"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.77"}),
    ("GET", "/fhir/Patient/nobody", {"accept-language": "en"}),
    ("HEAD", "/fhir/Patient/ada", {}),
    ("GET", "/fhir/Patient?_count=2&code=http%3A%2F%2Fx%7Cy", {}),
    ("GET", "/fhir/Patient?name=%A4%FD", {}),
    ("GET", "/fhir/metadata", {}),
    ("GET", "/fhir/metadata", {"accept-encoding": "gzip"}),
    ("GET", "/fhir/metadata", {"accept-encoding": "identity"}),
    ("GET", "/fhir/$versions", {}),
    ("GET", "/fhir/$export-job/none", {}),
    ("GET", "/fhir/", {}),
    ("GET", "/fhir", {}),
    ("GET", "/fhir?_type=Patient&_id=ada", {}),
    ("POST", "/fhir", {"content-type": "application/fhir+json"}),
    ("DELETE", "/fhir", {}),
    ("GET", "/fhirx/Patient", {}),
    ("GET", "/fhir/none/such/thing/here", {}),
    ("GET", "/fhir/Patient/", {}),
    ("GET", "/fhir//ada", {}),
    ("POST", "/fhir/Patient/ada", {}),
    ("BREW", "/fhir/Patient", {}),
    ("OPTIONS", "/fhir/Patient/ada", {}),
    ("POST", "/fhir/Patient/_search", {"content-type": "application/x-www-form-urlencoded"}),
    ("POST", "/fhir/Observation", {"content-type": "application/fhir+json"}),
    ("DELETE", "/fhir/Observation/nobody", {}),
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    opened = Installation.open(tmp_path_factory.mktemp("door"), make=True)
    opened.gate.identity.add_user(User("lin", "lin", Role.CLINICIAN, organisation="h1"), None)
    opened.store.write(loading("t"), [Put(row) for row in people()])
    yield opened
    opened.close()


@pytest.fixture
def both(installation):
    """The application as it is served, with its door and without."""
    token = installation.gate.identity.issue_token("lin", "t", 1)

    def made(*, door, text='proxies = ["198.51.100.1"]\n[limits]\nreader_burst = 100000'):
        app = application(installation, service=Service.read(text), hosts=frozenset({HOST}))
        app.door = app.door if door else None
        client = TestClient(
            app, base_url=f"http://{HOST}", client=("198.51.100.1", 1), raise_server_exceptions=False
        )
        client.headers["authorization"] = f"Bearer {token}"
        return client

    return made


def told(answer):
    """Status, headers in their order, and the body; what differs from one asking to the next left out."""
    body = answer.content
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    if body[:1] == b"{":
        body = {key: value for key, value in orjson.loads(body).items() if key not in {"id", "meta", "date"}}
    moving = {"date", "etag", "last-modified"}
    if answer.headers.get("content-encoding") == "gzip":
        moving.add("content-length")  # of texts with two dates, packed
    kept = [pair for pair in answer.headers.multi_items() if pair[0] not in moving]
    return answer.status_code, kept, body


@pytest.mark.parametrize(("method", "path", "headers"), ASKED)
def test_the_door_answers_as_the_stack_does(both, method, path, headers):
    with_door, without = (both(door=each).request(method, path, headers=headers) for each in (True, False))
    assert told(with_door) == told(without)


def test_a_token_that_is_not_valid_is_told_from_none(both):
    client = both(door=True)
    wrong, none = (
        client.get("/fhir/Patient/ada", headers={"authorization": said}) for said in ("Bearer cam_no", "")
    )
    for answer, code in ((wrong, "web-token-refused"), (none, "web-sign-in-needed")):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == code
    assert "camphora token issue" in none.text


@pytest.mark.parametrize("door", [True, False])
def test_the_base_is_asked_with_or_without_its_slash(both, door):
    client = both(door=door)
    asked = "_type=Patient,Observation&_id=ada,o&_count=1"
    bare, slashed = (client.get(f"/fhir{slash}?{asked}") for slash in ("", "/"))
    assert bare.json()["entry"] == slashed.json()["entry"]
    assert bare.json()["entry"][0]["fullUrl"] == f"http://{HOST}/fhir/Patient/ada"
    assert bare.json()["link"][0]["url"].startswith(f"http://{HOST}/fhir?_type=Patient")
    made = orjson.dumps(
        {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                {
                    "resource": {"resourceType": "Organization", "name": "x"},
                    "request": {"method": "POST", "url": "Organization"},
                }
            ],
        }
    )
    answer = client.post("/fhir", content=made, headers={"content-type": "application/fhir+json"})
    entry = answer.json()["entry"][0]["response"]
    assert entry["status"].startswith(("201", "403")), entry
    if entry["status"].startswith("201"):
        assert entry["location"].startswith(f"http://{HOST}/fhir/Organization/")


def test_the_door_measures_as_the_stack_does(both):
    found = []
    for door in (True, False):
        client = both(door=door)
        for method, path, headers in ASKED:
            client.request(method, path, headers=headers)
        middleware = next(each for each in client.app.user_middleware if "measures" in each.kwargs)
        found.append([line for line in middleware.kwargs["measures"].lines() if "_total{" in line])
    assert found[0] == found[1]
    assert any('route="fhir.read",method="GET",status="200"' in line for line in found[0])


def test_both_count_a_reader_once(both):
    """What was asked at the door is counted for the portal too."""
    client = both(door=True, text="[limits]\nreader_burst = 2\nreader_per_second = 1")
    assert [client.get("/fhir/$versions").status_code for _ in range(2)] == [200, 200]
    refused = client.get("/fhir/$versions")
    assert (refused.status_code, refused.headers["content-type"][:21]) == (429, "application/fhir+json")
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/").status_code == 429


def test_the_time_of_the_work_is_bounded_at_the_door(both, monkeypatch):
    left = []

    def read(call, *_):
        from camphora.errors import deadline

        left.append(deadline.remaining())
        return interactions.Answer(200, b"{}")

    monkeypatch.setattr(interactions, "read", read)
    both(door=True, text="[limits]\nwork_seconds = 7").get("/fhir/Patient/ada")
    assert 0 < left[0] <= 7


def test_a_mistake_at_the_door_is_a_number_and_no_value(both, monkeypatch, caplog):
    client = both(door=True)

    def broken(_):
        raise RuntimeError("王小明 A123456780")

    monkeypatch.setattr(client.app.door.addresses, "route_of", broken)
    answer = client.get("/fhir/Patient/ada")
    assert answer.status_code == 500
    assert "RuntimeError" in caplog.text
    assert not any("A123456780" in text or "王小明" in text for text in (answer.text, caplog.text))
