"""One spelling for what people type in many: the folded form in which strings are kept for searching and asked for.

What is stored is never altered: the folded form stands beside it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ACCENTS = re.compile("[\u0300-\u036f]")
VARIANTS = {
    "臺": "台", "峯": "峰", "羣": "群", "裏": "裡", "塩": "鹽", "舘": "館", "脚": "腳", "着": "著",
    "衆": "眾", "啓": "啟", "敎": "教", "祕": "秘", "豊": "豐", "淸": "清", "靑": "青", "户": "戶",
    "戸": "戶", "凉": "涼", "册": "冊", "滙": "匯", "恒": "恆", "綉": "繡", "粧": "妝", "銹": "鏽",
    "嫺": "嫻", "墻": "牆", "温": "溫", "爲": "為", "僞": "偽",
}  # fmt: skip
"""Characters that are written in two ways in Taiwan, with the one that stands for both. 里 and 裡 are two words."""
_ONE = str.maketrans(VARIANTS)


def fold(text: str) -> str:
    """`text` without case, accents and width: NFKC, casefold, Latin accents off, variants as one, single spaces.

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
    return " ".join(unicodedata.normalize("NFKC", bare).translate(_ONE).split())
