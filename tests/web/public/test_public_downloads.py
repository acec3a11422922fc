import io

import duckdb
import openpyxl
import pytest

VIEWS = (
    "/systems/nurse_ratio{}?month=2024-03",
    "/systems/nurse_ratio/hospitals{}?month=2024-03&level=醫學中心",
    "/open/population{}",
    "/open/population{}?county=63000",
    "/codes{}?q=aspirin",
    "/open{}",
    "/systems{}?engine=watch",
    "/about/sources{}",
    "/uses{}",
)


def parquet(content, tmp_path):
    path = tmp_path / "read.parquet"
    path.write_bytes(content)
    with duckdb.connect() as link:
        return link.execute(f"SELECT * FROM '{path}'").fetchall()


def excel(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    first, about = book.worksheets
    return [list(row) for row in first.iter_rows(values_only=True)][1:], about


@pytest.mark.parametrize("view", VIEWS)
def test_all_forms_of_a_view_hold_the_same_rows(browser, tmp_path, view):
    reader = browser()
    told = reader.get(view.format(".json")).json()
    keys = [column["key"] for column in told["columns"]]
    rows = [[row[key] for key in keys] for row in told["rows"]]
    read = parquet(reader.get(view.format(".parquet")).content, tmp_path)
    sheet, about = excel(reader.get(view.format(".xlsx")).content)
    lines = reader.get(view.format(".csv")).content.decode("utf-8-sig").split("\r\n")
    assert [[said(cell) for cell in row] for row in read] == [[said(cell) for cell in row] for row in rows]
    assert [[said(cell) for cell in row] for row in sheet] == [[said(cell) for cell in row] for row in rows]
    assert about.title == "說明"
    assert len(lines) >= len(rows) + 1


def said(cell):
    """A cell as text: a date as ISO, a number to twelve digits, no text as nothing."""
    if isinstance(cell, int | float):
        return f"{cell:.12g}"
    return "" if cell is None else str(cell)[:10] if hasattr(cell, "isoformat") else str(cell)


def test_the_file_holds_what_the_page_shows(browser):
    reader = browser()
    rows = reader.get("/open/population.json?county=63000").json()["rows"]
    page = reader.said("/open/population?county=63000")
    assert len(rows) == 12
    assert all(f"{row['persons']:,}" in page and row["name"] in page for row in rows)


def test_population_sums_to_the_whole_country(browser):
    counties = browser().get("/open/population.json").json()
    assert len(counties["rows"]) == 22
    assert sum(row["persons"] for row in counties["rows"]) == 23_483_793
    assert counties["about"]["as_of"] == "104 年 11 月"


def test_a_file_says_its_view_its_parameters_and_its_date(browser):
    answer = browser().get("/systems/nurse_ratio.xlsx?month=2024-03")
    assert answer.headers["content-disposition"].endswith('"nurse_ratio-overview-2024-03-2024-12-31.xlsx"')
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")


def test_a_file_names_its_licence_and_the_address_of_its_view(browser):
    about = browser().get("/systems/nurse_ratio.json?month=2024-03").json()["about"]
    assert about["licence"] == "Open Government Data License Taiwan 1.0"
    assert about["address"].endswith("/systems/nurse_ratio?month=2024-03")


def test_every_county_of_the_map_leads_to_its_townships(browser):
    answer = browser().get("/open/population").text
    assert all(f"/open/population?county={code}" in answer for code in ("63000", "10020", "09007"))
    assert "資料截至 104 年 11 月" in answer
