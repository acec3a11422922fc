import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Faults, Invalid
from camphora.formats import csv_rows
from camphora.formats.csv_rows import csv_header

cells = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)


def rows(text, **options):
    return list(csv_rows(io.BytesIO(text.encode()), name="a.csv", **options))


def test_rows_carry_the_line_they_start_on():
    found = rows('a,b\n1,"x\ny"\n\n2,z\n')
    assert [(row.line, row.cells["b"]) for row in found] == [(2, "x\ny"), (5, "z")]


def test_every_row_of_the_wrong_width_is_located():
    found = rows("a,b\n1\n1,2\n1,2,3\n")
    assert [(row.line, row.fault.code) for row in found if row.fault] == [
        (2, "formats-cell-count"),
        (4, "formats-cell-count"),
    ]


def test_header_faults_come_together():
    with pytest.raises(Faults) as error:
        rows("a,a,b\n1,2,3\n", required=["c", "d"])
    codes = [fault.code for fault in error.value.faults]
    assert codes == ["formats-header-doubled", "formats-header-missing", "formats-header-missing"]


def header(text):
    return csv_header(io.BytesIO(text.encode() if isinstance(text, str) else text), name="a.csv")


@pytest.mark.parametrize("above", ["\n\n", "個案清單,,,\n製表日 115/11/20,,,\n"])
def test_titles_above_the_column_names_are_told_with_their_row(above):
    with pytest.raises(Invalid, match="formats-header-lower") as error:
        header(f"{above}a,b,c,d\n1,2,3,4\n")
    assert error.value.facts["line"] == 3


@pytest.mark.parametrize("text", ["a,b,c\n1\n", 'a,"b\nc",d\n1,2,3\n', "a\n1\n", "a,b,c\n\0,1,2\n"])
def test_column_names_in_the_first_row_are_taken(text):
    assert header(text)[0] == "a"


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_another_separator_is_named(separator):
    with pytest.raises(Invalid, match="formats-separator"):
        header(f"a{separator}b\n1{separator}2\n")


def test_workbooks_under_another_name_are_told_as_such():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
    with pytest.raises(Invalid, match="formats-excel-named"):
        header(out.getvalue())
    with pytest.raises(Invalid, match="formats-excel-old"):
        header(b"\xd0\xcf\x11\xe0" + bytes(100))


def test_a_nul_byte_is_found_in_its_column():
    (row,) = rows("a,b\n1,\0\n")
    assert (row.fault.code, row.fault.place.column) == ("formats-nul", "b")


def test_an_open_quote_is_located_where_its_row_starts():
    found = rows('a,b\n1,2\n3,"4\n5,6\n')
    assert (found[1].line, found[1].fault.code, found[1].raw[0]) == (3, "formats-quoting", "3")
    assert [(row.line, row.fault) for row in (found[0], found[2])] == [(2, None), (4, None)]


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_what_csv_writes_is_read_back(pairs):
    out = io.StringIO()
    csv.writer(out).writerows([("a", "b"), *pairs])
    assert [tuple(row.raw) for row in rows(out.getvalue())] == pairs


def test_an_empty_file_has_no_header():
    with pytest.raises(Exception, match="formats-header-empty"):
        rows("")


@pytest.mark.parametrize("cell", ['"A' + "x" * 1_100_000, "x" * 1_100_000, '"' + "x" * 1_100_000 + '"'])
def test_a_cell_without_end_is_located_and_the_next_row_is_read(cell):
    first, second = rows(f"a,b\n1,{cell}\n2,3\n")
    assert (first.line, first.fault.code, first.fault.place.line) == (2, "formats-cell-long", 2)
    assert (second.line, second.raw, second.fault) == (3, ["2", "3"], None)


@pytest.mark.parametrize("header", ["a" * 1_100_000, '"a' + "x" * 1_100_000])
def test_a_header_without_end_is_located(header):
    with pytest.raises(Invalid, match="formats-cell-long") as error:
        rows(f"{header},b\n1,2\n")
    assert error.value.place.line == 1


@given(st.text(st.sampled_from('a,"\r\n\0 \x85\u2028'), max_size=30))
def test_whatever_stands_in_a_file_each_row_is_whole_or_has_its_fault(text):
    try:
        found = rows("a,b\n" + text)
    except Invalid:
        return
    assert all(row.fault or len(row.raw) == 2 for row in found)
