"""`Patient/$match` over HTTP: graded, and silent about whoever is hidden."""

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from builders import NOW, analyst, citizen, clinician
from camphora.policy import choices
from camphora.records import Put, SQLiteStore
from camphora.web.fhir import Api, fhir_routes
from consented import LOAD
from registering import MOI, person, phone

NUMBER = (MOI, "F123456788")
WRONG = {"resourceType": "Patient", "birthDate": 7}
SAME = person("f1", "張三", "1970-05-05", NUMBER, **phone("0922000111"))
NEAR = person("f2", "張三", "1970-05-05", **phone("0922000111"))


@pytest.fixture
def asked():
    """Asks a store in the name of a reader."""
    opened = []

    def ask(store, access, described, **parameters):
        api = Api(store, lambda _: access)
        client = TestClient(
            Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]), base_url="http://camphora.test"
        )
        opened.append(api)
        rows = [{"name": "resource", "resource": described}]
        rows += [
            {"name": name, "valueBoolean" if isinstance(value, bool) else "valueInteger": value}
            for name, value in parameters.items()
        ]
        return client.post("/fhir/Patient/$match", json={"resourceType": "Parameters", "parameter": rows})

    yield ask
    for api in opened:
        api.close()


def _described(**more):
    made = person("", "張三", "1970-05-05", NUMBER, **phone("0922000111"), **more)
    return {key: value for key, value in made.items() if key != "id"}


def _told(answer):
    assert answer.status_code == 200, answer.text
    return [
        (entry["resource"]["id"], entry["search"]["extension"][0]["valueCode"], entry["search"]["score"])
        for entry in answer.json().get("entry", ())
    ]


def test_matches_are_graded_and_the_best_comes_first(loaded, asked):
    loaded.write(LOAD, [Put(SAME), Put(NEAR)])
    told = _told(asked(loaded, clinician(), _described()))
    assert [each[:2] for each in told] == [("f1", "certain"), ("f2", "probable")]
    assert told[0][2] == 1
    assert 0.9 < told[1][2] < 1.0001


def test_only_a_certain_match_is_given_where_it_is_asked_for_and_it_is_one(loaded, asked):
    loaded.write(LOAD, [Put(SAME), Put(NEAR)])
    assert _told(asked(loaded, clinician(), _described(), onlyCertainMatches=True)) == [("f1", "certain", 1)]
    loaded.write(LOAD, [Put({**SAME, "id": "f3"})])
    assert _told(asked(loaded, clinician(), _described(), onlyCertainMatches=True)) == []
    assert len(_told(asked(loaded, clinician(), _described(), count=1))) == 1


@pytest.mark.parametrize("only", [False, True])
def test_an_answer_is_the_same_whether_a_person_is_hidden_or_was_never_there(tmp_path, asked, only):
    """Byte by byte, for descriptions of her that are right, nearly right, and of her beside another."""
    with_her, without = SQLiteStore(tmp_path / "with"), SQLiteStore(tmp_path / "without")
    for store in (with_her, without):
        store.write(LOAD, [Put(NEAR), Put(person("x", "李四", "1970-05-05"))])
    twice = {**SAME, "id": "f3"}
    with_her.write(
        LOAD, [Put(SAME), Put(twice), *(Put(choices.restrict(name, "h1", NOW)) for name in ("f1", "f3"))]
    )
    for described in (
        _described(),
        {**_described(), "birthDate": "1970-05-06"},
        _described(gender="male"),
    ):
        one, other = (
            asked(store, clinician(), described, onlyCertainMatches=only) for store in (with_her, without)
        )
        texts = [answer.json() for answer in (one, other)]
        for text in texts:
            for entry in text.get("entry", ()):
                del entry["resource"]["meta"]
        assert texts[0] == texts[1]
    with_her.close()
    without.close()


def test_a_citizen_finds_herself_alone_and_an_analyst_nobody(loaded, asked):
    loaded.write(LOAD, [Put(SAME), Put(NEAR)])
    assert _told(asked(loaded, citizen("ada"), _described())) == []
    assert asked(loaded, analyst(), _described()).status_code == 403


def test_whoever_is_given_has_a_receipt_and_nobody_else(loaded, asked):
    loaded.write(LOAD, [Put(SAME), Put(person("y", "李四", "1970-05-05"))])
    asked(loaded, clinician(), _described())
    loaded.settle()
    assert [look.act for look in loaded.looks(citizen("f1"), "f1")] == ["match"]
    assert loaded.looks(citizen("y"), "y") == []


@pytest.mark.parametrize("sent", [{}, {"resourceType": "Patient"}, {"resourceType": "Parameters"},
    {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": {"resourceType": "Basic"}}]},
    {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": WRONG}]},
])  # fmt: skip
def test_what_is_no_description_is_refused_with_its_code(loaded, asked, sent):
    api = Api(loaded, lambda _: clinician())
    with TestClient(Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))])) as client:
        answer = client.post("/fhir/Patient/$match", json=sent)
        assert answer.status_code == 400
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert client.post("/fhir/Observation/$match", json=sent).status_code in {400, 404}
    api.close()
