"""The value sets of labels are changed while an installation is served: by a command of another process, without a
restart, in the leader and in a worker; and a leader that is killed in the midst goes on where it was."""

import orjson

from builders import NOW
from camphora.policy import choices
from camphora.policy.labels import own
from consented import ICD
from workers.places import eventually, leading

LINES = "label,system,code,mode\nPSY,icd-10-cm,J45,under\n"


def _written(place, token, resource):
    status, _, body = place.both(token)[0].ask(f"/fhir/{resource['resourceType']}", "POST", resource)
    assert status == 201, body
    return orjson.loads(body)["id"]


def _asthma():
    return {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/ada"},
        "code": {"coding": [{"system": ICD, "code": "J45.0"}]},
    }


def _visit(condition):
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/ada"},
        "diagnosis": [{"condition": {"reference": f"Condition/{condition}", "display": "氣喘"}}],
    }


def _shut(place, token):
    asked = choices.close_part("ada", "PSY", NOW)
    return _written(place, token, {key: value for key, value in asked.items() if key != "id"})


def _put(folder, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(LINES)
    own.put(folder, file)


def test_a_value_set_that_comes_and_goes_holds_in_every_process(copied, tmp_path):
    folder, tokens = copied
    with leading(folder) as place:
        condition = _written(place, tokens["lin"], _asthma())
        visit = _written(place, tokens["lin"], _visit(condition))
        _shut(place, tokens["ada"])
        both = place.both(tokens["lin"])
        records = [f"/fhir/Condition/{condition}", f"/fhir/Encounter/{visit}"]

        def answers(status):
            return all(each.ask(record)[0] == status for each in both for record in records)

        assert answers(200)
        _put(folder, tmp_path)
        eventually(lambda: answers(404))
        own.remove(folder, "mine")
        eventually(lambda: answers(200))


def test_a_leader_that_is_killed_in_the_midst_goes_on(copied, tmp_path):
    folder, tokens = copied
    with leading(folder) as place:
        condition = _written(place, tokens["lin"], _asthma())
        _shut(place, tokens["ada"])
        _put(folder, tmp_path)
        place.leader.kill()
        place.leader.wait()
    with leading(folder) as place:
        both = place.both(tokens["lin"])
        eventually(lambda: all(each.ask(f"/fhir/Condition/{condition}")[0] == 404 for each in both))
