"""The line list behind the shipped dengue signal: the demo's invented cases, masked by how far an account reaches."""

import datetime as dt
import re

import pytest
from starlette.testclient import TestClient

from camphora.catalogue import Catalogue
from camphora.engines.watch import series_of
from camphora.engines.watch.sweep import swept
from camphora.gate import User
from camphora.installation import Installation
from camphora.installation.seeding import OUTBREAK, OUTBREAK_CASES, Plan, Seeding, cases_behind
from camphora.policy import Role
from camphora.web.app import application
from camphora.web.duties.masks import part_of

KEY = "dengue_weekly-2015-27-67000-all"
ACCOUNTS = {"nat": [], "ann": ["67000"], "far": ["64000"]}


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    opened = Installation.open(folder, make=True)
    for name, areas in ACCOUNTS.items():
        opened.gate.identity.add_user(User(name, name.title(), Role.OFFICER), "correct horse battery")
        opened.gate.standings.set(name, "area", areas)
    for _ in range(2):
        Seeding(opened, Plan.of(folder, 200, 1))._line_list()
    yield opened
    opened.close()


def _list(installation, name, **asked):
    client, identity = TestClient(application(installation)), installation.gate.identity
    client.cookies.set("camphora_session", identity.open_session(identity.user(name)).token)
    client.cookies.set("lang", "zh-TW")
    page = client.get("/surveillance/cases", params={"purpose": "surveillance", **asked})
    assert page.status_code == 200, page.text
    return page.text


def _cases(page):
    return set(re.findall(r"/surveillance/Condition/(ll-[0-9a-f]+)\?", page))


def test_the_shipped_signal_counts_as_many_as_the_demo_invents():
    system = Catalogue.scan().systems["smart_epidemic_prevention"]
    watch = system.weekly["dengue_weekly"]
    assert watch.conditions == ("A90", "A91")
    sweep = swept(watch, series_of(watch, system.own_tables["dengue_weekly"].bundled()))
    (signal,) = (one for one in sweep.signals("2015-27") if one.key == KEY)
    assert signal.observed == OUTBREAK_CASES
    assert str(sweep.series.first[sweep.series.at("2015-27")]) == OUTBREAK.isoformat()
    assert len(cases_behind(OUTBREAK, OUTBREAK_CASES)) == OUTBREAK_CASES


def test_the_weekly_table_is_the_sum_of_the_daily_one():
    tables = Catalogue.scan().systems["smart_epidemic_prevention"].own_tables
    daily = tables["dengue_2015"].bundled()
    assert sum(row["cases"] for row in tables["dengue_weekly"].bundled()) == sum(
        row["cases"] for row in daily
    )
    first = OUTBREAK.isoformat()
    last = (OUTBREAK + dt.timedelta(days=6)).isoformat()
    own = sum(row["cases"] for row in daily if first <= row["date"] <= last and row["village"][:2] == "67")
    assert own == OUTBREAK_CASES


def test_an_officer_of_the_county_sees_its_cases_masked_and_that_they_are_synthetic(installation):
    names = [case.name for case in cases_behind(OUTBREAK, OUTBREAK_CASES)]
    page = _list(installation, "ann", signal=KEY)
    assert len(_cases(page)) == OUTBREAK_CASES
    assert not any(name in page for name in names)
    assert all(part_of(name) in page for name in names)
    assert "合成" in page
    assert _cases(_list(installation, "ann", signal="dengue_weekly-2015-29-67000-all")) == set()


def test_the_country_sees_no_name_and_another_county_no_case(installation):
    page = _list(installation, "nat", signal=KEY)
    assert len(_cases(page)) == OUTBREAK_CASES
    assert not any(part_of(case.name) in page for case in cases_behind(OUTBREAK, OUTBREAK_CASES))
    assert _cases(_list(installation, "far", signal=KEY)) == set()
