"""One spelling for what people type in many: the folded form in which strings are kept and asked for."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ACCENTS = re.compile("[\u0300-\u036f]")


def fold(text: str) -> str:
    """`text` without case, accents and width: NFKC, casefold, Latin accents off, 臺 as 台, single spaces.

    >>> fold("  Ｃhén   臺北 ")
    'chen 台北'
    """
    return _folded(text) if len(text) <= 40 else _folded.__wrapped__(text)


@lru_cache(maxsize=16_384)
def _folded(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKC", text).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", plain))
    return " ".join(unicodedata.normalize("NFKC", bare).replace("臺", "台").split())
