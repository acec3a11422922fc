"""The shape of a cell: what an error may say about a value without repeating it."""

from __future__ import annotations

import unicodedata


def shape(text: str, longest: int = 40) -> str:
    """Digits become 9, letters A, other letters 字; punctuation stays. `shape("113年13月") == "999字99字"`."""
    cut = "".join(_kind(sign) for sign in text[:longest])
    return cut + ("…" if len(text) > longest else "")


def _kind(sign: str) -> str:
    if sign.isdecimal():
        return "9"
    if sign.isascii():
        return "A" if sign.isalpha() else sign if sign.isprintable() else "·"
    return "字" if unicodedata.category(sign).startswith("L") else "·"
