"""Conditional create, update and delete, alone and in bundles (R4 http.html#ccreate, #cond-update)."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from builders import NOW, citizen, clinician, condition, observation, patient
from camphora.policy.choices import restrict
from camphora.policy.internal import loading
from camphora.records import Put
from web.fhir.asking import FHIR, bundle, codes, entry, get, post, put, statuses

HERS = observation("x", "ada", "8480-6", "2026-05-01")
NEW = {key: value for key, value in HERS.items() if key != "id"}
ADA = patient("new", "王小明", "1950-02-01", "A123456780")


def test_a_create_makes_nothing_where_one_meets_the_condition(doctor, loaded):
    before = loaded.last_change()
    answer = post(doctor, "/Patient", ADA, if_none_exist="identifier=http://www.moi.gov.tw|A123456780")
    assert (answer.status_code, answer.json()["id"], answer.headers["etag"]) == (200, "ada", 'W/"1"')
    assert answer.headers["location"] == "http://camphora.test/fhir/Patient/ada/_history/1"
    assert loaded.last_change() == before


def test_a_create_makes_one_where_none_meets_the_condition(doctor):
    made = post(doctor, "/Patient", ADA, if_none_exist="identifier=Z9")
    assert made.status_code == 201
    assert get(doctor, f"/Patient/{made.json()['id']}").status_code == 200


@pytest.mark.parametrize(
    ("condition", "status", "code"),
    [
        ("patient=ada", 412, "web-fhir-many-matches"),
        ("", 412, "web-fhir-conditional"),
        ("_count=1", 412, "web-fhir-conditional"),
        ("code=&patient=bo", 412, "web-fhir-conditional"),
        ("colour=red", 400, None),
        ("date=someday", 400, None),
    ],
)
def test_a_condition_that_cannot_be_held_to_is_refused(doctor, loaded, condition, status, code):
    before = loaded.last_change()
    answers = [
        post(doctor, "/Observation", HERS, if_none_exist=condition or "?"),
        put(doctor, f"/Observation?{condition}", NEW),
        doctor.delete(f"/fhir/Observation?{condition}"),
    ]
    assert {answer.status_code for answer in answers} == {status}
    assert code is None or all(codes(answer) == [code] for answer in answers)
    assert loaded.last_change() == before


def test_two_creates_at_once_make_one(served, loaded):
    doctor = served(loaded, clinician())
    with ThreadPoolExecutor(8) as threads:
        made = list(
            threads.map(
                lambda number: post(
                    doctor, "/Patient", patient("p", "林小美", "2000-01-01", f"T{number % 3}"),
                    if_none_exist=f"identifier=T{number % 3}",
                ),
                range(24),
            )
        )  # fmt: skip
    assert sorted(answer.status_code for answer in made) == [200] * 21 + [201] * 3
    for number in range(3):
        assert get(doctor, f"/Patient?identifier=T{number}&_summary=count").json()["total"] == 1


def test_who_is_hidden_meets_no_condition_and_a_new_record_is_made(served, loaded):
    """As where she had never been: see docs/rulings.md."""
    loaded.write(loading("t"), [Put(restrict("ada", "h1", NOW))])
    doctor = served(loaded, clinician())
    made = post(doctor, "/Patient", ADA, if_none_exist="identifier=A123456780")
    assert (made.status_code, made.json()["id"] == "ada") == (201, False)
    kept = put(doctor, "/Patient?identifier=A123456780", {k: v for k, v in ADA.items() if k != "id"})
    assert (kept.status_code, kept.json()["id"]) == (200, made.json()["id"])
    assert doctor.delete("/fhir/Observation?patient=ada&code=4548-4").status_code == 204
    assert get(served(loaded, clinician("h2")), "/Observation/o3").status_code == 200


def test_a_match_leaves_a_receipt_of_the_reading(doctor, loaded):
    post(doctor, "/Patient", ADA, if_none_exist="identifier=A123456780", prefer="return=minimal")
    loaded.settle()
    assert [look.act for look in loaded.looks(citizen(), "ada")] == ["search"]


def test_an_update_is_of_the_record_that_meets_the_condition(doctor):
    body = {k: v for k, v in ADA.items() if k != "id"} | {"gender": "male"}
    changed = put(doctor, "/Patient?identifier=A123456780", body)
    assert (changed.status_code, changed.json()["id"], changed.headers["etag"]) == (200, "ada", 'W/"2"')
    same = put(doctor, "/Patient?identifier=A123456780", body | {"id": "ada"})
    assert (same.status_code, same.headers["etag"]) == (200, 'W/"2"')
    other = put(doctor, "/Patient?identifier=A123456780", body | {"id": "bo"})
    assert (other.status_code, codes(other)) == (400, ["web-fhir-id-mismatch"])


def test_an_update_that_none_meets_creates_under_the_servers_id_alone(doctor, served, loaded):
    body = {k: v for k, v in ADA.items() if k != "id"}
    assert put(doctor, "/Patient?identifier=Z1", body).status_code == 201
    named = put(doctor, "/Patient?identifier=Z2", body | {"id": "mine"})
    assert (named.status_code, codes(named)) == (405, ["web-fhir-update-absent"])
    load = served(loaded, loading("t"))
    assert put(load, "/Patient?identifier=Z2", body | {"id": "mine"}).json()["id"] == "mine"


def test_if_match_holds_for_what_meets_the_condition(doctor):
    body = {k: v for k, v in ADA.items() if k != "id"} | {"gender": "other"}
    stale = put(doctor, "/Patient?identifier=A123456780", body, if_match='W/"7"')
    assert (stale.status_code, codes(stale)) == (412, ["records-version-conflict"])
    none = put(doctor, "/Patient?identifier=Z", body, if_match='W/"1"')
    assert (none.status_code, codes(none)) == (412, ["web-fhir-nothing-matched"])
    gone = doctor.delete("/fhir/Observation?_id=o1", headers={"if-match": 'W/"7"'})
    assert (gone.status_code, codes(gone)) == (412, ["records-version-conflict"])


def test_if_match_by_a_star_asks_that_the_record_is_there(doctor, served, loaded):
    changed = get(doctor, "/Observation/o1").json() | {"status": "amended"}
    assert put(doctor, "/Observation/o1", changed, if_match="*").status_code == 200
    load = served(loaded, loading("t"))
    absent = put(load, "/Observation/new", changed | {"id": "new"}, if_match="*")
    assert (absent.status_code, get(load, "/Observation/new").status_code) == (405, 404)
    patch = [{"op": "replace", "path": "/status", "value": "final"}]
    headers = {"if-match": "*", "content-type": "application/json-patch+json"}
    assert doctor.patch("/fhir/Observation/o1", json=patch, headers=headers).status_code == 200
    none = put(doctor, "/Patient?identifier=Z", {"resourceType": "Patient"}, if_match="*")
    assert (none.status_code, codes(none)) == (412, ["web-fhir-nothing-matched"])
    entries = [entry("PUT", "Observation/o2", changed | {"id": "o2"}, ifMatch="*"),
               entry("DELETE", "Observation/o3", ifMatch="*")]  # fmt: skip
    assert statuses(post(doctor, "/", bundle("transaction", *entries))) == ["200", "204"]
    assert doctor.delete("/fhir/Observation/o1", headers={"if-match": "*"}).status_code == 204
    assert get(doctor, "/Observation/o1").status_code == 410
    assert codes(put(doctor, "/Observation/o2", changed | {"id": "o2"}, if_match="any")) == ["web-fhir-etag"]


def test_a_deletion_is_of_one_record(doctor):
    assert doctor.delete("/fhir/Observation?patient=ada&code=4548-4").status_code == 204
    assert get(doctor, "/Observation/o3").status_code == 410
    assert doctor.delete("/fhir/Observation?patient=ada&code=4548-4").status_code == 204


# In transactions

URN = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"


def test_entries_refer_to_the_record_that_stood_already(doctor):
    made = post(
        doctor,
        "/",
        bundle(
            "transaction",
            entry("POST", "Observation", HERS | {"subject": {"reference": URN}}),
            entry("POST", "Patient", ADA, URN, ifNoneExist="identifier=A123456780"),
        ),
    )
    assert statuses(made) == ["201", "200"]
    address = made.json()["entry"][0]["response"]["location"].split("/fhir")[1]
    assert get(doctor, address).json()["subject"]["reference"] == "Patient/ada"


def test_a_reference_by_search_names_what_is_here_or_what_the_transaction_makes(doctor):
    by_search = observation("x", "ada", "1", "2026-05-01") | {
        "subject": {"reference": "Patient?identifier=http://www.moi.gov.tw|A123456780"}
    }
    new = observation("x", "ada", "1", "2026-05-01") | {"subject": {"reference": "Patient?identifier=Q77"}}
    made = post(
        doctor,
        "/",
        bundle(
            "transaction",
            entry("POST", "Observation", by_search),
            entry("POST", "Observation", new),
            entry("POST", "Patient", patient("p", "林小美", "2000-01-01", "Q77"), URN),
        ),
    )
    assert statuses(made) == ["201"] * 3
    rows = [get(doctor, row["response"]["location"].split("/fhir")[1]).json() for row in made.json()["entry"]]
    assert rows[0]["subject"]["reference"] == "Patient/ada"
    assert rows[1]["subject"]["reference"] == f"Patient/{rows[2]['id']}"


def test_a_condition_may_stand_in_plain_chinese(doctor):
    organisation = {"resourceType": "Organization", "name": "奇美醫院"}
    by_search = NEW | {
        "subject": {"reference": "Patient?identifier=A123456780"},
        "performer": [{"reference": "Organization?name=奇美"}],
    }
    refused = post(doctor, "/", bundle("transaction", entry("POST", "Observation", by_search)))
    assert (refused.status_code, codes(refused)) == (412, ["web-fhir-reference-unresolved"])
    assert refused.json()["issue"][0]["expression"][0].startswith("Bundle.entry[0]")
    made = post(
        doctor,
        "/",
        bundle(
            "transaction",
            entry("POST", "Observation", NEW),
            entry("POST", "Organization", organisation, ifNoneExist="name=沒有"),
        ),
    )
    assert made.status_code in {200, 403}, made.text


def test_a_header_may_hold_its_condition_in_utf8(doctor):
    headers = FHIR | {"if-none-exist": "identifier=查無".encode()}
    assert doctor.post("/fhir/Observation", content=orjson.dumps(NEW), headers=headers).status_code == 201


def test_a_reference_by_search_may_be_escaped(doctor):
    by_search = NEW | {"subject": {"reference": "Patient?identifier=A123456780"}}
    whole = orjson.dumps(bundle("transaction", entry("POST", "Observation", by_search)))
    escaped = whole.replace(b"Patient?", b"Patient\\u003f")
    made = doctor.post("/fhir/", content=escaped, headers=FHIR)
    assert statuses(made) == ["201"]
    path = made.json()["entry"][0]["response"]["location"].split("/fhir")[1]
    assert get(doctor, path).json()["subject"]["reference"] == "Patient/ada"


def test_conditional_entries_are_carried_out_in_the_order_of_methods(doctor):
    made = post(
        doctor,
        "/",
        bundle(
            "transaction",
            entry("GET", "Observation?patient=ada&_summary=count"),
            entry(
                "PUT",
                "Condition?code=I10&patient=ada",
                {k: v for k, v in condition("", "ada", "I10", "PSY").items() if k != "id"},
            ),
            entry("POST", "Observation", HERS, ifNoneExist="patient=ada&code=4548-4"),
            entry("DELETE", "Observation?patient=ada&code=4548-4"),
        ),
    )
    assert statuses(made) == ["200", "200", "201", "204"]
    assert made.json()["entry"][0]["resource"]["total"] == 3


@pytest.mark.parametrize(
    "entries",
    [
        [entry("PUT", "Patient?identifier=A123456780", ADA | {"id": "ada"}), entry("PUT", "Patient/ada",
        ADA | {"id": "ada"})],
        [entry("POST", "Patient", ADA, ifNoneExist="identifier=T"), entry("POST", "Patient", ADA,
        ifNoneExist="identifier=T")],
        [entry("DELETE", "Observation?_id=o1"), entry("DELETE", "Observation/o1")],
    ],
)  # fmt: skip
def test_one_record_is_not_meant_by_two_entries(doctor, loaded, entries):
    before = loaded.last_change()
    refused = post(doctor, "/", bundle("transaction", *entries))
    assert (refused.status_code, codes(refused)) == (400, ["web-fhir-same-record"] * 2)
    assert loaded.last_change() == before


def test_batches_know_conditions_too(doctor):
    made = post(
        doctor,
        "/",
        bundle(
            "batch",
            entry("POST", "Patient", ADA, ifNoneExist="identifier=A123456780"),
            entry("PUT", "Observation?_id=o1", HERS | {"id": "o1"}),
            entry("DELETE", "Observation?patient=ada"),
            entry("HEAD", "Patient/ada"),
            entry("GET", "Patient/ada/Condition"),
            entry("GET", "?_type=Patient&_summary=count"),
        ),
    )
    assert statuses(made) == ["200", "200", "412", "200", "200", "200"]
    assert "resource" not in made.json()["entry"][3]
