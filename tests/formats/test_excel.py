import io
import struct
import zipfile

import openpyxl
import pytest

from camphora.errors import Invalid, NotFound, TooLarge
from camphora.formats import Limits
from camphora.formats.excel import sheet_rows


def workbook(*lines):
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    return out


def test_rows_are_text_with_the_line_of_the_sheet():
    found = list(sheet_rows(workbook(["代碼", "值"], ["0101", 6.5], [None, None], ["0102", 7])))
    assert [(row.line, *row.raw) for row in found] == [(2, "0101", "6.5"), (4, "0102", "7")]


def test_a_sheet_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(NotFound) as error:
        list(sheet_rows(workbook(["a"]), "急性一般"))
    assert "Sheet" in error.value.text("zh-TW")


def test_what_is_no_workbook_is_refused():
    with pytest.raises(Invalid, match="formats-excel-broken"):
        list(sheet_rows(io.BytesIO(b"a,b\n1,2\n")))


def test_a_workbook_that_swells_is_refused():
    source = workbook(["a"], *[["x" * 1000]] * 50)
    with pytest.raises(TooLarge, match="formats-swells"):
        list(sheet_rows(source, limits=Limits(ratio=1, free=1000)))


def test_a_workbook_that_understates_its_parts_is_read_no_further():
    """What a zip says of its sizes is all that is unpacked; that the part is longer is found."""
    whole = workbook(["a"], *[["x" * 1000]] * 50)
    with zipfile.ZipFile(whole) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    lying = whole.getvalue().replace(struct.pack("<I", sheet.file_size), struct.pack("<I", 64))
    assert lying != whole.getvalue()
    with pytest.raises(Invalid, match="formats-excel-broken"):
        list(sheet_rows(io.BytesIO(lying), limits=Limits(ratio=1, free=20_000)))
