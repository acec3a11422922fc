import re

import pytest


def test_a_patient_is_found_by_name_and_by_the_whole_number(world):
    browser, number = world.browser("clinician"), world.one("Observation")["subject"]["reference"]
    patient = browser.get(f"/records/{number}?as=json").text
    identity = re.search(r"[A-Z][12]\d{8}", patient)[0]
    for sought in ("林美玉", identity, identity.lower()):
        assert "林美玉" in browser.words(f"/patients?q={sought}")
    assert identity not in browser.words("/patients?q=林美玉")
    assert "查無符合的病人" in browser.words(f"/patients?q={identity[:-1]}")


def test_one_sign_is_too_little_to_search_by(world):
    assert "請輸入姓名或號碼" in world.browser("clinician").words("/patients?q=林")


@pytest.mark.parametrize("sought", ["a,b", "x|y", "a\\", "$100", "%", "' OR 1=1", "<b>"])
def test_signs_of_the_search_grammar_are_taken_as_they_are(world, sought):
    answer = world.browser("clinician").get("/patients", params={"q": sought})
    assert answer.status_code == 200
    assert "<b>" not in answer.text.partition("<main")[2].partition("/patients")[0]


def test_the_rows_alone_come_for_htmx(world):
    part = world.browser("clinician").get("/patients?q=林美玉", headers={"hx-request": "true"}).text
    assert "林美玉" in part
    assert "<main" not in part


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "zh-TW",
            [
                "盤尼西林",
                "高血壓",
                "第二型糖尿病",
                "氨氯地平",
                "糖化血色素",
                "您為照護病人而查閱",
                "示範資料",
            ],
        ),
        (
            "en",
            [
                "Penicillin",
                "High blood pressure",
                "Type 2 diabetes",
                "Amlodipine",
                "HbA1c",
                "in order to care",
            ],
        ),
    ],
)
def test_the_summary_tells_problems_medicines_allergies_and_results(world, lang, expected):
    said = world.browser("clinician", lang).words(f"/patients/{world.cast.citizen}")
    assert [word for word in expected if word not in said] == []


def test_each_medicine_and_each_problem_stands_once(world):
    page = world.browser("clinician").get(f"/patients/{world.cast.citizen}").text
    for kind in ("MedicationRequest", "Condition"):
        names = re.findall(rf'href="/records/{kind}/[^"]+">([^<]+)</a>', page)
        assert len(names) == len(set(names)) > 0


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
@pytest.mark.parametrize("view", ["readable", "timeline", "table", "json"])
@pytest.mark.parametrize(
    "kind", ["Encounter", "Observation", "MedicationRequest", "DiagnosticReport", "Procedure"]
)
def test_any_item_opens_in_four_readings(world, kind, view, lang):
    item = world.one(kind)
    page = world.browser("clinician", lang).get(f"/records/{kind}/{item['id']}?as={view}")
    assert page.status_code == 200
    assert page.text.count('aria-current="page"') == 2
    if view in {"table", "json"}:
        assert item["meta"]["lastUpdated"] in page.text


LABELLED = {
    "zh-TW": ("敏感標記", "精神健康", "依規則"),
    "en": ("Sensitivity labels", "Mental health", "by rule"),
}


@pytest.mark.parametrize("lang", LABELLED)
@pytest.mark.parametrize("by", ["citizen", "clinician"])
def test_a_record_tells_its_labels_and_whence_they_come(world, lang, by):
    """In words for everybody; with the rule, and so the code, where all elements stand. Not in the record itself."""
    sensitive = world.one("Condition", ("code", "F32.A"))["id"]
    plain = world.one("Condition", ("code", "I10"))["id"]
    browser = world.browser(by, lang)
    said = browser.words(f"/records/Condition/{sensitive}")
    assert all(word in said for word in LABELLED[lang])
    assert "F32" not in said
    assert "mental_health:icd-10-cm:F32" in browser.words(f"/records/Condition/{sensitive}?as=table")
    assert '"security"' not in browser.get(f"/records/Condition/{sensitive}?as=json").text
    for view in ("readable", "table"):
        assert LABELLED[lang][0] not in browser.words(f"/records/Condition/{plain}?as={view}")


def test_the_table_holds_every_single_value(world):
    item = world.one("MedicationRequest")
    said = world.browser("clinician").words(f"/records/MedicationRequest/{item['id']}?as=table")
    for path in ("dispenseRequest.validityPeriod.end", "dosageInstruction[0].text", "subject.reference"):
        assert path in said


def test_the_course_of_a_value_is_drawn_with_its_table(world):
    item = world.one("Observation", ("code", "4548-4"))
    page = world.browser("clinician").get(f"/records/Observation/{item['id']}").text
    assert "<svg" in page
    assert page.count("<tr>") > 5


def test_blood_pressure_is_drawn_as_two_lines(world):
    item = world.one("Observation", ("code", "85354-9"))
    said = world.browser("clinician").words(f"/records/Observation/{item['id']}?as=timeline")
    assert "收縮壓" in said
    assert "舒張壓" in said


def test_versions_say_what_changed(fresh):
    item = fresh.one("Condition", ("code", "I10"))
    fresh.write({**item, "onsetDateTime": "2016-01-01"})
    said = fresh.browser("clinician").words(f"/records/Condition/{item['id']}?as=timeline")
    assert "變更：開始" in said


def test_a_pharmacist_sees_medicines_and_no_diagnosis(world):
    said = world.browser("pharmacist").words(f"/patients/{world.cast.citizen}")
    assert "氨氯地平" in said
    assert "第二型糖尿病" not in said


@pytest.mark.parametrize(
    "path", ["/records/Nothing/1", "/records/Binary/../1", "/patients/nobody", "/records/Patient/nobody"]
)
def test_what_is_not_there_is_not_found(world, path):
    assert world.browser("clinician").get(path).status_code == 404


def test_a_citizen_opens_no_record_of_another_person(world):
    browser, patient = world.browser("father"), world.cast.citizen
    assert browser.get(f"/records/Patient/{patient}").status_code == 404
    assert browser.get(f"/records/Patient/{patient}?for={patient}").status_code == 403
    assert browser.get(f"/patients/{patient}").status_code == 403
