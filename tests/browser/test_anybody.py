"""Anybody's walk: nurse ratios down to one hospital and into a file, the population, the catalogue of the plans."""

import csv
import io
import json

import duckdb
import openpyxl
import pytest

from browser.conftest import spoken

COLUMNS = 6
"""Of a hospital's table: month, three shifts, standard, finding."""
ZERO = "無此班別或無病人，不計入"


@pytest.fixture
def anybody(opened):
    return opened()


def test_march_2024_is_told_as_published(anybody):
    anybody.goto("/")
    anybody.locator(".card").get_by_role("link", name="三班護病比").click()
    anybody.get_by_label("月份").select_option("2024-03")
    anybody.get_by_role("button", name="顯示").click()
    said = spoken(anybody)
    for expected in ("10 / 30", "21 / 82", "224 / 275", "27", ZERO):
        assert expected in said


def test_a_demo_opens_on_a_week_when_the_feed_was_alive(anybody):
    anybody.goto("/")
    anybody.locator(".card").get_by_role("link", name="智慧防疫").click()
    anybody.wait_for_url("**/systems/smart_epidemic_prevention?week=2017-25")


def test_a_hospital_is_reached_and_its_months_agree_with_its_files(anybody, tmp_path):
    anybody.goto("/systems/nurse_ratio?month=2024-03")
    anybody.get_by_role("link", name="各醫院").first.click()
    anybody.locator("tbody a").first.click()
    assert "/hospitals/" in anybody.url
    cells = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    shown = anybody.locator("main tbody tr").evaluate_all(cells)
    files = [read(saved(anybody, form, tmp_path)) for form in ("csv", "xlsx", "json", "parquet")]
    assert all(rows == files[0] for rows in files)
    assert [row[1:4] for row in files[0]] == [[cell.removeprefix("1:") for cell in row[1:4]] for row in shown]


def saved(page, form, folder):
    """A file as a visitor takes it: the menu, then the form."""
    if not page.locator("a[download]").first.is_visible():
        page.locator("summary", has_text="下載").click()
    with page.expect_download() as download:
        page.locator(f"a[href*='.{form}']").click()
    target = folder / f"table.{form}"
    download.value.save_as(target)
    return target


def read(file):
    """The rows of a file without heading and origin, each value as the page writes it."""
    match file.suffix:
        case ".csv":
            rows = list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))[1:]
        case ".xlsx":
            rows = list(openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True))[1:]
        case ".json":
            rows = [list(row.values()) for row in json.loads(file.read_bytes())["rows"]]
        case _:
            rows = duckdb.sql(f"SELECT * FROM read_parquet('{file}')").fetchall()
    return [[plain(value) for value in row[:COLUMNS]] for row in rows]


def plain(value):
    """5.0, 5 and "5.0" alike; nothing as nothing."""
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return value or ""


def test_the_map_leads_to_a_county(anybody):
    anybody.goto("/open/population")
    anybody.locator("main svg a[aria-label^=南投縣]").click()
    assert "county=" in anybody.url
    assert anybody.locator("tbody tr").count() >= 4


def test_the_catalogue_is_narrowed_by_facet_and_search(anybody):
    anybody.goto("/systems")
    anybody.get_by_role("link", name="部分可用").click()
    assert "state=partly" in anybody.url
    anybody.goto("/systems")
    anybody.locator("#q").press_sequentially("護病比")
    anybody.wait_for_url("**/systems?q=*")
    anybody.get_by_role("link", name="護病比監測").first.click()
    assert "持續辦理護病比入法後人力監測" in spoken(anybody)


def test_a_planned_system_says_that_there_is_nothing_yet(anybody):
    anybody.goto("/systems")
    chapter = anybody.locator("details.chapter", has_text="疾病管制業務")
    chapter.locator("summary").click()
    chapter.locator("li", has_text="規劃中").get_by_role("link").first.click()
    assert "還沒有可以操作的畫面" in spoken(anybody)
    assert anybody.locator("blockquote").count() >= 1


def test_the_other_language_keeps_the_address(anybody):
    anybody.goto("/systems/nurse_ratio/hospitals?month=2024-03&level=醫學中心")
    rows = anybody.locator("tbody tr").count()
    anybody.locator("header").get_by_role("link", name="English").click()
    assert "month=2024-03" in anybody.url
    assert "/systems/nurse_ratio/hospitals?" in anybody.url
    assert anybody.locator("html").get_attribute("lang") == "en"
    assert anybody.locator("tbody tr").count() == rows == 30
    anybody.goto("/open")
    assert "Open data" in spoken(anybody)
