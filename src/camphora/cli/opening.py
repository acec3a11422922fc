"""The files that a command is given: which of a folder's it takes, their names, and why one cannot be read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from camphora.errors import CamphoraError, Invalid, NotFound

ENDINGS = (".json", ".xml", ".ndjson", ".jsonl")
"""Of a folder only files of these names are taken, also with .gz behind."""


class Given(NamedTuple):
    """A file and its name in what is said: alone its own, of a folder with the way to it from that folder."""

    path: Path
    name: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.refusal() is None else 0

    def refusal(self) -> CamphoraError | None:
        """Why it cannot be opened: not there, no plain file, or not for this account; None where it can."""
        if not os.path.exists(self.path):  # noqa: PTH110 - of names that no file can have this says no
            return NotFound("cli-no-file", file=self.name)
        if not self.path.is_file():
            return Invalid("cli-not-a-file", file=self.name)
        if not os.access(self.path, os.R_OK):
            return Invalid("cli-unreadable", file=self.name)
        return None


class Selection(NamedTuple):
    """The files to be read, how many of the folders' were passed over, and the folders that gave none."""

    files: list[Given]
    passed_over: int
    empty: list[CamphoraError]


def select(paths: list[Path]) -> Selection:
    """The files that are named, and of folders those whose names end as files of FHIR do, at any depth."""
    alike = Counter(path.name for path in paths)
    files: list[Given] = []
    empty: list[CamphoraError] = []
    passed_over = 0
    for path in paths:
        if not path.is_dir():
            files.append(Given(path, _shown(path if alike[path.name] > 1 else Path(path.name))))
            continue
        every = list(_within(path))
        taken = [one for one in every if one.name.lower().removesuffix(".gz").endswith(ENDINGS)]
        passed_over += len(every) - len(taken)
        files += [Given(one, _shown(Path(path.name) / one.relative_to(path))) for one in taken]
        if not taken:
            empty.append(Invalid("cli-folder-empty", folder=_shown(path), endings=", ".join(ENDINGS)))
    return Selection(files, passed_over, empty)


def _within(folder: Path) -> Iterator[Path]:
    return iter(sorted(one for one in folder.rglob("*") if one.is_file()))


def _shown(path: Path) -> str:
    """A name for people; what of it is not UTF-8 is shown as �."""
    return os.fsencode(path).decode(errors="replace")
