"""A copy of an installation, taken from its folder while another process serves it, and put back.

Order matters: the store first, then the signed heads, then the receipts, so that whatever the copied store or a
copied head speaks of is in the copied log. The lake is made again from what is copied. The list, `backup.json`, is
written last: a backup without it is unfinished, is not restored, and is begun anew by the next one to the same folder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec

from camphora import __version__
from camphora.audit.merkle import Tree, leaf_hash
from camphora.errors import Busy, CamphoraError, Conflict, Invalid
from camphora.records.noting import NAMES as JOURNAL

LIST, UNFINISHED = "backup.json", "backup.unfinished"
KEYS = ("secret.key", "audit/heads.key", "audit/heads.key.next")
"""What others must never have: who holds them can sign heads and tell whose receipts are whose."""
LEFT = ("lake", "watched", "exports", "camphora.lock", "asked.sock", "audit/reserve", "audit/reserve.new")
"""What is made again, or asked for again."""
FIRST = ("records.sqlite", *JOURNAL, "audit/heads.log", "audit/receipts.log")
"""In this order: what leaves one of them meanwhile goes into one that is copied later."""
PAGES = 2_000
"""So many pages of a database are copied between two tellings."""
BLOCK = 1 << 20
Progress = Callable[[int, int], None]
"""Called with the bytes that are copied and those that there are."""


class Copied(msgspec.Struct, frozen=True):
    """A file of a backup: its name in the folder, bytes and SHA-256; `key` for a secret."""

    name: str
    bytes: int
    sha256: str
    key: bool = False


class Holds(msgspec.Struct, frozen=True):
    """What a backup holds, all at one moment: the number of the last change, records by type (present, not deleted),
    versions before the present ones, receipts, and the root of the receipts' tree over them."""

    change: int
    records: dict[str, int]
    versions: int
    receipts: int
    root: str


class Backup(msgspec.Struct, frozen=True):
    """The list of a backup. `at`: UTC, RFC 3339; `taken`: seconds; `formats`: the number of each database's form."""

    made_by: str
    at: str
    taken: float
    formats: dict[str, int]
    holds: Holds
    files: tuple[Copied, ...]

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.files)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.files if each.key)


def backup(folder: Path, to: Path, progress: Progress = lambda _done, _total: None) -> Backup:
    """Copy the installation in `folder` to the new or empty folder `to`, or to one where a backup was broken off.

    Raises `installation-none`, `installation-not-empty`, `installation-disk-full`, and `installation-read-only` where
    `to` cannot be written.
    """
    if not (folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=folder.name or str(folder))
    if to.resolve().is_relative_to(folder.resolve()):
        raise Invalid("installation-backup-inside", folder=to.name)
    _require_free(to)
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        to.chmod(0o700)
        (to / UNFINISHED).touch()
        _empty(to)
        return _made(folder, to, progress)
    except (OSError, apsw.Error) as error:
        raise _refusal(error, to) from error


def restore(source: Path, to: Path, progress: Progress = lambda _done, _total: None) -> Backup:
    """Put a backup back into the new or empty folder `to`, wholly or not at all; every file is held to its digest.

    Raises `installation-not-a-backup`, `installation-backup-unfinished`, `installation-backup-damaged`,
    `installation-not-empty`, `installation-disk-full`, `installation-read-only`.
    """
    kept = read_list(source)
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise Conflict("installation-not-empty", folder=to.name)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
        try:
            _put_back(source, aside, kept, progress)
            if to.exists():
                to.rmdir()
            aside.rename(to)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise _refusal(error, to) from error
    return kept


def read_list(source: Path) -> Backup:
    """What a backup says that it holds. Raises as `restore` does."""
    if (source / UNFINISHED).exists():
        raise Invalid("installation-backup-unfinished", folder=source.name)
    try:
        return msgspec.json.decode((source / LIST).read_bytes(), type=Backup)
    except (OSError, msgspec.DecodeError) as error:
        raise Invalid("installation-not-a-backup", folder=source.name or str(source)) from error


def _require_free(to: Path) -> None:
    """A folder that holds something else is never written into."""
    if not to.exists() or (to.is_dir() and (to / UNFINISHED).exists()):
        return
    if not to.is_dir() or any(to.iterdir()):
        raise Conflict("installation-not-empty", folder=to.name)


def _empty(to: Path) -> None:
    """Take away what a backup that was broken off left."""
    for each in to.iterdir():
        if each.name != UNFINISHED:
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def _refusal(error: Exception, to: Path) -> CamphoraError:
    full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or isinstance(error, apsw.FullError)
    return Busy("installation-disk-full" if full else "installation-read-only", folder=to.name)


def _made(folder: Path, to: Path, progress: Progress) -> Backup:
    begun = time.monotonic()
    names = list(_names(folder))
    told = _Telling(progress, sum((folder / name).stat().st_size for name in names))
    for name in names:
        try:
            _copy(folder / name, to / name, told)
        except FileNotFoundError:
            if name in FIRST:
                raise
    names = [name for name in names if (to / name).exists()]
    files = tuple(_copied(to, name) for name in names)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    formats = {name: _asked(to / name, "PRAGMA user_version") for name in names if name.endswith(".sqlite")}
    taken = round(time.monotonic() - begun, 3)
    made = Backup(f"camphora {__version__}", at, taken, formats, holds(to), files)
    _write(to / LIST, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    (to / UNFINISHED).unlink()
    _sync_folder(to)
    return made


def _names(folder: Path) -> Iterator[str]:
    """Every file that a copy needs, in the order in which they are copied."""
    yield from (name for name in FIRST if (folder / name).exists())
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and name not in FIRST and not _is_left(name):
            yield name


def _is_left(name: str) -> bool:
    if any(name == each or name.startswith(f"{each}/") for each in LEFT):
        return True
    return name.endswith(("-wal", "-shm", "-journal")) or any(
        part.startswith(".") for part in name.split("/")
    )


class _Telling:
    """Adds up what is copied."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, number: int) -> None:
        self.done += number
        self.progress(min(self.done, self.total), self.total)


def _copy(path: Path, to: Path, told: _Telling) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.suffix == ".sqlite":
        _copy_database(path, to, told)
    else:
        with path.open("rb") as source:
            to.touch(mode=path.stat().st_mode & 0o777)
            with to.open("wb") as target:
                while block := source.read(BLOCK):
                    target.write(block)
                    told.add(len(block))
        shutil.copystat(path, to)
    if path.suffix == ".log":
        _cut_to_lines(to)
    _sync(to)


def _copy_database(path: Path, to: Path, told: _Telling) -> None:
    """A copy of a SQLite file as it is now, while others write it. The source holds a read transaction: without it each
    commit of another process would begin the copy anew."""
    to.touch(mode=0o600)
    source, target = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE), apsw.Connection(str(to))
    try:
        source.set_busy_timeout(5000)
        (size,) = next(source.execute("PRAGMA page_size"))
        source.execute("BEGIN")
        next(source.execute("SELECT count(*) FROM sqlite_schema"))
        with target.backup("main", source, "main") as copy:
            before = 0
            while not copy.done:
                copy.step(PAGES)
                done = copy.page_count - copy.remaining
                told.add((done - before) * size)
                before = done
        source.execute("ROLLBACK")
        target.execute("PRAGMA journal_mode = DELETE")
        if path.name == "gate.sqlite":
            target.execute("DELETE FROM session")
    finally:
        source.close()
        target.close()


def _cut_to_lines(path: Path) -> None:
    """What was being written behind the last line end is not in the copy."""
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - BLOCK)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        file.truncate(end)


def _copied(folder: Path, name: str) -> Copied:
    path = folder / name
    return Copied(name, path.stat().st_size, _digest(path), name in KEYS)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(folder: Path) -> Holds:
    """What an installation's folder that nobody writes holds now."""
    tree = Tree()
    log = folder / "audit" / "receipts.log"
    if log.exists():
        with log.open("rb") as lines:
            for line in lines:
                tree.append(leaf_hash(line.rstrip(b"\n")))
    connection = apsw.Connection(str(folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        records = (
            "SELECT t.name, count(*) FROM record r JOIN type t ON t.no = r.type WHERE r.deleted = 0"
            " GROUP BY 1 ORDER BY 1"
        )
        (change,) = next(connection.execute("SELECT coalesce(max(no), 0) FROM change"))
        (versions,) = next(connection.execute("SELECT count(*) FROM superseded"))
        return Holds(
            change, dict(connection.execute(records)), versions, len(tree), tree.root(len(tree)).hex()
        )
    finally:
        connection.close()


def _asked(path: Path, sql: str) -> Any:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return next(connection.execute(sql))[0]
    finally:
        connection.close()


def _put_back(source: Path, to: Path, kept: Backup, progress: Progress) -> None:
    to.chmod(0o700)
    told = _Telling(progress, kept.bytes)
    for each in kept.files:
        path, target = source / each.name, to / each.name
        if not target.resolve().is_relative_to(to.resolve()):
            raise Invalid("installation-backup-damaged", folder=source.name, file=each.name)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            shutil.copy2(path, target)
        except FileNotFoundError:
            raise Invalid("installation-backup-damaged", folder=source.name, file=each.name) from None
        if _digest(target) != each.sha256:
            raise Invalid("installation-backup-damaged", folder=source.name, file=each.name)
        _sync(target)
        told.add(each.bytes)
    _sync_folder(to)


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
    _sync(path)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
