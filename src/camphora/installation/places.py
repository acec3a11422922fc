"""How far the loading of each file has come, kept beside the installation so that an interrupted load goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

FILE = "loading.json"
MOST = 10_000
"""So many files are remembered, the newest."""


@dataclass(slots=True)
class Reached:
    """The last line of a file that is kept or set apart, how many rows the bad file `into` has then, whether the file
    is at its end, and how many faults were found in it."""

    line: int = 0
    bad: int = 0
    ended: bool = False
    faults: int = 0
    into: str = ""


@dataclass(slots=True)
class Places:
    """The places of one installation. A file is known by its path, size and time; another content begins anew."""

    folder: Path
    reached: dict[str, Reached] = field(default_factory=dict)

    @staticmethod
    def of(folder: Path) -> Places:
        file = folder / FILE
        try:
            found = msgspec.json.decode(file.read_bytes(), type=dict[str, Reached]) if file.exists() else {}
        except msgspec.DecodeError:
            found = {}
        return Places(folder, found)

    def at(self, key: str) -> Reached:
        return self.reached.get(key, Reached())

    def note(self, key: str, reached: Reached) -> None:
        """Remember a place; a crash leaves this one or the one before."""
        self.reached.pop(key, None)
        self.reached[key] = reached
        for old in list(self.reached)[:-MOST]:
            del self.reached[old]
        new = self.folder / f"{FILE}.new"
        new.write_bytes(msgspec.json.encode(self.reached))
        new.chmod(0o600)
        new.replace(self.folder / FILE)


def key_of(path: Path, inside: str = "") -> str:
    """By what a file, or a member of an archive, is known again."""
    state = path.stat()
    return "|".join((str(path.resolve()), str(state.st_size), str(state.st_mtime_ns), inside))
