"""A session that idleness ended: what the page says, the way back, and what was written but not sent."""

import re
from shutil import copytree
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from camphora.gate import User
from camphora.gate.identity import CITIZEN_MINUTES, STAFF_MINUTES
from camphora.installation import Installation
from camphora.installation.service import Service
from camphora.policy import Role
from camphora.web.app import application
from camphora.web.drafts import LARGEST, MOST, SECONDS, Drafts
from camphora.web.site import COOKIE, DRAFT

PASSWORD = "camphor chest by the window"
HOST = "http://health.example.tw"
REASON = "昏迷送醫，無法表達意願，急需用藥史"
FORM = {"identifier": "A000000000", "reason": REASON}


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now

    def idle(self, minutes=STAFF_MINUTES):
        self.now += minutes * 60


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An installation with three accounts, to be copied: a password takes long to keep."""
    folder = tmp_path_factory.mktemp("made") / "place"
    folder.mkdir(mode=0o700)
    (folder / "demo").write_text("{}")
    opened = Installation.open(folder, make=True)
    for name, role in (("lin", Role.CLINICIAN), ("clinician", Role.CLINICIAN), ("citizen", Role.CITIZEN)):
        opened.gate.identity.add_user(User(name, name, role, organisation="h1", person=None), PASSWORD)
    opened.close()
    return folder


@pytest.fixture
def installation(made, tmp_path):
    opened = Installation.open(copytree(made, tmp_path / "place"))
    yield opened
    opened.close()


@pytest.fixture
def clock(installation):
    made = installation.gate.identity.clock = Clock()
    return made


@pytest.fixture
def app(installation, clock):
    return application(installation, service=Service.read("[sessions]\nstaff_idle_minutes = 15"))


@pytest.fixture
def browser(app):
    def made(**given):
        client = TestClient(app, base_url=HOST, follow_redirects=False, **given)
        client.headers["accept-language"] = "en"
        return client

    return made


def sign_in(client, name="lin", following="", password=PASSWORD):
    fields = {"name": name, "password": password, "next": following}
    return client.post("/sign-in", data=fields, headers={"sec-fetch-site": "same-origin"})


def csrf(page):
    return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]


def following(answer):
    return parse_qs(urlsplit(answer.headers["location"]).query).get("next", [""])[0]


def declare(client, token, **more):
    headers = {"sec-fetch-site": "same-origin", "referer": f"{HOST}/emergency?lang=en"}
    return client.post("/emergency", data={"csrf": token, **FORM, **more}, headers=headers)


@pytest.fixture
def lapsed(browser, clock):
    """A browser whose clinician filled in a form, went away, and came back to send it: (browser, the answer)."""
    client = browser()
    sign_in(client)
    token = csrf(client.get("/emergency"))
    clock.idle()
    return client, declare(client, token)


def test_the_page_says_that_idleness_ended_it_and_leads_back_to_the_same_place(browser, clock):
    client = browser()
    sign_in(client)
    assert client.get("/patients?q=lin&lang=en").status_code == 200
    clock.idle()
    asked = client.get("/patients?q=lin&lang=en")
    assert asked.status_code == 303
    assert following(asked) == "/patients?q=lin&lang=en"
    page = client.get(asked.headers["location"])
    assert "signed out after some time" in page.text
    assert "back to the page you were on" in page.text
    assert sign_in(client, following=following(asked)).headers["location"] == "/patients?q=lin&lang=en"
    assert "signed out after some time" not in client.get("/sign-in").text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/%5Cevil"]
)
def test_the_way_back_never_leaves_this_site(browser, clock, elsewhere):
    client = browser()
    assert urlsplit(sign_in(client, following=elsewhere).headers["location"]).netloc == ""
    signed_in = client.get("/sign-in", params={"next": elsewhere})
    assert urlsplit(signed_in.headers["location"]).netloc == ""
    token = csrf(client.get("/emergency"))
    clock.idle()
    headers = {"sec-fetch-site": "same-origin", "referer": f"{HOST}//evil.example/"}
    kept = client.post("/emergency", data={"csrf": token, **FORM}, headers=headers)
    assert following(kept) == ""
    sign_in(client)
    assert "evil" not in client.get("/sign-in").text


def test_a_part_of_a_page_leads_the_whole_page_to_sign_in(browser, clock):
    client = browser()
    sign_in(client)
    clock.idle()
    headers = {"hx-request": "true", "hx-current-url": f"{HOST}/patients?q=li"}
    asked = client.get("/patients?q=lin", headers=headers)
    assert (asked.status_code, asked.text) == (200, "")
    assert asked.headers["hx-redirect"] == "/sign-in?next=%2Fpatients%3Fq%3Dli"


def test_a_form_that_came_too_late_does_nothing_and_is_kept_for_its_writer(lapsed, installation):
    client, answer = lapsed
    assert answer.status_code == 303
    assert following(answer) == "/emergency?lang=en"
    assert not installation.gate.emergencies.to_review()
    page = client.get(answer.headers["location"])
    assert "is kept" in page.text
    assert REASON not in page.text, "nobody has signed in yet"
    assert sign_in(client, following=following(answer)).headers["location"] == "/sign-in"
    page = client.get("/sign-in")
    shown = page.text.partition("<section")[2].partition("</section>")[0]
    assert all(f"<p>{value}</p>" in shown for value in FORM.values()), "nothing is sent unseen"
    assert not installation.gate.emergencies.to_review(), "shown, and not yet sent"
    declare(client, csrf(page))
    assert [each.reason for each in installation.gate.emergencies.to_review()] == [REASON]
    assert REASON not in client.get("/sign-in").text, "what was sent is kept no longer"


def test_what_is_not_to_be_sent_is_dropped_and_leads_back(lapsed, installation):
    client, _ = lapsed
    sign_in(client)
    dropped = client.post("/sign-in/drop", data={"csrf": csrf(client.get("/sign-in"))})
    assert dropped.headers["location"] == "/emergency?lang=en"
    assert REASON not in client.get("/sign-in").text
    assert not installation.gate.emergencies.to_review()


def test_another_reader_of_the_same_browser_sees_nothing_of_it(lapsed, browser):
    client, _ = lapsed
    assert sign_in(client, "clinician").headers["location"] == "/patients"
    assert REASON not in client.get("/sign-in").text
    assert REASON not in browser().get("/sign-in").text


def test_a_form_with_another_token_is_not_kept(browser, clock):
    client = browser()
    sign_in(client)
    clock.idle()
    for token in ("", "x"):
        assert declare(client, token).status_code == 403
    sign_in(client)
    assert REASON not in client.get("/sign-in").text


def test_a_page_may_say_that_its_form_is_only_to_be_kept(browser, installation):
    client = browser()
    sign_in(client)
    token = csrf(client.get("/emergency"))
    assert declare(client, token, **{DRAFT: "1"}).status_code == 303
    assert not installation.gate.emergencies.to_review()
    assert REASON in client.get("/sign-in").text
    client.cookies.clear()
    assert declare(client, token, **{DRAFT: "1"}).status_code == 303


def test_signing_out_of_a_lapsed_session_signs_out(browser, clock):
    client = browser()
    sign_in(client)
    token = csrf(client.get("/emergency"))
    clock.idle()
    out = client.post("/sign-out", data={"csrf": token}, headers={"sec-fetch-site": "same-origin"})
    assert out.headers["location"] == "/"
    assert COOKIE not in client.cookies


def test_a_page_tells_its_script_how_long_the_session_lasts(browser):
    for name, minutes in (("lin", STAFF_MINUTES), ("citizen", CITIZEN_MINUTES)):
        client = browser()
        assert 'id="idle"' not in client.get("/").text
        sign_in(client, name)
        assert f'data-seconds="{minutes * 60}"' in client.get("/").text


def test_a_wrong_password_keeps_the_way_back_and_the_name(browser):
    client = browser()
    page = sign_in(client, following="/patients?q=lin", password="wrong")
    assert page.status_code == 403
    assert 'name="next" value="/patients?q=lin"' in page.text
    assert 'value="lin"' in page.text
    assert "/sign-in/as?next=%2Fpatients%3Fq%3Dlin" in page.text


def test_drafts_are_few_small_and_soon_forgotten():
    clock = Clock()
    drafts = Drafts(clock=clock)
    assert not drafts.keep("lin", "/a", "", [("text", "x" * LARGEST)])
    assert drafts.keep("lin", "/a", "", [("text", "x")])
    drafts.forget("lin", "/b")
    assert drafts.of("lin")
    for number in range(MOST):
        drafts.keep(f"r{number}", "/a", "", [("text", "x")])
    assert drafts.of("lin") is None
    clock.now += SECONDS
    assert drafts.of("r1") is None
