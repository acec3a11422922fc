"""The terminology operations and $validate as routes; what is refused at a write by the site's policy."""

import sys

import orjson
import pytest

from builders import NOW, citizen, clinician, condition
from camphora.fhir.packages import Guides
from camphora.fhir.validation import Policy, Validator
from camphora.policy.choices import restrict
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.terminology.operations.requests import Desk
from camphora.terminology.operations.resources import ResourceLibrary
from web.fhir.asking import bundle, codes, entry

SYSTEM = "http://camphora.test/colours"
CODES = {
    "resourceType": "CodeSystem", "url": SYSTEM, "version": "1", "status": "active", "content": "complete",
    "hierarchyMeaning": "is-a",
    "concept": [{"code": "red", "display": "紅", "concept": [{"code": "crimson", "display": "緋紅"}]}],
}  # fmt: skip
SET = {
    "resourceType": "ValueSet", "url": f"{SYSTEM}-all", "version": "1", "status": "active",
    "compose": {"include": [{"system": SYSTEM}]},
}  # fmt: skip
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/"


@pytest.fixture
def client(served, loaded):
    return served(loaded, clinician(), desk=Desk(ResourceLibrary([CODES, SET])))


@pytest.fixture(scope="module")
def guides():
    return Guides.bundled()


@pytest.fixture
def strict(served, loaded, guides):
    return served(loaded, clinician(), validator=Validator(guides))


def parameters(**values):
    rows = [{"name": name.replace("_", "-"), "valueString": value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": rows}


def named(answer):
    return {row["name"]: next(v for k, v in row.items() if k != "name") for row in answer.json()["parameter"]}


def test_an_expansion_is_asked_by_its_address(client):
    answer = client.get("/fhir/ValueSet/$expand", params={"url": SET["url"], "count": "1"})
    assert answer.status_code == 200
    assert answer.json()["expansion"]["total"] == 2
    assert [row["code"] for row in answer.json()["expansion"]["contains"]] == ["red"]


def test_a_code_is_validated_by_post(client):
    asked = parameters(url=SET["url"], system=SYSTEM, code="crimson")
    assert named(client.post("/fhir/ValueSet/$validate-code", json=asked))["result"] is True
    asked = parameters(url=SET["url"], system=SYSTEM, code="mauve")
    assert named(client.post("/fhir/ValueSet/$validate-code", json=asked))["result"] is False


def test_lookup_and_subsumes(client):
    found = client.get("/fhir/CodeSystem/$lookup", params={"system": SYSTEM, "code": "red"})
    assert named(found)["display"] == "紅"
    asked = {"system": SYSTEM, "codeA": "red", "codeB": "crimson"}
    assert named(client.get("/fhir/CodeSystem/$subsumes", params=asked))["outcome"] == "subsumes"


def test_what_is_not_held_is_an_outcome_with_the_status_of_absence(client):
    answer = client.get("/fhir/ValueSet/$expand", params={"url": "http://camphora.test/none"})
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_question_that_is_no_parameters_is_refused(client):
    answer = client.post("/fhir/ValueSet/$expand", json=SET)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "web-fhir-not-parameters"


def test_the_statement_names_the_operations_and_the_code_systems(client):
    rest = client.get("/fhir/metadata").json()["rest"][0]["resource"]
    value_set = next(row for row in rest if row["type"] == "ValueSet")
    assert {row["name"] for row in value_set["operation"]} == {
        "expand",
        "batch-validate-code",
        "validate-code",
        "meta",
        "meta-add",
        "meta-delete",
    }
    held = client.get("/fhir/metadata?mode=terminology").json()
    assert held["codeSystem"] == [{"uri": SYSTEM, "version": [{"code": "1"}]}]


def test_nobody_who_is_not_signed_in_may_ask(served, loaded):
    client = served(loaded, None, desk=Desk(ResourceLibrary([CODES, SET])))
    assert client.get("/fhir/ValueSet/$expand", params={"url": SET["url"]}).status_code == 401


def patient(**more):
    base = {"resourceType": "Patient", "meta": {"profile": [f"{TWCORE}Patient-twcore"]}, "gender": "female"}
    return {**base, **more}


def test_validate_tells_every_fault_and_keeps_nothing(strict):
    before = strict.get("/fhir/Patient?_summary=count").json()["total"]
    answer = strict.post("/fhir/Patient/$validate", json=patient(), headers={"accept-language": "en"})
    issues = answer.json()["issue"]
    assert answer.status_code == 200
    assert {row["expression"][0] for row in issues if row["severity"] == "error"} >= {"Patient.birthDate"}
    assert issues[-1]["severity"] == "information"
    assert strict.get("/fhir/Patient?_summary=count").json()["total"] == before


def test_validate_takes_a_profile_and_parameters(strict):
    plain = {"resourceType": "Patient", "gender": "female"}
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "resource", "resource": plain},
            {"name": "profile", "valueUri": f"{TWCORE}Patient-twcore"},
        ],
    }
    assert all(row["severity"] != "error" for row in validated(strict, plain))
    assert any(row["severity"] == "error" for row in validated(strict, asked))


def test_validate_tells_the_faults_of_a_resource_in_parameters(strict):
    broken = patient(birthDate="1990-02-30")
    asked = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": broken}]}
    assert validated(strict, asked) == validated(strict, broken)


def test_a_profile_that_is_asked_for_and_not_known_is_an_error(strict):
    plain = {"resourceType": "Patient", "gender": "female"}
    answer = strict.post("/fhir/Patient/$validate?profile=http://camphora.test/none", json=plain)
    assert "error" in {row["severity"] for row in answer.json()["issue"]}


def _errors(answer):
    assert answer.status_code == 200
    return [
        row["details"]["coding"][0]["code"] for row in answer.json()["issue"] if row["severity"] == "error"
    ]


def _parameters(resource=None, **more):
    rows = [{"name": name, "valueCode": value} for name, value in more.items()]
    brought = [] if resource is None else [{"name": "resource", "resource": resource}]
    return {"resourceType": "Parameters", "parameter": [*rows, *brought]}


def test_a_record_is_validated_as_it_stands(strict):
    by_profile = f"/fhir/Patient/ada/$validate?profile={TWCORE}Patient-twcore&mode=profile"
    for answer in (strict.get("/fhir/Patient/ada/$validate"), strict.post("/fhir/Patient/ada/$validate")):
        assert _errors(answer) == []
        assert answer.json()["issue"][-1]["severity"] == "information"
    hers = strict.get("/fhir/Patient/ada").json()
    same = strict.post(f"/fhir/Patient/$validate?profile={TWCORE}Patient-twcore", json=hers)
    assert strict.get(by_profile).json() == same.json()
    assert _errors(strict.get("/fhir/Patient/ada/$validate?profile=http://camphora.test/none"))


def test_an_update_is_validated_and_nothing_kept(strict):
    before = strict.get("/fhir/Observation/o1").json()
    sent = {**before, "status": "never"}
    for body in (sent, _parameters(sent), _parameters(sent, mode="update")):
        assert _errors(strict.post("/fhir/Observation/o1/$validate", json=body))
    assert _errors(strict.post("/fhir/Observation/o1/$validate", json={**before, "status": "final"})) == []
    assert strict.get("/fhir/Observation/o1").json() == before
    other = strict.post("/fhir/Observation/o2/$validate", json=sent)
    assert (other.status_code, codes(other)) == (400, ["web-fhir-id-mismatch"])
    wrong = strict.post("/fhir/Patient/ada/$validate", json=before)
    assert (wrong.status_code, codes(wrong)) == (400, ["web-fhir-type-mismatch"])


def test_a_deletion_is_tried_and_not_done(strict, served, loaded, guides):
    assert _errors(strict.get("/fhir/Observation/o1/$validate?mode=delete")) == []
    assert _errors(strict.post("/fhir/Observation/o1/$validate", json=_parameters(mode="delete"))) == []
    assert strict.get("/fhir/Observation/o1").status_code == 200
    own = served(loaded, citizen(), validator=Validator(guides))
    assert _errors(own.get("/fhir/Observation/o1/$validate?mode=delete")) == ["records-write-refused"]


@pytest.mark.parametrize("mode", ["create", "never"])
def test_a_mode_that_a_record_has_not_is_refused(strict, mode):
    assert codes(strict.get(f"/fhir/Patient/ada/$validate?mode={mode}")) == ["web-fhir-value"]


@pytest.mark.parametrize("mode", ["update", "delete", "profile"])
def test_a_mode_of_records_is_none_of_a_type(strict, mode):
    assert codes(strict.post(f"/fhir/Patient/$validate?mode={mode}", json=patient())) == ["web-fhir-value"]
    assert strict.post("/fhir/Patient/$validate?mode=create", json=patient()).status_code == 200


def test_a_hidden_record_is_validated_as_an_absent_one_and_who_validates_leaves_a_receipt(strict, loaded):
    loaded.settle()
    before = len(loaded.looks(citizen(), "ada"))
    strict.get("/fhir/Observation/o1/$validate")
    loaded.settle()
    assert len(loaded.looks(citizen(), "ada")) == before + 1
    loaded.write(loading("t"), [Put(restrict("ada", "h1", NOW))])
    for mode in ("", "?mode=delete"):
        hidden = strict.get(f"/fhir/Observation/o1/$validate{mode}")
        absent = strict.get(f"/fhir/Observation/none/$validate{mode}")
        assert (hidden.status_code, hidden.json()) == (404, absent.json())


def validated(client, body):
    return client.post("/fhir/Patient/$validate", json=body).json()["issue"]


def test_what_breaks_its_profile_is_refused_with_every_fault(strict):
    answer = strict.post("/fhir/Patient", json=patient())
    assert answer.status_code == 422
    assert len(answer.json()["issue"]) > 1


def test_a_site_that_only_warns_keeps_it_and_says_so(served, loaded, guides):
    lenient = served(loaded, clinician(), validator=Validator(guides, policy=Policy(default="warn")))
    answer = lenient.post("/fhir/Patient", json=patient(), headers={"prefer": "return=OperationOutcome"})
    assert answer.status_code == 201
    assert "warning" in {row["severity"] for row in answer.json()["issue"]}


def test_a_transaction_with_one_wrong_entry_is_refused_and_names_it(strict):
    entry = {"resource": patient(), "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answer = strict.post("/fhir", content=orjson.dumps(bundle), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[0].resource.")


def test_the_release_that_is_spoken_is_told(client):
    assert named(client.get("/fhir/$versions")) == {"version": "4.0", "default": "4.0"}


def test_a_search_parameter_whose_code_is_taken_is_kept_and_its_answer_says_that_it_declares_nothing(
    served, loaded
):
    def declared(kind, code="status"):
        return {
            "resourceType": "SearchParameter", "url": f"https://example.org/{kind}-{code}", "name": "S",
            "status": "active", "description": "-", "code": code, "base": ["Observation"], "type": kind,
            "expression": "Observation.status",
        }  # fmt: skip

    client = served(loaded, loading("t"))
    asks = {"prefer": "return=OperationOutcome", "accept-language": "en"}
    same = client.post("/fhir/SearchParameter", json=declared("token"), headers=asks)
    other = client.post("/fhir/SearchParameter", json=declared("string"), headers=asks)
    own = client.post("/fhir/SearchParameter", json=declared("token", "own-status"), headers=asks)
    assert [one.status_code for one in (same, other, own)] == [201] * 3
    told = [[(row["severity"], row["details"]["coding"][0]["code"]) for row in one.json()["issue"][1:]]
            for one in (same, other) if one]  # fmt: skip
    assert told == [[("information", "fhir-parameter-restated")], [("warning", "fhir-parameter-idle")]]
    assert "of the same type (token) already" in same.json()["issue"][1]["details"]["text"]
    assert len(own.json()["issue"]) == 1
    entry = {"resource": declared("uri"), "request": {"method": "POST", "url": "SearchParameter"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    (one,) = client.post("/fhir", json=bundle, headers=asks).json()["entry"]
    assert one["response"]["outcome"]["issue"][1]["severity"] == "warning"


@pytest.mark.parametrize("policy", [Policy(), Policy(default="warn"), Policy(rules={"fhir-code": "warn"})])
def test_structure_is_looked_at_once_where_the_validator_holds_to_it(
    served, loaded, guides, monkeypatch, policy
):
    looks = len(policy.rules)
    client = served(loaded, clinician(), validator=Validator(guides, policy=policy))
    asked = []
    monkeypatch.setattr(sys.modules["camphora.records.prepare"], "require", asked.append)
    made = client.post("/fhir/Condition", json=condition("x", "ada", "E11", None))
    assert made.status_code == 201
    assert len(asked) == looks
    sent = bundle("transaction", entry("POST", "Condition", condition("x", "ada", "E11", None)))
    assert client.post("/fhir/", json=sent).status_code == 200
    assert len(asked) == 2 * looks


def test_what_is_written_anew_on_its_way_is_looked_at_again(served, loaded, guides, monkeypatch):
    client = served(loaded, clinician(), validator=Validator(guides))
    asked = []
    monkeypatch.setattr(sys.modules["camphora.records.prepare"], "require", asked.append)
    named = condition("x", "ada", "E11", None) | {"encounter": {"reference": "urn:uuid:1"}}
    visit = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
             "subject": {"reference": "Patient/ada"}}  # fmt: skip
    sent = bundle(
        "transaction", entry("POST", "Condition", named), entry("POST", "Encounter", visit, "urn:uuid:1")
    )
    assert client.post("/fhir/", json=sent).status_code == 200
    assert len(asked) == 1
