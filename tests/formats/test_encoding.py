import io

import pytest

from camphora.errors import Invalid
from camphora.formats import decode, open_text, sniff

TEXT = "代碼,名稱\n0101090517,臺北市立聯合醫院\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950", "big5"])
def test_the_encodings_in_use_are_read_alike(encoding):
    assert decode(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_encodings_are_named_and_refused(encoding):
    with pytest.raises(Invalid) as error:
        decode(TEXT.encode(encoding), "a.csv")
    assert error.value.code == "formats-encoding-mark"
    assert encoding.upper() in error.value.text("zh-TW")


def test_a_bad_byte_in_utf8_is_found_on_its_line():
    with pytest.raises(Invalid) as error:
        decode(TEXT.encode() + b"2,\xff\n", "a.csv")
    assert error.value.code == "formats-encoding-damaged"
    assert (error.value.place.file, error.value.place.line) == ("a.csv", 3)


def test_bytes_of_no_known_encoding_are_refused_on_their_line():
    with pytest.raises(Invalid) as error:
        decode(b"a\nb\n\xff\xff\n")
    assert (error.value.code, error.value.place.line) == ("formats-encoding-unknown", 3)


def test_big5_after_a_megabyte_of_ascii_is_still_found():
    data = b"1,a\n" * 400_000 + "2,臺\n".encode("cp950")
    assert sniff(io.BytesIO(data)) == "big5-taiwan"


def test_a_character_across_two_chunks_is_read_whole():
    data = b"x" * ((1 << 20) - 1) + "臺".encode()
    with open_text(io.BytesIO(data)) as text:
        assert text.read().endswith("臺")
