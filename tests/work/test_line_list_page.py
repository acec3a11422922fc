"""`/surveillance/cases`: the line list of the own area, masked by how far the account reaches; a case as FHIR."""

import csv
import datetime as dt
import re
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from camphora.formats.line_list import proposed
from camphora.gate import User
from camphora.installation import Installation
from camphora.installation.loading import Loader
from camphora.pages import dates
from camphora.policy import Role
from camphora.policy.internal import deciding
from camphora.synth.line_list import COLUMNS, line_list
from camphora.web.app import application
from camphora.web.duties.masks import level_of, part_of
from camphora.web.work import WorkPages
from work.working import officer

LAST, TODAY = dt.date(2026, 11, 14), dt.date(2026, 11, 20)
TAINAN, KAOHSIUNG = "67000", "64000"
ON_DUTY = {"purpose": "surveillance"}
HERE = [
    {**row, "居住鄉鎮市區": "柳營區", "居住村里": "人和里"} if number < 3 else row
    for number, row in enumerate(line_list(seed=1, cases=12, last=LAST))
]
THERE = [
    {**row, "通報單編號": f"K{row['通報單編號']}"}
    for row in line_list(seed=2, cases=4, last=LAST, county="高雄市")
]
TOWN = f"{TAINAN}736"
ACCOUNTS = {"nat": [], "ann": [TAINAN], "tom": [TOWN], "far": [KAOHSIUNG]}


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    opened = Installation.open(folder / "place", make=True)
    for name, areas in ACCOUNTS.items():
        opened.gate.identity.add_user(User(name, name.title(), Role.OFFICER), "correct horse battery")
        opened.gate.standings.set(name, "area", areas)
    for name, role in (("analyst", Role.ANALYST), ("keeper", Role.ADMINISTRATOR)):
        opened.gate.identity.add_user(User(name, name.title(), role), "correct horse battery")
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows([*HERE, *THERE])
    (folder / "m.toml").write_text(proposed(COLUMNS, "south"), "utf-8")
    loader = Loader(opened, today=TODAY)
    report = loader.load(folder / "list.csv", line_list=True, mapping=folder / "m.toml")
    assert (report.written, report.faults) == (16, [])
    yield opened
    opened.close()


@pytest.fixture
def browser(installation):
    app = application(installation)

    def opened(name, lang="zh-TW"):
        client, identity = TestClient(app), installation.gate.identity
        client.cookies.set("camphora_session", identity.open_session(identity.user(name)).token)
        client.cookies.set("lang", lang)
        return client

    return opened


def _names(rows):
    return {row["姓名"] for row in rows}


def _cases(page):
    return re.findall(r"/surveillance/Condition/(ll-[0-9a-f]+)\?", page)


def _list(client, **asked):
    page = client.get("/surveillance/cases", params={**ON_DUTY, **asked})
    assert page.status_code == 200, page.text
    return page.text


def test_nothing_is_read_before_the_purpose_is_chosen_and_the_question_is_kept(installation, browser):
    before = len(installation.store.audit)
    page = browser("ann").get("/surveillance/cases", params={"disease": "A90"})
    assert page.status_code == 200
    assert _cases(page.text) == []
    assert 'name="disease" value="A90"' in page.text
    assert len(installation.store.audit) == before


def test_each_account_sees_the_cases_of_its_areas(browser):
    seen = {name: len(set(_cases(_list(browser(name))))) for name in ACCOUNTS}
    assert seen == {"nat": 16, "ann": 12, "tom": 3, "far": 4}


def test_the_whole_country_sees_no_name_and_no_village(browser):
    page = _list(browser("nat"))
    assert not any(name in page or part_of(name) in page for name in _names([*HERE, *THERE]))
    assert "柳營區" in page
    assert "人和里" not in page
    assert "未限於特定縣市" in page


def test_a_county_sees_part_of_the_name_and_the_village(browser):
    page = _list(browser("ann"))
    assert not any(name in page for name in _names(HERE))
    assert all(part_of(name) in page for name in _names(HERE))
    assert "柳營區人和里" in page
    assert not any(row["身分證字號"] in page or row["聯絡電話"] in page for row in HERE)


def test_a_township_that_visits_sees_whom(browser):
    page = _list(browser("tom"))
    assert all(name in page for name in _names(HERE[:3]))
    assert not any(name in page for name in _names(HERE[3:]) - _names(HERE[:3]))
    assert not any(row["身分證字號"] in page for row in HERE)


def test_every_look_leaves_a_receipt_that_the_person_sees(installation, browser):
    _list(browser("ann"))
    installation.store.settle()
    number = HERE[0]["身分證字號"]
    from camphora.policy.internal import identifying

    patient = installation.store.first_bearer(identifying(), number)
    looks = installation.store.looks(deciding(patient), patient)
    assert {"ann"} <= {look.reader for look in looks}
    assert all(look.purpose == "surveillance" for look in looks if look.reader == "ann")


def test_a_list_is_narrowed_by_disease_and_days(browser):
    dengue = [row for row in HERE if row["疾病名稱"] == "登革熱"]
    assert len(set(_cases(_list(browser("ann"), disease="A90")))) == len(dengue)
    days = sorted(row["發病日"] for row in HERE)
    first = f"{int(days[5][:3]) + 1911}-{days[5][4:6]}-{days[5][7:]}"
    wanted = sum(day >= days[5] for day in days)
    assert len(set(_cases(_list(browser("ann"), since=first)))) == wanted
    assert "沒有符合的個案" in _list(browser("ann"), until="2000-01-01")
    client = browser("ann")
    assert client.get("/surveillance/cases", params={**ON_DUTY, "disease": "F32.9"}).status_code == 404
    assert client.get("/surveillance/cases", params={**ON_DUTY, "since": "soon"}).status_code == 400


def test_the_cases_behind_a_signal_are_those_of_its_week_and_place(browser, monkeypatch):
    watch = SimpleNamespace(conditions=("A90", "A91", "A92.0", "A75.3", "B15.9"), weeks="cdc")
    monkeypatch.setattr(WorkPages, "with_cases", lambda self, name: watch if name == "own" else None)
    row = HERE[5]
    onset = dt.date(int(row["發病日"][:3]) + 1911, *map(int, row["發病日"].split("/")[1:]))
    first = onset - dt.timedelta(days=(onset.weekday() + 1) % 7)
    from camphora.methods.weeks import labels

    week = str(labels([first.isoformat()], system="cdc")[0])
    said = {f"{day.year - 1911}/{day:%m/%d}" for day in (first + dt.timedelta(n) for n in range(7))}
    wanted = {
        place: sum(one["發病日"] in said for one in rows)
        for place, rows in ((TAINAN, HERE), (KAOHSIUNG, THERE))
    }
    client = browser("nat")
    for area, count in wanted.items():
        for lang in ("zh-TW", "en"):
            assert len(set(_cases(_list(client, signal=f"own-{week}-{area}-all", lang=lang)))) == count
    assert len(set(_cases(_list(browser("far"), signal=f"own-{week}-{TAINAN}-all")))) == 0
    assert (
        client.get("/surveillance/cases", params={**ON_DUTY, "signal": f"ili-{week}-tw-all"}).status_code
        == 404
    )
    assert client.get("/surveillance/cases", params={**ON_DUTY, "signal": "x"}).status_code in (400, 404)


def test_a_case_opens_as_fhir_within_the_area_alone(browser):
    (key, *_) = _cases(_list(browser("ann")))
    answer = browser("ann").get(f"/surveillance/fhir/{key}", params=ON_DUTY)
    assert answer.headers["content-type"].startswith("application/fhir+json")
    kinds = [entry["resource"]["resourceType"] for entry in answer.json()["entry"]]
    assert kinds[0] == "Condition"
    assert {"Patient", "Encounter"} <= set(kinds)
    for name in ("far", "tom"):
        if key not in _cases(_list(browser(name))):
            assert browser(name).get(f"/surveillance/fhir/{key}", params=ON_DUTY).status_code == 404
    assert key not in browser("ann").get(f"/surveillance/fhir/{key}").text.replace(f"/fhir/{key}", "")


@pytest.mark.parametrize("name", ["nat", "ann", "tom"])
def test_the_page_of_a_case_and_its_fhir_show_no_more_of_a_person_than_the_list(browser, name):
    """The whole country no name, a county part of it, a township all; numbers and telephones with the whole name."""
    client = browser(name)
    rows = HERE[:3]
    keys = _cases(_list(browser("tom")))
    pages = [client.get(f"/surveillance/Condition/{key}", params=ON_DUTY).text for key in keys]
    fhir = [client.get(f"/surveillance/fhir/{key}", params=ON_DUTY).text for key in keys]
    shown = {"nat": "", "ann": "part", "tom": "whole"}[name]
    for told in ("".join(pages), "".join(fhir)):
        assert all((row["姓名"] in told) is (shown == "whole") for row in rows)
        assert all((part_of(row["姓名"]) in told) is (shown == "part") for row in rows)
        assert all((row["聯絡電話"] in told) is (shown == "whole") for row in rows)
        assert "柳營區" in told
        assert ("人和里" in told) is (shown != "")
    assert all((row["身分證字號"] in "".join(fhir)) is (shown == "whole") for row in rows)
    assert ('"birthDate"' in "".join(fhir)) is (shown == "whole")
    assert all("遮蔽" in page or "不顯示姓名" in page or "供訪視之用" in page for page in pages)


def test_a_disease_and_a_home_have_their_english_names(browser):
    page = _list(browser("ann", "en"))
    dengue = next(row for row in HERE if row["疾病名稱"] == "登革熱")
    assert dengue["疾病名稱"] not in re.sub(r"<option.*?</option>", "", page)
    assert "Dengue" in re.sub(r"<option.*?</option>", "", page)
    assert '<span lang="zh-Hant">人和里</span>, <span lang="zh-Hant">柳營區</span>, Tainan City' in page


def test_the_clock_of_the_law_is_shown(browser):
    page = _list(browser("ann"))
    assert "期限內" in page
    assert "由使用者依現行公告確認" in page
    assert "in time" in _list(browser("ann", "en"))


@pytest.mark.parametrize("name", ["analyst", "keeper"])
def test_who_has_no_surveillance_to_do_is_refused(browser, name):
    for path in ("/surveillance/cases", "/surveillance/fhir/x"):
        for params in ({}, ON_DUTY):
            assert browser(name).get(path, params=params).status_code == 403


def test_names_are_masked_in_the_middle():
    assert [part_of(name) for name in ("王小明", "王明", "王", "Ann Lee", "")] == [
        "王○明",
        "王○",
        "王",
        "A○○○○○e",
        "",
    ]


def test_what_is_not_a_county_or_township_is_masked_most():
    levels = {
        (): "nation",
        ("67000",): "county",
        ("67000736",): "township",
        ("67000", "64000800"): "county",
        ("x",): "nation",
    }
    assert {areas: level_of(officer("a", *areas).scope) for areas in levels} == levels


def _file(client, form="csv", **asked):
    answer = client.get(f"/surveillance/cases.{form}", params={**ON_DUTY, **asked})
    assert answer.status_code == 200, answer.text
    return answer


def _lines(answer):
    return list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))


def test_the_list_is_taken_away_masked_as_the_page_is(browser):
    seen = {name: _lines(_file(browser(name))) for name in ACCOUNTS}
    assert {name: len(rows) for name, rows in seen.items()} == {"nat": 16, "ann": 12, "tom": 3, "far": 4}
    assert {row["個案識別碼"] for row in seen["ann"]} == set(_cases(_list(browser("ann"))))
    names = _names(HERE)
    assert {row["姓名"] for row in seen["ann"]} == {part_of(name) for name in names}
    assert {row["姓名"] for row in seen["tom"]} == _names(HERE[:3])
    assert "姓名" not in seen["nat"][0]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["發病日"]) for row in seen["ann"])
    assert "出生" in seen["tom"][0]
    assert "出生" not in seen["ann"][0]
    for rows in seen.values():
        assert not any(row["身分證字號"] in str(rows) or row["聯絡電話"] in str(rows) for row in HERE)


def test_an_age_is_that_at_onset(browser):
    def day(text):
        return dt.date(int(text[:3]) + 1911, int(text[4:6]), int(text[7:]))

    told = sorted(
        (day(row["發病日"]).isoformat(), dates.age(day(row["出生日期"]), day(row["發病日"]), "zh-TW"))
        for row in HERE
    )
    assert sorted((row["發病日"], row["發病年齡"]) for row in _lines(_file(browser("ann")))) == told


def test_the_file_says_who_took_it_for_what_by_which_mask(browser):
    answer = _file(browser("ann"))
    assert "attachment" in answer.headers["content-disposition"]
    assert "no-store" in answer.headers["cache-control"]
    said = _lines(answer)[0]["來源"]
    assert "Ann" in said
    assert "疫情監視" in said
    assert "部分遮蔽姓名" in said
    assert _file(browser("ann"), "xlsx").content.startswith(b"PK")
    dengue = [row for row in HERE if row["疾病名稱"] == "登革熱"]
    assert len(_lines(_file(browser("ann"), disease="A90"))) == len(dengue)


def test_a_file_leaves_a_receipt_for_each_person_in_it(installation, browser):
    from camphora.policy.internal import identifying

    store = installation.store
    patient = store.first_bearer(identifying(), HERE[4]["身分證字號"])

    def looks():
        store.settle()
        return [each for each in store.looks(deciding(patient), patient) if each.reader == "ann"]

    before = len(looks())
    _file(browser("ann"))
    assert len(looks()) == before + 1
    assert looks()[0].purpose == "surveillance"


def test_nothing_is_taken_before_the_purpose_is_chosen_nor_too_much_at_once(browser, monkeypatch):
    page = browser("ann").get("/surveillance/cases.csv")
    assert page.headers["content-type"].startswith("text/html")
    assert "以疫情監視為目的查閱" in page.text
    assert browser("ann").get("/surveillance/cases.pdf", params=ON_DUTY).status_code == 404
    for name in ("analyst", "keeper"):
        assert browser(name).get("/surveillance/cases.csv", params=ON_DUTY).status_code == 403
    monkeypatch.setattr("camphora.web.duties.line_list.PART", 5)
    assert len(_lines(_file(browser("ann")))) == 12
    monkeypatch.setattr("camphora.web.duties.line_list.MOST_LINES", 11)
    assert browser("ann").get("/surveillance/cases.csv", params=ON_DUTY).status_code == 413


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_the_page_says_how_a_file_is_brought(browser, lang):
    assert "camphora load" in _list(browser("ann", lang))
