"""The FHIR packages that were added to an installation: one file each in its folder `packages/`."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from camphora.errors import Conflict, NotFound
from camphora.fhir.packages import Guides, Package

FOLDER = "packages"
_ENDING = ".ndjson.xz"
_Stamp = tuple[tuple[str, int, int], ...]


def kept(folder: Path) -> tuple[Package, ...]:
    """The packages added to the installation in `folder`, in the order of their names; needs no lock."""
    return _kept(folder / FOLDER, _stamp(folder / FOLDER))


def guides(folder: Path) -> Guides:
    """What Camphora carries with what was added; an added package takes the place of a carried one of the same name
    and version. One and the same value until a package is added or removed."""
    return _guides(folder / FOLDER, _stamp(folder / FOLDER))


def added_to(known: Guides) -> tuple[bytes, ...]:
    """What was added to guides, for another process, which makes the same guides of it (`with_added`)."""
    carried = Guides.bundled().packages
    return tuple(each.data for each in known.packages if not any(each is one for one in carried))


def with_added(added: tuple[bytes, ...]) -> Guides:
    """What Camphora carries with these; the inverse of `added_to`."""
    return Guides.bundled().also(map(Package.load, added)) if added else Guides.bundled()


def keep(folder: Path, package: Package) -> bool:
    """Keep a package, so that it is there whole or not at all; False where the same one is there already.

    Raises `Conflict` (`packages-differs`) where another with its name and version is kept."""
    place = folder / FOLDER
    path = place / f"{package.label}{_ENDING}"
    if path.exists():
        if Package.load(path.read_bytes()).digest == package.digest:
            return False
        raise Conflict("packages-differs", label=package.label)
    place.mkdir(mode=0o700, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place, prefix=".new-", delete=False) as made:
        try:
            made.write(package.data)
            made.flush()
            os.fsync(made.fileno())
            Path(made.name).replace(path)
        except BaseException:
            Path(made.name).unlink(missing_ok=True)
            raise
    _sync(place)
    return True


def remove(folder: Path, label: str) -> None:
    """Take an added package (NAME#VERSION) away; raises `NotFound`, which names those that were added."""
    place = folder / FOLDER
    names = [path.name.removesuffix(_ENDING) for path in _files(place)]
    if label not in names:
        raise NotFound("packages-not-added", label=label, known=", ".join(names) or "–")
    (place / f"{label}{_ENDING}").unlink()
    _sync(place)


def _files(place: Path) -> list[Path]:
    return sorted(place.glob(f"[!.]*{_ENDING}"))


def _stamp(place: Path) -> _Stamp:
    found = [(path.name, path.stat()) for path in _files(place)]
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in found)


@lru_cache(8)
def _kept(place: Path, stamp: _Stamp) -> tuple[Package, ...]:
    return tuple(Package.load((place / name).read_bytes()) for name, _, _ in stamp)


@lru_cache(8)
def _guides(place: Path, stamp: _Stamp) -> Guides:
    added = _kept(place, stamp)
    return Guides.bundled().also(added) if added else Guides.bundled()


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
