"""`camphora load FILE…`: bring records and table rows in, every fault located, nothing doubled when repeated."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.terminal import Terminal
from camphora.errors import CamphoraError, Invalid
from camphora.installation import Installation
from camphora.installation.loading import Loader, Report

if TYPE_CHECKING:
    from camphora.cli.parser import Tree

SHOWN = 20
"""So many faults of a file are written out; the rest are counted."""


def add(tree: Tree) -> None:
    made = tree.command("load", run)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help=tree.words("load.files"))
    made.add_argument("--into", type=Path, required=True, metavar="FOLDER", help=tree.words("load.into"))
    made.add_argument("--table", metavar="NAME", help=tree.words("load.table"))
    made.add_argument("--dry-run", action="store_true", help=tree.words("load.dry_run"))
    made.add_argument("--bad", type=Path, default=Path(), metavar="FOLDER", help=tree.words("load.bad"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    if given.dry_run and not (given.into / "records.sqlite").exists():
        with tempfile.TemporaryDirectory(prefix="camphora-dry-") as passing:
            return _all(given, Path(passing), terminal)
    return _all(given, given.into, terminal)


def _all(given: argparse.Namespace, into: Path, terminal: Terminal) -> int:
    """Load every file; the worst of their exit codes."""
    installation = Installation.open(into, make=True)
    try:
        loader = Loader(installation, given.dry_run, given.bad, terminal.lang)
        return max(_one(loader, path, given.table, terminal) for path in given.files)
    finally:
        installation.close()


def _one(loader: Loader, path: Path, table: str | None, terminal: Terminal) -> int:
    try:
        with terminal.progress("load.bar") as shown:
            report = loader.load(path, table, shown)
    except CamphoraError as error:
        terminal.error(error)
        return error.exit_code
    for fault in report.faults[:SHOWN]:
        terminal.error(fault)
    _say(report, loader.dry_run, terminal)
    return Invalid.exit_code if report.faults or not report.read else 0


def _say(report: Report, dry_run: bool, terminal: Terminal) -> None:
    fields = {
        "file": report.file,
        "read": report.read,
        "written": report.written,
        "unchanged": report.unchanged,
        "faults": len(report.faults),
        "warnings": [
            {"code": code, "n": n, "places": [str(place) for place in report.places[code]]}
            for code, n in report.warnings.most_common()
        ],
        "bad_file": report.bad_file,
        "dry_run": dry_run,
    }
    key = "load.would" if dry_run else "load.did"
    facts = {name: fields[name] for name in ("file", "read", "written", "unchanged", "faults")}
    lines = [terminal.words(key, **facts)]
    if len(report.faults) > SHOWN:
        lines.append(terminal.words("load.more", n=len(report.faults) - SHOWN))
    lines += [_warned(report, code, terminal) for code, _ in report.warnings.most_common()]
    if report.bad_file:
        lines.append(terminal.words("load.mend", file=report.bad_file))
    if not report.read:
        lines.append(terminal.words("load.nothing", file=report.file))
    terminal.result(fields, "\n".join(lines))


def _warned(report: Report, code: str, terminal: Terminal) -> str:
    """How often the file was warned of a thing, and where first."""
    count, first = report.warnings[code], report.places[code]
    key = "load.warned_more" if count > len(first) else "load.warned"
    return terminal.words(key, code=code, n=count, places="; ".join(map(str, first)))
