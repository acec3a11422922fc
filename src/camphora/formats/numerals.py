"""Chinese numerals below ten thousand, as people write years, sections and floors: 一百一十三, 廿三, 一一三, 〇."""

from __future__ import annotations

import re

_SPELT = ("零〇○", "一壹", "二貳兩", "三參叁", "四肆", "五伍", "六陸", "七柒", "八捌", "九玖")
_DIGITS = {sign: value for value, signs in enumerate(_SPELT) for sign in signs}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_SHORT = {"廿": "二十", "卅": "三十"}
SIGNS = "".join([*_DIGITS, *_TENS, *_SHORT])
RUN = re.compile(f"[{SIGNS}]+")
LONGEST = 12
_WORDS = "〇一二三四五六七八九"


def value(text: str) -> int | None:
    """`十一` → 11, `一百零三` → 103, `一一三` → 113; None where the signs are no number in that order, or too many.

    >>> value("二十三"), value("廿三"), value("一百一十三"), value("十十")
    (23, 23, 113, None)
    """
    if len(text) > LONGEST:
        return None
    for short, long in _SHORT.items():
        text = text.replace(short, long)
    if text and all(sign in _DIGITS for sign in text):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    return _counted(text)


def _counted(text: str) -> int | None:
    """Digits before falling tens: 三千二百一十. A ten without a digit before it is one ten."""
    total, waiting, least = 0, None, 10_000
    for sign in text:
        if sign in _DIGITS:
            if waiting:
                return None
            waiting = _DIGITS[sign]
            continue
        ten = _TENS.get(sign, 10_000)
        if ten >= least or waiting == 0:
            return None
        total, waiting, least = total + (1 if waiting is None else waiting) * ten, None, ten
    return total + (waiting or 0) if text else None


def words(number: int) -> str:
    """The number as it is counted, from 0 to 9,999: 11 → 十一, 103 → 一百零三, 110 → 一百一十."""
    said, gap = "", False
    for ten, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // ten % 10
        if digit:
            said += ("零" if gap and said else "") + _WORDS[digit] + sign
        gap = digit == 0
    said = said or "零"
    return said.removeprefix("一") if said.startswith("一十") else said
