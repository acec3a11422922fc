"""Bodies as they are kept: compressed with a dictionary of what health records say again and again.

A packed body is one byte, the number of its dictionary, and a Zstandard frame without its magic number (RFC 8878). A
body of an older store, or one that packing would make longer, stands as the JSON that it is; its first byte is a brace.
Dictionaries are made by tools/train_dictionary.py and never change, since what they packed must be read for ever.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib.resources import files

import zstandard

PRESENT = 1
"""The dictionary by which bodies are packed now."""
LEVEL = 3
_BRACE = ord("{")
_local = threading.local()


def packed(body: bytes) -> bytes:
    """A JSON object as it is kept."""
    made = _packer()
    found = bytes((PRESENT,)) + made.compress(body)
    return found if len(found) < len(body) else body


def plain(stored: bytes) -> bytes:
    """The JSON of a body as it is kept, packed or not."""
    first = stored[0]
    return stored if first == _BRACE else _unpacker(first).decompress(memoryview(stored)[1:])


def plain_or_none(stored: bytes | None) -> bytes | None:
    """As `plain`; None for a version that records a deletion."""
    return None if stored is None else plain(stored)


def _packer() -> zstandard.ZstdCompressor:
    """This thread's own: one may not be shared."""
    found: zstandard.ZstdCompressor | None = getattr(_local, "packer", None)
    if found is None:
        form = zstandard.ZstdCompressionParameters.from_level(
            LEVEL, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_dict_id=False, write_content_size=True
        )
        found = _local.packer = zstandard.ZstdCompressor(
            dict_data=_dictionary(PRESENT), compression_params=form
        )
    return found


def _unpacker(number: int) -> zstandard.ZstdDecompressor:
    unpackers: dict[int, zstandard.ZstdDecompressor] | None = getattr(_local, "unpackers", None)
    if unpackers is None:
        unpackers = _local.unpackers = {}
    if number not in unpackers:
        unpackers[number] = zstandard.ZstdDecompressor(
            dict_data=_dictionary(number), format=zstandard.FORMAT_ZSTD1_MAGICLESS
        )
    return unpackers[number]


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(_content(number))


def _content(number: int) -> bytes:
    return files("camphora.records").joinpath("dictionaries", f"{number}.zdict").read_bytes()
