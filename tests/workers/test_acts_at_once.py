"""What changes in the leader holds at a worker's very next read; each read has its receipt before the answer."""

import http.client

import orjson
import pytest

from camphora.audit import verify
from camphora.gate import Identity, User
from camphora.installation.service import Bounds
from camphora.policy import Role
from consented import consent, treating
from workers.places import Client, eventually, holder

FORGED = {
    "X_Forwarded_For": "198.51.100.9",
    "X_Forwarded_Proto": "https",
    "Forwarded": "for=198.51.100.9;proto=https",
    "X_Real_Ip": "198.51.100.9",
    "X_Camphora_Client": "198.51.100.9",
}


def test_a_stop_of_the_person_holds_at_the_next_read(served):
    place, tokens = served
    leader, worker = place.both(tokens["lin"])
    own = place.both(tokens["ada"])
    for writer in own:  # through the leader, and through a worker
        assert worker.ask("/fhir/Patient/ada")[0] == 200
        asked = consent("", "ada", treating(), policyRule={"text": "本人之選擇"})
        del asked["id"]
        status, _, body = writer.ask("/fhir/Consent", "POST", asked)
        assert status == 201, body
        assert [each.ask("/fhir/Patient/ada")[0] for each in (worker, leader)] == [404, 404]
        assert orjson.loads(worker.ask("/fhir/Observation?patient=ada")[2]).get("entry", []) == []
        assert writer.ask(f"/fhir/Consent/{orjson.loads(body)['id']}", "DELETE")[0] == 204
        assert [each.ask("/fhir/Patient/ada")[0] for each in (worker, leader)] == [200, 200]


def test_a_token_that_is_revoked_opens_nothing_at_a_worker(served):
    place, _ = served
    identity = Identity(place.folder / "gate.sqlite")
    identity.add_user(User("gone", "離職者", Role.CLINICIAN, organisation="h1"), None)
    token = identity.issue_token("gone", "test", 1)
    leader, worker = place.both(token)
    assert [each.ask("/fhir/Patient/ada")[0] for each in (worker, leader)] == [200, 200]
    identity.revoke_tokens("gone")
    assert [each.ask("/fhir/Patient/ada")[0] for each in (worker, leader)] == [401, 401]
    identity.close()


def test_each_read_of_a_worker_has_its_receipt_when_it_is_answered(served):
    place, tokens = served
    _, worker = place.both(tokens["lin"])
    for path, act, decision in (
        ("/fhir/Patient/ada", "read", "permit"),
        ("/fhir/Patient/bo", "read", "deny"),
        ("/fhir/Observation?patient=ada", "search", "permit"),
        ("/fhir/Patient/ada/_history", "history", "permit"),
    ):
        before = len(place.lines())
        worker.ask(path)
        new = place.lines()[before:]
        assert [(each["act"], each["decision"], each["reader"]) for each in new] == [
            (act, decision, "lin")
        ], path
    assert eventually(lambda: verify(place.folder / "audit").sound), "all are under a signed head in a moment"


def test_a_person_finds_who_read_by_a_worker(served):
    place, tokens = served
    _, worker = place.both(tokens["lin"])
    own = place.both(tokens["ada"])
    before = [orjson.loads(each.ask("/fhir/AuditEvent?patient=ada")[2])["total"] for each in own]
    for _ in range(5):
        assert worker.ask("/fhir/Observation/o1")[0] == 200
    found = orjson.loads(own[1].ask("/fhir/AuditEvent?patient=ada&_count=3")[2])
    assert found["total"] >= max(before) + 5
    names = [agent for each in found["entry"] for agent in each["resource"]["agent"]]
    assert "lin" in orjson.dumps(names).decode()


def test_the_address_of_a_client_is_handed_on_and_never_believed_of_its_headers(served):
    """`/metrics` is for this machine alone, and only the leader answers it."""
    place, _ = served
    leader, worker = place.both()
    for client in (leader, worker):
        assert client.ask("/metrics")[0] == 200
        assert client.ask("/metrics", **FORGED)[0] == 200
    _, _, body = worker.ask("/sign-in", **FORGED)
    assert b"https://127" not in body
    assert "__Host-" not in str(worker.ask("/sign-in?lang=en", **FORGED)[1])


def test_figures_tell_what_all_processes_answered(served):
    place, tokens = served
    _, worker = place.both(tokens["lin"])

    def read():
        said = worker.ask("/metrics")[2].decode().splitlines()
        row = 'camphora_requests_total{route="fhir.vread",method="GET",status="200"} '
        return next((int(each.removeprefix(row)) for each in said if each.startswith(row)), 0)

    before = read()
    for _ in range(7):
        assert worker.ask("/fhir/Patient/ada/_history/1")[0] == 200
    assert eventually(lambda: read() >= before + 7)
    assert read() == before + 7


def test_connections_are_shared_out_evenly_among_workers(served):
    place, tokens = served
    for each in place.clients:
        each.close()
    clients = [place.client(tokens["lin"]) for _ in range(12)]
    held = [holder(each, place.workers) for each in clients]
    assert {held.count(each) for each in place.workers} <= {4, 5, 6, 7, 8}
    assert {each.ask("/fhir/Patient/ada")[0] for each in clients} == {200}


@pytest.mark.parametrize("reader", ["root", "ana"])
def test_who_may_read_no_records_is_refused_and_leaves_the_same_receipts(served, reader):
    place, tokens = served
    counts = []
    for client in place.both(tokens[reader]):
        before = len(place.lines())
        assert client.ask("/fhir/Patient/ada")[0] in {403, 404}
        counts.append(len(place.lines()) - before)
    assert counts[0] == counts[1]


def test_the_connections_of_one_place_are_counted_over_all_processes(served):
    place, tokens = served

    def opened():
        client = Client(place.port, tokens["lin"], "127.0.0.3")
        try:
            return client, client.ask("/health/live")[0]
        except (OSError, http.client.HTTPException):
            client.close()
            return None, 0

    held = [opened() for _ in range(Bounds().connections_per_place)]
    assert {status for _, status in held} == {200}
    assert opened() == (None, 0), "each worker holds but half of them"
    for client, _ in held:
        client.close()
    client, status = eventually(lambda: next((each for each in [opened()] if each[1]), None))
    assert status == 200
    client.close()
