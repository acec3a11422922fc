import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Faults, Invalid
from camphora.formats import big5, csv_rows, decode, open_text, sniff

PAIRS = [
    bytes([lead, trail]) for lead in range(0x81, 0xFF) for trail in [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
]
STANDARD = [
    pair for pair in PAIRS if b"\xa1\x40" <= pair <= b"\xf9\xfe" and not b"\xc6\xa1" <= pair <= b"\xc8\xfe"
]


def readable(pair):
    try:
        return pair.decode("cp950")
    except UnicodeDecodeError:
        return None


CHARACTERS = sorted({char for pair in STANDARD if (char := readable(pair))})


def test_every_character_of_code_page_950_goes_out_and_comes_back():
    assert len(CHARACTERS) == 13_493
    assert big5.encode("".join(CHARACTERS)).decode(big5.CODEC) == "".join(CHARACTERS)
    assert big5.encode("".join(CHARACTERS)) == "".join(CHARACTERS).encode("cp950")


def test_every_pair_of_bytes_is_read_as_one_character_that_writes_it_again():
    repeated = {
        "a2cc",
        "a2ce",
        "c6de",
        "c6df",
        "f9e9",
        "f9ea",
        "f9eb",
        "f9f9",
        "f9fa",
        "f9fb",
        "f9fc",
        "f9fd",
    }
    odd = set()
    for pair in PAIRS:
        if (pair[0] == 0xA3 and pair[1] > 0xBF and pair != b"\xa3\xe1") or pair == b"\xa3\xc0":
            continue
        char = pair.decode(big5.CODEC)
        assert len(char) == 1
        if big5.encode(char) != pair:
            odd.add(pair.hex())
    assert odd == repeated


@pytest.mark.parametrize(
    ("code", "char"),
    [("C6A1", "①"), ("C6BE", "ⅹ"), ("C6BF", "丶"), ("C6CD", "幺"), ("C6D7", "隶"), ("C6E7", "ぁ"), ("C77A", "ん"),
     ("C7B1", "サ"), ("C7F2", "ヶ"), ("C7F3", "А"), ("C875", "я"),
     ("A3E1", "€"), ("F9D6", "碁"), ("F9DC", "嫺"), ("F9FE", "▓"), ("A15A", "╴")],
)  # fmt: skip
def test_eten_signs_are_those_of_browsers(code, char):
    assert bytes.fromhex(code).decode(big5.CODEC) == char
    assert big5.encode(char).hex().upper() == code


@pytest.mark.parametrize(
    ("code", "point"),
    [("FA40", 0xE000), ("FEFE", 0xE310), ("8E40", 0xE311), ("A0FE", 0xEEB7), ("8140", 0xEEB8), ("8DFE", 0xF6B0),
     ("C8FE", 0xF848)],
)  # fmt: skip
def test_a_sites_own_characters_become_private_ones_as_windows_does(code, point):
    assert bytes.fromhex(code).decode(big5.CODEC) == chr(point)
    assert big5.encode(chr(point)).hex().upper() == code


def test_a_sites_own_characters_are_named_with_their_place():
    text = "1,王\n2,\ue000王\ue311".encode(big5.CODEC).decode(big5.CODEC)
    assert [(own.line, own.column, own.code_point, own.code) for own in big5.privates(text)] == [
        (2, 3, "U+E000", "FA40"),
        (2, 5, "U+E311", "8E40"),
    ]


def test_a_site_that_has_a_table_gets_its_characters_spelt():
    text = b"\xfa\x40\xfa\x41".decode(big5.CODEC)
    assert big5.spelt(text, {"FA40": "𠮷", "A4A4": "x"}) == "𠮷\ue001"


def test_a_backslash_as_second_byte_is_part_of_its_character():
    data = '姓名,備註\n許功蓋,"枯,育"\n'.encode("cp950")
    assert data.count(b"\\") == 4
    rows = list(csv_rows(io.BytesIO(data), name="a.csv"))
    assert [dict(row.cells) for row in rows] == [{"姓名": "許功蓋", "備註": "枯,育"}]


@pytest.mark.parametrize("size", range(1, 8))
def test_a_character_cut_by_a_chunk_is_read_whole(size):
    text = "許功蓋①\ue000，a臺"
    data = big5.encode(text)
    decoder = codecs.getincrementaldecoder(big5.CODEC)()
    parts = [decoder.decode(data[at : at + size]) for at in range(0, len(data), size)]
    assert "".join(parts) + decoder.decode(b"", True) == text


@given(st.text(st.sampled_from([*CHARACTERS, *"aZ09 ,\n①ぁ\ue000\uf6b0"]), max_size=60), st.integers(1, 9))
def test_any_text_of_big5_streams_out_and_in(text, size):
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    data = b"".join(big5.encoded(parts))
    with open_text(io.BytesIO(data), encoding=big5.CODEC) as stream:
        assert stream.read() == text


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_line(data):
    try:
        text = decode(data, "a.csv")
    except Invalid as error:
        place = error.place
    else:
        place = None
        assert isinstance(text, str)
    assert place is None or 1 <= (place.line or 1) <= data.count(b"\n") + 1


def test_half_a_character_at_the_end_is_found_on_its_line():
    with pytest.raises(Invalid) as error:
        decode("代碼\n臺".encode("cp950")[:-1], "a.csv")
    assert (error.value.code, error.value.place.line) == ("formats-encoding-unknown", 2)


def test_characters_that_big5_lacks_are_all_named_with_their_places():
    with pytest.raises(Faults) as error:
        big5.encode("1,王小明\n2,𠮷田é\n", "out.csv")
    said = [(fault.code, str(fault.place), fault.facts["character"]) for fault in error.value.faults]
    assert said == [
        ("formats-character-lacking", "out.csv:2:3", "U+20BB7"),
        ("formats-character-lacking", "out.csv:2:5", "U+00E9"),
    ]


def test_places_go_on_counting_over_the_parts_of_a_stream():
    with pytest.raises(Faults) as error:
        list(big5.encoded(["a,b\nc", "d\n", "ef𠮷"], "out.csv"))
    assert str(error.value.faults[0].place) == "out.csv:3:3"


def test_a_stand_in_is_written_where_one_is_wanted_and_never_a_question_mark():
    written = big5.encode("𠮷田¥é", stand_in=big5.marked).decode(big5.CODEC)
    assert written == "〔U+20BB7〕田￥〔U+00E9〕"


def test_near_signs_are_not_written_unasked():
    for sign, near in big5.NEAR.items():
        with pytest.raises(Faults):
            big5.encode(sign)
        assert big5.encode(near).decode(big5.CODEC) == near


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_named(encoding):
    with pytest.raises(Invalid) as error:
        decode("代碼,名稱\n1,臺北\n".encode(encoding), "a.csv")
    assert error.value.code == "formats-encoding-mark"


def test_the_mark_of_utf8_is_taken_off_once_and_binds():
    assert decode(b"\xef\xbb\xbfa") == "a"
    assert decode(b"\xef\xbb\xbf\xef\xbb\xbfa") == "\ufeffa"
    with pytest.raises(Invalid) as error:
        decode(b"\xef\xbb\xbfa\n" + "臺".encode("cp950"), "a.csv")
    assert (error.value.code, error.value.place.line) == ("formats-encoding-damaged", 2)


def test_hong_kongs_big5_is_read_where_it_is_named():
    data = "香港嘅".encode("big5hkscs")
    with open_text(io.BytesIO(data), encoding="big5hkscs") as text:
        assert text.read() == "香港嘅"
    assert big5.privates(decode(data))


def test_bytes_that_would_be_mostly_own_characters_are_no_big5():
    with pytest.raises(Invalid) as error:
        sniff(io.BytesIO(b"a\n\x81\x40\x82\x41\x83\x42\n"), name="a.csv")
    assert (error.value.code, error.value.place.line) == ("formats-encoding-unknown", 2)
