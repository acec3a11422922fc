"""Texts by key: places, plurals, completeness."""

import pytest

from camphora.errors import Fault
from camphora.pages.words import Words, missing


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
