import csv
import io

import pytest

from camphora.errors import Faults
from camphora.formats import csv_rows
from camphora.formats.bad_rows import bad_rows_csv
from camphora.formats.declaration import TABLE_KEYS, TableDeclaration
from camphora.formats.toml_lines import check_shape, read_toml

DECLARED = """
name = "beds"
title.zh-TW = "病床"
title.en = "Beds"
key = ["code", "month"]
licence = "CC0-1.0"
source.zh-TW = "測試"
source.en = "test"
as_of = 2024-12-31
readers = ["public"]
badge = "example"

[[columns]]
key = "code"
label.zh-TW = "代碼"
label.en = "Code"
kind = "text"
required = true
pattern = '\\d{4}'
source = "代碼"

[[columns]]
key = "month"
label.zh-TW = "月"
label.en = "Month"
kind = "month"
required = true

[[columns]]
key = "beds"
label.zh-TW = "床"
label.en = "Beds"
kind = "integer"
low = 0
"""
GOOD = "代碼,month,beds\n0101,11303,5\n0102,113/03,\n"
BAD = "代碼,month,beds\n101,11313,x\n0101,11303,5\n0101,2024-03,6\n0102,11303\n0103,11303,-1\n"


@pytest.fixture
def beds(tmp_path):
    path = tmp_path / "beds.toml"
    path.write_text(DECLARED, "utf-8")
    return TableDeclaration.load(path)


def rows(text):
    return list(csv_rows(io.BytesIO(text.encode()), name="a.csv"))


def test_good_rows_come_out_typed(beds):
    good, faults = beds.check_rows(rows(GOOD))
    assert good == [
        {"code": "0101", "month": "2024-03", "beds": 5},
        {"code": "0102", "month": "2024-03", "beds": None},
    ]
    assert not faults


def test_every_bad_row_is_located(beds):
    good, faults = beds.check_rows(rows(BAD))
    assert [row["code"] for row in good] == ["0101"]
    assert [(fault.place.line, fault.place.column, fault.code) for fault in faults] == [
        (2, "代碼", "formats-cell-form"),
        (2, "month", "formats-month"),
        (2, "beds", "formats-cell-kind"),
        (4, None, "formats-row-doubled"),
        (5, None, "formats-cell-count"),
        (6, "beds", "formats-cell-low"),
    ]


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_fault_has_a_sentence_and_a_remedy(beds, lang):
    _, faults = beds.check_rows(rows(BAD))
    assert all(fault.text(lang) and fault.remedy(lang) for fault in faults)


def test_no_rows_is_never_success(beds):
    good, faults = beds.check_rows(rows("代碼,month,beds\n"))
    assert (good, [fault.code for fault in faults]) == ([], ["formats-no-rows"])


def test_bad_rows_come_back_as_they_came_and_load_once_mended(beds):
    _, faults = beds.check_rows(rows(BAD))
    text = bad_rows_csv(rows(BAD), faults)
    back = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert back[0] == ["代碼", "month", "beds", "錯誤代碼", "說明"]
    assert [line[:3] for line in back[1:]] == [
        ["101", "11313", "x"],
        ["0101", "2024-03", "6"],
        ["0102", "11303", ""],
        ["0103", "11303", "-1"],
    ]
    mended = (
        text.replace("101,11313,x", "0109,11312,3").replace("-1", "1").replace("0101,2024-03", "0101,2024-04")
    )
    assert beds.check_rows(rows(mended))[1] == []


def test_faults_of_a_declaration_come_together_with_their_lines(tmp_path):
    broken = DECLARED.replace('name = "beds"', 'name = "Beds"').replace(
        "as_of = 2024-12-31", 'as_of = "soon"'
    )
    broken = broken.replace('label.en = "Code"\n', "").replace("low = 0", "lowest = 0")
    (tmp_path / "beds.toml").write_text(broken, "utf-8")
    with pytest.raises(Faults) as error:
        TableDeclaration.load(tmp_path / "beds.toml")
    assert [(fault.code, fault.place.line) for fault in error.value.faults] == [
        ("formats-key-pattern", 2),
        ("formats-key-type", 9),
        ("formats-text-missing", 15),
        ("formats-key-unknown", 33),
    ]


def test_a_key_must_name_a_column(tmp_path):
    (tmp_path / "beds.toml").write_text(DECLARED.replace('"month"]', '"moon"]'), "utf-8")
    with pytest.raises(Faults, match="formats-column-unknown"):
        TableDeclaration.load(tmp_path / "beds.toml")


def test_broken_toml_is_located(tmp_path):
    (tmp_path / "a.toml").write_text('a = "1"\nb = \n', "utf-8")
    with pytest.raises(Exception, match="formats-toml") as error:
        read_toml(tmp_path / "a.toml")
    assert error.value.place.line == 2


def test_unknown_keys_are_reported_with_those_known(tmp_path):
    (tmp_path / "a.toml").write_text('colour = "red"\n', "utf-8")
    faults = check_shape(read_toml(tmp_path / "a.toml"), TABLE_KEYS)
    assert "formats-key-unknown" in {fault.code for fault in faults}


VISITS = DECLARED.replace(
    'key = ["code", "month"]', 'key = ["county", "month"]\nadds = "beds"\nwhole = true'
).replace(
    """key = "code"
label.zh-TW = "代碼"
label.en = "Code"
kind = "text"
required = true
pattern = '\\d{4}'
source = "代碼"
""",
    """key = "county"
label.zh-TW = "縣市"
label.en = "County"
kind = "county"
required = true
source = "縣市"
""",
)


@pytest.fixture
def visits(tmp_path):
    path = tmp_path / "beds.toml"
    path.write_text(VISITS, encoding="utf-8")
    return TableDeclaration.load(path)


def test_a_county_is_its_code_whatever_it_is_called(visits):
    text = "縣市,month,beds\n台北市,11301,1\n臺北市,11302,1\n63000,11303,1\n臺北縣,11301,2\n新北市,11302,2\n"
    rows, faults = visits.check_rows(csv_rows(io.BytesIO(text.encode())))
    assert not faults
    assert [row["county"] for row in rows] == ["63000", "63000", "63000", "65000", "65000"]
    _, faults = visits.check_rows(csv_rows(io.BytesIO("縣市,month,beds\n台北,11301,1\n".encode())))
    assert [(fault.code, fault.place.line, fault.place.column) for fault in faults] == [
        ("formats-cell-kind", 2, "縣市")
    ]


def test_rows_that_share_their_key_are_added_where_the_table_says_so(visits):
    rows = [
        "台北市,11301,1",
        "臺北市,11301,4",
        "台北市,11302,",
        "台北市,11302,3",
        "台北市,11303,2",
        "台北市,11303,",
    ]
    text = "\n".join(["縣市,month,beds", *rows])
    rows, faults = visits.check_rows(csv_rows(io.BytesIO(text.encode())))
    assert not faults
    assert [(row["month"], row["beds"]) for row in rows] == [("2024-01", 5), ("2024-02", 3), ("2024-03", 2)]


def test_what_adds_must_be_a_column(tmp_path):
    path = tmp_path / "beds.toml"
    path.write_text(VISITS.replace('adds = "beds"', 'adds = "visits"'), encoding="utf-8")
    with pytest.raises(Faults) as caught:
        TableDeclaration.load(path)
    assert [fault.code for fault in caught.value.faults] == ["formats-column-unknown"]
