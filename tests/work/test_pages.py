"""`/tasks` in the browser of county and township officers: every act, both languages, who is refused, two at once."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from starlette.testclient import TestClient

from camphora.engines.watch.declaration import Told
from camphora.gate import User
from camphora.installation import Installation
from camphora.pages import Action, Chip, Item, Ranked, Table, View
from camphora.policy import Role
from camphora.web.app import application
from camphora.web.render import Renderer
from camphora.web.site import Site
from camphora.web.watching import Watches
from camphora.web.work import WorkPages, with_work
from work.working import COUNTY, OTHER, TOWNSHIP

ACCOUNTS = {
    "ann": (Role.OFFICER, [COUNTY]),
    "bob": (Role.OFFICER, [COUNTY]),
    "tom": (Role.OFFICER, [TOWNSHIP]),
    "far": (Role.OFFICER, [OTHER]),
    "keeper": (Role.ADMINISTRATOR, []),
    "analyst": (Role.ANALYST, []),
    "doctor": (Role.CLINICIAN, []),
    "lin": (Role.CITIZEN, []),
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    opened = Installation.open(tmp_path_factory.mktemp("work"), make=True)
    for name, (role, areas) in ACCOUNTS.items():
        user = User(name, name.title(), role, organisation="h1" if role is Role.CLINICIAN else None)
        opened.gate.identity.add_user(user, "correct horse battery")
        opened.gate.standings.set(name, "area", areas)
    yield opened
    opened.close()


@pytest.fixture
def browser(installation, monkeypatch):
    """A function of an account: its browser. Every week of 2019 of two counties is watched."""
    label = np.array([f"2019-{week:02d}" for week in range(1, 53)])
    series = SimpleNamespace(keys=(("65000", ""), ("64000", ""), ("65000", "0-6")), label=label)
    monkeypatch.setattr(Watches, "of", lambda *_: {"ili": SimpleNamespace(series=series)})
    app = application(installation)

    def opened(name, lang="zh-TW"):
        client, identity = TestClient(app, follow_redirects=True), installation.gate.identity
        session = identity.open_session(identity.user(name))
        client.cookies.set("camphora_session", session.token)
        client.cookies.set("lang", lang)
        client.submit = lambda path, **fields: client.post(path, data={"csrf": session.csrf, **fields})
        return client

    return opened


def spoken(answer):
    main = re.search(r"<main.*</main>", answer.text, re.DOTALL)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def hidden(answer):
    """Id and version as the page's forms carry them."""
    return {name: re.search(rf'name="{name}" value="([^"]*)"', answer.text)[1] for name in ("id", "version")}


def key(week):
    return f"ili-2019-{week:02d}-65000-all"


def test_an_officers_week(browser):
    ann, tom = browser("ann"), browser("tom")
    page = ann.submit("/tasks/take", key=key(1))
    assert page.status_code == 200
    assert "已受理，由您承辦" in spoken(page)
    assert "新北市・類流感" in spoken(page)
    asked = ann.submit(
        "/tasks/ask", **hidden(page), place=COUNTY, due="2199-01-01", text="查補報", organisation=""
    )
    assert asked.status_code == 400
    assert "期限須在今天以後" in spoken(asked)
    assert "查補報" in asked.text
    due = re.search(r'type="date" value="([^"]+)"', page.text)[1]
    page = ann.submit("/tasks/ask", **hidden(page), place=TOWNSHIP, due=due, text="查補報")
    assert "已交辦" in spoken(page)
    mine = spoken(tom.get("/tasks"))
    assert "交辦到您轄區" in mine
    assert "查補報" in mine
    link = re.search(r'href="(/tasks/work\.65000220\.[^"]+)"', tom.get("/tasks").text)[1]
    got = tom.submit("/tasks/take", **hidden(tom.get(link)))
    assert "已受理這件交辦" in spoken(got)
    assert "看所屬訊號的處置" not in spoken(got)
    assert "已回覆" in spoken(tom.submit("/tasks/answer", **hidden(got), text="補報 40 人次"))
    page = ann.get(f"/tasks/{hidden(page)['id']}")
    assert "已回覆" in spoken(page)
    assert spoken(page).count("補報 40 人次") == 2  # beside what was asked, and in the ledger
    assert "新北市板橋區：回覆" in spoken(page)
    page = ann.submit("/tasks/judge", **hidden(page), judgement="artefact", text="補報")
    page = ann.submit("/tasks/close", **hidden(page), text="")
    assert "已結案" in spoken(page)
    assert "處置紀錄（6）" in spoken(page)
    assert "資料異常" in spoken(page)


def test_a_signal_of_a_group_bears_the_groups_own_name(browser):
    assert "108 年第 1 週・0–6 歲" in spoken(
        browser("ann").submit("/tasks/take", key="ili-2019-01-65000-0-6")
    )


def test_of_two_at_once_the_second_is_told_whose_step_came_first(browser):
    ann, bob = browser("ann"), browser("bob", "en")
    page = ann.submit("/tasks/take", key=key(2))
    lost = bob.submit("/tasks/take", key=key(2))
    assert lost.status_code == 409
    assert "Ann took this signal at 20" in spoken(lost)
    assert f"/signal/{key(2)}" in lost.text
    assert 'action="/tasks/hand-over"' in lost.text
    seen = bob.get(f"/tasks/{hidden(page)['id']}")
    ann.submit("/tasks/judge", **hidden(page), judgement="known", text="")
    answer = bob.submit("/tasks/hand-over", **hidden(seen), to="bob", text="night shift")
    assert answer.status_code == 409
    assert "Ann has acted on this at" in spoken(answer)
    assert "night shift" in answer.text
    again = bob.submit("/tasks/hand-over", **hidden(answer), to="bob", text="night shift")
    assert "Handed over" in spoken(again)
    assert "Owner: Bob" in spoken(again)


def test_all_of_a_shift_goes_over(browser):
    ann, bob = browser("ann"), browser("bob")
    for week in (11, 12):
        ann.submit("/tasks/take", key=key(week))
    page = ann.submit("/tasks/hand-over-all", to="bob", text="交班")
    assert "已全部移交" in spoken(page)
    assert "目前沒有您承辦的工作" in spoken(page)
    assert spoken(bob.get("/tasks")).count("第 11 週") == 1
    assert ann.submit("/tasks/hand-over-all", to="far", text="").status_code == 200
    ann.submit("/tasks/take", key=key(13))
    assert ann.submit("/tasks/hand-over-all", to="far", text="").status_code == 403
    assert ann.submit("/tasks/hand-over-all", to="nobody", text="").status_code == 403


def test_what_is_overdue_comes_first_and_says_so(browser, monkeypatch):
    ann = browser("ann")
    ann.submit("/tasks/take", key=key(21))
    from datetime import timedelta

    from camphora.web import work_forms

    later = work_forms.today() + timedelta(30)
    monkeypatch.setattr(work_forms, "today", lambda: later)
    said = spoken(ann.get("/tasks"))
    assert "受理中・逾期" in said
    assert "逾期 0 件" not in said


@pytest.mark.parametrize("name", ["keeper", "analyst", "doctor", "lin"])
def test_other_roles_are_refused(browser, name):
    other = browser(name)
    for answer in (other.get("/tasks"), other.submit("/tasks/take", key=key(3))):
        assert answer.status_code == 403
        assert "承辦" not in spoken(answer)


def test_nobody_who_is_not_signed_in(browser, installation):
    client = TestClient(application(installation), follow_redirects=False)
    assert client.get("/tasks").headers["location"].startswith("/sign-in")
    assert client.post("/tasks/take", data={"key": key(4)}).status_code in {303, 403}


def test_an_officer_of_another_county_sees_and_does_nothing(browser):
    page = browser("ann").submit("/tasks/take", key=key(5))
    far = browser("far")
    assert far.get(f"/tasks/{hidden(page)['id']}").status_code == 404
    assert "第 5 週" not in spoken(far.get("/tasks"))
    for act in ("judge", "comment", "close", "hand-over", "ask"):
        given = {"judgement": "real", "to": "far", "text": "x", "place": OTHER, "due": "2030-01-01"}
        assert far.submit(f"/tasks/{act}", **hidden(page), **given).status_code == 404
    assert far.submit("/tasks/take", key=key(6)).status_code == 403


@pytest.mark.parametrize(
    "wrong", ["ili-2018-01-65000-all", "flu-2019-01-65000-all", "ili-2019-01-63000-all", "x"]
)
def test_a_signal_that_nobody_watches_is_not_taken(browser, wrong):
    assert browser("ann").submit("/tasks/take", key=wrong).status_code == 400


def test_a_form_needs_the_token_of_its_session(browser):
    ann = browser("ann")
    assert ann.post("/tasks/take", data={"key": key(7), "csrf": "wrong"}).status_code == 403
    assert "第 7 週" not in spoken(ann.get("/tasks"))


def test_what_is_written_is_text(browser):
    ann = browser("ann")
    page = ann.submit("/tasks/take", key=key(8))
    page = ann.submit("/tasks/comment", **hidden(page), text="<script>alert(1)</script>")
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;" in page.text


def test_the_pages_of_a_watch_show_the_work_to_who_is_at_work(browser, installation, monkeypatch):
    browser("ann").submit("/tasks/take", key=key(9))
    site = Site(installation, Renderer())
    pages = WorkPages(site)
    other = "ili-2019-09-64000-all"
    items = [
        Item(each, 1, "新北市", "#", "說明", [Chip("高於預期", "alert")]) for each in (key(9), key(10), other)
    ]
    view = View("signals", "本週異常訊號", [Ranked("signals", "訊號", items, Table("t", "t", (), ()))])

    def laid(name, about="", lang="zh-TW"):
        user = installation.gate.identity.user(name)
        request = SimpleNamespace(query_params={"lang": lang}, cookies={}, headers={})
        monkeypatch.setattr(Site, "reader", lambda *_: user.reader())
        return with_work(pages, request, view, about)

    chips = [[chip.text for chip in item.chips] for item in laid("ann").blocks[0].items]
    assert chips == [["高於預期", "受理中"], ["高於預期", "未受理"], ["高於預期"]]
    for name in ("doctor", "lin", "keeper"):
        assert laid(name, key(9)) is view
    taken = laid("ann", key(9), "en")
    assert [action.label for action in taken.actions] == ["Go on (Taken)"]
    assert taken.blocks[-1].name == "ledger"
    (take,) = laid("ann", key(10)).actions
    assert (take.post, take.href, take.fields) == (True, "/tasks/take", {"key": key(10)})
    assert laid("ann", other).actions == ()
    view = replace(view, actions=[Action("看完整數列", "/series", primary=True)])
    for week in (9, 10):
        assert [each.primary for each in laid("ann", key(week)).actions] == [True, False]
    assert [each.primary for each in laid("ann").actions] == [True]


def test_what_was_judged_is_laid_over_the_signal_and_the_scorecard(browser, installation, monkeypatch):
    """Of an officer's own areas, from the ledger; nobody else's page says anything of it."""
    from camphora.catalogue import Catalogue
    from camphora.engines.watch import Watched
    from camphora.web.judged import SCORECARD, SIGNAL, Asked, with_judgements
    from watch.watched import series, sweep, watch

    key, earlier = "ili-2017-25-09020-all", sweep("ili").signals("2012-05")[0].key
    pages, (place,) = WorkPages(Site(installation, Renderer())), [earlier.split("-")[3]]
    installation.gate.standings.set("ann", "area", [COUNTY, place])
    ann = installation.gate.worker(
        installation.gate.standing_of(installation.gate.identity.user("ann").reader())
    )
    work = pages.ledger.take(ann, earlier)
    pages.ledger.judge(ann, work.id, work.version, "real")
    held = Watched(
        watch("ili"), series("ili"), "2023-07-01", {"zh-TW": "x", "en": "x"}, "d", beforehand=False
    )
    held.take(sweep("ili"))
    system = Catalogue.scan().systems["smart_epidemic_prevention"]
    plain = View("signal", "t", [])

    def laid(name, function, **given):
        user = installation.gate.identity.user(name)
        reader = installation.gate.standing_of(user.reader())
        request = SimpleNamespace(query_params={"lang": "en"}, cookies={}, headers={})
        monkeypatch.setattr(Site, "reader", lambda *_: reader)
        asked = Asked(function, system, {"ili": held}, {"system": "s", **given})
        return with_judgements(pages, request, plain, asked)

    (figures, _) = laid("ann", SCORECARD).blocks
    assert {each.label: each.value for each in figures.items}["Right: judged real"] == "1"
    (figures, _) = laid("far", SCORECARD).blocks
    assert {each.label: each.value for each in figures.items}["Right: judged real"] == "0"
    (said,) = laid("ann", SIGNAL, key=key).blocks
    assert said.title == "What similar ones turned out to be"
    for name in ("doctor", "lin", "keeper", "analyst"):
        assert laid(name, SCORECARD) is plain
        assert laid(name, SIGNAL, key=key) is plain
    installation.gate.standings.set("ann", "area", [COUNTY])


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_state_and_act_has_its_words(lang):
    from typing import get_args

    from camphora.web.site import handlers_words
    from camphora.web.work import DONE
    from camphora.work.states import TABLE, Judgement

    words = handlers_words(lang)
    wanted = {f"work.act.{act}" for (_, _, act) in TABLE} | {f"work.done.{act}" for act in DONE}
    wanted |= {f"work.state.{state}" for (_, state, _) in TABLE} | {
        f"work.state.{one.to}" for one in TABLE.values()
    }
    wanted |= {f"work.about.{act}" for (_, _, act) in TABLE} | {
        f"work.judgement.{one}" for one in get_args(Judgement)
    }
    assert {key for key in wanted if key not in words} == set()


def test_a_refused_surveillance_stands_in_the_public_log(browser):
    """The receipt of an administrator who was refused at /tasks is named in /uses, like one of any purpose."""
    keeper = browser("keeper")
    assert keeper.get("/tasks").status_code == 403
    assert "疫情監視" in spoken(keeper.get("/uses"))


def test_an_english_page_says_places_in_english_and_marks_what_is_chinese(browser):
    page = browser("ann", "en").submit("/tasks/take", key=key(31))
    page = browser("ann", "en").submit(
        "/tasks/ask", **hidden(page), place=TOWNSHIP, due=re.search(r'type="date" value="([^"]+)"', page.text)[1],
        text="查 A 表"
    )  # fmt: skip
    assert '<span lang="zh-Hant">板橋區</span>, New Taipei City' in page.text
    assert '<span lang="zh-Hant">查</span> A <span lang="zh-Hant">表</span>' in page.text


@pytest.mark.parametrize(
    "told", [Told(roles=()), Told(areas=("64000",)), Told(areas=("tw",)), Told(organisations=("cdc",))]
)
def test_who_is_not_told_of_a_watch_can_take_none_of_its_signals(browser, installation, monkeypatch, told):
    system = installation.catalogue.systems["smart_epidemic_prevention"]
    monkeypatch.setitem(system.weekly, "ili", replace(system.watches["ili"], told=told))
    page = browser("ann", "en").submit("/tasks/take", key=key(30))
    assert page.status_code == 403
    assert "are not your work" in spoken(page)
