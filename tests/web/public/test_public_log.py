from dataclasses import replace

import pytest

from builders import citizen
from camphora.audit import verify_inclusion
from camphora.audit.merkle import leaf_hash
from camphora.errors import Forbidden
from camphora.gate.gate import Grounds
from camphora.lake.question import Measure, Question
from camphora.policy import Purpose
from camphora.policy.internal import following
from camphora.web import uses


def ask(browser, query="view=person"):
    return browser(user="analyst").get(f"/ask.csv?{query}")


def secondary(browser):
    return browser().get("/uses.json?purpose=secondary").json()["rows"]


def test_a_use_stands_in_the_public_log_without_any_person(browser, installation):
    ask(browser)
    newest = secondary(browser)[0]
    line = installation.store.audit.receipt(newest["number"])
    said = browser().get("/uses?purpose=secondary").text
    assert f'href="/uses/{newest["number"]}.json"' in said
    assert line["nonce"] not in said
    assert not any(person in said for person in line["persons"])


WORDS = {
    "zh-TW": ("申請查閱", "准許", "已拒絕", "依法，不受當事人選擇限制"),
    "en": ("access asked for", "Permitted", "Refused", "By law, whatever persons chose"),
}


@pytest.mark.parametrize("lang", WORDS)
def test_a_refused_question_is_marked_so_in_words_and_files(browser, installation, lang):
    """Whether it was refused at the door, or by the store of figures; and one above the stops says so."""
    gate, asked, permitted, refused, above = installation.gate, *WORDS[lang]
    reader = gate.identity.user("analyst").reader()
    ask(browser)
    with pytest.raises(Forbidden):
        gate.access(reader, Purpose.SECONDARY, grounds=Grounds(("HMARKT",)))
    access = gate.access(reader, Purpose.SECONDARY)
    with pytest.raises(Forbidden):
        installation.lake.ask(replace(access, types=frozenset()), Question("person", Measure("persons")))
    installation.store.leave(access, "ask", ["Patient"], [], ruling="override")
    page = browser(lang).get("/uses?purpose=secondary").text
    rows = page[page.index("<tbody") : page.index("</tbody")].split("</tr>")
    for row, said in zip(rows, (above, refused, refused, permitted), strict=False):
        assert said in row
    assert asked in rows[2]
    told = browser(lang).get("/uses.json?purpose=secondary").json()["rows"][:4]
    assert [row["ruling"] for row in told] == [above, refused, refused, permitted]
    proof = browser(lang).get(f"/uses/{told[1]['number']}.json").json()
    assert proof["receipt"]["decision"] == "deny"


def test_a_receipt_is_proven_by_its_path(browser):
    ask(browser)
    number = secondary(browser)[0]["number"]
    proof = browser().get(f"/uses/{number}.json").json()
    path, leaf = [bytes.fromhex(node) for node in proof["path"]], bytes.fromhex(proof["leaf"])
    assert verify_inclusion(leaf, proof["index"], proof["size"], path, bytes.fromhex(proof["root"]))
    assert leaf == leaf_hash(proof["entry"].encode())


def test_a_receipt_of_secondary_use_tells_no_number_of_persons(browser, installation):
    """Neither few nor many nor nobody: each names one salted set, in a line of one length."""
    ask(browser, "view=condition&code=E11.9")
    ask(browser, "view=condition")
    ask(browser, "view=condition&code=Z99.9&since=1800&until=1801")
    numbers = [row["number"] for row in secondary(browser)[:3]]
    lines = [browser().get(f"/uses/{number}.json").json()["entry"] for number in numbers]
    fields = [installation.store.audit.receipt(number) for number in numbers]
    assert [(one["persons"], len(one["members"])) for one in fields] == [([], 32)] * 3
    assert len({len(line) for line in lines}) == 1


def test_a_receipt_of_self_reading_is_as_if_absent(browser, installation):
    person = some_patient(installation)
    before = len(installation.store.audit)
    installation.store.read(citizen(person), "Patient", person)
    there, absent = (browser().said(f"/uses/{number}.json", 404) for number in (before, before + 10_000))
    assert len(installation.store.audit) == before + 1
    assert there.replace(f" {before} ", "N") == absent.replace(f" {before + 10_000} ", "N")


def some_patient(installation):
    return next(row.id for row in installation.store.scan(following("test"), 0, 50) if row.type == "Patient")


def test_daily_totals_count_every_receipt(browser, installation):
    ask(browser)
    rows = browser().get("/uses.json").json()["rows"]
    assert sum(row["count"] for row in rows) == len(installation.store.audit)


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_the_check_finds_the_log_whole(browser, installation, lang):
    ask(browser)
    said = browser(lang).said("/uses?check=1")
    assert f"{len(installation.store.audit):,}" in said
    assert {"zh-TW": "未遭竄改", "en": "nothing was changed"}[lang] in said
    assert installation.store.audit.proof(0)["root"] in said


@pytest.mark.parametrize("before", [False, True])
def test_the_check_finds_one_changed_byte(browser, installation, monkeypatch, before):
    """At once in what was added since the last check, in what was read before once it reads all again."""
    ask(browser)
    path = installation.store.audit.folder / "receipts.log"
    if before:
        assert "不符" not in browser().said("/uses?check=1")
        monkeypatch.setattr(uses, "WHOLE_EVERY", 0.0)
    whole = path.read_bytes()
    at = whole.rindex(b'"nonce":"') + 9
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    try:
        assert "不符" in browser().said("/uses?check=1")
    finally:
        path.write_bytes(whole)
    assert "不符" not in browser().said("/uses?check=1")
