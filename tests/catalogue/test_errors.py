"""Every error that these rooms raise can be said in both languages, with the facts that it carries."""

import re
from importlib.resources import files

import pytest

from camphora.errors import catalogue

ROOMS = ("formats", "rules", "terminology", "systems", "catalogue")


def raised(room):
    """Codes that stand in a room's own source."""
    found = set()
    for path in (files("camphora") / room).rglob("*.py"):
        found |= set(
            re.findall(
                r'"((?:formats|rules|terminology|systems|catalogue)-[a-z-]+)"', path.read_text("utf-8")
            )
        )
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_every_code_that_is_raised_has_an_entry(room):
    assert raised(room) <= catalogue().keys()


def test_every_entry_is_raised_somewhere():
    used = set().union(*(raised(room) for room in ROOMS))
    ours = {code for code in catalogue() if code.split("-")[0] in ROOMS}
    assert ours <= used


@pytest.mark.parametrize("code", sorted(code for code in catalogue() if code.split("-")[0] in ROOMS))
def test_both_languages_use_facts_that_the_other_has_or_none(code):
    entry = catalogue()[code]
    places = {lang: set(re.findall(r"(?<!\{)\{(\w+)\}", entry.text[lang])) for lang in ("zh-TW", "en")}
    assert places["zh-TW"] == places["en"]
    assert all(entry.remedy[lang].strip() for lang in ("zh-TW", "en"))
