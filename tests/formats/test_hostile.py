"""Whatever bytes are brought, what comes back is rows or an error that people can read."""

import gzip
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import CamphoraError
from camphora.formats import Limits, csv_rows, open_limited
from camphora.formats.excel import sheet_rows
from camphora.formats.ndjson import ndjson_lines

CSV = "代碼,月\n0101,11303\n".encode()
STARTS = [b"", b"\x1f\x8b", b"PK\x03\x04", gzip.compress(CSV), b"\xef\xbb\xbf", b"\xff\xfe", CSV]


def workbook():
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append(["1", "2"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def whole_bytes(source):
    with open_limited(source, Limits()) as stream:
        yield stream.read()


XLSX = workbook()
LAUGHS = b"".join(
    [b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">']
    + [b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12)]
    + [b"]><a>&l11;</a>"]
)


def swallow(read, data):
    """The rows, or none where an error came that can be said; anything else is raised."""
    try:
        return list(read(io.BytesIO(data)))
    except CamphoraError as error:
        return [] if error.text("zh-TW") and error.remedy("en") else [error]


def unreadable(found):
    """Errors that say nothing, whether they ended the reading or lie on a row."""
    faults = [one if isinstance(one, CamphoraError) else one.fault for one in found]
    return [fault for fault in faults if fault and not (fault.text("zh-TW") and fault.remedy("en"))]


@pytest.mark.parametrize("read", [csv_rows, ndjson_lines, sheet_rows])
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_rows_or_a_readable_error(read, start, rest):
    assert not unreadable(swallow(read, start + rest))


@given(place=st.integers(0, len(XLSX) - 1), byte=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_workbook_with_one_bad_byte_is_read_or_refused(place, byte):
    assert not unreadable(swallow(sheet_rows, XLSX[:place] + bytes([byte]) + XLSX[place + 1 :]))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("content", [b"", b"<", b"<a/>", b"\x00\xff", LAUGHS])
def test_a_workbook_with_a_broken_part_is_refused(part, content):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(XLSX)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    assert not swallow(sheet_rows, out.getvalue())


@given(data=st.binary(max_size=400), cut=st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_a_cut_archive_never_passes_for_a_whole_one(data, cut):
    packed = gzip.compress(data)
    whole = packed[: len(packed) - min(cut, len(packed) - 2)]
    came = swallow(whole_bytes, whole)
    assert came == ([data] if cut == 0 else [])
