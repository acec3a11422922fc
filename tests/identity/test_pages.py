"""The pages of a registrar: who may open them, what they show, and that nothing happens but by a decision."""

import re
from shutil import copytree

import orjson
import pytest
from starlette.testclient import TestClient

from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Role
from camphora.policy.internal import deciding
from camphora.records import Put
from camphora.web.app import application
from consented import LOAD
from registering import MOI, REASON, person, phone

TWICE = [
    person(name, "張三", "1970-05-05", (MOI, "F123456788"), **phone("0922000111")) for name in ("f1", "f2")
]
MOTHER = person("mother", "林美玲", "1994-03-02", (MOI, "A223456781"))
CHILD = person("child", "林之女", "2026-10-30", (MOI, "A223456781"))
PAGES = ("/persons/duplicates", "/persons/pair?one=f1&other=f2", "/persons/history")


class Browser(TestClient):
    def __init__(self, app, identity, name, lang="zh-TW"):
        super().__init__(app, follow_redirects=True)
        session = identity.open_session(identity.user(name))
        self.csrf = session.csrf
        self.cookies.set("camphora_session", session.token)
        self.cookies.set("lang", lang)

    def submit(self, path, **fields):
        return self.post(path, data={"csrf": self.csrf, **fields})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An installation with two Patients of one number and a child under the mother's, and accounts; to be copied."""
    folder = tmp_path_factory.mktemp("made") / "place"
    installation = Installation.open(folder, make=True)
    for name, role, more in (
        ("keeper", Role.ADMINISTRATOR, {}),
        ("privacy", Role.PRIVACY, {}),
        ("doctor", Role.CLINICIAN, {"organisation": "h1"}),
        ("analyst", Role.ANALYST, {}),
        ("f1", Role.CITIZEN, {"person": "f1"}),
    ):
        installation.gate.identity.add_user(
            User(name, name, role, more.get("organisation"), more.get("person")), "camphor by the window"
        )
    installation.store.write(LOAD, [Put(each) for each in (*TWICE, MOTHER, CHILD)])
    installation.close()
    return folder


@pytest.fixture
def place(made, tmp_path):
    """The store, and browsers by account."""
    installation = Installation.open(copytree(made, tmp_path / "place"))
    identity, app = installation.gate.identity, application(installation)
    yield installation.store, lambda name, lang="zh-TW": Browser(app, identity, name, lang)
    installation.close()


def _link(store, name):
    return orjson.loads(store.read(LOAD, "Patient", name).body).get("link")


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_a_pair_is_proposed_and_stands_side_by_side_with_numbers_in_part(place, lang):
    store, browser = place
    keeper = browser("keeper", lang)
    listed, side = keeper.get(PAGES[0]), keeper.get(PAGES[1])
    assert listed.status_code == side.status_code == 200
    assert "張三" in listed.text
    assert "林之女" in listed.text
    assert {"zh-TW": "號碼相同", "en": "same number"}[lang] in listed.text
    for page in (listed, side):
        assert "F123456788" not in page.text
        assert "A223456781" not in page.text
    assert "F12…788" in side.text
    assert _link(store, "f1") is None


@pytest.mark.parametrize("name", ["privacy", "doctor", "analyst", "f1"])
def test_nobody_else_opens_them_or_decides(place, name):
    store, browser = place
    other = browser(name)
    for path in PAGES:
        answer = other.get(path)
        assert answer.status_code == 403
        assert "張三" not in re.sub(r"<header.*?</header>", "", answer.text, flags=re.DOTALL)
    for path in ("/persons/decide", "/persons/split"):
        answer = other.submit(path, one="f1", other="f2", word="same_one", reason=REASON)
        assert answer.status_code == 403
    assert _link(store, "f1") is None


def test_a_decision_links_both_and_a_split_takes_it_back(place):
    store, browser = place
    keeper = browser("keeper")
    answer = keeper.submit("/persons/decide", one="f1", other="f2", word="same_other", reason=REASON)
    assert "已記錄判定" in answer.text
    assert _link(store, "f2") == [{"other": {"reference": "Patient/f1"}, "type": "replaces"}]
    assert _link(store, "f1") == [{"other": {"reference": "Patient/f2"}, "type": "replaced-by"}]
    assert "沒有需要判定的組合" in keeper.get(PAGES[0]).text
    assert 'action="/persons/split"' in keeper.get(PAGES[1]).text
    keeper.submit("/persons/split", one="f1", other="f2", reason="證件查驗有誤")
    assert _link(store, "f1") is _link(store, "f2") is None
    told = keeper.get(PAGES[2]).text
    assert REASON in told
    assert "證件查驗有誤" in told
    assert "沒有需要判定的組合" in keeper.get(PAGES[0]).text


@pytest.mark.parametrize("fields", [{"word": "", "reason": REASON}, {"word": "same_one", "reason": ""}])
def test_without_a_word_or_a_reason_nothing_is_decided(place, fields):
    store, browser = place
    assert browser("keeper").submit("/persons/decide", one="f1", other="f2", **fields).status_code == 400
    assert _link(store, "f1") is None


def test_different_persons_are_not_proposed_again(place):
    _, browser = place
    keeper = browser("keeper")
    keeper.submit("/persons/decide", one="f1", other="f2", word="different", reason="兩人到場")
    assert "沒有需要判定的組合" in keeper.get(PAGES[0]).text


def test_whoever_is_shown_finds_a_receipt_of_it(place):
    store, browser = place
    browser("keeper").get(PAGES[0])
    store.settle()
    for name in ("f1", "f2", "mother", "child"):
        assert [look.act for look in store.looks(deciding(name), name)] == ["register"], name
    assert "核對是否為同一人" in browser("f1").get("/me/looked").text


def _picked(page, path):
    """The forms of a page that lead to an address, each as the fields that it sends."""
    forms = re.findall(rf'<form[^>]*action="{re.escape(path)}".*?</form>', page, re.DOTALL)
    return [dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', form)) for form in forms]


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
@pytest.mark.parametrize("text", ["f123456788", "1970-05-05", "張"])
def test_two_are_picked_by_looking_for_them(place, lang, text):
    """By number in either case, birth or the beginning of a name; no id is typed."""
    _, browser = place
    keeper = browser("keeper", lang)
    found = _picked(keeper.get(f"/persons/duplicates?q={text}").text, PAGES[0])
    assert {"one": "f1"} in found
    assert {"one": "f2"} in found
    chosen = keeper.get("/persons/duplicates?one=f1").text
    assert "1970-05-05" in chosen
    assert "F123456788" not in chosen
    others = _picked(keeper.get(f"/persons/duplicates?one=f1&q={text}").text, "/persons/pair")
    assert others == [{"one": "f1", "other": "f2"}]
    assert keeper.get("/persons/pair", params=others[0]).status_code == 200


def test_looking_for_a_patient_leaves_a_receipt_for_those_found_and_says_where_nobody_is(place):
    store, browser = place
    keeper = browser("keeper")
    assert "林美玲" in keeper.get("/persons/duplicates?q=林美玲").text
    assert any(look.reader == "keeper" for look in store.looks(deciding("mother"), "mother", 10))
    for text in ("nobody", "Z999999999", "1900-01-01", "%", "*", ",", "|"):
        page = keeper.get("/persons/duplicates", params={"q": text})
        assert (page.status_code, _picked(page.text, "/persons/pair")) == (200, [])
        assert "查無符合的病人資料" in page.text
    assert keeper.get("/persons/duplicates?one=none").status_code == 404


def test_a_chosen_one_is_shown_with_what_is_proposed_about_them(place):
    _, browser = place
    keeper = browser("keeper")
    assert {"one": "f1", "other": "f2"} in _picked(
        keeper.get("/persons/duplicates?one=f2").text, "/persons/pair"
    )
    assert _picked(keeper.get("/persons/duplicates?one=mother").text, "/persons/pair") == []


def test_nobody_else_may_look_for_a_patient_there(place):
    _, browser = place
    for name in ("doctor", "privacy", "analyst", "f1"):
        assert browser(name).get("/persons/duplicates?q=林").status_code == 403


ALIKE = [person(name, "吳雙", "1980-02-03", **phone("0922000333")) for name in ("w1", "w2", "w3")]


def test_the_weights_and_the_prior_add_up_to_what_is_said(place):
    store, browser = place
    store.write(LOAD, [Put(each) for each in ALIKE])
    page = browser("keeper").get("/persons/pair?one=w1&other=w2").text
    body = re.search(r'<tbody id="table-side-rows".*?</tbody>', page, re.DOTALL)[0]
    *weights, together = map(float, re.findall(r"[+-]\d+\.\d", body))
    assert sum(weights) == pytest.approx(together, abs=0.3)
    assert min(weights) < -20, "the prior is one of the rows"
    assert f"合計 {together:+}" in page


def test_pairs_of_one_name_are_told_apart(place):
    store, browser = place
    store.write(LOAD, [Put(each) for each in ALIKE])
    page = browser("keeper").get("/persons/duplicates").text
    cases = re.findall(r'<li><div class="split">.*?</li>', page, re.DOTALL)
    pairs = [re.sub(r"<form.*?</form>", "", each, flags=re.DOTALL) for each in cases]
    alike = [each for each in pairs if "吳雙" in each]
    assert len(alike) == len(set(alike)) == 3
    for each in alike:
        assert "1980-02-03" in each
        assert len(re.findall(r"\bw[123]\b", each)) == 2


def test_a_narrow_screen_has_the_name_of_each_column_beside_its_cell(place):
    _, browser = place
    page = browser("keeper").get(PAGES[1]).text
    for label in ("甲：f1", "乙：f2", "權重（位元）"):
        assert f'data-label="{label}"' in page
