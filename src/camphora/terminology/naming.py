"""Which name of a concept is the Chinese one, which the English one."""

from __future__ import annotations

from camphora.terminology.systems import Concept
from camphora.terminology.words import is_han

CHINESE, ENGLISH = ("zh-tw", "zh-hant", "zh"), ("en",)


def names_of(zh: str, en: str, name: str) -> tuple[str, str]:
    """(zh-TW, English): a name whose language is not said is Chinese where it has a Chinese character."""
    zh, en, name = zh.strip(), en.strip(), name.strip()
    if name and any(is_han(sign) for sign in name):
        zh = zh or name
    elif name:
        en = en or name
    return zh, en


def names_in(concept: Concept, language: str) -> tuple[str, str]:
    """(zh-TW, English) of a concept: its display where it is in that language, else the first designation that is;
    each empty where there is none. `language` is that of the displays, or empty."""
    shown, tag = concept.display or "", language.lower()
    if tag.startswith("zh") or (not tag and any(is_han(sign) for sign in shown)):
        return shown, _designated(concept, ENGLISH)
    english = shown if not tag or tag == "en" or tag.startswith("en-") else ""
    return _designated(concept, CHINESE), english or _designated(concept, ENGLISH)


def _designated(concept: Concept, tags: tuple[str, ...]) -> str:
    """The first designation in the first of these languages that has one."""
    for tag in tags:
        for item in concept.designations:
            given = item.language.lower()
            if given == tag or given.startswith(tag + "-"):
                return item.value
    return ""
