"""Bytes to text. Taiwan's files come as UTF-8 (with or without its mark) or as Big5; anything else is refused.

Big5 is met here and never passes this edge (`big5.encode` writes it). The whole file is looked at before the first
line is given, since a file may be plain ASCII for its first thousand rows. The bytes of Hong Kong's Big5 cannot be
told from a site's own characters in Taiwan's; who knows better names the encoding.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, TextIO

from camphora.errors import Invalid, Place
from camphora.formats import big5
from camphora.formats.limits import Limits, Source, name_of, open_limited

CHUNK = 1 << 20
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
LOOK = 1024
PRIVATE = re.compile("[\ue000-\uf848]")
SURE = 6
"""Three well-formed Chinese characters (two bytes more than signs each) before the first bad byte: damaged UTF-8,
not Big5."""


def sniff(source: Source, limits: Limits | None = None, name: str | None = None) -> str:
    """`utf-8-sig` or `big5-taiwan`: the encoding that reads every byte of the source.

    Raises Invalid formats-encoding-mark (UTF-16 or 32, with a mark or without), formats-encoding-damaged (UTF-8 with
    a bad byte) or formats-encoding-unknown, each with the line of the first bad byte.
    """
    name = name or name_of(source)
    with open_limited(source, limits, name) as stream:
        start = stream.peek(LOOK)[:LOOK]
        _refuse_marks(start, name)
        bad = _first_bad(stream, "utf-8")
    if bad is None:
        return "utf-8-sig"
    if bad.wide >= SURE or start.startswith(codecs.BOM_UTF8):
        raise Invalid("formats-encoding-damaged", place=Place(name, bad.line), byte=bad.byte)
    with open_limited(source, limits, name) as stream:
        worse = _first_bad(stream, big5.CODEC)
    if worse is None:
        return big5.CODEC
    raise Invalid("formats-encoding-unknown", place=Place(name, worse.line), byte=worse.byte)


@contextmanager
def open_text(
    source: Source, limits: Limits | None = None, name: str | None = None, encoding: str | None = None
) -> Iterator[TextIO]:
    """The source as text, whatever its encoding, or in the one that is named; line ends are left as they are."""
    encoding = encoding or sniff(source, limits, name)
    with open_limited(source, limits, name or name_of(source)) as stream:
        yield io.TextIOWrapper(stream, encoding=encoding, newline="")


def decode(data: bytes, name: str = "-") -> str:
    """Small bodies at once; the same rules and errors as `sniff`."""
    with open_text(io.BytesIO(data), name=name) as text:
        return text.read()


def _refuse_marks(start: bytes, name: str) -> None:
    for mark, found in MARKS.items():
        if start.startswith(mark):
            raise Invalid("formats-encoding-mark", place=Place(name, 1), found=found)
    if 8 * max(start[0::2].count(0), start[1::2].count(0)) > len(start):
        raise Invalid("formats-encoding-mark", place=Place(name, 1), found="UTF-16")


class _Bad(NamedTuple):
    line: int
    byte: str
    wide: int


def _first_bad(stream: BinaryIO, encoding: str) -> _Bad | None:
    """The first byte that the encoding cannot read; `wide` counts the bytes that characters beyond ASCII added.

    Big5 of which more than half is a site's own characters is no Big5, and its first one is bad.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line, wide, own, first = 1, 0, 0, None
    while True:
        chunk = stream.read(CHUNK)
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            wide += len(good) - len(good.decode(encoding, "ignore"))
            return _Bad(line + good.count(b"\n"), f"0x{error.object[error.start]:02X}", wide)
        if not chunk:
            return first if 2 * own > wide else None
        if encoding == big5.CODEC and (found := PRIVATE.search(text)):
            own += len(PRIVATE.findall(text))
            first = first or _strange(found, line)
        line += text.count("\n")
        wide += len(chunk) - len(text)


def _strange(found: re.Match[str], line: int) -> _Bad:
    before = found.string[: found.start()]
    return _Bad(line + before.count("\n"), f"0x{(big5.code(found[0]) or b'?')[0]:02X}", 0)
