import random
import re
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir.packages import package
from camphora.formats import address
from camphora.formats.address import from_fhir, line, parse, to_fhir, usual
from taiwan.lines import fhir_addresses, invented


def test_five_thousand_lines_come_apart_and_together_again():
    rng = random.Random(20261121)
    for _ in range(5_000):
        parts = invented(rng)
        assert asdict(parse(line(parts))) == asdict(parts)


def test_blanks_and_commas_between_parts_change_nothing():
    rng = random.Random(7)
    for _ in range(1_000):
        parts = replace(invented(rng), rest="")
        gaps = rng.choice([" ", "　", ", ", "，"])
        assert parse(gaps.join(part for part in asdict(parts).values() if part)) == parts


def test_parts_go_through_fhir_unchanged():
    rng = random.Random(11)
    for _ in range(1_000):
        parts = invented(rng)
        assert from_fhir(to_fhir(parts)) == parts


def test_the_usual_way_of_writing_is_reached_once():
    rng = random.Random(13)
    for _ in range(1_000):
        parts = usual(invented(rng))
        assert usual(parse(line(parts))) == parts


@given(
    st.text(
        st.sampled_from("臺台北市縣中正區鄉鎮里村路街段巷弄號樓之-1９一二十B室鄰 ,，（)附臨〇\ue108"),
        max_size=40,
    )
)
def test_no_character_of_any_line_is_lost(text):
    def bare(one):
        return re.sub(r"[\s,，]", "", one)

    assert bare(line(parse(text))) == bare(text)


@given(st.text(max_size=60))
def test_any_text_is_taken(text):
    assert parse(text).rest or not re.sub(r"[\s,，]", "", text) or line(parse(text))


@pytest.mark.parametrize("name", ["tw.gov.mohw.twcore", "tw.iii.ltc"])
def test_the_guides_own_addresses_come_apart_as_they_say(name):
    found = [one for example in package(name).examples() for one in fhir_addresses(example)]
    assert len(found) >= 10
    for one in found:
        read = parse(one["text"])
        assert (read.rest, line(read)) == ("", one["text"])
        assert {read.county, read.town} == {one[key] for key in ("state", "district", "city") if key in one}
        for part, url in address._EXTENSIONS.items():
            given_part = [
                ext["valueString"] for ext in one.get("extension", []) if ext["url"].endswith("/" + url)
            ]
            assert not given_part or getattr(read, part) == given_part[0]


@pytest.mark.parametrize(
    ("text", "today"),
    [
        ("臺北縣板橋市中山路一段161號", "新北市板橋區中山路一段161號"),
        ("台中縣豐原市向陽路1號", "臺中市豐原區向陽路1號"),
        ("桃園縣中壢市中美路12號", "桃園市中壢區中美路12號"),
        ("高雄縣三民鄉達卡努瓦村秀嶺巷1號", "高雄市那瑪夏區達卡努瓦里秀嶺巷1號"),
        ("台灣省彰化縣員林鎮三橋里中正路一百二十號", "台灣省彰化縣員林市三橋里中正路120號"),
        ("臺南縣永康市中華路2段12-3號５F", "臺南市永康區中華路二段12之3號5樓"),
        ("苗栗縣頭份鎮中央路3號", "苗栗縣頭份市中央路3號"),
        ("嘉義縣吳鳳鄉中正村59號", "嘉義縣阿里山鄉中正村59號"),
        ("臺南市西區民生路一段3號", "臺南市中西區民生路一段3號"),
    ],
)
def test_old_names_are_read_and_said_with_those_of_today(text, today):
    assert line(parse(text)) == text
    assert line(usual(parse(text))) == today


def test_a_township_without_its_county_is_known_where_only_one_bears_the_name():
    assert parse("板橋區文化路2段182巷3弄15之1號5樓之2").town == "板橋區"
    assert parse("中正區中山路1號").town == ""


def test_what_is_not_understood_is_kept_with_all_that_follows():
    read = parse("屏東縣三地門鄉中正村12號（教會旁）3樓")
    assert (read.number, read.floor, read.rest) == ("12號", "", "（教會旁）3樓")


def test_swapped_levels_and_states_of_other_guides_are_put_right():
    swapped = {"city": "臺北市", "district": "大同區", "line": ["承德路三段210號"]}
    state = {"state": "新北市", "city": "中和區", "postalCode": "23511", "line": ["安康路二段123號3樓"]}
    assert (from_fhir(swapped).county, from_fhir(swapped).town) == ("臺北市", "大同區")
    assert (from_fhir(state).county, from_fhir(state).section, from_fhir(state).postcode) == (
        "新北市",
        "二段",
        "23511",
    )


@pytest.mark.parametrize(
    "text", ["路" * 300, "一" * 5_000, "1之" * 150, "1、" * 150, "中 " * 150, "福巷" * 150, "路1" * 150]
)
def test_a_text_that_no_line_is_like_is_taken_and_kept(text):
    read = parse(text)
    assert line(read).replace(" ", "") == text.replace(" ", "")
    assert line(usual(read))
