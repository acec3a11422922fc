import re
from pathlib import Path

import orjson
import pytest

import camphora
from camphora.audit import verify_inclusion
from camphora.audit.merkle import leaf_hash
from camphora.policy import Purpose
from camphora.records import Look
from camphora.web.citizen.looked import grouped
from camphora.web.site import handlers_words


def receipts(browser):
    page = browser.get("/me/looked").text
    return [int(number) for number in re.findall(r'href="/me/looked/(\d+)"', page)]


def test_every_page_that_a_clinician_opens_is_seen_by_the_patient(fresh):
    clinician, citizen = fresh.browser("clinician"), fresh.browser("citizen")
    paths = [
        "/patients?q=林美玉",
        f"/patients/{fresh.cast.citizen}",
        f"/patients/{fresh.cast.citizen}/timeline",
    ]
    paths += [
        f"/records/Observation/{fresh.one('Observation')['id']}?as={view}"
        for view in ("readable", "timeline", "table", "json")
    ]
    for path in paths:
        before = fresh.installation.store.looks(fresh.access("citizen"), fresh.cast.citizen, 10_000)
        assert clinician.get(path).status_code == 200
        after = fresh.installation.store.looks(fresh.access("citizen"), fresh.cast.citizen, 10_000)
        assert [look.name for look in after[: len(after) - len(before)]].count("何志華") > 0, path
    assert "何志華" in citizen.words("/me/looked")


def test_looks_tell_who_what_for_when_and_on_which_basis(fresh):
    fresh.browser("clinician").get(f"/patients/{fresh.cast.citizen}")
    said = fresh.browser("citizen").words("/me/looked")
    for expected in ("成功大學醫學院附設醫院", "何志華（醫師）", "醫療照護", "醫療法第67條"):
        assert expected in said


def test_her_own_reading_is_listed_only_when_asked_for(fresh):
    browser = fresh.browser("citizen")
    browser.get("/me")
    assert "林美玉" not in browser.words("/me/looked")
    assert "林美玉" in browser.words("/me/looked?own=1")


def test_many_own_looks_do_not_push_out_those_of_others(fresh):
    fresh.browser("clinician").get(f"/patients/{fresh.cast.citizen}")
    browser = fresh.browser("citizen")
    for _ in range(30):
        browser.get("/me")
    assert "何志華" in browser.words("/me")


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_a_receipt_can_be_read_and_proven_offline(fresh, lang):
    fresh.browser("clinician").get(f"/patients/{fresh.cast.citizen}")
    browser = fresh.browser("citizen", lang)
    number = receipts(browser)[0]
    assert "何志華" in browser.words(f"/me/looked/{number}")
    proof = orjson.loads(browser.get(f"/me/looked/{number}/proof.json").content)
    path, root = [bytes.fromhex(node) for node in proof["path"]], bytes.fromhex(proof["root"])
    assert verify_inclusion(leaf_hash(proof["entry"].encode()), proof["index"], proof["size"], path, root)


def test_all_receipts_come_as_audit_events(fresh):
    person = fresh.cast.citizen
    fresh.browser("clinician").get(f"/patients/{person}")
    events = orjson.loads(fresh.browser("citizen").get("/me/looked/events.json").content)["entry"]
    kept = [entry["resource"] for entry in events]
    assert {event["resourceType"] for event in kept} == {"AuditEvent"}
    assert {each["what"]["reference"] for event in kept for each in event["entity"][:1]} == {
        f"Patient/{person}"
    }
    assert any("PatientQuery" in event["meta"]["profile"][0] for event in kept)


def test_looking_at_who_looked_leaves_a_receipt_too(fresh):
    browser, log = fresh.browser("citizen"), fresh.installation.store.audit
    for path, act in (("/me/looked", "looked"), ("/me/looked/events.json", "events")):
        browser.get(path)
        assert act in {fields["act"] for _, fields in log.newest(4)}


def test_a_receipt_about_somebody_else_is_not_shown(fresh):
    fresh.browser("clinician").get("/patients/hostile")
    number = len(fresh.installation.store.audit) - 1
    assert fresh.browser("hostile").get(f"/me/looked/{number}").status_code == 200
    for path in (f"/me/looked/{number}", f"/me/looked/{number}/proof.json", "/me/looked/999999"):
        assert fresh.browser("citizen").get(path).status_code == 404


def test_the_next_part_of_the_list_comes_alone(fresh):
    browser = fresh.browser("citizen")
    whole = browser.get("/me/looked?own=1").text
    part = browser.get("/me/looked?from=1&own=1", headers={"hx-request": "true"}).text
    assert "<main" in whole
    assert "<main" not in part


def look(receipt, at, name="a"):
    return Look(receipt, at, name, "clinician", "h1", "care", "read", ("Patient",))


def test_looks_of_one_reader_in_one_go_are_one_act():
    minute = 60_000
    looks = [
        look(5, 30 * minute),
        look(4, 29 * minute),
        look(3, 28 * minute, "b"),
        look(2, 27 * minute),
        look(1, 0),
    ]
    assert [[each.receipt for each in act.looks] for act in grouped(looks)] == [[5, 4], [3], [2], [1]]


def test_a_use_of_many_people_is_shown_as_one_among_many(fresh):
    store = fresh.installation.store
    secondary = fresh.access("analyst", Purpose.SECONDARY)
    store.leave(secondary, "ask", ["Condition"], range(1, 300))
    browser = fresh.browser("citizen")
    said = browser.words("/me/looked")
    assert "統計查詢，您為其中一筆（診斷與問題）" in said
    assert "特定目的外利用" in said
    assert "同時涉及許多人" in browser.words(f"/me/looked/{receipts(browser)[0]}")


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_act_that_leaves_a_receipt_has_words(lang):
    sources = [path.read_text("utf-8") for path in Path(camphora.__file__).parent.rglob("*.py")]
    leaves = re.compile(r'(?:leave\(\s*access, |Act\(\s*|_attest\(chart, )"([a-z-]+)"')
    acts = {act for text in sources for act in leaves.findall(text)}
    assert {"read", "search", "history", "ask"} <= acts
    assert [act for act in acts if f"looked_act.{act}" not in handlers_words(lang)] == []


@pytest.mark.parametrize(
    ("lang", "refused"), [("zh-TW", "已拒絕，未看到內容"), ("en", "Refused; nothing was seen")]
)
def test_a_refused_look_says_so_in_the_list_on_her_page_and_in_its_receipt(fresh, lang, refused):
    browser = fresh.browser("citizen", lang)
    assert refused not in browser.words("/me/looked")
    browser.submit("/me/choices/restrict", organisation=fresh.cast.hospital)
    fresh.browser("clinician").get(f"/patients/{fresh.cast.citizen}")
    assert refused in browser.words("/me")
    said = browser.words("/me/looked")
    assert refused in said
    assert ("其中 1 次已拒絕" if lang == "zh-TW" else "1 of them refused") in said
    assert refused in browser.words(f"/me/looked/{receipts(browser)[0]}")


def test_a_refused_look_and_one_that_was_let_in_are_not_one_act():
    looks = [
        Look(number, 1000 - number, "何志華", "clinician", "h1", "care", "read", decision=decision)
        for number, decision in enumerate(("permit", "deny", "deny"))
    ]
    assert [len(act.looks) for act in grouped(looks)] == [1, 2]


@pytest.mark.parametrize(
    ("lang", "said"),
    [("zh-TW", r"此列合計 (\d+) 次查閱，最早於"), ("en", r"(\d+) looks in this line, the first")],
)
def test_looks_that_stand_in_one_line_are_counted_and_each_has_its_receipt(fresh, lang, said):
    person = fresh.cast.citizen
    for _ in range(2):
        fresh.browser("clinician").get(f"/patients/{person}")
    browser = fresh.browser("citizen", lang)
    looks = fresh.installation.store.looks(fresh.access("citizen"), person, 10_000)
    act = next(act for act in grouped(looks) if act.newest.name == "何志華")
    assert len(act.looks) > 1
    page = browser.get("/me/looked").text
    assert len(act.looks) in {int(number) for number in re.findall(said, page)}
    for look in act.looks:
        assert f'href="/me/looked/{look.receipt}"' in page
        assert browser.get(f"/me/looked/{look.receipt}").status_code == 200
