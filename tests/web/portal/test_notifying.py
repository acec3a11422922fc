"""`/patients/ID/notify`: a notifiable disease entered by a Questionnaire's form, and what is written of it."""

import datetime as dt
import re

import orjson
import pytest

from camphora.fhir.search import parse_query
from camphora.formats.notification import URL, Form
from camphora.gate import User
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.web.reading.plain import today

GIVEN = {"disease": "A90", "status": "confirmed", "visit": "IMP", "test": "NS1", "result": "POS"}


def _token(page):
    return re.search(r'name="case" value="([0-9a-f]{16})"', page.text)[1]


def _address(world):
    return f"/patients/{world.cast.citizen}/notify"


def _send(world, name="clinician", token=None, lang="zh-TW", **given):
    browser, day = world.browser(name, lang), today()
    token = token or _token(browser.get(_address(world)))
    days = {"onset": (day - dt.timedelta(3)).isoformat(), "diagnosed": (day - dt.timedelta(1)).isoformat()}
    return browser.submit(_address(world), case=token, **{**GIVEN, **days, **given})


def _written(world, kind):
    query = [("_sort", "-_lastUpdated"), ("_count", "20")]
    found = world.installation.store.search(loading("test"), parse_query(kind, query, strict=True))
    bodies = (orjson.loads(row.body) for row in found.rows)
    return [body for body in bodies if body["id"].startswith("nt-")]


def test_the_form_asks_what_the_questionnaire_asks(world):
    page = world.browser("clinician").get(_address(world))
    for item in Form.bundled().items:
        assert f'name="{item.link}"' in page.text
        assert item.label["zh-TW"] in page.text
        assert all(f'value="{option.code}"' in page.text for option in item.options)
    assert "由使用者依現行公告確認" in page.text
    assert "24 小時內" in page.text
    english = world.browser("clinician", "en").get(_address(world)).text
    assert "Dengue" in english
    assert "within 24 hours" in english
    assert "to be confirmed by its users" in english


def test_a_case_is_written_whole_and_opens_as_fhir(fresh):
    page = _send(fresh)
    assert page.status_code == 200
    assert "已通報" in page.text
    assert "期限內" in page.text
    (condition,), (encounter,), (observation,), (answers,) = (
        _written(fresh, kind) for kind in ("Condition", "Encounter", "Observation", "QuestionnaireResponse")
    )
    assert condition["code"]["coding"][0]["code"] == "A90"
    assert condition["verificationStatus"]["coding"][0]["code"] == "confirmed"
    assert condition["encounter"]["reference"] == f"Encounter/{encounter['id']}"
    assert condition["evidence"][0]["detail"] == [
        {"reference": f"Observation/{observation['id']}"},
        {"reference": f"QuestionnaireResponse/{answers['id']}"},
    ]
    assert encounter["class"]["code"] == "IMP"
    assert encounter["serviceProvider"]["reference"] == f"Organization/{fresh.cast.hospital}"
    assert observation["valueCodeableConcept"]["coding"][0]["code"] == "POS"
    assert answers["questionnaire"] == f"{URL}|1"
    browser = fresh.browser("clinician")
    assert browser.get(f"/fhir/Condition/{condition['id']}").json()["recordedDate"] == today().isoformat()
    assert browser.get(f"/records/Condition/{condition['id']}?as=json").status_code == 200


def test_a_test_without_a_result_waits_for_it(fresh):
    assert "已通報" in _send(fresh, result="", test="").text
    assert _written(fresh, "Observation") == []
    _send(fresh, result="", test="", sampled=today().isoformat())
    (observation,) = _written(fresh, "Observation")
    assert observation["status"] == "registered"
    assert "valueCodeableConcept" not in observation


def test_what_is_sent_twice_is_notified_once(fresh):
    token = _token(fresh.browser("clinician").get(_address(fresh)))
    for status in ("confirmed", "unconfirmed"):
        assert "已通報" in _send(fresh, token=token, status=status).text
    (condition,) = _written(fresh, "Condition")
    assert condition["verificationStatus"]["coding"][0]["code"] == "confirmed"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"disease": ""}, "此題必填"),
        ({"disease": "F32.9"}, "不是所列的選項"),
        ({"diagnosed": ""}, "此題必填"),
        ({"diagnosed": "soon"}, "不是日期"),
        ({"diagnosed": "2999-01-01"}, "晚於今天"),
        ({"diagnosed": "2001-01-01"}, "早於發病日"),
        ({"exposure": "x" * 2001}, "超過 2000 字"),
    ],
)
def test_a_fault_stands_beside_its_field_and_nothing_is_written(fresh, given, said):
    page = _send(fresh, **given)
    assert page.status_code == 422
    (link,) = given
    (told,) = re.findall(rf'id="f-{link}-error">([^<]*)<', page.text)
    assert said in told
    assert "有 1 題需要更正" in page.text
    assert 'value="NS1"' in page.text
    assert not any(_written(fresh, kind) for kind in ("Condition", "QuestionnaireResponse"))


def test_who_writes_no_record_cannot_notify(world):
    for name in ("pharmacist", "citizen", "analyst", "keeper"):
        assert world.browser(name).get(_address(world)).status_code == 403
        assert _send(world, name, "0" * 16).status_code == 403
    assert "/notify" not in world.browser("pharmacist").get(f"/patients/{world.cast.citizen}").text
    assert "/notify" in world.browser("clinician").get(f"/patients/{world.cast.citizen}").text
    nobody = world.browser("clinician").submit("/patients/nobody/notify", case="0" * 16, **GIVEN)
    assert nobody.status_code == 404


def test_the_case_of_one_person_is_not_shown_as_anothers(fresh):
    _send(fresh)
    (condition,) = _written(fresh, "Condition")
    browser = fresh.browser("clinician")
    assert browser.get(f"{_address(fresh)}?case={condition['id']}").status_code == 200
    assert browser.get(f"/patients/{fresh.cast.daughter}/notify?case={condition['id']}").status_code == 404
    assert browser.get(f"{_address(fresh)}?case=nothing").status_code == 404


def _own():
    """A form of an institution: fewer questions, in its own words, another version."""
    form = orjson.loads(orjson.dumps(Form.bundled().resource))
    form["id"], form["version"] = "own", "7"
    form["item"] = [each for each in form["item"] if each["linkId"] in ("disease", "diagnosed")]
    form["item"][0]["text"] = "本院通報之疾病"
    del form["item"][0]["_text"]
    return form


def test_an_operator_replaces_the_form_and_the_answers_name_it(fresh):
    fresh.write(_own())
    page = fresh.browser("clinician").get(_address(fresh))
    assert "本院通報之疾病" in page.text
    assert 'name="visit"' not in page.text
    assert fresh.browser("clinician").get("/notification/questionnaire").json()["version"] == "7"
    assert "已通報" in _send(fresh).text
    assert _written(fresh, "QuestionnaireResponse")[0]["questionnaire"] == f"{URL}|7"
    (encounter,) = _written(fresh, "Encounter")
    assert encounter["class"]["code"] == "AMB"


def test_a_form_that_cannot_be_drawn_is_said_to_be_and_its_end_brings_back_the_bundled_one(fresh):
    fresh.write({**_own(), "item": [{**each, "repeats": True} for each in _own()["item"]]})
    assert fresh.browser("clinician").get(_address(fresh)).status_code == 400
    fresh.write({**_own(), "status": "retired"})
    assert 'name="visit"' in fresh.browser("clinician").get(_address(fresh)).text


def test_every_record_of_it_opens_and_the_officer_of_surveillance_sees_the_case(fresh):
    _send(fresh)
    (condition,) = _written(fresh, "Condition")
    case, browser = condition["id"], fresh.browser("clinician")
    for kind in ("Encounter", "Observation", "Condition", "QuestionnaireResponse"):
        assert browser.get(f"/records/{kind}/{case}").status_code == 200
    gate = fresh.installation.gate
    gate.identity.add_user(User("officer", "防疫員", Role.OFFICER), "correct horse battery")
    officer, duty = fresh.browser("officer"), "purpose=surveillance"
    assert case in officer.get(f"/surveillance/cases?{duty}&disease=A90").text
    seen = officer.get(f"/surveillance/fhir/{case}?{duty}").json()
    kinds = {entry["resource"]["resourceType"] for entry in seen["entry"]}
    assert {"Condition", "Encounter", "Observation", "Patient"} <= kinds
    assert officer.get(f"/surveillance/Condition/{case}?{duty}").status_code == 200
