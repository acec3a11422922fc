"""Files of many records: who gets them, what is in them, and what a choice does to them at each moment."""

import time

import orjson
import pytest

from builders import condition, observation, patient
from camphora.gate import User
from camphora.gate.gate import Grounds
from camphora.installation.exporting import exports as made
from camphora.policy import Purpose, Role
from camphora.policy.internal import deciding
from consented import consent
from leak.ground import HOSPITAL, OTHER, World, opened

ASYNC = {"prefer": "respond-async"}
KINDS = "_type=Patient,Observation,Condition"


@pytest.fixture
def world(tmp_path):
    served = World(opened(tmp_path / "place"), tmp_path / "place")
    identity = served.installation.gate.identity
    for name, role, organisation, person in (
        ("doctor", Role.CLINICIAN, OTHER, None),
        ("second", Role.CLINICIAN, OTHER, None),
        ("ada", Role.CITIZEN, None, "ada"),
        ("analyst", Role.ANALYST, None, None),
        ("keeper", Role.ADMINISTRATOR, None, None),
    ):
        identity.add_user(User(name, name, role, organisation, person), None)
    served.write(
        {"resourceType": "Organization", "id": HOSPITAL, "name": "仁愛醫院"},
        {"resourceType": "Organization", "id": OTHER, "name": "和平醫院"},
        patient("ada", "王小明", "1950-02-01", "A123456780"),
        patient("bo", "陳美玲", "1990-07-15", "B223456780"),
        *(observation(f"a{number}", "ada", "8480-6", f"2026-01-0{number + 1}") for number in range(5)),
        observation("b1", "bo", "4548-4", "2026-03-01"),
        condition("c1", "ada", "F32.9", "PSY"),
        {
            "resourceType": "Group", "id": "g", "type": "person", "actual": True,
            "member": [{"entity": {"reference": f"Patient/{name}"}} for name in ("ada", "bo", "nobody")],
        },
    )  # fmt: skip
    yield served
    served.close()


def _finished(client, address, method="GET", body=None):
    answer = client.request(method, f"/fhir/{address}", headers=ASYNC, json=body)
    assert answer.status_code == 202, answer.text
    return _manifest(client, answer.headers["content-location"])


def _manifest(client, place):
    until = time.monotonic() + 20
    while (answer := client.get(place)).status_code == 202:
        assert answer.headers["x-progress"]
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() < until
        time.sleep(0.02)
    return answer


def _rows(client, manifest, key="output"):
    found = {}
    for file in manifest[key]:
        answer = client.get(file["url"])
        assert answer.status_code == 200, answer.text
        lines = [orjson.loads(line) for line in answer.content.splitlines()]
        assert len(lines) == file["count"]
        found.setdefault(file["type"], []).extend(lines)
    return found


def _ids(client, manifest):
    return {(kind, row["id"]) for kind, rows in _rows(client, manifest).items() for row in rows}


def _restrict(world):
    """Ada closes her whole record to the second hospital."""
    provision = {"type": "deny", "actor": [_actor()], "purpose": [_treat()]}
    world.choose("away", consent("away", "ada", provision))


def _actor():
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
    return {"role": {"coding": [coding]}, "reference": {"reference": f"Organization/{OTHER}"}}


def _treat():
    return {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}


def test_a_person_takes_her_whole_record_and_nothing_of_another(world):
    client = world.client("ada")
    manifest = _finished(client, f"Patient/$export?{KINDS}").json()
    assert manifest["requiresAccessToken"] is True
    assert manifest["error"] == []
    assert _ids(client, manifest) == {
        ("Patient", "ada"), ("Condition", "c1"), *(("Observation", f"a{n}") for n in range(5)),
    }  # fmt: skip


def test_a_clinician_exports_one_person_and_not_many(world):
    client = world.client("doctor")
    for address in (
        "$export",
        "Patient/$export",
        "Group/g/$export",
        "Patient/$export?patient=ada&patient=bo",
    ):
        refused = client.get(f"/fhir/{address}", headers=ASYNC)
        assert refused.status_code == 403
        assert "bulk-one-person" in refused.text
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "patient", "valueReference": {"reference": "Patient/bo"}}],
    }
    manifest = _finished(client, "Patient/$export", "POST", body).json()
    assert _ids(client, manifest) == {("Patient", "bo"), ("Observation", "b1")}


def test_secondary_use_exports_nothing(world):
    refused = world.client("analyst").get("/fhir/$export", headers=ASYNC)
    assert refused.status_code == 403
    assert "records-secondary-by-question" in refused.text


def test_operation_exports_what_is_about_nobody(world):
    client = world.client("keeper")
    manifest = _finished(client, "$export").json()
    assert {kind for kind, _ in _ids(client, manifest)} == {"Organization"}


def _granted(world):
    """A legal basis for the doctor that another has approved; its number."""
    gate = world.installation.gate
    policy = gate.policy
    name, row = next(
        (name, row) for name, row in policy.bases.items() if "TREAT" in row.purposes and not row.overrides
    )
    assert not row.roles or Role.CLINICIAN in row.roles
    now = int(time.time() * 1000)
    claim = gate.bases.apply(
        "doctor",
        name,
        "轉院移轉病歷",
        purposes=["TREAT"],
        since=now - 1,
        until=now + 3_600_000,
        least_reason=4,
    )
    gate.bases.decide(claim.no, "keeper", approved=True)
    return claim.no


def test_since_brings_what_is_new_and_names_what_is_gone(world):
    client = world.client("ada")
    before = _finished(client, f"Patient/$export?{KINDS}").json()["transactionTime"]
    time.sleep(0.01)
    world.write(observation("a9", "ada", "8480-6", "2026-05-01"))
    world.remove("Observation", "a0")
    manifest = _finished(client, f"Patient/$export?{KINDS}&_since={before}").json()
    assert ("Observation", "a9") in _ids(client, manifest)
    assert ("Observation", "a1") not in _ids(client, manifest)
    gone = _rows(client, manifest, "deleted")["Bundle"]
    assert [each["entry"][0]["request"] for each in gone] == [{"method": "DELETE", "url": "Observation/a0"}]


def test_filters_choose_and_bring_each_record_once(world):
    client = world.client("ada")
    asked = "_typeFilter=Observation%3Fdate%3Dge2026-01-03&_typeFilter=Observation%3Fdate%3Dge2026-01-04"
    manifest = _finished(client, f"Patient/$export?_type=Observation&{asked}").json()
    rows = _rows(client, manifest)["Observation"]
    assert sorted(row["id"] for row in rows) == ["a2", "a3", "a4"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("Patient/$export?_type=Colour", "web-fhir-value"),
        ("Patient/$export?colour=red", "web-fhir-parameter"),
        ("Patient/$export?_outputFormat=text/csv", "bulk-format"),
        ("Patient/$export?_type=Observation&_typeFilter=Patient%3Fgender%3Dmale", "bulk-filter"),
        ("Patient/$export?_typeFilter=Observation%3F_sort%3Ddate", "bulk-filter"),
        ("Patient/$export?_typeFilter=Observation%3Fcolour%3Dred", "fhir-search-unknown"),
        ("Patient/$export?_since=tomorrow", "fhir-format"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(world, address, code):
    refused = world.client("ada").get(f"/fhir/{address}", headers=ASYNC)
    assert refused.status_code == 400
    assert code in refused.text


def test_without_respond_async_it_is_refused_with_what_to_do(world):
    refused = world.client("ada").get("/fhir/Patient/$export")
    assert refused.status_code == 400
    assert "bulk-not-async" in refused.text


def test_no_other_reader_sees_a_job_or_a_file(world):
    manifest = _finished(world.client("doctor"), "Patient/$export?patient=Patient/bo").json()
    url = manifest["output"][0]["url"]
    for other in ("second", "ada", "keeper"):
        client = world.client(other)
        assert client.get(url).status_code == 404
        assert client.get(url.rpartition("/")[0]).status_code == 404
        assert client.delete(url.rpartition("/")[0]).status_code == 404
    assert world.anybody().get(url).status_code == 401


def test_a_file_made_before_a_choice_is_not_given_after_it(world):
    client = world.client("doctor")
    manifest = _finished(client, "Patient/$export?patient=Patient/ada").json()
    urls = {file["type"]: file["url"] for file in manifest["output"]}
    assert client.get(urls["Observation"]).status_code == 200
    _restrict(world)
    for url in urls.values():
        refused = client.get(url)
        assert refused.status_code == 409
        assert "bulk-choices-changed" in refused.text
        assert "ada" not in refused.text


def test_a_choice_that_comes_while_files_are_made_holds_from_then_on(world, monkeypatch):
    monkeypatch.setattr(made, "PAGE", 2)
    exports = world.installation.exports
    pages = []
    page = exports._page

    def read(access, job, part):
        found = page(access, job, part)
        pages.append((part.type, len(found.rows)))
        if len(pages) == 1:
            _restrict(world)
        return found

    monkeypatch.setattr(exports, "_page", read)
    client = world.client("doctor")
    manifest = _finished(client, "Patient/$export?patient=Patient/ada&_type=Observation").json()
    assert pages == [("Observation", 2), ("Observation", 0)]
    assert [file["count"] for file in manifest["output"]] == [2]
    assert client.get(manifest["output"][0]["url"]).status_code == 409
    first, last = manifest["extension"]["https://camphora.tw/fhir/export-choices"]
    assert first != last


def test_many_are_exported_on_a_legal_basis_and_who_is_hidden_is_not_among_them(world):
    number = _granted(world)
    _restrict(world)
    client = world.client("doctor")
    manifest = _finished(client, f"Patient/$export?basis={number}&{KINDS}").json()
    assert {file["type"]: file["count"] for file in manifest["output"]} == {"Observation": 1, "Patient": 1}
    url = manifest["output"][0]["url"]
    assert client.get(f"{url}?basis={number}").status_code == 200
    assert client.get(url).status_code == 403


def test_a_group_is_exported_by_whom_it_names_and_as_far_as_it_may_be_read_itself(world):
    number = _granted(world)
    client = world.client("doctor")
    manifest = _finished(client, f"Group/g/$export?basis={number}&{KINDS}").json()
    assert {file["type"]: file["count"] for file in manifest["output"]} == {
        "Condition": 1, "Observation": 6, "Patient": 2,
    }  # fmt: skip
    _restrict(world)
    hidden = client.get(f"/fhir/Group/g/$export?basis={number}", headers=ASYNC)
    absent = client.get(f"/fhir/Group/none/$export?basis={number}", headers=ASYNC)
    assert (hidden.status_code, hidden.text) == (absent.status_code, absent.text)
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("kinds", "found"), [("Patient,Observation", True), ("Immunization,Procedure", False)]
)
def test_an_export_leaves_one_receipt_when_it_is_done_also_where_nothing_was_found(world, kinds, found):
    """Its manifest tells how many there are."""
    client, log = world.client("doctor"), world.installation.store.audit
    before = len(log)
    told = _finished(client, f"Patient/$export?patient=Patient/ada&_type={kinds}").json()
    done = [log.receipt(number) for number in range(before, len(log))]
    made = [each for each in done if each["act"] == "export"]
    assert bool(told["output"]) == found
    assert [(len(each["persons"]), each["decision"]) for each in made] == [(1, "permit")]
    looks = world.installation.store.looks(deciding("ada"), "ada")
    assert [look.act for look in looks].count("export") == found


def test_an_export_and_each_file_leave_a_receipt_that_the_person_sees(world):
    client = world.client("doctor")
    manifest = _finished(client, "Patient/$export?patient=Patient/ada&_type=Observation").json()
    client.get(manifest["output"][0]["url"])
    store, gate = world.installation.store, world.installation.gate
    store.settle()
    own = gate.access(gate.identity.user("ada").reader(), Purpose.SELF, None, Grounds())
    looks = [look for look in store.looks(own, "ada") if look.act == "export"]
    assert [(look.types, look.reader) for look in looks] == [(("Observation",), "doctor")] * 2


def test_cancelling_takes_the_files_away(world):
    client = world.client("ada")
    manifest = _finished(client, "Patient/$export").json()
    url = manifest["output"][0]["url"]
    place = url.rpartition("/")[0]
    assert client.delete(place).status_code == 202
    assert client.get(place).status_code == 404
    assert client.get(url).status_code == 404
    assert list((world.folder / "exports").iterdir()) == []


def test_files_are_gone_when_they_expire(world, monkeypatch):
    client = world.client("ada")
    manifest = _finished(client, "Patient/$export")
    assert manifest.headers["expires"]
    later = made._now() + 25 * 3_600_000
    monkeypatch.setattr(made, "_now", lambda: later)
    assert client.get(manifest.json()["output"][0]["url"]).status_code == 404
    assert list((world.folder / "exports").iterdir()) == []


def test_a_job_that_a_process_left_is_gone_on_with_by_the_next(world, monkeypatch):
    monkeypatch.setattr(made, "PAGE", 2)
    monkeypatch.setattr(made, "LARGEST", 2)
    exports = world.installation.exports
    page, count = exports._page, []

    def read(access, job, part):
        count.append(part)
        if len(count) == 2:
            exports._closing.set()
        return page(access, job, part)

    monkeypatch.setattr(exports, "_page", read)
    client = world.client("ada")
    place = client.get("/fhir/Patient/$export?_type=Observation", headers=ASYNC).headers["content-location"]
    exports._thread.join(0.5)
    while len(count) < 2:
        time.sleep(0.01)
    exports.close()
    assert client.get(place).status_code == 202
    again = made.Exports(world.folder / "exports", world.installation.store, world.installation.gate)
    again.resume()
    try:
        manifest = _manifest(client, place).json()
    finally:
        again.close()
    rows = _rows(client, manifest)["Observation"]
    assert sorted(row["id"] for row in rows) == [f"a{n}" for n in range(5)]
    assert len(manifest["output"]) == 3


def test_a_job_of_an_account_that_is_gone_says_so(world, monkeypatch):
    exports = world.installation.exports
    monkeypatch.setattr(exports, "_hand_over", lambda name: None)
    client = world.client("ada")
    place = client.get("/fhir/Patient/$export", headers=ASYNC).headers["content-location"]
    monkeypatch.undo()
    identity = world.installation.gate.identity
    user = identity.user("ada")
    identity.remove_user("ada")
    job = made.read(exports._of(place.rpartition("/")[2]))
    exports._hand_over(job.id)
    while made.read(exports._of(job.id)).state == "running":
        time.sleep(0.01)
    assert made.read(exports._of(job.id)).fault == "bulk-no-account"
    identity.add_user(user, None)
    answer = world.client("ada").get(place)
    assert answer.status_code == 500
    assert "bulk-no-account" in answer.text


@pytest.mark.parametrize(
    ("who", "address"),
    [("ada", f"Patient/$export?{KINDS}&_since=2026-01-01T00:00:00%2B08:00"), ("ada", "Patient/$export")],
)
def test_the_manifest_repeats_the_whole_address_that_was_asked(world, who, address):
    manifest = _finished(world.client(who), address).json()
    assert manifest["request"].endswith(f"/fhir/{address}")
