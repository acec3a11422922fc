"""Batches and transactions (R4 http.html#transaction)."""

import pytest

from builders import NOW, citizen, clinician, condition, observation, patient
from camphora.fhir.packages import Guides
from camphora.fhir.validation import Validator
from camphora.policy.choices import restrict
from camphora.policy.internal import loading
from camphora.terminology.operations.requests import Desk
from camphora.terminology.operations.resources import ResourceLibrary
from web.fhir.asking import bundle, codes, entry, get, post, statuses

NEW = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"


def _about(reference):
    return observation("x", "ada", "8480-6", "2026-05-01") | {"subject": {"reference": reference}}


def _total(client, kind):
    return get(client, f"/{kind}?_summary=count").json()["total"]


def _id(answer, number):
    return answer.json()["entry"][number]["response"]["location"].split("/")[-3]


def test_a_transaction_links_what_it_creates_whatever_the_order(doctor):
    made = post(
        doctor,
        "/",
        bundle(
            "transaction",
            entry("POST", "Observation", _about(NEW), "urn:uuid:2"),
            entry("POST", "Patient", patient("p", "林小美", "2000-01-01", "A1"), NEW),
        ),
    )
    assert (made.status_code, made.json()["type"], statuses(made)) == (
        200,
        "transaction-response",
        ["201", "201"],
    )
    found = get(doctor, f"/Observation/{_id(made, 0)}").json()
    assert found["subject"]["reference"] == f"Patient/{_id(made, 1)}"


def test_nobody_looks_for_what_a_transaction_creates(doctor, loaded):
    """Its id was drawn: nothing can lie there."""
    asked = []
    loaded._connections.writer.exec_trace = lambda _, sql, __: asked.append(sql) is None
    try:
        new = [entry("POST", "Observation", _about("Patient/ada")) for _ in range(3)]
        assert statuses(post(doctor, "/", bundle("transaction", *new))) == ["201"] * 3
    finally:
        loaded._connections.writer.exec_trace = None
    assert any("INTO record" in sql for sql in asked)
    assert not [sql for sql in asked if "c.digest" in sql]


def test_relative_references_resolve_under_the_same_root_only(doctor):
    root = "http://clinic.test/fhir"
    made = post(
        doctor,
        "/",
        bundle(
            "transaction",
            entry("POST", "Patient", patient("ada", "林小美", "2000-01-01", "A1"), f"{root}/Patient/ada"),
            entry("POST", "Observation", _about("Patient/ada"), f"{root}/Observation/1"),
            entry("POST", "Observation", _about("Patient/ada"), "urn:uuid:3"),
        ),
    )
    new = f"Patient/{_id(made, 0)}"
    told = [get(doctor, f"/Observation/{_id(made, n)}").json()["subject"]["reference"] for n in (1, 2)]
    assert told == [new, "Patient/ada"]


def test_only_references_are_rewritten_and_all_other_bytes_stay(doctor):
    body = (
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1","request":{"method":"POST",'
        b'"url":"Patient"},"resource":{"resourceType":"Patient","name":[{"text":"urn:uuid:1"}]}},{"request":{"method":'
        b'"POST","url":"Observation"},"resource":{"resourceType":"Observation", "status":"final",'
        b'"code":{"text":"\\u738b"},"subject":{"reference" : "urn:uuid:1"},"valueQuantity":{"value":2.50}}}]}'
    )
    made = post(doctor, "/", body)
    patient_id = _id(made, 0)
    kept = get(doctor, f"/Observation/{_id(made, 1)}").content
    assert b'"code":{"text":"\\u738b"}' in kept
    assert b'"valueQuantity":{"value":2.50}' in kept
    assert b'{"reference" : "Patient/%s"}' % patient_id.encode() in kept
    assert get(doctor, f"/Patient/{patient_id}").json()["name"] == [{"text": "urn:uuid:1"}]


def test_a_transaction_goes_delete_post_put_get(doctor):
    made = post(
        doctor,
        "/",
        bundle(
            "transaction",
            entry("GET", "Observation?patient=ada&_summary=count"),
            entry(
                "PUT", "Patient/ada", patient("ada", "王大明", "1950-02-01", "A123456780"), ifMatch='W/"1"'
            ),
            entry("POST", "Observation", observation("x", "ada", "1", "2026-05-01")),
            entry("DELETE", "Observation/o1"),
            entry("DELETE", "Observation/o2"),
            entry("DELETE", "Observation/never"),
        ),
    )
    assert statuses(made) == ["200", "200", "201", "204", "204", "204"]
    assert made.json()["entry"][0]["resource"]["total"] == 2
    assert made.json()["entry"][1]["response"]["etag"] == 'W/"2"'


@pytest.mark.parametrize(
    ("spoilt", "status", "code"),
    [
        (entry("POST", "Observation", {"resourceType": "Observation"}), 400, "fhir-missing"),
        (entry("POST", "Observation", _about("Patient/nobody")), 422, "records-no-person"),
        (entry("PUT", "Observation/never", _about("Patient/ada") | {"id": "never"}), 405, "web-fhir-update-absent"),
        (entry("PUT", "Patient/ada", patient("bo", "林", "2000-01-01", "A1")), 400, "fhir-empty"),
        (entry("PUT", "Condition/c2", condition("c1", "ada", "I10", None)), 400, "web-fhir-id-mismatch"),
        (entry("DELETE", "Observation/o1", ifMatch='W/"9"'), 412, "records-version-conflict"),
        (entry("GET", "Observation/never"), 404, "records-not-found"),
        (entry("GET", "Observation?date=someday"), 400, "fhir-search-value"),
        (entry("GET", "Consent?status=active"), 403, "records-type-refused"),
        (entry("POST", "Observation"), 400, "web-fhir-entry-resource"),
        (entry("POST", "Observation/o1", _about("Patient/ada")), 400, "web-fhir-entry-request"),
        (entry("PATCH", "Observation/o1", _about("Patient/ada")), 400, "web-fhir-entry-resource"),
        (entry("PATCH", "Observation/o1/x", _about("Patient/ada")), 400, "web-fhir-entry-request"),
        (entry("POST", "Nothing", _about("Patient/ada")), 404, "web-fhir-no-type"),
        (entry("POST", "Observation", _about("Patient/ada"), ifNoneExist="_count=1"), 412, "web-fhir-conditional"),
        (entry("PUT", "Observation?code=1", _about("Patient/ada")), 405, "web-fhir-update-absent"),
        (entry("PUT", "Observation?patient=ada", _about("Patient/ada")), 412, "web-fhir-many-matches"),
        (entry("DELETE", "Observation?patient=ada"), 412, "web-fhir-many-matches"),
        (entry("POST", "Observation", _about("Patient?identifier=1")), 412, "web-fhir-reference-unresolved"),
        (entry("POST", "Observation", _about("Patient?gender=female")), 412, "web-fhir-reference-unresolved"),
    ],
)  # fmt: skip
def test_a_transaction_with_one_fault_changes_nothing(doctor, loaded, spoilt, status, code):
    before = loaded.last_change()
    good = entry("POST", "Patient", patient("p", "林小美", "2000-01-01", "A1"), NEW)
    refused = post(doctor, "/", bundle("transaction", good, spoilt))
    assert (refused.status_code, codes(refused)[0], loaded.last_change()) == (status, code, before)


def test_faults_of_a_transaction_are_located_by_entry_and_told_at_once(doctor):
    wrong = entry("POST", "Observation", _about("Patient/ada") | {"status": "done"})
    refused = post(doctor, "/", bundle("transaction", wrong, wrong, entry("PUT", "Patient/ada", None)))
    assert [issue["expression"][0] for issue in refused.json()["issue"]] == [
        "Bundle.entry[0].resource.status",
        "Bundle.entry[1].resource.status",
        "Bundle.entry[2].resource",
    ]


def test_two_entries_for_one_record_are_refused(doctor):
    twice = [
        entry("DELETE", "Observation/o1"),
        entry("PUT", "Observation/o1", observation("o1", "ada", "1", "2026-01-01")),
    ]
    same = [entry("POST", "Patient", patient("p", "林小美", "2000-01-01", "A1"), NEW)] * 2
    for entries in (twice, same):
        refused = post(doctor, "/", bundle("transaction", *entries))
        assert (refused.status_code, codes(refused)) == (400, ["web-fhir-same-record"] * 2)


def test_a_batch_answers_each_entry_for_itself(doctor):
    answer = post(
        doctor,
        "/",
        bundle(
            "batch",
            entry("GET", "Patient/ada"),
            entry("POST", "Observation", {"resourceType": "Observation"}),
            entry("GET", "Patient/nobody"),
            entry("POST", "Observation", observation("x", "ada", "1", "2026-05-01")),
            entry("GET", "Observation?patient=bo"),
            entry("GET", "Patient/ada/_history/1"),
            entry("GET", "Patient/ada/_history"),
            entry("GET", "Patient/ada", ifNoneMatch='W/"1"'),
            entry("PUT", "Patient/ada", patient("ada", "王大明", "1950-02-01", "A1"), ifMatch='W/"8"'),
        ),
    )
    assert statuses(answer) == ["200", "400", "404", "201", "200", "200", "200", "304", "412"]
    rows = answer.json()["entry"]
    assert rows[0]["resource"]["id"] == "ada"
    assert rows[1]["response"]["outcome"]["issue"][0]["expression"][0].startswith("Bundle.entry[1].resource.")
    assert codes(rows[2]["response"]["outcome"]) == ["records-not-found"]
    assert rows[4]["resource"]["type"] == "searchset"


def test_entries_of_a_batch_do_not_know_one_another(doctor):
    entries = (
        entry("POST", "Patient", patient("p", "林小美", "2000-01-01", "A1"), NEW),
        entry("POST", "Observation", _about(NEW)),
    )
    assert statuses(post(doctor, "/", bundle("batch", *entries))) == ["201", "422"]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize(("wish", "part"), [("representation", "resource"), ("OperationOutcome", "outcome")])
def test_prefer_holds_for_every_entry(doctor, kind, wish, part):
    made = post(
        doctor,
        "/",
        bundle(kind, entry("POST", "Observation", observation("x", "ada", "1", "2026-05-01"))),
        prefer=f"return={wish}",
    )
    row = made.json()["entry"][0]
    assert (part in row or part in row["response"]) is True
    assert ("resource" in row, "outcome" in row["response"]) == (part == "resource", part == "outcome")


def test_an_empty_transaction_is_answered(doctor):
    assert (
        post(doctor, "/", {"resourceType": "Bundle", "type": "transaction"}).json()["type"]
        == "transaction-response"
    )


@pytest.mark.parametrize(
    "body", [{"resourceType": "Bundle", "type": "collection"}, {"resourceType": "Patient"}]
)
def test_only_batches_and_transactions_are_carried_out(doctor, body):
    assert codes(post(doctor, "/", body)) == ["web-fhir-bundle-type"]


def test_a_malformed_frame_is_located(doctor):
    refused = post(doctor, "/", {"resourceType": "Bundle", "type": "batch", "entry": {"a": 1}})
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry"]
    refused = post(doctor, "/", bundle("batch", {"fullUrl": "urn:uuid:1", "colour": "red"}))
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[0].colour"]


def test_a_load_may_bring_ids_and_whole_people_at_once(served, store):
    load = served(store, loading("test"))
    made = post(
        load,
        "/",
        bundle(
            "transaction",
            entry("PUT", "Patient/new", patient("new", "林小美", "2000-01-01", "A1")),
            entry("PUT", "Observation/n1", observation("n1", "new", "1", "2026-05-01")),
        ),
    )
    assert statuses(made) == ["201", "201"]
    assert get(served(store, clinician()), "/Observation?patient=new&_summary=count").json()["total"] == 1


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_bundle_of_too_many_entries_is_refused_before_any_is_looked_at(served, loaded, kind):
    doctor = served(loaded, clinician(), most_entries=3)
    gets = [entry("GET", "Patient/ada")] * 4
    assert statuses(post(doctor, "/", bundle(kind, *gets[:3]))) == ["200"] * 3
    refused = post(doctor, "/", bundle(kind, *gets))
    assert (refused.status_code, codes(refused)) == (413, ["web-fhir-many-entries"])


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_what_a_bundle_answers_has_an_end_and_says_where(served, loaded, kind):
    doctor = served(loaded, clinician(), largest_answer=8_000)
    gets = [entry("GET", "Patient/ada")] * 40
    answer = post(doctor, "/", bundle(kind, entry("DELETE", "Observation/o1"), *gets))
    said, rows = statuses(answer), answer.json()["entry"]
    assert said == ["204", *(["200"] * said.count("200")), *(["413"] * said.count("413"))]
    assert said.count("200") >= 5
    assert sum(len(str(row)) for row in rows if "resource" in row) < 9_000
    assert codes(rows[-1]["response"]["outcome"]) == ["web-fhir-long-answer"]


def test_what_is_wrong_everywhere_is_told_in_part_with_how_much_more_there_is(doctor):
    wrong = {"resourceType": "Patient", **{f"a{number}": 1 for number in range(300)}}
    refused = post(doctor, "/", bundle("transaction", entry("POST", "Patient", wrong)))
    issues = refused.json()["issue"]
    assert (refused.status_code, len(issues)) == (400, 201)
    assert issues[199]["expression"] == ["Bundle.entry[0].resource.a199"]
    assert issues[200]["details"]["text"].startswith("另有 100 項")


@pytest.mark.parametrize(
    ("spoilt", "path"),
    [
        (entry("POST", "Observation", _about("Patient/nobody")), "Bundle.entry[2]"),
        (entry("DELETE", "Observation/o1", ifMatch='W/"9"'), "Bundle.entry[2]"),
        (entry("PUT", "Observation/o1", _about("Patient/ada") | {"id": "o1"}, ifMatch='W/"9"'), "Bundle.entry[2]"),
        (entry("PUT", "Consent/c", restrict("ada", "h1", NOW) | {"id": "c"}), "Bundle.entry[2]"),
    ],
)  # fmt: skip
def test_what_the_store_refuses_is_located_by_entry(doctor, spoilt, path):
    """The order of carrying out differs from that of the bundle."""
    good = [
        entry("POST", "Patient", patient("p", "林小美", "2000-01-01", "A1"), NEW),
        entry("GET", "Patient/bo"),
    ]
    later = [entry("DELETE", "Observation/o2"), entry("POST", "Observation", _about(NEW), "urn:uuid:9")]
    refused = post(doctor, "/", bundle("transaction", *good, spoilt, *later))
    assert refused.json()["issue"][0]["expression"] == [path]


def test_a_choice_of_any_form_is_accepted(served, loaded):
    ada = served(loaded, citizen("ada"))
    odd = restrict("ada", "h1", NOW)
    odd["provision"]["dataPeriod"] = {"start": "2026-01-01"}
    good = entry("POST", "Consent", restrict("ada", "h2", NOW))
    assert post(ada, "/", bundle("transaction", good, entry("POST", "Consent", odd))).status_code == 200


@pytest.mark.parametrize(
    ("kind", "address"),
    [("batch", "Observation/o2"), ("transaction", "Observation/o2"), ("transaction", "Observation?_id=o2")],
)
def test_an_id_that_is_another_is_placed_in_the_entrys_resource(doctor, kind, address):
    sent = entry("PUT", address, _about("Patient/ada") | {"id": "o1"})
    answer = post(doctor, "/", bundle(kind, sent)).json()
    outcome = answer["entry"][0]["response"]["outcome"] if kind == "batch" else answer
    assert [issue["expression"] for issue in outcome["issue"]] == [["Bundle.entry[0].resource.id"]]


def test_operations_are_entries_of_a_batch(served, loaded):
    doctor = served(
        loaded, clinician(), validator=Validator(Guides.bundled()), desk=Desk(ResourceLibrary([]))
    )
    new = {"resourceType": "Patient", "gender": "never"}
    described = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient(
        "x", "王小明", "1950-02-01", "A123456780")}]}  # fmt: skip
    tag = {
        "resourceType": "Parameters",
        "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "t"}]}}],
    }
    answer = post(doctor, "/", bundle(
        "batch",
        entry("GET", "Patient/ada/$everything?_count=1"),
        entry("POST", "Patient/$validate", new),
        entry("GET", "Patient/ada/$validate?mode=delete"),
        entry("POST", "Patient/$match", described),
        entry("POST", "Observation/o1/$meta-add", tag),
        entry("GET", "Observation/o1/$meta"),
        entry("GET", "ValueSet/$expand?url=http://camphora.test/none"),
        entry("HEAD", "Patient/ada/$meta"),
        entry("GET", "Patient/none/$meta"),
        entry("GET", "Patient/$export"),
        entry("GET", "Patient/ada/$never"),
        entry("DELETE", "Patient/ada/$meta"),
    ))  # fmt: skip
    assert statuses(answer) == ["200"] * 6 + ["404", "200", "404", "400", "404", "400"]
    given = [each.get("resource", {}) for each in answer.json()["entry"]]
    assert [each.get("resourceType") for each in given] == [
        *("Bundle", "OperationOutcome", "OperationOutcome", "Bundle", "Parameters", "Parameters"),
        "OperationOutcome",
        *[None] * 5,
    ]
    assert "tag" in given[5]["parameter"][0]["valueMeta"]


def test_a_transaction_has_operations_that_read_alone(doctor):
    read = entry("GET", "Patient/ada/$everything?_count=1")
    made = post(doctor, "/", bundle("transaction", entry("POST", "Observation", _about("Patient/ada")), read))
    assert statuses(made) == ["201", "200"]
    before = _total(doctor, "Observation")
    refused = post(doctor, "/", bundle(
        "transaction",
        entry("POST", "Observation", _about("Patient/ada")),
        entry("POST", "Observation/o1/$meta-add", {"resourceType": "Parameters"}),
    ))  # fmt: skip
    assert (refused.status_code, codes(refused)) == (400, ["web-fhir-entry-operation"])
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1].request.url"]
    assert _total(doctor, "Observation") == before
