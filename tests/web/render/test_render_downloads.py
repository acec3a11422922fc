"""Files of a table: typed, with their origin, safe to open."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from camphora.errors import NotFound
from camphora.pages import Column, Table
from camphora.web.downloads import RUNS, Origin, encode, file_name, named_table, origin_of, readable
from camphora.web.patterns import Speaker, view

COLUMNS = [
    Column("name", "名稱"),
    Column("n", "人數", "integer", "人"),
    Column("share", "比率", "percent"),
    Column("day", "日期", "date"),
]
ROW = {"name": "=1+1", "n": 3, "share": 0.25, "day": "2024-12-31"}
TABLE = Table("visits", "就醫", COLUMNS, [ROW, {"name": "乙"}])
ORIGIN = Origin(
    title="就醫", badge="synthetic", as_of="113 年 12 月", source="本平臺", licence="CC0", note="示例"
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.lists(st.tuples(texts, texts), max_size=8))
def test_csv_gives_back_what_it_was_given(pairs) -> None:
    table = Table("t", "t", [Column("a", "A"), Column("b", "B")], [{"a": a, "b": b} for a, b in pairs])
    content = encode("csv", table, ORIGIN, "zh-TW")
    assert content.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert read[0] == ["A", "B", "資料性質", "資料截至", "來源"]
    assert [(readable(row[0]), readable(row[1])) for row in read[1:]] == pairs
    assert not any(cell.startswith(RUNS) for row in read for cell in row)


def test_every_row_of_a_csv_says_that_it_is_synthetic() -> None:
    lines = encode("csv", TABLE, ORIGIN, "zh-TW").decode("utf-8-sig").split("\r\n")
    assert lines[0] == "名稱,人數,比率,日期,資料性質,資料截至,來源"
    assert lines[1] == "'=1+1,3,0.25,2024-12-31,合成資料（非真實個資）,113 年 12 月,本平臺"
    assert lines[2].startswith("乙,,,,合成資料")


def test_excel_cells_are_typed_and_no_text_is_a_formula() -> None:
    book = load_workbook(io.BytesIO(encode("xlsx", TABLE, ORIGIN, "zh-TW")))
    data, about = book["資料"], book["說明"]
    cells = next(data.iter_rows(min_row=2, max_row=2))
    assert [cell.value for cell in cells] == ["=1+1", 3, 0.25, datetime.fromisoformat("2024-12-31")]
    assert cells[0].data_type == "s"
    assert (cells[2].number_format, data.freeze_panes) == ("0.0%", "A2")
    facts = {row[0].value: row[1].value for row in about.iter_rows()}
    assert facts["資料性質"] == "合成資料（非真實個資）"
    assert facts["授權"] == "CC0"


def test_json_holds_rows_and_origin() -> None:
    body = json.loads(encode("json", TABLE, ORIGIN, "en"))
    assert body["about"]["kind"] == "synthetic data (no real person)"
    assert body["rows"] == [ROW, {"name": "乙", "n": None, "share": None, "day": None}]
    assert [column["key"] for column in body["columns"]] == ["name", "n", "share", "day"]


def test_parquet_is_typed_and_bears_its_origin(tmp_path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(encode("parquet", TABLE, replace(ORIGIN, note="it's"), "en"))
    with duckdb.connect() as link:
        rows = link.execute(f"SELECT * FROM '{path}'").fetchall()
        pairs = link.execute(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall()
    assert rows == [("=1+1", 3, 0.25, date(2024, 12, 31)), ("乙", None, None, None)]
    facts = {key.decode(): value.decode() for key, value in pairs}
    assert (facts["note"], facts["kind"]) == ("it's", "synthetic data (no real person)")


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "parquet"])
def test_an_empty_table_is_still_a_file(form) -> None:
    assert encode(form, replace(TABLE, rows=[]), ORIGIN, "en")


def test_unknown_forms_and_tables_are_refused() -> None:
    with pytest.raises(NotFound, match="pages-no-such-form"):
        encode("exe", TABLE, ORIGIN, "en")
    with pytest.raises(NotFound, match="pages-no-such-table"):
        named_table(replace(view(Speaker("en")), downloads="other"))


def test_a_view_offers_the_table_of_its_picture() -> None:
    shown = view(Speaker("zh-TW"))
    table = named_table(shown)
    origin = origin_of(shown, table, licence="政府資料開放授權條款", address="/nurse-ratio")
    assert [row["met"] for row in table.rows] == [10, 30, 231]
    assert origin.facts("zh-TW")["kind"] == "公開範例"
    assert file_name(table, origin, "csv") == "levels.csv"
    assert file_name(table, ORIGIN, "csv") == "levels-synthetic.csv"
