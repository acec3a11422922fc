"""A copy of an installation, taken from its folder while another process serves it.

Order matters: the store first, then the signed heads, then the receipts, so that whatever the copied store or a
copied head speaks of is in the copied log. The lake is made again from what is copied.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw

from camphora.errors import Busy, Conflict, Invalid


def backup(folder: Path, to: Path) -> int:
    """Copy the installation in `folder` to the new or empty folder `to`; returns the bytes written.

    Raises `installation-none`, `installation-not-empty`, and `installation-read-only` where `to` cannot be written.
    """
    if not (folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=folder.name or str(folder))
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise Conflict("installation-not-empty", folder=to.name)
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        to.chmod(0o700)
        _copy(folder, to)
    except OSError as error:
        raise Busy("installation-read-only", folder=to.name) from error
    return sum(path.stat().st_size for path in to.rglob("*") if path.is_file())


def _copy(folder: Path, to: Path) -> None:
    _copy_database(folder / "records.sqlite", to / "records.sqlite")
    _copy_database(folder / "gate.sqlite", to / "gate.sqlite", "DELETE FROM session")
    if (folder / "terminology.sqlite").exists():
        _copy_database(folder / "terminology.sqlite", to / "terminology.sqlite")
    (to / "audit").mkdir()
    for name in ("heads.key", "heads.pub", "heads.log", "receipts.log"):
        if (folder / "audit" / name).exists():
            shutil.copy2(folder / "audit" / name, to / "audit" / name)
    for name in ("secret.key", "demo", "validation.toml", "service.toml", "policy.toml"):
        if (folder / name).exists():
            shutil.copy2(folder / name, to / name)
    for name in ("systems", "packages"):
        if (folder / name).exists():
            shutil.copytree(folder / name, to / name, ignore=shutil.ignore_patterns(".new-*"))


def _copy_database(path: Path, to: Path, then: str = "") -> None:
    """A consistent copy of a SQLite file that others may be writing."""
    to.touch(mode=0o600)
    source, target = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE), apsw.Connection(str(to))
    try:
        source.set_busy_timeout(5000)
        with target.backup("main", source, "main") as copy:
            copy.step(-1)  # all at once: in steps, each commit of another process would begin it anew
        if then:
            target.execute(then)
    finally:
        source.close()
        target.close()
