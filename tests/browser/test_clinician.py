"""The clinician's walk: a patient found, read in a minute, opened in four ways; a closed part is named as closed."""

import json

import pytest

from browser.conftest import spoken
from browser.test_citizen import SELF, identity

CLOSED = "部分資料依法或依當事人意願未顯示"
TOLD = ("憂鬱症", "舍曲林", "精神科")


@pytest.fixture
def doctor(opened):
    return opened("clinician")


def test_a_patient_is_found_by_name_as_one_types(doctor, characters):
    doctor.goto("/patients")
    doctor.locator("#q").press_sequentially("林美")
    doctor.get_by_role("link", name=SELF).click()
    assert doctor.url.endswith(f"/patients/{characters.citizen}")


def test_a_patient_is_found_by_number(doctor, opened, characters):
    number = identity(opened("citizen"), characters.citizen)
    doctor.goto("/patients")
    doctor.locator("#q").fill(number)
    doctor.locator("#q").press("Enter")
    doctor.get_by_role("link", name=SELF).click()
    assert doctor.url.endswith(f"/patients/{characters.citizen}")


def test_the_summary_tells_in_a_minute(doctor, characters):
    doctor.goto(f"/patients/{characters.citizen}")
    said = spoken(doctor)
    for expected in ("67 歲", "盤尼西林", "高血壓", "糖尿病", "憂鬱症", "氨氯地平", "糖化血色素", "參考值"):
        assert expected in said
    assert doctor.locator("section[aria-labelledby=results-title] svg").count() >= 3
    assert CLOSED not in said


def test_one_result_opens_in_four_ways(doctor, characters):
    doctor.goto(f"/patients/{characters.citizen}")
    doctor.get_by_role("link", name="糖化血色素").click()
    assert "參考值" in spoken(doctor)
    doctor.get_by_role("link", name="時間軸", exact=True).click()
    assert doctor.locator(".timeline li").count() >= 3
    assert doctor.locator("main svg").count() >= 1
    doctor.get_by_role("link", name="表格", exact=True).click()
    assert "4548-4" in spoken(doctor)
    doctor.get_by_role("link", name="JSON", exact=True).click()
    shown = json.loads(doctor.locator("#json").inner_text())
    assert shown == doctor.request.get(f"/fhir/Observation/{shown['id']}").json()


def test_a_part_that_she_closes_is_named_without_its_content(doctor, citizen, characters):
    citizen.goto("/me/choices")
    citizen.get_by_role("link", name="選擇", exact=True).click()
    citizen.get_by_label("精神健康").check()
    citizen.get_by_role("button", name="下一步").click()
    citizen.get_by_role("button", name="確定關閉").click()
    assert "精神健康 目前：已關閉" in spoken(citizen)
    for path in ("", "/timeline", "/results"):
        doctor.goto(f"/patients/{characters.citizen}{path}")
        assert not [word for word in TOLD if word in doctor.content()]
    doctor.goto(f"/patients/{characters.citizen}")
    assert CLOSED in spoken(doctor)
    assert "高血壓" in spoken(doctor)
    citizen.goto("/me")
    assert "憂鬱症" in spoken(citizen)
