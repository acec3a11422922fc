"""`/codes`: look up, search in both languages, compare across editions and maps."""

import csv
import io
from pathlib import Path

import pytest

from camphora.terminology.loaders import Asked, load, unload

SAMPLES = Path(__file__).parents[2] / "terminology" / "data"
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
CM = TWCORE + "icd-10-cm-2023-tw"
DRUG = TWCORE + "medication-nhi-tw"


@pytest.fixture(scope="module")
def with_icd(installation):
    """Three editions of ICD-10-CM, which go again: other tests count what is held."""
    path = installation.terminology.path
    load(path, SAMPLES / "icd10cm_nhi_2014_sample_big5.csv", Asked(version="2017-07-19"))
    load(path, SAMPLES / "icd10cm_nhi_2023_sample.csv", Asked(version="2024-01-31"))
    load(path, SAMPLES / "icd10cm_order_sample.txt", Asked(version="2024"))
    yield installation
    for url, version in ((CM, "2024-01-31"), (TWCORE + "icd-10-cm-2014-tw", "2017-07-19"),
                         ("http://hl7.org/fhir/sid/icd-10-cm", "2024")):  # fmt: skip
        unload(path, url, version)


@pytest.fixture
def with_added(installation, tmp_path):
    """A newer edition of the drug items, loaded by the site, of 130 codes and no stated licence."""
    path, table = installation.terminology.path, tmp_path / "drugs.csv"
    made = "".join(f"AC{number:05}100,示範藥品{number}\n" for number in range(130))
    table.write_text("code,display\n" + made)
    load(path, table, Asked(kind="nhi-drug", version="2025-test"))
    yield installation
    unload(path, DRUG, "2025-test")


def rows(browser, path, lang="zh-TW", **asked):
    return browser(lang).get(path, params=asked).json()["rows"]


def test_the_systems_are_listed_and_each_can_be_opened(reader):
    listed = reader.get("/codes.json").json()["rows"]
    assert len(listed) == 36
    said = reader.said(f"/codes?system={TWCORE}postal-code3-tw")
    assert "100" in said
    assert "臺北市中正區" in said


@pytest.mark.parametrize(
    ("query", "code"),
    [("台北市中正", "100"), ("panadol 500mg", "A034333100"), ("a034333", "A034333100"), ("QD", "QD")],
)
def test_a_search_finds_by_code_and_by_name_in_either_language(browser, query, code):
    assert code in {row["code"] for row in rows(browser, "/codes.json", q=query)}


def test_a_search_says_how_many_there_are_and_may_be_narrowed(browser):
    page = browser().get("/codes", params={"q": "內科"}).text
    whole = browser().said("/codes?q=內科")
    assert "只列前 100 個" in whole
    assert f"system={TWCORE.replace(':', '%3A').replace('/', '%2F')}organization" in page
    narrowed = rows(browser, "/codes.json", q="內科", system=TWCORE + "medical-treatment-department-nhi-tw")
    assert [row["zh"] for row in narrowed] == ["內科", *[row["zh"] for row in narrowed[1:]]]
    assert {row["system"] for row in narrowed} == {"臺灣健保署診療科別"}


@pytest.mark.usefixtures("with_icd")
def test_a_code_is_compared_with_each_edition_before(browser):
    found = rows(browser, "/codes/concept.json", system=CM, code="A09")
    assert [(row["version"], row["zh"], row["change"]) for row in found] == [
        ("2024-01-31", "感染性腸胃炎", "中文名稱變更、英文名稱變更"),
        ("2024", None, "英文名稱變更"),
        ("2017-07-19", "感染性胃腸炎", "最早收載的版本"),
    ]
    only = rows(browser, "/codes/concept.json", "en", system=CM, code="E11.9")
    assert [row["change"] for row in only] == ["English name changed", "earliest edition held"]


@pytest.mark.usefixtures("with_icd")
def test_a_code_leads_up_and_down_the_hierarchy_and_to_its_versions(browser):
    page = browser().get("/codes/concept", params={"system": CM, "code": "A00"}).text
    assert "code=A00.1" in page
    assert "version=2017-07-19" in page
    said = browser().said(f"/codes/concept?system={TWCORE}icd-10-cm-2014-tw&code=A00.1")
    assert "霍亂（埃爾托型）" in said
    assert "上層代碼" in said


def test_maps_lead_to_other_systems(browser):
    page = browser().get(
        "/codes/concept", params={"system": TWCORE + "medication-frequency-nhi-tw", "code": "QD"}
    )
    assert "GTSAbbreviation" in page.text
    assert "medication-frequency" in page.text


def test_a_download_has_every_row_and_its_origin(browser):
    asked = {"system": TWCORE + "postal-code3-tw", "code": "100"}
    answer = browser().get("/codes/concept.csv", params=asked)
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["中文名稱"], row["資料性質"]) == ("臺北市中正區", "真實開放資料")
    assert 'filename="code-100.csv"' in answer.headers["content-disposition"]


def test_an_unknown_code_is_said_with_a_remedy(reader):
    assert "terminology-no-code" in reader.said(
        f"/codes/concept?system={TWCORE}postal-code3-tw&code=zzz", 404
    )


def test_a_plain_name_of_ours_leads_nowhere_and_is_marked(browser):
    (found,) = rows(browser, "/codes.json", q="b型肝炎疫苗")
    assert found["version"] == "本專案所取的白話名稱"
    assert "/codes/concept" not in browser().get("/codes", params={"q": "b型肝炎疫苗"}).text


@pytest.mark.usefixtures("with_added")
def test_every_edition_is_listed_and_the_default_one_is_named(browser):
    listed = {row["version"]: row for row in rows(browser, "/codes.json") if row["name"] == "健保用藥品項"}
    found = {version: (row["default"], row["licence"]) for version, row in listed.items()}
    assert found == {
        "2025-test": ("預設版本", "未註明授權"),
        "1.2.3": ("指定版本時採用", "CC0-1.0"),
    }


@pytest.mark.usefixtures("with_added")
def test_an_edition_can_be_chosen_for_listing_and_searching(browser):
    said = browser().said(f"/codes?system={DRUG}&version=1.2.3")
    assert "45,036 個代碼" in said
    assert "2025-test（預設版本） 130" in said
    asked = {"q": "a034333", "system": DRUG}
    assert rows(browser, "/codes.json", **asked) == []
    (found,) = rows(browser, "/codes.json", **asked, version="1.2.3")
    assert (found["code"], found["version"]) == ("A034333100", "1.2.3")
    kept = 'name="version" value="1.2.3"'
    assert kept in browser().get("/codes", params={**asked, "version": "1.2.3"}).text


@pytest.mark.usefixtures("with_added")
def test_what_only_another_edition_has_is_hinted(browser):
    page = browser().get("/codes", params={"q": "A034333100"}).text
    assert "其他版本查得" in page
    assert "version=1.2.3" in page
    said = browser().said(f"/codes/concept?system={DRUG}&code=A034333100", 404)
    assert "terminology-code-elsewhere" in said
    assert "version=1.2.3" in said


@pytest.mark.parametrize(("lang", "remedy"), [("zh-TW", "請減少詞數"), ("en", "Use fewer words")])
def test_a_search_without_a_hit_says_what_to_try(browser, lang, remedy):
    said = browser(lang).said("/codes?q=zzzzzz")
    assert "zzzzzz" in said
    assert remedy in said


@pytest.mark.usefixtures("with_added")
def test_only_what_came_with_camphora_is_called_open_data(browser):
    badge = 'class="chip open"'
    for version, is_open in (("1.2.3", True), ("2025-test", False)):
        page = browser().get("/codes", params={"system": DRUG, "version": version}).text
        assert (badge in page) is is_open
    assert badge not in browser().get("/codes/concept", params={"system": DRUG, "code": "AC00001100"}).text


@pytest.mark.usefixtures("with_added")
def test_a_whole_edition_that_the_site_added_is_for_those_signed_in(browser):
    asked = {"system": DRUG}
    assert browser().get("/codes.csv", params=asked).headers["location"].startswith("/sign-in")
    assert ".csv" not in browser().get("/codes", params=asked).text
    last = browser().get("/codes", params={**asked, "page": "6"}).text
    assert "第 4 頁，共 4 頁" in last
    assert "AC00125100" not in last
    signed = browser(user="analyst")
    assert len(signed.get("/codes.json", params=asked).json()["rows"]) == 100
    assert "AC00129100" in signed.get("/codes", params={**asked, "page": "6"}).text
    assert len(rows(browser, "/codes.json", q="示範藥品1", **asked)) == 41


def test_the_pages_of_an_edition_follow_one_another(browser):
    path = f"/codes?system={TWCORE}postal-code3-tw"
    first, second = browser().said(path), browser().said(f"{path}&page=2")
    assert "第 1 頁，共 15 頁" in first
    assert "100 " in first
    assert "上一頁 下一頁 第 2 頁，共 15 頁" in second
    assert browser().get(f"{path}&page=zz").status_code == 200


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("system=https://nosuch", "terminology-no-system"),
        (f"system={DRUG}&version=9", "terminology-no-edition"),
    ],
)
def test_a_system_or_edition_that_is_not_held_is_said(reader, asked, code):
    assert code in reader.said(f"/codes?{asked}", 404)
    assert code in reader.said(f"/codes/concept?{asked}&code=X", 404)


def test_the_first_page_leads_to_the_codes(reader):
    assert 'href="/codes"' in reader.get("/").text
