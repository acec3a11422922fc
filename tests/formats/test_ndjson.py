import io

import pytest

from camphora.errors import Invalid, TooLarge
from camphora.formats import ndjson


def lines(data):
    return list(ndjson.ndjson_lines(io.BytesIO(data), name="a.ndjson"))


def test_lines_are_numbered_and_blank_ones_passed_over():
    found = lines(b'\xef\xbb\xbf{"a":1}\r\n\n{"a":2}')
    assert [(line.number, line.value["a"]) for line in found] == [(1, 1), (3, 2)]


def test_a_line_cut_off_at_the_end_is_a_fault_of_that_line():
    found = lines(b'{"a":1}\n{"a":[1,')
    assert (found[1].fault.code, found[1].fault.place.line) == ("formats-json-truncated", 2)


def test_a_broken_line_leaves_the_others():
    found = lines(b'{"a":1}\n{"a" 2}\n{"a":3}\n')
    assert [line.fault.code if line.fault else "" for line in found] == ["", "formats-json", ""]
    assert found[1].fault.place.column == 6


def test_a_whole_body_is_located_by_line_and_column():
    with pytest.raises(Invalid) as error:
        ndjson.parse_json('{\n "名": "臺",\n "b": tru\n}'.encode(), "a.json")
    assert (error.value.code, error.value.place.line) == ("formats-json", 3)


@pytest.mark.parametrize("text", ['{"a": "b', '{"a": 1', "[1, 2", '{"a":', ""])
def test_a_body_that_ends_too_early_is_called_truncated(text):
    with pytest.raises(Invalid, match="formats-json-truncated"):
        ndjson.parse_json(text.encode())


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(ndjson, "LONGEST_LINE", 10)
    with pytest.raises(TooLarge, match="formats-line-too-long"):
        lines(b'{"a": "bcdefgh"}')
