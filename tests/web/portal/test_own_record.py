"""The citizen's own record, in both languages."""

import pytest

from camphora.synth.terms import ICD
from camphora.web.reading.plain import today

BOTH = pytest.mark.parametrize("lang", ["zh-TW", "en"])


def test_the_record_says_in_plain_words_what_happened_and_what_is_due(world):
    said = world.browser("citizen").words("/me")
    for expected in ("下一次領藥", "大腸癌糞便潛血", "乳房攝影", "心臟血管內科門診", "高血壓", "血壓"):
        assert expected in said
    assert "示範資料" in said


def test_the_record_is_told_in_english_too(world):
    said = world.browser("citizen", "en").words("/me")
    for expected in (
        "Next refill",
        "Bowel cancer stool test",
        "Outpatient visit, cardiology",
        "High blood pressure",
    ):
        assert expected in said


@BOTH
@pytest.mark.parametrize(
    "path", ["/me", "/me/timeline", "/me/family", "/me/choices", "/me/looked", "/me/download"]
)
def test_no_page_for_a_citizen_shows_a_code(world, lang, path):
    said = world.browser("citizen", lang).words(path)
    for code in ("I10", "E11.9", "F32", "85354-9", "4548-4", "C08CA01", "AMB", ICD, "loinc", "None"):
        assert code not in said


@BOTH
@pytest.mark.parametrize(
    "kind", ["Encounter", "Observation", "MedicationRequest", "Condition", "Immunization"]
)
def test_a_citizen_reads_any_item_without_codes(world, lang, kind):
    item = world.one(kind)
    said = world.browser("citizen", lang).words(f"/records/{kind}/{item['id']}")
    assert not [code for code in ("http://", "I10", "8480-6", "QD", "Patient/", "Encounter/") if code in said]


def test_the_next_refill_is_the_day_on_which_the_last_supply_ends(world):
    given = world.one("MedicationDispense", ("_sort", "-whenhandedover"))
    assert given["daysSupply"]["value"] == 28
    said = world.browser("citizen").words("/me")
    assert "慢性病連續處方箋第 3 次（共 3 次）" in said
    assert f"{today().year - 1911} 年" not in said.split("下一次領藥")[1][:12]


def test_the_timeline_holds_every_visit_once(world):
    browser, said = world.browser("citizen"), ""
    path = "/me/timeline"
    while path:
        page = browser.get(path).text
        said += page
        found = page.partition("/me/timeline?page=")[2].partition('"')[0]
        path = f"/me/timeline?page={found}" if found else ""
    visits = set(_ids(said, "Encounter"))
    assert len(visits) == len(_ids(said, "Encounter")) > 20


def _ids(text, kind):
    return [part.partition('"')[0] for part in text.split(f'href="/records/{kind}/')[1:]]


def test_large_print_is_remembered(world):
    browser = world.browser("citizen")
    assert 'data-size="large"' in browser.get("/me?size=large").text
    assert 'data-size="large"' in browser.get("/me").text


def test_markup_in_a_name_is_shown_as_text(world):
    page = (
        world.browser("hostile").get("/me/family").text
        + world.browser("clinician").get("/patients/hostile").text
    )
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_who_is_not_signed_in_is_asked_to(world):
    browser = world.browser("citizen")
    browser.cookies.clear()
    answer = browser.get("/me", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fme")


@pytest.mark.parametrize(
    "path", ["/me", "/me/looked", "/me/download/record.json", "/family/0000-1", "/patients"]
)
def test_an_analyst_reads_no_single_person(world, path):
    assert world.browser("analyst").get(path).status_code == 403
