"""Archives of many files: .zip, .tar and .tar.gz, member by member into files of ours, counted on the way.

No name of a member is ever a path here: one that climbs out, is absolute, or is no plain file is refused with the whole
archive, and so is an archive that swells beyond its limits.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from camphora.errors import Invalid, Place, TooLarge
from camphora.formats.limits import MEGABYTE, Limits, megabytes

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
MOST_MEMBERS = 100_000
BLOCK = MEGABYTE
ALL = Limits(packed=1 << 40, unpacked=64 * 1024 * MEGABYTE, ratio=200)
"""Of an archive as a whole; what is in it is read file by file."""


@dataclass(frozen=True, slots=True)
class Member:
    """A plain file of an archive, by the name that it has there."""

    name: str
    size: int


def is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVES)


def members(path: Path) -> list[Member]:
    """The plain files of an archive, in its order. Raises Invalid formats-archive-broken, formats-archive-path (a name
    that leads out of it, a link or a device), TooLarge formats-archive-many-members, formats-swells."""
    with _opened(path) as archive:
        found = list(_listed(archive, path.name))
    most = max(ALL.free, min(ALL.unpacked, path.stat().st_size * ALL.ratio))
    if sum(each.size for each in found) > most:
        raise TooLarge("formats-swells", place=Place(path.name), most=megabytes(most))
    return found


def unpack(path: Path, member: Member, target: Path) -> None:
    """Write one member into a file of ours; more bytes than the archive says of it are refused."""
    with _opened(path) as archive, _stream(archive, member, path.name) as stream, target.open("wb") as file:
        left = member.size
        try:
            while block := stream.read(min(BLOCK, left + 1)):
                left -= len(block)
                if left < 0:
                    raise TooLarge("formats-swells", place=Place(path.name), most=megabytes(member.size))
                file.write(block)
        except (EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError) as error:
            raise Invalid("formats-archive-broken", place=Place(path.name)) from error


def _opened(path: Path) -> zipfile.ZipFile | tarfile.TarFile:
    try:
        return zipfile.ZipFile(path) if path.name.lower().endswith(".zip") else tarfile.open(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, NotImplementedError) as error:
        raise Invalid("formats-archive-broken", place=Place(path.name)) from error


def _listed(archive: zipfile.ZipFile | tarfile.TarFile, name: str) -> Iterator[Member]:
    try:
        for count, (inner, size, plain) in enumerate(_entries(archive)):
            if count >= MOST_MEMBERS:
                raise TooLarge("formats-archive-many-members", place=Place(name), most=MOST_MEMBERS)
            parts = inner.replace("\\", "/").split("/")
            if not plain or inner.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
                raise Invalid("formats-archive-path", place=Place(name), member=inner[:200])
            yield Member(inner, size)
    except (EOFError, zlib.error, tarfile.TarError) as error:
        raise Invalid("formats-archive-broken", place=Place(name)) from error


def _entries(archive: zipfile.ZipFile | tarfile.TarFile) -> Iterator[tuple[str, int, bool]]:
    """Name, size and whether it is a plain file, of all that is no folder."""
    if isinstance(archive, zipfile.ZipFile):
        for item in archive.infolist():
            if not item.is_dir():
                yield item.filename, item.file_size, (item.external_attr >> 28) in {0, 8}
        return
    for entry in archive:
        if not entry.isdir():
            yield entry.name, entry.size, entry.isreg()


def _stream(archive: zipfile.ZipFile | tarfile.TarFile, member: Member, name: str) -> IO[bytes]:
    try:
        if isinstance(archive, zipfile.ZipFile):
            return archive.open(member.name)
        found = archive.extractfile(member.name)
    except (KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise Invalid("formats-archive-broken", place=Place(name)) from error
    if found is None:
        raise Invalid("formats-archive-broken", place=Place(name))
    return found
