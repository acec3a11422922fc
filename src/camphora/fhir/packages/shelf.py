"""How a package is kept: one `.ndjson.xz` file that opens at any of its resources without reading the others.

The file is a row of xz streams, so that `xz -d` gives plain NDJSON: the first line says what the package is and
where each resource lies, every further line is a resource. Each stream holds some hundred of them; a resource is
found by unpacking its stream alone. The same input gives the same bytes.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
import orjson

Json = dict[str, Any]
STREAM_BYTES = 512 * 1024
"""So much text goes into one stream: larger ones pack better, smaller ones open faster."""
KEPT_STREAMS = 4
KEPT_RESOURCES = 256
_SMALL = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 20}]
_FAST = [{"id": lzma.FILTER_LZMA2, "preset": 0}]


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where one resource lies. `url` and `version` are empty where it has none; `example` as its package says."""

    type: str
    id: str
    url: str
    version: str
    stream: int
    line: int
    example: bool = False


class Contents(msgspec.Struct, frozen=True):
    """The first line: the package's own words about itself, the length of each stream, and the entries in order."""

    manifest: Json
    streams: tuple[int, ...]
    entries: tuple[Entry, ...]


class Shelf:
    """The resources of one package, read where they lie; shared freely between threads."""

    def __init__(self, data: bytes) -> None:
        """`data` as `pack` made it; `lzma.LZMAError` or `msgspec.DecodeError` where it is not."""
        first = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        contents = msgspec.json.decode(first.decompress(data), type=Contents)
        self.manifest, self.entries = contents.manifest, contents.entries
        self.data = data
        ends = [len(data) - len(first.unused_data)]
        for length in contents.streams:
            ends.append(ends[-1] + length)
        self._ends = ends
        self._lines = lru_cache(KEPT_STREAMS)(self._unpacked)
        self._read: Callable[[Entry], Json] = lru_cache(KEPT_RESOURCES)(self.fresh)

    def _unpacked(self, stream: int) -> list[bytes]:
        return lzma.decompress(self.data[self._ends[stream] : self._ends[stream + 1]]).split(b"\n")

    def raw(self, entry: Entry) -> bytes:
        """The resource as one line of JSON, decimals as they were written."""
        return self._lines(entry.stream)[entry.line]

    def fresh(self, entry: Entry) -> Json:
        """The resource, parsed anew."""
        found: Json = orjson.loads(self.raw(entry))
        return found

    def read(self, entry: Entry) -> Json:
        """The resource, shared between callers: read it, never change it."""
        return self._read(entry)


class _Head(msgspec.Struct):
    resourceType: Any = ""  # noqa: N815
    id: Any = ""
    url: Any = ""
    version: Any = ""


def pack(
    manifest: Json | Callable[[], Json],
    resources: Iterable[tuple[bytes, bool]],
    *,
    fast: bool = False,
    progress: Callable[[int], None] | None = None,
) -> bytes:
    """The file of a package: its manifest (asked for last where it is a function), then each resource as one line
    of JSON, with whether it is an example.

    Resources of one type should follow one another: they pack better and are read faster together. `fast` packs
    ten times as fast and half as much again in size."""
    entries: list[Entry] = []
    streams: list[bytes] = []
    filters = _FAST if fast else _SMALL
    for lines in _streams(resources, entries):
        streams.append(lzma.compress(lines, filters=filters))
        if progress:
            progress(len(entries))
    said = manifest() if callable(manifest) else manifest
    contents = Contents(said, tuple(map(len, streams)), tuple(entries))
    return lzma.compress(msgspec.json.encode(contents) + b"\n", filters=filters) + b"".join(streams)


def _streams(resources: Iterable[tuple[bytes, bool]], entries: list[Entry]) -> Iterator[bytes]:
    """The text of each stream; `entries` gains what lies in it."""
    lines: list[bytes] = []
    stream = size = 0
    for line, example in resources:
        if lines and size + len(line) > STREAM_BYTES:
            yield b"\n".join(lines) + b"\n"
            stream, lines, size = stream + 1, [], 0
        entries.append(_entry(line, stream, len(lines), example))
        lines.append(line)
        size += len(line)
    if lines:
        yield b"\n".join(lines) + b"\n"


def _entry(line: bytes, stream: int, number: int, example: bool) -> Entry:
    head = msgspec.json.decode(line, type=_Head)
    said = (head.resourceType, head.id, head.url, head.version)
    kind, name, url, version = (value if isinstance(value, str) else "" for value in said)
    return Entry(kind, name, url, version, stream, number, example)
