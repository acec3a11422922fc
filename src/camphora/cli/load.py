"""`camphora load FILE…`: bring records and table rows in, every fault located, nothing doubled when repeated."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.terminal import Terminal
from camphora.errors import CamphoraError, Invalid
from camphora.formats import roc
from camphora.installation import Installation
from camphora.installation.loading import LONG, Loader
from camphora.installation.places import Places
from camphora.installation.preparing import SMALL, Preparing, elsewhere
from camphora.installation.report import Report
from camphora.installation.sources import Source, sources

if TYPE_CHECKING:
    from camphora.cli.parser import Tree

SHOWN = 20
"""So many faults of a file are written out; the rest are counted."""


def add(tree: Tree) -> None:
    made = tree.command("load", run)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help=tree.words("load.files"))
    made.add_argument("--into", type=Path, required=True, metavar="FOLDER", help=tree.words("load.into"))
    made.add_argument("--table", metavar="NAME", help=tree.words("load.table"))
    made.add_argument("--as", dest="form", choices=("line-list",), help=tree.words("load.form"))
    made.add_argument("--mapping", type=Path, metavar="FILE", help=tree.words("load.mapping"))
    made.add_argument("--as-of", metavar="DATE", help=tree.words("load.as_of"))
    made.add_argument("--fewer", action="store_true", help=tree.words("load.fewer"))
    made.add_argument("--dry-run", action="store_true", help=tree.words("load.dry_run"))
    made.add_argument("--resume", action="store_true", help=tree.words("load.resume"))
    made.add_argument("--bad", type=Path, default=Path(), metavar="FILE", help=tree.words("load.bad"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    if given.dry_run and not (given.into / "records.sqlite").exists():
        with tempfile.TemporaryDirectory(prefix="camphora-dry-") as passing:
            return _all(given, Path(passing), terminal)
    return _all(given, given.into, terminal)


def _all(given: argparse.Namespace, into: Path, terminal: Terminal) -> int:
    """Load every file; the worst of their exit codes."""
    as_of = date.fromisoformat(roc.date(given.as_of)) if given.as_of else None
    installation = Installation.open(into, make=True)
    try:
        taken, refused = _taken(given.files, terminal)
        with _preparing(installation, sum(one.size for one in taken)) as preparing:
            loader = Loader(
                installation,
                given.dry_run,
                given.bad,
                terminal.lang,
                preparing,
                Places.of(installation.folder),
                given.resume,
                chunk=LONG,
                as_of=as_of,
                fewer=given.fewer,
            )
            return max([refused, *(_one(loader, source, given, terminal) for source in taken)])
    except KeyboardInterrupt:
        terminal.say(terminal.words("load.interrupted"))
        raise
    finally:
        installation.close()


def _taken(paths: list[Path], terminal: Terminal) -> tuple[list[Source], int]:
    """The files to be loaded, and the exit code of what is none."""
    found: list[Source] = []
    refused = 0
    for path in paths:
        try:
            found += sources([path])
        except CamphoraError as error:
            terminal.error(error)
            refused = max(refused, error.exit_code)
    return found, refused


@contextmanager
def _preparing(installation: Installation, size: int) -> Iterator[Preparing | None]:
    """Other processes where there is much to do."""
    if size < SMALL:
        yield None
        return
    validator, store = installation.standard.validator, installation.store
    with elsewhere(installation.folder, validator, store.registry, store.rules) as preparing:
        yield preparing


def _one(loader: Loader, source: Source, given: argparse.Namespace, terminal: Terminal) -> int:
    try:
        with source.opened() as path, terminal.progress("load.bar", in_bytes=True) as shown:
            size = None if path.name.endswith(".gz") else source.size
            report = loader.load(
                path,
                given.table,
                lambda done: shown(done, size),
                name=source.name,
                key=source.key,
                line_list=bool(given.form or given.mapping),
                mapping=given.mapping,
            )
    except CamphoraError as error:
        terminal.error(error)
        return error.exit_code
    if report.passed_over:
        key = "load.passed_faults" if report.outstanding else "load.passed"
        terminal.result(
            {"file": report.file, "passed_over": True, "outstanding": report.outstanding},
            terminal.words(key, file=report.file, faults=report.outstanding),
        )
        return Invalid.exit_code if report.outstanding else 0
    for told in [*report.notes, *report.faults[:SHOWN]]:
        terminal.error(told)
    _say(report, loader.dry_run, terminal)
    return Invalid.exit_code if report.faults or report.outstanding or not report.read else 0


def _say(report: Report, dry_run: bool, terminal: Terminal) -> None:
    fields = {
        "file": report.file,
        "read": report.read,
        "written": report.written,
        "unchanged": report.unchanged,
        "changed": report.changed,
        "faults": report.fault_count,
        "warnings": [
            {"code": code, "n": n, "places": [str(place) for place in report.places[code]]}
            for code, n in report.warnings.most_common()
        ],
        "outstanding": report.outstanding,
        "left_out": report.read if report.together and report.faults else 0,
        "bad_file": report.bad_file,
        "notes": [note.code for note in report.notes],
        "dry_run": dry_run,
    }
    key = "load.would" if dry_run else "load.did"
    facts = {name: fields[name] for name in ("file", "read", "written", "changed", "unchanged", "faults")}
    lines = [terminal.words(key, **facts)]
    if report.fault_count > SHOWN:
        lines.append(terminal.words("load.more", n=report.fault_count - SHOWN))
    lines += [_warned(report, code, terminal) for code, _ in report.warnings.most_common()]
    if report.outstanding:
        lines.append(terminal.words("load.outstanding", n=report.outstanding))
    if report.together and report.faults and report.read > 1:
        lines.append(terminal.words("load.together", file=report.file, read=report.read))
    if report.bad_file:
        key = "load.mend_whole" if report.together else "load.mend"
        lines.append(terminal.words(key, file=report.bad_file))
    if not report.read:
        lines.append(terminal.words("load.nothing", file=report.file))
    terminal.result(fields, "\n".join(lines))


def _warned(report: Report, code: str, terminal: Terminal) -> str:
    """How often the file was warned of a thing, and where first."""
    count, first = report.warnings[code], report.places[code]
    if code.startswith("fhir-parameter-"):
        key = "load.same_code" if code.endswith("restated") else "load.taken_code"
        places = [*map(str, first), *(["…"] if count > len(first) else [])]
        return terminal.words(key, n=count, places="; ".join(places))
    key = "load.warned_more" if count > len(first) else "load.warned"
    return terminal.words(key, code=code, n=count, places="; ".join(map(str, first)))
