"""Texts by key: places, plurals, completeness."""

import re
import tomllib
from pathlib import Path

import pytest

import camphora
from camphora.errors import Fault, Invalid, catalogue
from camphora.pages.words import Words, flat, missing


def test_a_text_takes_its_places_and_separates_thousands() -> None:
    words = Words(
        "en", {"looked": {"count": {"one": "{n} look", "other": "{n} looks"}}, "hello": "Hello {name}"}
    )
    assert words("hello", name="Lin") == "Hello Lin"
    assert words("looked.count", n=1) == "1 look"
    assert words("looked.count", n=1234) == "1,234 looks"
    assert "looked.count" in words
    assert "looked" not in words


def test_an_unknown_key_and_an_unfilled_place_are_faults() -> None:
    words = Words("zh-TW", {"a": "{name} 的資料"})
    with pytest.raises(Fault, match="pages-no-such-word"):
        words("b")
    with pytest.raises(Fault, match="pages-word-fact"):
        words("a")


def test_a_later_table_lies_over_an_earlier_one_and_leaves_it_alone() -> None:
    base = Words("en", {"a": "one", "b": "two"})
    assert base.merged({"b": "three"})("b") == "three"
    assert base("b") == "two"


def test_missing_names_lone_keys_empty_texts_and_differing_places() -> None:
    zh = {"a": "{n} 項", "b": "好", "c": {"d": "日期 {date}"}, "e": ""}
    en = {"a": {"one": "{n} item", "other": "{n} items"}, "c": {"d": "date"}, "e": "x", "f": "y"}
    found = ["b: only in zh-TW", "c.d: places differ", "e: empty", "f: only in en"]
    assert missing(zh, en) == found


COUNTS = (
    "n total counted faults records receipts versions files heads named size held missing extra passed failed resources"
    " read found errors nodes invariants profiles unchecked unproven seconds days hours more"
)
"""The facts of sentences that may be 1."""
PLURAL = re.compile(
    rf"\{{(?:{'|'.join(COUNTS.split())})\}}(?: more| older| signed)? (?!(?:has|gives|stands|does|lies)\b)[a-z]+[^s ]s\b"
)
HOME = Path(camphora.__file__).parent


def _english():
    for path in sorted({*HOME.glob("**/strings/en.toml"), *HOME.glob("**/words/en/*.toml")}):
        if "methods" not in path.parts:
            yield from flat(tomllib.loads(path.read_text("utf-8")))
    for code, entry in catalogue().items():
        yield code, f"{entry.text['en']} {entry.remedy['en']}"


def test_no_english_sentence_says_1_faults():
    found = [(key, text) for key, text in _english() if PLURAL.search(text) and not key.endswith(".other")]
    assert found == []


def test_a_sentence_may_hold_several_counts():
    words = Words("en", {"did": "{read} {read:row|rows}, {n} {n:fault is|faults are} told"})
    assert words("did", read=1, n=2000) == "1 row, 2,000 faults are told"
    assert words("did", read=0, n=1) == "0 rows, 1 fault is told"
    with pytest.raises(Fault, match="pages-word-fact"):
        words("did", n=1)
    assert "1 more fault is not listed" in Invalid("web-fhir-more-faults", more=1).text("en")
    assert "7 more faults are not listed" in Invalid("web-fhir-more-faults", more=7).text("en")
