"""A limited way in: plain, gzip or zip bytes, counted while they are read.

Nothing is trusted that the sender says of itself: sizes are counted on the way, so a body that is too large or
an archive that swells is refused at the byte that breaks the limit, with little of it in memory.
"""

from __future__ import annotations

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from camphora.errors import Invalid, Place, TooLarge

Source = Path | BinaryIO
MEGABYTE = 1024 * 1024
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
"""How files of Excel begin that are of before 2007, or have a password."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes as brought, bytes after unpacking, and how many times larger than packed they may become."""

    packed: int = 128 * MEGABYTE
    unpacked: int = 1024 * MEGABYTE
    ratio: int = 200
    free: int = 4 * MEGABYTE
    """Below this many unpacked bytes no ratio is asked: small files compress as they like."""


def name_of(source: Source) -> str:
    """The file's own name, or `-` for a stream that has none; what of it is not UTF-8 is shown as �."""
    name = source.name if isinstance(source, Path) else getattr(source, "name", "-")
    return os.fsencode(Path(name).name).decode(errors="replace") if isinstance(name, str) else "-"


class Counted(io.RawIOBase):
    """A reader that counts what comes out and refuses to give more than the limits allow."""

    def __init__(self, inner: IO[bytes], name: str, size: int, limits: Limits, *, packed: bool) -> None:
        self._inner = inner
        self._name = name
        self._most = min(limits.unpacked, max(limits.free, size * limits.ratio)) if packed else limits.packed
        self._packed = packed
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        part = self._read(len(view))
        view[: len(part)] = part
        self._count += len(part)
        if self._count > self._most:
            code = "formats-swells" if self._packed else "formats-too-large"
            raise TooLarge(code, place=Place(self._name), most=megabytes(self._most))
        return len(part)

    def _read(self, size: int) -> bytes:
        try:
            return self._inner.read(size)
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise Invalid("formats-archive-broken", place=Place(self._name)) from error


def megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.1f} MB"


@contextmanager
def open_limited(
    source: Source, limits: Limits | None = None, name: str | None = None
) -> Iterator[io.BufferedReader]:
    """The unpacked bytes of `source` from their start: plain, gzip, or a zip with exactly one file.

    Raises TooLarge (formats-too-large, formats-swells) and Invalid (formats-archive-broken, formats-archive-many).
    A stream must be seekable; it is left open.
    """
    limits, name = limits or Limits(), name or name_of(source)
    stream = source.open("rb") if isinstance(source, Path) else source
    try:
        size = stream.seek(0, os.SEEK_END)
        if size > limits.packed:
            raise TooLarge("formats-too-large", place=Place(name), most=megabytes(limits.packed))
        stream.seek(0)
        inner, packed = _unpacked(stream, name)
        yield io.BufferedReader(Counted(inner, name, size, limits, packed=packed))
    finally:
        if isinstance(source, Path):
            stream.close()


def require_no_old_excel(source: Source, name: str) -> None:
    """Raise Invalid `formats-excel-old` for a workbook of before 2007, or one with a password."""
    stream = source.open("rb") if isinstance(source, Path) else source
    try:
        stream.seek(0)
        if stream.read(4) == OLD_EXCEL:
            raise Invalid("formats-excel-old", place=Place(name))
    finally:
        if isinstance(source, Path):
            stream.close()


def _unpacked(stream: BinaryIO, name: str) -> tuple[IO[bytes], bool]:
    start = stream.read(4)
    stream.seek(0)
    if start[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.open(stream, "rb")), True
    if start == OLD_EXCEL:
        raise Invalid("formats-excel-old", place=Place(name))
    if start == b"PK\x03\x04":
        return _only_member(stream, name), True
    return stream, False


def _only_member(stream: BinaryIO, name: str) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(stream)
        members = [item for item in archive.infolist() if not item.is_dir()]
        if any(item.filename == "xl/workbook.xml" for item in members):
            raise Invalid("formats-excel-named", place=Place(name))
        if len(members) != 1:
            raise Invalid("formats-archive-many", place=Place(name), count=len(members))
        return archive.open(members[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Invalid("formats-archive-broken", place=Place(name)) from error
