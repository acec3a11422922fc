from datetime import timedelta

import pytest

from camphora.web.reading.plain import today


def test_a_relative_who_is_let_in_sees_the_record_and_leaves_a_receipt(world):
    relative = world.browser("relative")
    assert "林美玉" in relative.words("/me/family")
    said = relative.words(f"/family/{world.cast.citizen}")
    assert "林美玉的就醫與健康紀錄" in said
    assert "高血壓" in said
    assert "陳怡君" in world.browser("citizen").words("/me/looked")


def test_a_relative_opens_items_of_that_record(world):
    page = world.browser("relative").get(f"/family/{world.cast.citizen}").text
    address = page.partition('href="/records/Encounter/')[2].partition('"')[0]
    said = world.browser("relative").words(f"/records/Encounter/{address}")
    assert "家人的紀錄" in said
    assert "當事人同意由您代看" in said


def test_a_relative_sees_neither_choices_nor_who_looked(world):
    page = world.browser("relative").get(f"/family/{world.cast.citizen}").text
    assert "/me/choices" not in page.partition("<main")[2].partition("</main")[0]
    for path in (f"/records/Consent/agreed?for={world.cast.citizen}", "/records/Consent/agreed"):
        assert world.browser("relative").get(path).status_code in {403, 404}


def test_a_relative_loses_sight_at_the_next_request_when_it_ends(fresh):
    relative, path = fresh.browser("relative"), f"/family/{fresh.cast.citizen}"
    item = f"/records/Observation/{fresh.one('Observation')['id']}?for={fresh.cast.citizen}"
    assert [relative.get(each).status_code for each in (path, f"{path}/timeline", item)] == [200] * 3
    answer = fresh.browser("citizen").submit("/me/choices/end", consent="agreed")
    assert "已結束代看" in answer.text
    assert [relative.get(each).status_code for each in (path, f"{path}/timeline", item)] == [403] * 3


def test_letting_somebody_in_takes_effect_at_once(fresh):
    father, path = fresh.browser("father"), f"/family/{fresh.cast.citizen}"
    assert father.get(path).status_code == 403
    given = {"account": "father", "until": (today() + timedelta(days=30)).isoformat()}
    citizen = fresh.browser("citizen")
    assert "讓陳文雄代看" in citizen.get("/me/family/let-in", params=given).text
    assert "陳文雄" in citizen.submit("/me/family/let-in", **given).text
    assert father.get(path).status_code == 200


def test_the_last_day_is_included_and_the_next_one_is_not(fresh):
    given = {"account": "father", "until": today().isoformat()}
    fresh.browser("citizen").submit("/me/family/let-in", **given)
    assert fresh.browser("father").get(f"/family/{fresh.cast.citizen}").status_code == 200


@pytest.mark.parametrize(
    ("account", "days", "said"),
    [("nobody", 1, "查無"), ("clinician", 1, "查無"), ("citizen", 1, "您自己"), ("father", -1, "今天或之後")],
)
def test_what_is_wrong_with_an_invitation_is_said_at_its_field(world, account, days, said):
    given = {"account": account, "until": (today() + timedelta(days=days)).isoformat()}
    answer = world.browser("citizen").get("/me/family/let-in", params=given)
    assert answer.status_code == 400
    assert said in answer.text


def test_a_clinician_and_a_stranger_are_not_let_in_by_the_family_address(world):
    for name, status in (("father", 403), ("clinician", 403)):
        assert world.browser(name).get(f"/family/{world.cast.citizen}").status_code == status
