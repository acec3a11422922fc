"""`/surveillance/enter`: an officer enters a case that was reported, for a person of the own area and nobody else."""

import datetime as dt
import re
import shutil

import orjson
import pytest
from starlette.testclient import TestClient

from camphora.fhir.search import parse_query
from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Role
from camphora.policy.internal import deciding, loading
from camphora.records import Put
from camphora.web.app import application
from camphora.web.reading.plain import today

TAINAN, KAOHSIUNG = "67000", "64000"
ACCOUNTS = {"nat": [], "ann": [TAINAN], "tom": [f"{TAINAN}736"], "far": [KAOHSIUNG]}
HERE, THERE, NOBODY = "A123456788", "B123456780", "C123456781"
BORN = "1970-05-06"
NUMBER = "http://www.moi.gov.tw"
DAY = today()
GIVEN = {
    "purpose": "surveillance",
    "p-name": "陳大文",
    "p-sex": "male",
    "p-birth_date": BORN,
    "p-national_id": HERE,
    "p-phone": "06-1234567",
    "p-town": "臺南市柳營區",
    "p-address": "人和里 1 號",
    "p-reporter": "柳營診所",
    "p-way": "telephone",
    "p-notified": DAY.isoformat(),
    "disease": "A90",
    "status": "unconfirmed",
    "visit": "AMB",
    "onset": (DAY - dt.timedelta(3)).isoformat(),
    "diagnosed": (DAY - dt.timedelta(1)).isoformat(),
}


def _patient(name, number, county, town):
    return {
        "resourceType": "Patient",
        "id": name,
        "identifier": [{"system": NUMBER, "value": number}],
        "name": [{"use": "official", "text": "陳大文"}],
        "gender": "male",
        "birthDate": BORN,
        "address": [{"use": "home", "district": county, "city": town, "text": f"{county}{town}"}],
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("entering") / "place"
    opened = Installation.open(folder, make=True)
    for name, areas in ACCOUNTS.items():
        opened.gate.identity.add_user(User(name, name.title(), Role.OFFICER), "correct horse battery")
        opened.gate.standings.set(name, "area", areas)
    opened.gate.identity.add_user(User("analyst", "A", Role.ANALYST), "correct horse battery")
    kept = [_patient("here", HERE, "臺南市", "柳營區"), _patient("there", THERE, "高雄市", "三民區")]
    opened.store.write(loading("test"), [Put(one) for one in kept])
    opened.close()
    return folder


@pytest.fixture
def installation(template, tmp_path):
    shutil.copytree(template, tmp_path / "place")
    opened = Installation.open(tmp_path / "place")
    yield opened
    opened.close()


@pytest.fixture
def enter(installation):
    app = application(installation)

    def sent(name="ann", lang="zh-TW", token=None, **given):
        client, identity = TestClient(app), installation.gate.identity
        client.cookies.set("camphora_session", identity.open_session(identity.user(name)).token)
        client.cookies.set("lang", lang)
        page = client.get("/surveillance/enter", params={"purpose": "surveillance"})
        if page.status_code != 200:
            return page
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
        token = token or re.search(r'name="case" value="([0-9a-f]{16})"', page.text)[1]
        data = {**GIVEN, "csrf": csrf, "case": token, **given}
        return client.post("/surveillance/enter", data=data)

    return sent


def _kept(installation, kind):
    query = parse_query(kind, [("_count", "100")], strict=True)
    return [orjson.loads(row.body) for row in installation.store.search(loading("test"), query).rows]


def test_a_case_of_a_known_person_of_the_area_stands_with_them(installation, enter):
    page = enter()
    assert page.status_code == 200, page.text
    assert "已登錄" in page.text
    (condition,) = _kept(installation, "Condition")
    assert condition["subject"]["reference"] == "Patient/here"
    assert condition["recordedDate"] == DAY.isoformat()
    assert condition["asserter"] == {"display": "柳營診所"}
    assert condition["recorder"]["identifier"]["value"] == "ann"
    assert condition["note"][0]["text"] == "電話通報"
    assert len(_kept(installation, "Patient")) == 2
    assert {len(_kept(installation, kind)) for kind in ("Encounter", "QuestionnaireResponse")} == {1}


def test_a_person_of_the_area_who_is_not_known_is_written(installation, enter):
    assert "已登錄" in enter(**{"p-national_id": NOBODY}).text
    (made,) = (one for one in _kept(installation, "Patient") if one["id"] not in {"here", "there"})
    assert (made["gender"], made["birthDate"]) == ("male", BORN)
    assert made["identifier"][0]["value"] == NOBODY
    assert (made["address"][0]["district"], made["address"][0]["city"]) == ("臺南市", "柳營區")
    (condition,) = _kept(installation, "Condition")
    assert condition["subject"]["reference"] == f"Patient/{made['id']}"


@pytest.mark.parametrize("given", [{"p-national_id": THERE}, {"p-birth_date": "1970-05-07"}])
def test_who_is_kept_elsewhere_or_born_another_day_is_as_absent(installation, enter, given):
    """The answer is that for a number which nobody bears, and nothing of the kept person is said or changed."""
    before = {one["id"]: one for one in _kept(installation, "Patient")}
    answers = [enter(**given), enter(**{**given, "p-national_id": NOBODY})]
    assert [page.status_code for page in answers] == [200, 200]
    mains = [re.search(r"<main.*</main>", page.text, re.DOTALL)[0] for page in answers]
    said = [re.sub(r"n[tp]-[0-9a-f]+|[A-C]1[\w*]+", "", main) for main in mains]
    assert said[0] == said[1]
    after = {one["id"]: one for one in _kept(installation, "Patient")}
    assert {name: after[name] for name in before} == before
    subjects = {one["subject"]["reference"] for one in _kept(installation, "Condition")}
    assert not subjects & {"Patient/here", "Patient/there"}


def test_each_township_and_county_takes_cases_of_its_own(enter):
    assert "已登錄" in enter("tom", **{"p-national_id": NOBODY}).text
    assert enter("tom", **{"p-town": "臺南市永康區"}).status_code == 422
    assert enter("far").status_code == 422
    assert "已登錄" in enter("far", **{"p-national_id": THERE, "p-town": "高雄市三民區"}).text
    assert "已登錄" in enter("nat", **{"p-national_id": THERE, "p-again": "1"}).text


def test_what_is_entered_is_read_by_officers_of_the_area_alone_and_leaves_receipts(installation, enter):
    there = str(enter().url)
    app = application(installation)
    for name, status in (("ann", 200), ("nat", 200), ("tom", 200), ("far", 404), ("analyst", 403)):
        client, identity = TestClient(app), installation.gate.identity
        client.cookies.set("camphora_session", identity.open_session(identity.user(name)).token)
        assert client.get(there).status_code == status, name
    installation.store.settle()
    looks = installation.store.looks(deciding("here"), "here", 50)
    assert {"ann", "nat", "tom"} <= {look.reader for look in looks}


def test_what_is_sent_twice_is_kept_once_and_a_second_report_is_asked_about(installation, enter):
    for _ in range(2):
        assert "已登錄" in enter(token="0123456789abcdef").text
    assert len(_kept(installation, "Condition")) == 1
    again = enter()
    assert again.status_code == 422
    assert "可能是同一件" in again.text
    assert "已登錄" in enter(**{"p-again": "1"}).text
    assert len(_kept(installation, "Condition")) == 2


def test_without_a_number_the_same_person_is_found_by_name_and_birth(installation, enter):
    assert "已登錄" in enter(**{"p-national_id": ""}).text
    again = enter(**{"p-national_id": "", "disease": "A01.00", "diagnosed": DAY.isoformat()})
    assert "已登錄" in again.text, again.text
    subjects = {one["subject"]["reference"] for one in _kept(installation, "Condition")}
    assert len(subjects) == 1
    assert len(_kept(installation, "Patient")) == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"p-name": ""}, "此題必填"),
        ({"p-national_id": "x"}, "居留證"),
        ({"p-birth_date": "2999-01-01"}, "晚於今天"),
        ({"p-birth_date": "soon"}, "不是日期"),
        ({"p-town": "臺南市"}, "不是所列的選項"),
        ({"p-sex": "x"}, "不是所列的選項"),
        ({"p-notified": "2001-01-01"}, "早於診斷日"),
        ({"p-reporter": "x" * 201}, "超過 200 字"),
        ({"disease": ""}, "此題必填"),
    ],
)
def test_a_fault_stands_beside_its_field_and_nothing_is_written(installation, enter, given, said):
    page = enter(**given)
    assert page.status_code == 422
    (link,) = given
    (told,) = re.findall(rf'id="f-{link}-error">([^<]*)<', page.text)
    assert said in told
    assert _kept(installation, "Condition") == []
    assert len(_kept(installation, "Patient")) == 2


def test_both_languages_and_only_officers(enter):
    assert "Entered" in enter(lang="en").text
    assert enter("analyst").status_code == 403
