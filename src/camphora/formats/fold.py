"""Text as a search sees it: full width and half width, 台 and 臺, upper and lower case, are the same."""

from __future__ import annotations

import unicodedata

_VARIANTS = str.maketrans(
    {"台": "臺", "羣": "群", "峯": "峰", "裏": "裡", "塩": "鹽", "舘": "館", "脚": "腳"}
)


def fold(text: str) -> str:
    """`ＡＢＣ　台北` and `abc 臺北` both give `abc 臺北`; runs of white space become one blank."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_VARIANTS).split())


def official(name: str) -> str:
    """A place name in its official form: 台北市 → 臺北市, 台東縣 → 臺東縣."""
    return name.replace("台", "臺")
