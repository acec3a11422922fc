"""The words of a page in one language, from nested TOML tables whose keys are joined by dots.

A text may hold named places, `{name}`. A text that depends on a number is a table with `one` and `other`;
a language without plural gives one text. Where a text has several numbers, a place says both words of each:
`{n} {n:look|looks}` (`errors.sentences`). The words of a system folder are laid over those of the pages with
`merged`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter

from camphora.errors import Fault, Lang
from camphora.errors.sentences import filled

LANGUAGES: Mapping[Lang, str] = {"zh-TW": "中文", "en": "English"}
"""How each language calls itself."""


def flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Pairs of dotted key and text of a nested table."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)


def places(text: str) -> set[str]:
    """Names of the places of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


class Words:
    """Texts of one language. `words("looked.count", n=3)` gives the text with its places filled.

    Whole numbers get thousands separators; a year is handed in as text. An unknown key or a place that is
    not filled is a Fault: it is our own mistake, which the tests of completeness find first."""

    def __init__(self, lang: Lang, *tables: Mapping[str, object]) -> None:
        self.lang: Lang = lang
        self.texts: dict[str, str] = {}
        for table in tables:
            self.texts.update(flat(table))

    def __contains__(self, key: str) -> bool:
        return key in self.texts or f"{key}.other" in self.texts

    def __call__(self, key: str, **facts: object) -> str:
        text = self._text(key, facts.get("n"))
        try:
            return filled(text, {name: _written(fact) for name, fact in facts.items()})
        except KeyError as error:
            raise Fault("pages-word-fact", key=key, fact=error.args[0]) from None

    def merged(self, *tables: Mapping[str, object]) -> Words:
        """These words with further tables laid over them."""
        return Words(self.lang, self.texts, *tables)

    def _text(self, key: str, count: object) -> str:
        form = "one" if count == 1 else "other"
        for candidate in (key, f"{key}.{form}", f"{key}.other"):
            if candidate in self.texts:
                return self.texts[candidate]
        raise Fault("pages-no-such-word", lang=self.lang, key=key)


def _written(fact: object) -> object:
    return f"{fact:,}" if isinstance(fact, int) and not isinstance(fact, bool) else fact


def missing(zh: Mapping[str, object], en: Mapping[str, object]) -> list[str]:
    """What is wrong between the two languages: keys without partner, empty texts, places that differ."""
    left, right = _joined(zh), _joined(en)
    lone = [f"{key}: only in zh-TW" for key in left.keys() - right.keys()]
    lone += [f"{key}: only in en" for key in right.keys() - left.keys()]
    both = left.keys() & right.keys()
    empty = [f"{key}: empty" for key in both if not (all(left[key]) and all(right[key]))]
    differ = [f"{key}: places differ" for key in both if _places(left[key]) != _places(right[key])]
    return sorted(lone + empty + differ)


def _joined(table: Mapping[str, object]) -> dict[str, list[str]]:
    """Texts by key, the forms of one number-dependent text under one key."""
    texts: dict[str, list[str]] = {}
    for key, text in flat(table):
        texts.setdefault(key.removesuffix(".one").removesuffix(".other"), []).append(text)
    return texts


def _places(texts: list[str]) -> set[str]:
    return set().union(*(places(text) for text in texts))
