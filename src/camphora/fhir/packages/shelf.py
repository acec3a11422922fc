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
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 20}]


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
        self._data = first.unused_data
        self.manifest, self.entries = contents.manifest, contents.entries
        ends = [0]
        for length in contents.streams:
            ends.append(ends[-1] + length)
        self._ends = ends
        self._lines = lru_cache(KEPT_STREAMS)(self._unpacked)
        self._read: Callable[[Entry], Json] = lru_cache(KEPT_RESOURCES)(self.fresh)

    def _unpacked(self, stream: int) -> list[bytes]:
        return lzma.decompress(self._data[self._ends[stream] : self._ends[stream + 1]]).splitlines()

    def fresh(self, entry: Entry) -> Json:
        """The resource, parsed anew."""
        found: Json = orjson.loads(self._lines(entry.stream)[entry.line])
        return found

    def read(self, entry: Entry) -> Json:
        """The resource, shared between callers: read it, never change it."""
        return self._read(entry)


def pack(
    manifest: Json, resources: Iterable[tuple[Json, bool]], progress: Callable[[int], None] | None = None
) -> bytes:
    """The file of a package: its manifest, then each resource with whether it is an example.

    Resources of one type should follow one another: they pack better and are read faster together."""
    entries: list[Entry] = []
    streams: list[bytes] = []
    for lines in _streams(resources, entries):
        streams.append(lzma.compress(lines, filters=_FILTERS))
        if progress:
            progress(len(entries))
    contents = Contents(manifest, tuple(map(len, streams)), tuple(entries))
    return lzma.compress(msgspec.json.encode(contents) + b"\n", filters=_FILTERS) + b"".join(streams)


def _streams(resources: Iterable[tuple[Json, bool]], entries: list[Entry]) -> Iterator[bytes]:
    """The text of each stream; `entries` gains what lies in it."""
    lines: list[bytes] = []
    stream = size = 0
    for resource, example in resources:
        line = orjson.dumps(resource) + b"\n"
        if lines and size + len(line) > STREAM_BYTES:
            yield b"".join(lines)
            stream, lines, size = stream + 1, [], 0
        entries.append(_entry(resource, stream, len(lines), example))
        lines.append(line)
        size += len(line)
    if lines:
        yield b"".join(lines)


def _entry(resource: Json, stream: int, line: int, example: bool) -> Entry:
    def text(name: str) -> str:
        value = resource.get(name)
        return value if isinstance(value, str) else ""

    return Entry(text("resourceType"), text("id"), text("url"), text("version"), stream, line, example)
