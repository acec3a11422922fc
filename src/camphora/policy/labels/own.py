"""The value sets of one installation: the bundled ones, with those in its folder `labels/` beside or in their stead.

`labels/NAME.csv` is the value set NAME: with the name of a bundled one (`hiv`) it replaces that, with any other it is
added. A line is a code: `label` (codes of v3-ActCode or v3-Confidentiality, several apart by spaces; none marks a
notifiable disease), `system` (`icd-10-cm`, `loinc`, `atc`, `type` for a record type, or the address of a code system),
`code`, `mode` (`is` the code, `under` also every code that begins with it) and, for whoever reads it, `why`.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from camphora.errors import Faults, Invalid, Place
from camphora.policy.codes import act_codes
from camphora.policy.labels import SETS, SYSTEMS, Row, Rules
from camphora.policy.vocabulary import LABELS

FOLDER = "labels"
NEEDED = ("label", "system", "code", "mode")
MODES = ("is", "under")
BUNDLED = (*SETS, "notifiable")
SHORT = frozenset({*SYSTEMS.values(), "type"})
CONFIDENTIALITY = frozenset("ULMNRV")
LARGEST = 16_000_000
"""Bytes of one file."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Set(NamedTuple):
    """A value set that holds: `own` where it stands in the folder, `replaces` where it does so for a bundled one."""

    name: str
    rows: tuple[Row, ...]
    own: bool
    replaces: bool


def sets_in(folder: Path) -> list[Set]:
    """The value sets of an installation, the bundled names first. Raises `Faults` with every line that is not right."""
    own: dict[str, tuple[Row, ...]] = {}
    faults: list[Invalid] = []
    for file in files_in(folder):
        try:
            own[file.stem] = read(file.stem, file.read_bytes())
        except Faults as error:
            faults += error.faults
        except Invalid as error:
            faults.append(error)
    if faults:
        raise Faults(faults)
    found = []
    for name in dict.fromkeys((*BUNDLED, *own)):
        rows = own.get(name)
        given = rows if rows is not None else tuple(row for row in Rules.bundled().rows if row.set == name)
        found.append(Set(name, given, rows is not None, rows is not None and name in BUNDLED))
    return found


def rules_in(folder: Path) -> Rules:
    """The rules of an installation. Raises as `sets_in`."""
    if not files_in(folder):
        return Rules.bundled()
    return Rules(tuple(row for each in sets_in(folder) for row in each.rows))


def files_in(folder: Path) -> list[Path]:
    place = folder / FOLDER
    return sorted(place.glob("*.csv")) if place.is_dir() else []


def state_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What a change of the files changes: names, times and sizes."""
    found = []
    for file in files_in(folder):
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue
        found.append((file.name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def read(name: str, data: bytes) -> tuple[Row, ...]:
    """The rows of a value set. Raises `Invalid` or `Faults` with the line of each fault."""
    file = f"{name}.csv"
    if not _NAME.fullmatch(name):
        raise Invalid("policy-labels-name", name=name)
    if len(data) > LARGEST:
        raise Invalid("policy-labels-file", place=Place(file))
    try:
        table = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        if any(column not in (table.fieldnames or ()) for column in NEEDED):
            raise Invalid("policy-labels-file", place=Place(file, 1))
        lines = [(table.line_num, line) for line in table]
    except (UnicodeDecodeError, csv.Error):
        raise Invalid("policy-labels-file", place=Place(file)) from None
    faults = [
        Invalid("policy-labels-line", place=Place(file, number, column), column=column_name)
        for number, line in lines
        for column, column_name in _faults(line)
    ]
    if faults:
        raise Faults(faults)
    rows = (
        Row(
            name,
            tuple(line["label"].split()),
            line["system"].strip(),
            line["code"].strip().upper(),
            line["mode"],
        )
        for _, line in lines
    )
    return tuple(dict.fromkeys(rows))


def _faults(line: dict[str, str | None]) -> Iterator[tuple[int, str]]:
    """The columns that are not right, by number and name."""
    said = {column: (line.get(column) or "").strip() for column in NEEDED}
    right = {
        "label": all(
            each in LABELS or each in act_codes() or each in CONFIDENTIALITY for each in said["label"].split()
        ),
        "system": said["system"] in SHORT or "://" in said["system"] or said["system"].startswith("urn:"),
        "code": bool(said["code"]),
        "mode": line.get("mode") in MODES,
    }
    for number, column in enumerate(NEEDED, 1):
        if not right[column]:
            yield number, column


def put(folder: Path, file: Path) -> str:
    """Take a file into the folder, whole or not at all; the name of its set. Raises as `read`."""
    try:
        data = file.read_bytes()
    except OSError:
        raise Invalid("policy-labels-file", place=Place(file.name)) from None
    read(file.stem, data)
    place = folder / FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    made = place / f".{file.stem}.new"
    with made.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    made.replace(place / f"{file.stem}.csv")
    return file.stem


def remove(folder: Path, name: str) -> None:
    """Take a set of one's own away: a bundled one of its name holds again. Raises Invalid where there is none."""
    file = folder / FOLDER / f"{name}.csv"
    if not _NAME.fullmatch(name) or not file.exists():
        raise Invalid("policy-labels-name", name=name)
    file.unlink()
