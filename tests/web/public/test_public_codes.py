"""`/codes`: look up, search in both languages, compare across editions and maps."""

import csv
import io
from pathlib import Path

import pytest

from camphora.terminology.loaders import Asked, load, unload

SAMPLES = Path(__file__).parents[2] / "terminology" / "data"
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
CM = TWCORE + "icd-10-cm-2023-tw"


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
