"""Administrators give and end what accounts are limited to and belong to; others never do."""

import re
from html import unescape

import pytest

HERE = "/gate/standings"


def given(browser, **changes):
    return browser.submit(HERE, **{"account": "clinician", "kind": "area", "value": "63000", **changes})


def numbers(browser):
    return re.findall(r'name="number" value="(\d+)"', browser.get(HERE, params={"account": "clinician"}).text)


def test_a_limit_is_given_and_ended_at_once_and_both_stay_with_who_did_them(fresh):
    keeper, gate = fresh.browser("keeper"), fresh.installation.gate
    before, log = set(gate.standings.of("clinician").scope.areas), fresh.installation.store.audit
    kept = numbers(keeper)
    assert "63000" not in before
    page = given(keeper, until="2999-12-31")
    assert "已新增" in page.text
    assert gate.standings.of("clinician").scope.areas == before | {"63000"}
    assert log.receipt(len(log) - 1)["act"] == "standing"
    assert log.receipt(len(log) - 1)["persons"] == []
    words = keeper.words(f"{HERE}?account=clinician")
    assert "63000（臺北市）" in words
    assert "至 1088 年 12 月 31 日" in words
    (number,) = set(numbers(keeper)) - set(kept)
    assert "已結束" in keeper.submit(f"{HERE}/end", number=number).text
    assert gate.standings.of("clinician").scope.areas == before
    told = gate.standings.one(int(number))
    assert (told.giver, told.ender) == ("keeper", "keeper")
    assert log.receipt(len(log) - 1)["act"] == "standing"
    assert number not in numbers(keeper)


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_what_cannot_be_given_is_said_and_what_was_written_stays(world, lang):
    keeper = world.browser("keeper", lang)
    answer = given(keeper, value="Taipei")
    assert answer.status_code == 400
    assert 'value="Taipei"' in answer.text
    for changes in ({"since": "yesterday"}, {"until": "2001-01-01"}, {"until": "9999-12-31"}):
        answer = given(keeper, **changes)
        assert answer.status_code == 400
        assert {"zh-TW": "迄日早於起日", "en": "would end before"}[lang] in unescape(answer.text)
    assert given(keeper, account="nobody").status_code == 404
    assert keeper.submit(f"{HERE}/end", number="999999").status_code == 404
    assert keeper.submit(f"{HERE}/end", number="x").status_code == 404


@pytest.mark.parametrize("name", ["clinician", "other", "pharmacist", "citizen", "analyst"])
def test_nobody_else_sees_or_gives_any(world, name):
    browser = world.browser(name)
    assert browser.get(HERE).status_code == 403
    assert browser.get(HERE, params={"account": "clinician"}).status_code == 403
    assert given(browser).status_code == 403
    assert browser.submit(f"{HERE}/end", number="1").status_code == 403


def test_a_limit_whose_time_is_over_is_told_of(fresh, monkeypatch):
    gate = fresh.installation.gate
    monkeypatch.setattr("camphora.gate.standing.now", lambda: 0)
    gate.standings.set("clinician", "area", [])
    gate.standings.give("clinician", "area", "63000", by="keeper", until=1000)
    monkeypatch.undo()
    page = fresh.browser("keeper").words(f"{HERE}?account=clinician")
    assert "什麼都讀不到" in page
    assert "已到期" in page
