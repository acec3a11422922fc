"""`/health/live`, `/health/ready` and `/metrics`: figures for monitors, no value of a person."""

import re

import pytest
from starlette.testclient import TestClient

from builders import people
from camphora.errors import Faults
from camphora.gate import User
from camphora.installation import Installation
from camphora.installation.service import Service
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.web.app import application
from camphora.web.monitoring import Measures

PASSWORD = "correct horse battery staple"
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitored") / "demo"
    folder.mkdir(mode=0o700)
    (folder / "demo").write_text("{}")
    opened = Installation.open(folder, make=True)
    for name, role in (("lin", Role.CLINICIAN), ("keeper", Role.ADMINISTRATOR)):
        opened.gate.identity.add_user(User(name, name, role, organisation="h1"), PASSWORD)
    opened.store.write(loading("t"), [Put(row) for row in people()])
    yield opened
    opened.close()


def client(installation, name=None, service=None, address="192.0.2.1"):
    made = TestClient(application(installation, service=service), client=(address, 50_000))
    if name:
        token = installation.gate.identity.issue_token(name, "t", 1)
        made.headers["authorization"] = f"Bearer {token}"
    return made


def test_health_says_nothing_but_that_it_is_there(installation):
    asked = client(installation)
    assert asked.get("/health/live").json()["status"] == "ok"
    assert asked.get("/health/ready").json() == {"status": "ok"}


def test_a_store_that_takes_no_writes_is_not_ready(tmp_path):
    (tmp_path / "demo").write_text("{}")
    opened = Installation.open(tmp_path, make=True)
    asked = client(opened)
    opened.store._keeper.close()
    assert asked.get("/health/live").status_code == 200
    assert asked.get("/health/ready").status_code == 503


def test_metrics_count_by_route_and_hold_no_value_of_a_request(installation):
    doctor, keeper = client(installation, "lin"), client(installation, "keeper")
    keeper.get("/fhir/Patient/ada?name=王小明")
    doctor.get("/fhir/Patient/A123456780")
    text = keeper.get("/metrics").text
    assert 'route="fhir.read"' in text
    for secret in ("ada", "王小明", "A123456780", "lin", "keeper"):
        assert secret not in text.replace("loading", "")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in lines)
    named = {line.partition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
    assert named["camphora_store_bytes"] > 10_000
    assert named["camphora_changes_total"] >= 10
    assert named["camphora_commits_total"] >= 1
    assert named["camphora_ready"] == 1


def test_a_histogram_adds_up(installation):
    keeper = client(installation, "keeper")
    for _ in range(3):
        keeper.get("/fhir/metadata")
    text = keeper.get("/metrics").text
    classes = [int(n) for n in re.findall(r'bucket\{route="fhir.metadata",le="[^"]+"\} (\d+)', text)]
    assert classes == sorted(classes)
    assert f'camphora_request_seconds_count{{route="fhir.metadata"}} {classes[-1]}' in text
    assert 'camphora_requests_total{route="fhir.metadata",method="GET",status="200"} 3' in text


@pytest.mark.parametrize(("name", "status"), [("keeper", 200), ("lin", 403), (None, 401)])
def test_metrics_are_for_the_operator(installation, name, status):
    asked = client(installation, name)
    assert asked.get("/metrics", follow_redirects=False).status_code == status


def test_this_machine_itself_may_ask_where_the_settings_say_so(installation):
    said = Service.read('metrics = "loopback"')
    assert client(installation, service=said, address="127.0.0.1").get("/metrics").status_code == 200
    assert client(installation, service=said).get("/metrics", follow_redirects=False).status_code == 401
    usual = client(installation, service=Service(), address="127.0.0.1")
    assert usual.get("/metrics", follow_redirects=False).status_code == 401


def test_a_monitor_without_a_right_token_is_told_so_and_a_browser_is_led_to_sign_in(installation):
    asked = client(installation)
    for headers, text in (({}, "token issue"), ({"authorization": "Bearer cam_wrong"}, "revoked")):
        refused = asked.get("/metrics", headers={"accept-language": "en", **headers}, follow_redirects=False)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert text in refused.text
    browser = asked.get("/metrics", headers={"accept": "text/html"}, follow_redirects=False)
    assert browser.status_code == 303


def test_a_wrong_setting_is_refused():
    with pytest.raises(Faults) as refused:
        Service.read('metrics = "everybody"')
    assert refused.value.faults[0].facts["name"] == "metrics"


def test_processes_that_ended_stay_counted_and_are_not_kept_one_by_one():
    whole, other = Measures(), Measures()
    whole.answered("fhir.read", "GET", 200, 0.01)
    for status in (200, 200, 404):
        other.answered("fhir.read", "GET", status, 0.02)
    for process in range(50):
        whole.take(process, other.figures())
        before = list(whole.lines())
        whole.forget(process)
        assert [line for line in whole.lines() if "sum" not in line] == [
            line for line in before if "sum" not in line
        ]
    whole.forget(7)
    assert 'camphora_requests_total{route="fhir.read",method="GET",status="200"} 101' in list(whole.lines())
    assert not whole._others
