"""Big5 as Taiwan's files write it: Microsoft's code page 950, the ETEN signs, and every site's own characters.

Python's `cp950` reads C6A1–C7FC in an order that no file in Taiwan uses (C6A1 as ヾ); here that block is ETEN's (① ぁ
ア а), as in browsers. Codes that Windows leaves to the site (造字) become Unicode's private characters by Microsoft's
rule and are written back as the same bytes; what they look like only the site knows. Codec name: `big5-taiwan`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from camphora.errors import Faults, Invalid, Place

CODEC = "big5-taiwan"
_ERRORS = "big5-taiwan-private"
_TRAILS = bytes([*range(0x40, 0x7F), *range(0xA1, 0xFF)])
_BLOCKS = ((0xFA, 0xFE, 0xE000), (0x8E, 0xA0, 0xE311), (0x81, 0x8D, 0xEEB8), (0xC6, 0xC8, 0xF6B1 - 63))
"""First and last lead byte of each user-defined block, and the private character of its first code. Microsoft counts
the fourth from C6A1 (63 codes after C640)."""
_RADICALS = {0xC6CD: "幺", 0xC6CF: "廴", 0xC6D3: "无", 0xC6D5: "癶", 0xC6D7: "隶", 0xC6DE: "〃", 0xC6DF: "仝"}
"""Codes of ETEN that Python's tables of Hong Kong's Big5 have moved away."""
NEAR = {
    "¢": "￠", "£": "￡", "¥": "￥", "•": "·", "‾": "￣", "∼": "～", "〜": "～", "☉": "⊙", "♁": "⊕",
    "､": "﹑", "⋯": "…", "−": "－", "\u00a0": " ",
}  # fmt: skip
"""Signs that Big5 has only in a near form."""


class Private(NamedTuple):
    """A character of a site's own: where it stands (from 1), its private code point and its bytes."""

    line: int
    column: int
    code_point: str
    code: str


def private(pair: bytes) -> str | None:
    """The private character of a user-defined code; None for every other pair of bytes."""
    return None if pair in _ETEN else _windows(pair)


def code(char: str) -> bytes | None:
    """The bytes of a private character: `private` turned round."""
    for first, last, start in _BLOCKS:
        row, trail = divmod(ord(char) - start, len(_TRAILS))
        if 0 <= row <= last - first and _windows(pair := bytes([first + row, _TRAILS[trail]])) == char:
            return pair
    return None


def _windows(pair: bytes) -> str | None:
    if len(pair) == 2 and (trail := _TRAILS.find(pair[1:])) >= 0:
        for first, last, start in _BLOCKS:
            if first <= pair[0] <= last and (first != 0xC6 or pair >= b"\xc6\xa1"):
                return chr(start + (pair[0] - first) * len(_TRAILS) + trail)
    return None


def privates(text: str) -> list[Private]:
    """Every user-defined character of a text."""
    return [
        Private(line, column, f"U+{ord(char):04X}", found.hex().upper())
        for line, row in enumerate(text.split("\n"), 1)
        for column, char in enumerate(row, 1)
        if "\ue000" <= char <= "\uf848" and (found := code(char))
    ]


def spelt(text: str, table: Mapping[str, str]) -> str:
    """The text with a site's own characters as its table has them (`{"FA40": "𠮷"}`); those it lacks stay private."""
    signs = {private(bytes.fromhex(code)): char for code, char in table.items()}
    return text.translate({ord(sign): char for sign, char in signs.items() if sign})


def marked(char: str) -> str:
    """What may be written for a character that Big5 lacks: its near form, or its number as 〔U+20BB7〕."""
    return NEAR.get(char) or f"〔U+{ord(char):04X}〕"


def encode(text: str, name: str = "-", stand_in: Callable[[str], str] | None = None) -> bytes:
    """The text as Big5; reading it gives the same text.

    Raises Faults of formats-character-lacking, one per place, for characters that Big5 lacks, unless `stand_in` says
    what to write for them (`marked`); there is no silent question mark.
    """
    return b"".join(encoded([text], name, stand_in))


def encoded(
    parts: Iterable[str], name: str = "-", stand_in: Callable[[str], str] | None = None
) -> Iterator[bytes]:
    """Parts of a text, one after another, as Big5; line and column of a fault count from the first part."""
    line, column = 1, 1
    for part in parts:
        try:
            yield _encode(part)
        except UnicodeEncodeError:
            if stand_in is None:
                raise Faults(list(_faults(part, name, line, column))) from None
            yield _encode("".join(char if _has(char) else stand_in(char) for char in part))
        breaks = part.count("\n")
        line, column = line + breaks, (len(part) - part.rfind("\n") if breaks else column + len(part))


def _faults(part: str, name: str, line: int, column: int) -> Iterator[Invalid]:
    for char in part:
        if not _has(char):
            place = Place(name, line, column)
            yield Invalid("formats-character-lacking", place=place, character=f"U+{ord(char):04X}")
        line, column = (line + 1, 1) if char == "\n" else (line, column + 1)


def _has(char: str) -> bool:
    try:
        _encode(char)
    except UnicodeEncodeError:
        return False
    return True


def _eten() -> dict[bytes, str]:
    """The ETEN block, C6A1 to C875: circled numbers, radicals, kana, Cyrillic."""
    numbers = (lead << 8 | trail for lead in (0xC6, 0xC7, 0xC8) for trail in _TRAILS)
    pairs = {number: number.to_bytes(2, "big") for number in numbers if 0xC6A1 <= number <= 0xC875}
    return {pair: _RADICALS.get(number) or pair.decode("big5hkscs") for number, pair in pairs.items()}


def _misread(pair: bytes) -> str:
    """What the decoder gives there before it is mended: Python's cp950, or Windows' private character."""
    return pair.decode("cp950") if pair <= b"\xc7\xfc" else str(_windows(pair))


def _usual(char: str) -> bool:
    """Whether the character has a code outside the ETEN block."""
    pair = char.encode("cp950", "ignore")
    return bool(pair) and not b"\xc6\xa1" <= pair <= b"\xc7\xfc"


_ETEN = _eten()
_READ = {_misread(pair): char for pair, char in _ETEN.items()}
_LACKING = dict.fromkeys([*_READ, *NEAR, *(str(_windows(pair)) for pair in _ETEN)], "\uffff")
_WRITTEN = _LACKING | {char: str(_windows(pair)) for pair, char in _ETEN.items() if not _usual(char)}
_TO_ETEN, _FROM_ETEN = str.maketrans(_READ), str.maketrans(_WRITTEN)
_MISREAD, _MISWRITTEN = re.compile(f"[{''.join(_READ)}]"), re.compile(f"[{''.join(_WRITTEN)}]")


def _encode(text: str, errors: str = _ERRORS) -> bytes:
    plain = text.translate(_FROM_ETEN) if _MISWRITTEN.search(text) else text
    return plain.encode("cp950", errors)


def _decode(text: str) -> str:
    return text.translate(_TO_ETEN) if _MISREAD.search(text) else text


def _private(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        char = _windows(error.object[error.start : error.start + 2])
        if char:
            return char, error.start + 2
    elif isinstance(error, UnicodeEncodeError) and (found := code(error.object[error.start])):
        return found, error.start + 1
    raise error


class _Decoder(codecs.IncrementalDecoder):
    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        self._inner = codecs.getincrementaldecoder("cp950")(_ERRORS if errors == "strict" else errors)

    def decode(self, data: Any, final: bool = False) -> str:
        return _decode(self._inner.decode(data, final))

    def reset(self) -> None:
        self._inner.reset()

    def getstate(self) -> tuple[bytes, int]:
        return self._inner.getstate()

    def setstate(self, state: tuple[bytes, int]) -> None:
        self._inner.setstate(state)


class _Encoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:  # noqa: ARG002
        return _encode(text, _ERRORS if self.errors == "strict" else self.errors)


def _codec(name: str) -> codecs.CodecInfo | None:
    if name != CODEC.replace("-", "_"):
        return None
    return codecs.CodecInfo(
        name=CODEC,
        encode=lambda text, errors="strict": (_Encoder(errors).encode(text), len(text)),
        decode=lambda data, errors="strict": (_Decoder(errors).decode(data, True), len(data)),
        incrementalencoder=_Encoder,
        incrementaldecoder=_Decoder,
    )


codecs.register_error(_ERRORS, _private)
codecs.register(_codec)
