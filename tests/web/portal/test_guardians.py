"""A guardian chooses for a minor until majority; a minor of the age for it chooses alone; others only look."""

import re
from datetime import UTC, datetime, time, timedelta

import orjson
import pytest

from camphora.gate import User
from camphora.policy import Role
from camphora.policy.choices import agree_to_project, given_by, restrict
from camphora.web.reading.plain import today

GUARD = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}


def years_ago(years, days=0):
    day = today()
    return day.replace(year=day.year - years, day=min(day.day, 28)) + timedelta(days=days)


def child(world, name, born):
    """A minor whose guardian is the citizen, and the minor's own account."""
    world.write(
        {
            "resourceType": "Patient", "id": name, "birthDate": born.isoformat(), "name": [{"text": f"陳{name}"}],
            "identifier": [{"system": "http://www.moi.gov.tw", "value": "F100000001"}],
        },
        {
            "resourceType": "RelatedPerson", "id": f"guardian-of-{name}", "patient": {"reference": f"Patient/{name}"},
            "relationship": [{"coding": [GUARD]}],
        },
    )  # fmt: skip
    mother = world.installation.store.read(world.access("citizen"), "Patient", world.cast.citizen)
    body = orjson.loads(mother.body)
    links = [
        *body.get("link", []),
        {"other": {"reference": f"RelatedPerson/guardian-of-{name}"}, "type": "seealso"},
    ]
    world.write({**body, "link": links})
    world.installation.gate.identity.add_user(User(f"own-{name}", name, Role.CITIZEN, person=name), None)


def consents(world, name):
    gate = world.installation.gate
    access = gate.access(gate.identity.user(f"own-{name}").reader())
    return world.installation.store.whom(access, name).consents


def test_a_guardian_restricts_a_hospital_for_a_child(fresh):
    child(fresh, "kid", years_ago(8))
    mother, clinician = fresh.browser("citizen"), fresh.browser("clinician")
    assert "代為選擇" in mother.words("/me/family")
    assert mother.get("/family/kid").status_code == 200
    page = mother.words("/me/choices?for=kid")
    assert "代陳kid選擇" in page
    assert "18 歲" in page
    assert clinician.get("/patients/kid").status_code == 200
    fields = {"organisation": fresh.cast.hospital, "for": "kid"}
    assert 'name="for" value="kid"' in mother.get("/me/choices/restrict", params=fields).text
    answer = mother.submit("/me/choices/restrict", **fields)
    assert "已限制" in answer.text
    assert clinician.get("/patients/kid").status_code == 404
    (consent,) = consents(fresh, "kid")
    assert consent["performer"] == [{"reference": f"Patient/{fresh.cast.citizen}"}]
    number = re.search(r"/me/certificates/(\d+)\?for=kid", answer.text)[1]
    assert "限制院所查閱" in mother.words(f"/me/certificates/{number}?for=kid")
    assert "由代理人代為作成" in fresh.browser("own-kid").words("/me/choices")
    mother.submit("/me/choices/end", consent=consent["id"], **{"for": "kid"})
    assert clinician.get("/patients/kid").status_code == 200


def test_a_guardian_is_told_how_much_of_the_childs_is_open_and_whose_choices_these_are(fresh):
    child(fresh, "kid", years_ago(8))
    fresh.write({"resourceType": "Condition", "id": "kid-1", "subject": {"reference": "Patient/kid"}})
    fresh.installation.lake.catch_up()
    mother = fresh.browser("citizen")
    page = mother.words("/me/choices?for=kid")
    assert "現有 2 筆可供利用" in page
    assert "陳kid的選擇" in page
    assert "我的選擇 我的選擇" not in page
    assert "現有 2 筆資料可供利用" in mother.words("/me/choices/stop?for=kid")
    assert "現有 0 筆可供利用" in mother.submit("/me/choices/stop", **{"for": "kid"}).text


def test_each_step_of_a_choice_says_for_whom_it_is_made(fresh):
    """A guardian of two children sees on the page that is confirmed which of them it is about."""
    child(fresh, "kid", years_ago(8))
    mother = fresh.browser("citizen")
    for path in ("stop", "stop?part=1", "restrict", f"restrict?organisation={fresh.cast.hospital}", "close",
                 "close?label=PSY"):  # fmt: skip
        mark = "&" if "?" in path else "?"
        assert "這是陳kid的選擇" in mother.words(f"/me/choices/{path}{mark}for=kid"), path
        assert "這是陳" not in mother.words(f"/me/choices/{path}"), path


def test_a_young_child_does_not_choose_alone_and_an_older_one_does(fresh):
    child(fresh, "kid", years_ago(13))
    child(fresh, "teen", years_ago(14, days=-1))
    assert "未滿 14 歲" in fresh.browser("own-kid").words("/me/choices")
    assert fresh.browser("own-kid").submit("/me/choices/stop").status_code == 403
    assert consents(fresh, "kid") == ()
    assert fresh.browser("own-teen").submit("/me/choices/stop").status_code == 200
    assert len(consents(fresh, "teen")) == 1


def test_at_majority_the_guardian_neither_looks_nor_chooses(fresh):
    child(fresh, "grown", years_ago(18, days=-1))
    mother = fresh.browser("citizen")
    assert mother.get("/family/grown").status_code == 403
    assert mother.get("/me/choices?for=grown").status_code == 403
    assert mother.submit("/me/choices/stop", **{"for": "grown"}).status_code == 403


def test_who_is_only_let_in_looks_and_does_not_choose(fresh):
    relative, person = fresh.browser("relative"), fresh.cast.citizen
    assert relative.get(f"/family/{person}").status_code == 200
    for path in ("", "/stop", "/restrict", "/close", "/end"):
        assert relative.get(f"/me/choices{path}", params={"for": person}).status_code == 403
    for path in ("stop", "restrict", "close", "end"):
        assert relative.submit(f"/me/choices/{path}", **{"for": person, "label": "PSY"}).status_code == 403


@pytest.mark.parametrize("name", ["father", "hostile"])
def test_a_stranger_does_neither(fresh, name):
    child(fresh, "kid", years_ago(8))
    assert fresh.browser(name).get("/me/choices?for=kid").status_code == 403
    assert fresh.browser(name).get("/me/choices?for=nobody").status_code == 403


def test_a_minor_old_enough_to_choose_leaves_what_a_guardian_chose_and_the_guardian_theirs(fresh):
    """Both stop the same: each ends their own alone."""
    child(fresh, "teen", years_ago(15))
    mother, teen = fresh.browser("citizen"), fresh.browser("own-teen")
    mother.submit("/me/choices/stop", **{"for": "teen"})
    (hers,) = consents(fresh, "teen")
    assert teen.submit("/me/choices/end", consent=hers["id"]).status_code == 403
    own = {**hers, "id": "own", "performer": [{"reference": "Patient/teen"}]}
    fresh.write(own)
    assert mother.submit("/me/choices/end", consent="own", **{"for": "teen"}).status_code == 403
    assert teen.submit("/me/choices/end", consent="own").status_code == 200
    assert {each["id"]: each["status"] for each in consents(fresh, "teen")} == {
        hers["id"]: "active",
        "own": "inactive",
    }


def test_an_agreement_of_a_guardian_is_shown_until_majority_and_then_no_more(fresh):
    """At majority it lapses, and a page that still showed it would be wrong; a stop stays."""
    mother, project = f"Patient/{fresh.cast.citizen}", "https://camphora.tw/project|p1"
    given, until = datetime.combine(years_ago(2), time(), UTC), years_ago(-2)
    for name, age in (("young", 17), ("grown", 18)):
        child(fresh, name, years_ago(age, days=-1))
        fresh.write(
            {**given_by(agree_to_project(name, project, until, given), mother), "id": f"agreed-{name}"},
            {**given_by(restrict(name, fresh.cast.hospital, given), mother), "id": f"stopped-{name}"},
        )
    young, grown = (fresh.browser(f"own-{name}").words("/me/choices") for name in ("young", "grown"))
    assert ("同意計畫：p1" in young, "同意計畫：p1" in grown) == (True, False)
    assert ("已限制" in young, "已限制" in grown) == (True, True)
