"""The published suites as PATCH requests: what comes back, what is kept, what is refused and then not kept.

FHIRPath Patch: every case, as XML and as JSON. JSON Patch: the cases whose documents can be said of a Patient, since a
server keeps no other: members are its elements, arrays its given names.
"""

import json as stdlib

import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from builders import patient
from camphora.fhir import json, xml
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.prepare import new_id
from camphora.web.fhir import Api, fhir_routes

from .conftest import SUITE, document, xml_cases
from .test_fhirpath_patch import REFUSALS, plain
from .test_json_patch import REFUSALS as REFUSALS_OF_JSON

JSON, FHIR, XML = "application/json-patch+json", "application/fhir+json", "application/fhir+xml"
CASES = list(xml_cases("fhir-patch-tests.xml"))
SAID = {"foo": "implicitRules", "baz": "language"}
"""Members of the suite's documents as elements of a Patient."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    store = SQLiteStore(tmp_path_factory.mktemp("patched"))
    api = Api(store, lambda _: loading("t"), base="http://camphora.test/fhir")
    client = TestClient(Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]))
    client.store = store
    yield client
    api.close()
    store.close()


def keep(served, resource):
    served.store.write(loading("t"), [Put(resource)])
    return f"/fhir/Patient/{resource['id']}"


def own(resource):
    """A resource without what the server adds."""
    return {key: value for key, value in resource.items() if key not in {"meta", "id"}}


def codes(answer):
    return [issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"]]


@pytest.mark.conformance
@pytest.mark.parametrize("form", [XML, FHIR])
@pytest.mark.parametrize("case", CASES)
def test_published_case_of_fhirpath_patch(served, case, form):
    resource, sent = xml.parse(document(case["input"])), document(case["diff"])
    address = keep(served, {**resource, "id": new_id()})
    if form == FHIR:
        sent = json.write(xml.parse(sent, exact=True))
    before = served.get(address)
    answer = served.patch(address, content=sent, headers={"content-type": form})
    after = served.get(address)
    if case["failing"]:
        assert (answer.status_code // 100, codes(answer)) == (4, [REFUSALS[case["failing"]]])
        assert after.json() == before.json()
        return
    assert answer.status_code == 200, answer.text
    assert after.json() == answer.json()
    assert plain(own(answer.json())) == plain(own(xml.parse(document(case["output"]))))


def _of_patient(case):
    """A case of the JSON suite on a Patient, or None where its document is nothing that a Patient could say."""
    listed = isinstance(case["doc"].get("foo"), list)

    def pointer(text):
        steps = text.split("/")[1:]
        if steps[0] == "foo" and listed:
            return "/name/0/given" + "".join(f"/{step}" for step in steps[1:])
        return "".join(f"/{SAID.get(step, step)}" for step in steps)

    def doc(found):
        values = {SAID[key]: value for key, value in found.items() if not isinstance(value, list)}
        return values | ({"name": [{"given": found["foo"]}]} if listed else {})

    members = {*case["doc"], *case.get("expected", {})}
    values = [*case["doc"].values(), *case.get("expected", {}).values()]
    items = [each for value in values for each in (value if isinstance(value, list) else [value])]
    if not members <= {"foo", "baz"} or not all(isinstance(each, str) for each in items):
        return None
    operations = [
        {key: pointer(value) if key in {"path", "from"} else value for key, value in each.items()}
        for each in case["patch"]
    ]
    return doc(case["doc"]), operations, doc(case["expected"]) if "expected" in case else case["error"]


PATIENTS = {
    case["comment"]: made
    for case in stdlib.loads((SUITE / "json-patch-tests.json").read_bytes())
    if (made := _of_patient(case)) is not None
}


def test_most_of_the_json_suite_can_be_said_of_a_patient():
    assert len(PATIENTS) >= 9
    assert {made[2] for made in PATIENTS.values() if isinstance(made[2], str)} <= REFUSALS_OF_JSON.keys()


@pytest.mark.conformance
@pytest.mark.parametrize("name", PATIENTS)
def test_published_case_of_json_patch(served, name):
    doc, operations, expected = PATIENTS[name]
    base = {"resourceType": "Patient", "id": new_id(), "birthDate": "1950-02-01"}
    address = keep(served, {**base, **doc})
    before = served.get(address).json()
    answer = served.patch(address, content=orjson.dumps(operations), headers={"content-type": JSON})
    after = served.get(address).json()
    if isinstance(expected, str):
        assert (answer.status_code // 100, codes(answer)) == (4, [REFUSALS_OF_JSON[expected]])
        assert after == before
    else:
        assert answer.status_code == 200, answer.text
        assert own(after) == own({**base, **expected})


def test_a_patch_whose_result_is_no_patient_is_refused_and_not_kept(served):
    """A.10 and A.16 of the suite: what they leave is right JSON, and nothing that a Patient says."""
    address = keep(served, patient("wrong", "王小明", "1950-02-01", "A123456789"))
    before = served.get(address).json()
    for operation in (
        {"op": "add", "path": "/child", "value": {"grandchild": {}}},
        {"op": "add", "path": "/name/0/given/-", "value": ["abc", "def"]},
    ):
        answer = served.patch(address, content=orjson.dumps([operation]), headers={"content-type": JSON})
        assert answer.status_code == 400
        assert served.get(address).json() == before
