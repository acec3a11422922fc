import io
import re
import struct
import zipfile

import openpyxl
import pytest
from openpyxl.reader.strings import read_string_table
from openpyxl.xml.constants import SHEET_MAIN_NS

from camphora.errors import Faults, Invalid, NotFound, TooLarge
from camphora.formats import Limits
from camphora.formats.excel import sheet_header, sheet_rows
from camphora.formats.excel_strings import Strings


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


def test_a_row_of_blanks_is_no_row():
    found = list(sheet_rows(workbook(["a", "b"], ["1", "2"], [" ", None])))
    assert [row.line for row in found] == [2]


def test_a_formula_without_its_result_is_refused_and_not_read_as_nothing():
    with pytest.raises(Invalid, match="formats-excel-formula") as error:
        list(sheet_rows(workbook(["a", "b"], ["1", "2"], ["3", "=DATE(2026,9,17)"])))
    assert (error.value.place.line, error.value.place.column) == (3, "B")


@pytest.mark.parametrize("result", ["<v>7</v>", "TEXT"])
def test_a_formula_with_its_result_is_that(result):
    plain = workbook(["a", "b"], ["1", "=3+4"])
    cell = (
        '<c r="B2" t="str"><f>3+4</f><v></v></c>' if result == "TEXT" else f'<c r="B2"><f>3+4</f>{result}</c>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(plain) as read, zipfile.ZipFile(out, "w") as write:
        for item in read.infolist():
            body = read.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                body, found = re.subn(rb'<c r="B2"><f>3\+4</f><v ?/></c>', cell.encode(), body)
                assert found == 1
            write.writestr(item, body)
    assert [row.cells["b"] for row in sheet_rows(out)] == ["" if result == "TEXT" else "7"]


def test_a_title_above_the_column_names_is_told_with_their_row():
    with pytest.raises(Invalid, match="formats-header-lower") as error:
        sheet_header(workbook(["個案清單"], [], ["a", "b", "c"], ["1", "2", "3"]))
    assert error.value.facts["line"] == 3
    assert sheet_header(workbook(["a", "b", "c"], ["1"], ["1", "2", "3"])) == ["a", "b", "c"]


def test_merged_names_of_columns_are_told_as_such():
    with pytest.raises(Faults, match="formats-header-blank") as error:
        sheet_header(workbook(["a", "居住地", None, None, "b"], ["1", "2", "3", "4", "5"]))
    assert error.value.faults[0].facts["column"] == 3


def test_a_workbook_of_before_2007_or_with_a_password_is_told_as_such():
    with pytest.raises(Invalid, match="formats-excel-old"):
        list(sheet_rows(io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))))


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


def test_the_texts_of_a_workbook_are_those_of_its_cells():
    """In pieces of several looks, spoken forms aside, empty, and beyond the first plane."""
    entries = (
        "<si><t>王小明</t></si><si><t></t></si><si/>"
        "<si><r><rPr><b/></rPr><t>臺</t></r><r><t xml:space='preserve'> 南</t></r>"
        "<rPh sb='0' eb='1'><t>ㄊㄞ</t></rPh></si>"
        "<si><t>𠮷_x005F_</t></si>"
    )
    table = f"<sst xmlns='{SHEET_MAIN_NS}'>{entries}</sst>".encode()
    found, theirs = Strings.read(io.BytesIO(table)), read_string_table(io.BytesIO(table))
    assert [found[number] for number in range(len(found))] == theirs
    assert theirs == ["王小明", "", "", "臺 南", "𠮷_"]
    for number in (-1, len(found)):
        with pytest.raises(IndexError):
            found[number]


def as_excel_writes(whole):
    """A workbook of which the cells name texts by number, as Excel itself lays it; openpyxl writes them in place."""
    texts, out = [], io.BytesIO()

    def numbered(found):
        texts.append(found[1])
        return b't="s"><v>%d</v></c>' % (len(texts) - 1)

    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(out, "w") as made:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                data = re.sub(rb't="inlineStr"><is>(.*?)</is></c>', numbered, data)
            if item.filename == "[Content_Types].xml":
                part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
                data = data.replace(b"</Types>", part.encode())
            made.writestr(item, data)
        entries = b"".join(b"<si>%s</si>" % text for text in texts)
        made.writestr("xl/sharedStrings.xml", b'<sst xmlns="%s">%s</sst>' % (SHEET_MAIN_NS.encode(), entries))
    return out


def test_texts_that_lie_apart_are_read_as_those_in_place():
    whole = workbook(["代碼", "值"], ["0101", "𠮷 屋"], ["0102", 7])
    assert [row.raw for row in sheet_rows(as_excel_writes(whole))] == [row.raw for row in sheet_rows(whole)]


def test_a_cell_that_names_no_text_of_the_workbook_is_refused():
    whole, out = as_excel_writes(workbook(["a"], ["x"])), io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(out, "w") as broken:
        for item in source.infolist():
            broken.writestr(item, source.read(item).replace(b"<v>1</v>", b"<v>-1</v>"))
    with pytest.raises(Invalid, match="formats-excel-broken"):
        list(sheet_rows(out))
