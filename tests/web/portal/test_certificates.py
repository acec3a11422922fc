"""A choice asked with the past year decided again, made in whole or part, and its 受理證明 checked offline."""

import json
import re
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camphora.audit import check_proof
from camphora.audit.receipt import salted_digest
from camphora.cli import main
from camphora.policy import Purpose
from camphora.policy.choices import close_record
from camphora.records import Put


def rows_of(world, *purposes):
    return world.installation.lake.open_rows_of(world.cast.citizen, world.access("citizen"), purposes)


def certificate_of(browser):
    return re.search(r"/me/certificates/(\d+)", browser.get("/me/certificates").text)[1]


def proof_of(browser):
    return browser.get(f"/me/certificates/{certificate_of(browser)}/proof.json").json()


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_each_act_gives_a_certificate(fresh, lang):
    browser = fresh.browser("citizen", lang)
    answer = browser.submit("/me/choices/stop")
    number = re.search(r"/me/certificates/(\d+)", answer.text)[1]
    said = browser.words(f"/me/certificates/{number}")
    assert ("停止特定目的外利用" if lang == "zh-TW" else "Stop of secondary use") in said
    assert "camphora audit check" in said
    assert (f"受理證明 第 {number} 號" if lang == "zh-TW" else f"Certificate {number}") in said
    key = fresh.installation.store.audit.proof(int(number))["key"]
    assert key in browser.words("/uses"), "the key with which to check it is published"


def test_a_certificate_is_checked_offline_and_bound_to_the_choice_as_written(fresh, tmp_path, capsys):
    browser = fresh.browser("citizen")
    browser.submit("/me/choices/restrict", organisation=fresh.cast.hospital)
    proof = proof_of(browser)
    assert check_proof(proof)
    entry = json.loads(proof["entry"])
    assert entry["act"] == "choice"
    (consent,) = proof["consents"]
    body = fresh.installation.store.read(fresh.access("citizen"), "Consent", consent["id"]).body
    assert salted_digest(bytes.fromhex(proof["salt"]), [body]) == entry["result"]
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof))
    assert main(["audit", "check", str(path)]) == 0
    path.write_text(json.dumps({**proof, "entry": proof["entry"].replace("choice", "search")}))
    assert main(["audit", "check", str(path)]) != 0
    capsys.readouterr()


def test_the_check_proves_the_choice_itself_and_whose_log_it_is(fresh, tmp_path, capsys):
    browser = fresh.browser("citizen")
    browser.submit("/me/choices/restrict", organisation=fresh.cast.hospital)
    number, proof = certificate_of(browser), proof_of(browser)
    root = re.sub(r"\s", "", browser.words(f"/me/certificates/{number}"))
    fresh.browser("clinician").get(f"/patients/{fresh.cast.citizen}")
    fresh.installation.store.audit.sync()
    assert proof_of(browser) == proof, "paper and file of any day show one head"
    assert proof["root"] in root
    path = tmp_path / "proof.json"

    def check(changed, *more):
        path.write_text(json.dumps(changed))
        code = main(["audit", "check", str(path), *more])
        return code, "".join(capsys.readouterr())

    code, said = check(proof)
    assert code == 0
    assert "已重算摘要" in said
    assert "由證明檔自己寫明" in said
    assert f"Organization/{fresh.cast.hospital}" in said
    forged = [{**proof["consents"][0], "status": "inactive"}]
    texts = [json.dumps(forged[0], separators=(",", ":"), ensure_ascii=False)]
    salt = ("0" if proof["salt"][0] != "0" else "1") + proof["salt"][1:]
    for changed in (
        {"consents": forged},
        {"consents": forged, "written": texts},
        {"written": texts},
        {"salt": salt},
    ):
        code, said = check({**proof, **changed})
        assert code == 2
        assert "不能證明作過這個選擇" in said
    assert check({**proof, "consents": [], "written": []})[0] == 2
    bare = {key: value for key, value in proof.items() if key not in {"salt", "consents", "written"}}
    assert "不證明選了什麼" in check(bare)[1]
    code, said = check(proof, "--key", proof["key"])
    assert code == 0
    assert "相符" in said
    code, said = check(proof, "--key", Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex())
    assert code == 2
    assert "不是您信任的公鑰" in said


def test_a_certificate_states_in_words_what_was_decided(fresh):
    browser = fresh.browser("citizen")
    hospital = fresh.installation.store.read(
        fresh.access("citizen"), "Organization", fresh.cast.hospital
    ).body
    record = f"Condition/{fresh.one('Condition')['id']}"
    acts = {
        "restrict": ({"organisation": fresh.cast.hospital}, json.loads(hospital)["name"]),
        "stop": (
            {"category": "diagnoses", "purpose": "HRESCH"},
            "停止特定目的外利用；診斷與過敏，用於研究；自 ",
        ),
        "close": ({"label": "PSY"}, "精神健康"),
    }
    for act, (given, wanted) in acts.items():
        browser.submit(f"/me/choices/{act}", **given)
        number = certificate_of(browser)
        assert wanted in browser.words(f"/me/certificates/{number}")
        assert wanted in browser.words("/me/certificates")
        assert wanted in browser.get(f"/me/certificates/{number}/proof.json").json()["said"][0]
        assert "自 " in browser.get(f"/me/certificates/{number}/proof.json").json()["said"][0]
    browser.submit("/me/choices/close", record=record)
    assert record not in browser.words("/me/certificates")
    assert "關閉一筆紀錄" in browser.words("/me/certificates")


def test_ending_a_choice_is_an_act_of_its_own(fresh):
    browser = fresh.browser("citizen")
    browser.submit("/me/choices/stop")
    consent = re.search(r"/me/choices/end\?consent=([\w.-]+)", browser.get("/me/choices").text)[1]
    browser.submit("/me/choices/end", consent=consent)
    numbers = dict.fromkeys(re.findall(r"/me/certificates/(\d+)", browser.get("/me/certificates").text))
    ended, made = list(numbers)
    assert "結束：停止特定目的外利用" in browser.words(f"/me/certificates/{ended}")
    assert "事項：停止特定目的外利用" in browser.words(f"/me/certificates/{made}")


def test_a_certificate_of_somebody_else_is_absent(fresh):
    browser = fresh.browser("citizen")
    browser.submit("/me/choices/stop")
    number = certificate_of(browser)
    stranger = fresh.browser("father")
    for path in (f"/me/certificates/{number}", f"/me/certificates/{number}/proof.json"):
        assert stranger.get(path).status_code == 404
        assert stranger.get(path + f"?for={fresh.cast.citizen}").status_code == 403
    looked = fresh.installation.store.looks(fresh.access("citizen"), fresh.cast.citizen, 5)
    other = next(look.receipt for look in looked if look.act != "choice")
    assert browser.get(f"/me/certificates/{other}").status_code == 404


def test_a_part_of_secondary_use_is_stopped_and_the_rest_stays(fresh):
    browser = fresh.browser("citizen")
    before = rows_of(fresh, "HRESCH")
    said = browser.words("/me/choices/stop?category=diagnoses&purpose=HRESCH")
    assert f"診斷 {before['condition']} → 0" in said
    assert "就醫" not in said, "what stays is told as one number"
    assert f"其餘 {sum(before.values()) - before['condition']} 筆不變" in said
    answer = browser.submit("/me/choices/stop", category="diagnoses", purpose="HRESCH")
    assert "診斷與過敏，用於研究" in answer.text
    assert "已停止一部分特定目的外利用" in answer.text
    after = rows_of(fresh, "HRESCH")
    assert after == {**before, "condition": 0}
    assert rows_of(fresh, "HQUALIMP")["condition"] == before["condition"]
    assert "已停止一部分" in browser.words("/me")
    again = browser.submit("/me/choices/stop", category="diagnoses", purpose="HRESCH")
    assert again.text.count("診斷與過敏，用於研究") == 1
    consent = re.search(r"/me/choices/end\?consent=([\w.-]+)", again.text)[1]
    browser.submit("/me/choices/end", consent=consent)
    assert rows_of(fresh, "HRESCH") == before


@pytest.mark.parametrize("given", [{"category": "horoscopes"}, {"purpose": "TREAT"}, {"purpose": "HMARKT"}])
def test_a_part_that_is_none_is_refused(world, given):
    browser = world.browser("citizen")
    assert browser.submit("/me/choices/stop", **given).status_code == 404
    assert browser.get("/me/choices/stop", params=given).status_code == 404


def test_the_past_year_is_decided_again_before_she_restricts(fresh):
    citizen, person = fresh.browser("citizen"), fresh.cast.citizen
    path = f"/me/choices/restrict?organisation={fresh.cast.hospital}"
    assert "其中 0 次不會成立" in citizen.words(path)
    fresh.browser("clinician").get(f"/patients/{person}")
    fresh.browser("other").get(f"/patients/{person}")
    said = citizen.words(path)
    assert "查閱或利用您的資料 2 次" in said
    assert "其中 1 次不會成立" in said
    assert "何志華" in said
    assert "林淑芬" not in said


def test_questions_about_many_are_decided_again_before_she_stops(fresh):
    fresh.browser("analyst").get("/ask?view=condition&by=sex")
    said = fresh.browser("citizen").words("/me/choices/stop")
    assert "其中 1 次不會成立" in said
    assert "其中 0 次不會成立" in fresh.browser("citizen").words("/me/choices/stop?category=genetic")


def test_closing_a_part_tells_which_records_it_closes(world):
    browser = world.browser("citizen")
    assert re.search(r"照護人員將看不到您的 \d+ 筆紀錄：.*診斷", browser.words("/me/choices/close?label=PSY"))
    assert "目前沒有屬於這一部分的紀錄" in browser.words("/me/choices/close?label=HIV")


def test_closing_a_part_tells_who_may_have_seen_it_in_the_past_year(fresh):
    """No more than that: a receipt names kinds of record. Who read none of these kinds is not among them."""
    citizen, person = fresh.browser("citizen"), fresh.cast.citizen
    path = "/me/choices/close?label=PSY"
    assert "0 次，都未開啟這次要關閉的這類紀錄" in citizen.words(path)
    picture = fresh.one("AllergyIntolerance")["id"]
    assert fresh.browser("other").get(f"/fhir/AllergyIntolerance/{picture}").status_code == 200
    assert "1 次，都未開啟這次要關閉的這類紀錄" in citizen.words(path)
    fresh.browser("clinician").get(f"/patients/{person}")
    said = citizen.words(path)
    assert "2 次，其中最多 1 次可能看到這次要關閉的紀錄" in said
    assert "可能看到的有：" in said
    assert "何志華" in said
    assert "林淑芬" not in said
    assert "0 次可能" not in citizen.words("/me/choices/close?label=HIV")
    assert "2 次，都未開啟" in citizen.words("/me/choices/close?label=HIV")
    assert "at most 1 of them may have seen" in fresh.browser("citizen", "en").words(path)


def test_one_record_is_closed_and_opened_again(fresh):
    citizen, clinician = fresh.browser("citizen"), fresh.browser("clinician")
    record = f"Condition/{fresh.one('Condition')['id']}"
    assert f"record={record.replace('/', '%2F')}" in citizen.get(f"/records/{record}").text
    assert "看不到您的 1 筆紀錄" in citizen.words(f"/me/choices/close?record={record}")
    assert clinician.get(f"/records/{record}").status_code == 200
    answer = citizen.submit("/me/choices/close", record=record)
    assert "一筆紀錄" in answer.text
    assert clinician.get(f"/records/{record}").status_code == 404
    assert citizen.get(f"/records/{record}").status_code == 200
    consent = re.search(r"/me/choices/end\?consent=([\w.-]+)", answer.text)[1]
    citizen.submit("/me/choices/end", consent=consent)
    assert clinician.get(f"/records/{record}").status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"data": [{"meaning": "instance", "reference": {"reference": "Condition/any"}}]},
        {"code": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}]}]},
        {"dataPeriod": {"start": "2020", "end": "2021"}},
    ],
)
def test_a_denial_of_care_is_no_stop_of_secondary_use(fresh, said):
    """CLINTRL and POPHLTH stand below TREAT: those it withholds, but she never stopped secondary use."""
    browser, before = fresh.browser("citizen"), rows_of(fresh)
    clinical = rows_of(fresh, "CLINTRL")
    consent = close_record(fresh.cast.citizen, "Condition/any", datetime.now(UTC))
    provision = {"type": "deny", "purpose": consent["provision"]["purpose"], **said}
    fresh.installation.store.write(
        fresh.access("citizen"), [Put({**consent, "provision": provision}, expect="new")]
    )
    assert sum(before.values()) > 0
    assert rows_of(fresh) == before
    assert rows_of(fresh, "HRESCH") == before
    assert sum(clinical.values()) > sum(rows_of(fresh, "CLINTRL").values()) == 0
    words = browser.words("/me/choices")
    assert "已停止一部分" not in words
    assert "TREAT" not in words
    assert "已停止一部分" not in browser.words("/me")


def test_only_a_record_of_hers_can_be_closed(world):
    browser = world.browser("citizen")
    for record in ("Condition/nobody", f"Patient/{world.cast.citizen}", "Consent/agreed", "Nonsense/x"):
        assert browser.submit("/me/choices/close", record=record).status_code == 404
        assert browser.get("/me/choices/close", params={"record": record}).status_code == 404


def test_a_choice_is_written_as_r4_says(fresh):
    browser = fresh.browser("citizen")
    record = f"Condition/{fresh.one('Condition')['id']}"
    browser.submit("/me/choices/stop", category="diagnoses", purpose="HRESCH")
    browser.submit("/me/choices/close", record=record)
    whom = fresh.installation.store.whom(fresh.access("citizen", Purpose.SELF), fresh.cast.citizen)
    validator = fresh.installation.standard.validator
    for consent in whom.consents:
        assert not [each for each in validator.validate(consent) if each.severity in {"error", "fatal"}]
