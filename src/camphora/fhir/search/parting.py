r"""Values taken apart at `,`, `|` and `$`, which a backslash escapes (search.html#escaping)."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_MARKS = re.compile(r"([,|$\\])")


def split(text: str, mark: str) -> list[str]:
    r"""`text` at each `mark` that no backslash escapes; the escapes stay in the parts.

    >>> split(r"a\,b,c", ",")
    ['a\\,b', 'c']
    """
    if "\\" not in text:
        return text.split(mark)
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == mark:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def plain(text: str) -> str:
    r"""A part without its escapes. ValueError where it is empty or a backslash escapes nothing (`xx\xx` is illegal)."""
    if not text:
        raise ValueError("empty value")
    return _ESCAPED.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    if found[1] not in {",", "|", "$", "\\"}:
        raise ValueError("a backslash that escapes nothing")
    return found[1]


def escaped(text: str) -> str:
    """The text as a part that `plain` gives back."""
    return _MARKS.sub(r"\\\1", text)


def token(text: str) -> tuple[str | None, str | None]:
    """`code`, `system|code`, `|code` or `system|` as (system, code)."""
    parts = split(text, "|")
    if len(parts) == 1:
        return None, plain(text)
    if len(parts) > 2 or parts == ["", ""]:
        raise ValueError("token")
    system, code = (plain(part) if part else "" for part in parts)
    return system, code or None
