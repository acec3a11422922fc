"""The text of an expression cut into tokens, each with its offset."""

from __future__ import annotations

import re
from typing import NamedTuple

from camphora.errors import Invalid, Place

LONGEST = 20_000
"""Letters of an expression; the longest of R4's own has 1,900."""
DIGITS = 34
"""Letters of a number."""

_TOKEN = re.compile(
    r"""(?P<space>(?:[\s\ufeff]+|//[^\r\n]*|/\*(?s:.*?)\*/)+)
      |(?P<open>/\*)
      |(?P<time>@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)(?P<zoned>Z|[+-]\d\d:\d\d)?
      |(?P<datetime>@\d{4}(?:-\d\d(?:-\d\d)?)?T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)
      |(?P<date>@\d{4}(?:-\d\d(?:-\d\d)?)?)
      |(?P<number>\d+(?:\.\d+)?)
      |(?P<string>'(?:[^'\\]|\\.)*')
      |(?P<quoted>`(?:[^`\\]|\\.)*`)
      |(?P<special>\$(?:this|index|total)\b)
      |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<sign><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}%])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", **{sign: sign for sign in "\\/'\"`"}}


class Token(NamedTuple):
    """`kind` is a group of the grammar; of a sign or word that matters `text` says which. `end` is the last."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, the last one of kind `end`.

    Raises `Invalid` where the text is too long or holds what begins no token.
    """
    if len(text) > LONGEST:
        raise Invalid("fhirpath-long", most=LONGEST)
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match["open"]:
            raise fault("fhirpath-letter", text, at)
        if match["zoned"]:
            raise fault("fhirpath-time-zone", text, at)
        kind = match.lastgroup or ""
        if kind == "number" and len(match[0]) > DIGITS:
            raise fault("fhirpath-number", text, at, most=DIGITS)
        if kind != "space":
            found.append(Token(kind, _content(kind, match[0]), at))
        at = match.end()
    found.append(Token("end", "", len(text)))
    return found


def fault(code: str, text: str, at: int, **facts: object) -> Invalid:
    """An error at an offset of the expression; its line is said where the expression has several."""
    before = text[:at]
    line = before.count("\n") + 1 if "\n" in text else None
    return Invalid(code, place=Place(line=line, column=at - before.rfind("\n")), **facts)


def _content(kind: str, text: str) -> str:
    if kind in {"string", "quoted"}:
        said = _ESCAPE.sub(_meant, text[1:-1])
        return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if kind == "time":
        return text[2:]
    return text[1:] if kind in {"date", "datetime"} else text


def _meant(found: re.Match[str]) -> str:
    """What an escape stands for; one that FHIRPath does not know stays, as its grammar says."""
    said = found[1]
    if len(said) == 5:
        return chr(int(said[1:], 16))
    return _ESCAPED.get(said, found[0])
