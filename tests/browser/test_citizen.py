"""The citizen's walk: her record, who looked, her choices and what they do to others, her family, taking it away."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

from browser.conftest import spoken

SELF, DOCTOR, OTHER_HOSPITAL = "林美玉", "何志華", "衛生福利部臺南醫院"
NOBODY = "nobody"


def open_rows(page):
    """The rows open to secondary use: (all, by view), as her page says."""
    said = spoken(page)
    total = int(re.search(r"現有 ([\d,]+) 筆可供利用", said)[1].replace(",", ""))
    by_view = [
        int(number) for number in re.findall(r"[^\d ]+ (\d+)[、）]", said[said.index("可供利用。（") :])
    ]
    return total, by_view


def end(page, button):
    """Take a choice back: its button, then the one that confirms."""
    page.get_by_role("link", name=button, exact=True).click()
    page.locator("main form").get_by_role("button").click()


def test_she_signs_in_and_sees_what_is_next(opened):
    page = opened()
    page.goto("/")
    page.locator("header").get_by_role("link", name="登入").first.click()
    page.get_by_role("link", name="選擇示範身分").click()
    page.get_by_role("button", name=re.compile(SELF)).click()
    said = spoken(page)
    assert page.url.endswith("/me")
    for expected in ("此人不存在", "下一次領藥", "該做的篩檢", "大腸癌糞便潛血", "乳房攝影"):
        assert expected in said
    assert page.locator(".timeline li").count() >= 5


def test_she_follows_her_timeline_to_one_visit(citizen):
    citizen.goto("/me")
    citizen.get_by_role("link", name="看更早的紀錄").click()
    citizen.locator(".timeline a").first.click()
    assert OTHER_HOSPITAL in spoken(citizen)
    citizen.get_by_role("link", name="表格", exact=True).click()
    assert "serviceProvider.reference" in spoken(citizen)
    citizen.get_by_role("link", name="JSON", exact=True).click()
    assert json.loads(citizen.locator("#json").inner_text())["resourceType"] == "Encounter"


def check(file):
    """Exit code of the command that a citizen runs at home, without the platform."""
    command = [sys.executable, "-m", "camphora", "audit", "check", str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_who_looked_is_told_and_proven_offline(citizen, opened, characters, tmp_path):
    opened("clinician").goto(f"/patients/{characters.citizen}")
    citizen.goto("/me")
    citizen.get_by_role("link", name="全部紀錄與查閱存證").click()
    assert f"{DOCTOR}（醫師）" in spoken(citizen)
    acts = citizen.locator("li").filter(has_text=DOCTOR).filter(has=citizen.locator("details.together")).first
    acts.locator("summary").click()
    acts.locator("details a").first.click()
    assert "醫療法第67條" in spoken(citizen)
    with citizen.expect_download() as download:
        citizen.get_by_role("link", name="下載查證檔").click()
    download.value.save_as(tmp_path / "proof.json")
    assert check(tmp_path / "proof.json") == 0
    proof = json.loads((tmp_path / "proof.json").read_text())
    (tmp_path / "forged.json").write_text(
        json.dumps({**proof, "entry": proof["entry"].replace("care", "self")})
    )
    assert check(tmp_path / "forged.json") != 0


def test_she_stops_secondary_use_and_none_of_her_rows_remain_open(citizen, opened):
    analyst = opened("analyst")
    citizen.goto("/me/choices")
    before, by_view = open_rows(citizen)
    assert before == sum(by_view) > 100
    first = answer(analyst)
    citizen.get_by_role("link", name="停止", exact=True).click()
    assert f"現有 {before} 筆資料可供利用" in spoken(citizen)
    citizen.get_by_role("button", name="確定停止").click()
    assert "已停止特定目的外利用；現有 0 筆可供利用。" in spoken(citizen)
    assert open_rows(citizen) == (0, [0] * len(by_view))
    assert all(abs(now - then) in {0, 5} for now, then in zip(answer(analyst), first, strict=True))
    end(citizen, "恢復")
    assert open_rows(citizen) == (before, by_view)


def answer(page):
    """The released numbers of a question that counts her: rounded, so that one person more or less is not seen."""
    page.goto("/ask")
    page.get_by_label("查什麼").select_option("診斷")
    page.get_by_label("分組", exact=True).select_option("性別")
    page.get_by_role("button", name="查詢").click()
    assert "已停止特定目的外利用者之資料未納入" in spoken(page)
    cells = page.locator("#table-answer-rows td.number").all_inner_texts()
    numbers = [int(cell.replace(",", "")) for cell in cells]
    assert len(numbers) == 2
    assert all(number % 5 == 0 for number in numbers)
    return numbers


def test_a_hospital_that_she_restricts_finds_what_it_would_find_of_nobody(citizen, opened, characters):
    doctor, number = opened("other"), identity(citizen, characters.citizen)
    assert SELF in found(doctor, SELF)
    citizen.goto("/me/choices")
    citizen.get_by_label("看過診的院所").select_option(OTHER_HOSPITAL)
    citizen.get_by_role("button", name="下一步").click()
    citizen.get_by_role("button", name="確定限制").click()
    assert f"{OTHER_HOSPITAL} 目前：已限制" in spoken(citizen)
    nobody = found(doctor, "某某某").replace("某某某", NOBODY)
    assert found(doctor, SELF).replace(SELF, NOBODY) == nobody
    assert found(doctor, number).replace(number, NOBODY) == nobody
    for path in ("/patients/{}", "/patients/{}/timeline", "/records/Patient/{}", "/fhir/Patient/{}"):
        assert told(doctor, path, characters.citizen) == told(doctor, path, NOBODY)
    end(citizen, "解除限制")
    assert SELF in found(doctor, number)


def identity(page, person):
    """Her number, as her own record holds it."""
    page.goto(f"/records/Patient/{person}?as=json")
    return re.search(r'"([A-Z][12]\d{8})"', page.locator("#json").inner_text())[1]


def found(page, sought):
    """The whole page that answers a search."""
    page.goto("/patients")
    page.locator("#q").fill(sought)
    page.get_by_role("button", name="搜尋").click()
    page.wait_for_url("**/patients?q=*")
    return plain(page.content(), sought, NOBODY if sought == "無此人" else sought)


def told(page, path, person):
    """What an address answers: status and the whole text, without what was asked for."""
    answered = page.request.get(path.format(person))
    return answered.status, plain(answered.text(), person, NOBODY)


def plain(text, sought, instead):
    """A page without the form's token and with the address that was asked for named alike."""
    return re.sub(
        r'name="csrf" value="[^"]*"', "", text.replace(quote_plus(sought), NOBODY).replace(sought, instead)
    )


def test_she_ends_what_her_daughter_may_see_and_lets_her_in_again(citizen, opened, characters):
    later = (datetime.now(UTC) + timedelta(days=700)).date().isoformat()
    daughter = opened("relative")
    daughter.goto("/me/family")
    daughter.get_by_role("link", name=re.compile("開啟紀錄")).click()
    assert SELF in spoken(daughter)
    citizen.goto("/me/family")
    end(citizen, "結束")
    assert "已結束代看" in spoken(citizen)
    refused, absent = (told(daughter, "/family/{}", one) for one in (characters.citizen, NOBODY))
    assert refused == absent
    assert refused[0] == 403
    citizen.get_by_label("家人的帳號").fill("relative")
    citizen.get_by_label("可以看到哪一天").fill(later)
    citizen.get_by_role("button", name="下一步").click()
    citizen.get_by_role("button", name="同意代看").click()
    daughter.goto(f"/family/{characters.citizen}")
    assert daughter.locator(".timeline li").count() >= 5


def test_she_takes_everything_away_as_a_bundle(citizen, characters):
    citizen.goto("/me")
    citizen.get_by_role("link", name="下載全部紀錄").click()
    counts = [int(text.replace(",", "")) for text in citizen.locator("td.number").all_inner_texts()]
    with citizen.expect_download() as download:
        citizen.get_by_role("link", name=re.compile("下載.*FHIR")).click()
    bundle = json.loads(download.value.path().read_bytes())
    resources = [entry["resource"] for entry in bundle["entry"]]
    assert bundle["resourceType"] == "Bundle"
    assert len(resources) == sum(counts) > 200
    assert [one["id"] for one in resources if one["resourceType"] == "Patient"] == [characters.citizen]
    others = [one for one in resources if one["resourceType"] != "Patient"]
    assert all(f"Patient/{characters.citizen}" in json.dumps(one) for one in others)


def test_large_print_stays_on_the_next_page(citizen):
    size = "parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)"
    citizen.goto("/me/choices")
    usual = citizen.evaluate(size)
    citizen.get_by_role("link", name="放大字級").click()
    citizen.goto("/me/family")
    citizen.goto("/me/choices")
    assert citizen.evaluate(size) >= usual * 1.15
    assert citizen.evaluate("document.documentElement.scrollWidth") <= 390
