"""What is to be loaded: the files that are named, those of folders, and those in archives, one after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from camphora.errors import Invalid
from camphora.formats.archives import Member, is_archive, members, unpack
from camphora.installation.places import key_of

ENDINGS = (".ndjson", ".jsonl", ".json", ".xml")
"""Of a folder and of an archive only files of these names are taken, also with .gz behind."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or one in an archive; `name` is what is said of it, `size` its bytes as they lie there."""

    path: Path
    name: str
    size: int
    member: Member | None = None

    @property
    def key(self) -> str:
        return key_of(self.path, self.member.name if self.member else "")

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """The file to read; a member of an archive is unpacked for so long."""
        if self.member is None:
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="camphora-load-") as folder:
            target = Path(folder) / Path(self.member.name.replace("\\", "/")).name
            unpack(self.path, self.member, target)
            yield target


def sources(paths: Iterable[Path]) -> list[Source]:
    """All of them in order. Raises Invalid installation-no-file for a path that is not there, and what `members`
    raises of an archive."""
    return [source for path in paths for source in _of(path, path.name, named=True)]


def _of(path: Path, name: str, *, named: bool) -> Iterator[Source]:
    if path.is_dir():
        within = sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        taken = [one for one in within if _fits(one.name) or is_archive(one.name)]
        if not taken:
            raise Invalid("installation-empty-folder", folder=path.name)
        for one in taken:
            yield from _of(one, str(Path(path.name) / one.relative_to(path)), named=False)
    elif not path.is_file():
        raise Invalid("installation-no-file", file=path.name)
    elif is_archive(path.name):
        for member in members(path):
            if _fits(member.name):
                yield Source(path, f"{name}/{member.name}", member.size, member)
    elif named or _fits(path.name):
        yield Source(path, name, path.stat().st_size)


def _fits(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(ENDINGS)
