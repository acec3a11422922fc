"""`camphora drill FOLDER`: a backup made, put back and weighed, with a report for whoever must be shown it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from camphora.cli.terminal import Terminal
from camphora.errors import Invalid
from camphora.installation.drill import Check, drill

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("drill", run, reach="persons")
    made.add_argument("folder", type=Path, metavar="FOLDER", help=tree.words("serve.folder"))
    made.add_argument("--in", dest="place", type=Path, metavar="FOLDER", help=tree.words("drill.place"))
    made.add_argument("--report", type=Path, metavar="FILE", help=tree.words("drill.report"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    with terminal.progress("drill.bar", in_bytes=True) as shown:
        report = drill(given.folder, given.place, shown)
    if given.report:
        given.report.write_bytes(report.text())
    words = terminal.words
    facts = {"files": report.files, "mb": f"{report.size / 1e6:,.1f}", "at": report.at, **report.seconds}
    lines = [words("drill.done", **facts), words("drill.list", sha256=report.list_sha256)]
    lines += [_line(check, terminal) for check in report.checks]
    lines.append(words("drill.holds" if report.holds else "drill.fails"))
    terminal.result(orjson.loads(report.text()), "\n".join(lines))
    return 0 if report.holds else Invalid.exit_code


def _line(check: Check, terminal: Terminal) -> str:
    kind, _, file = check.name.partition(" ")
    key = f"drill.check.{kind}" if kind == "file" else f"drill.check.{check.name.replace(' ', '_')}"
    mark = terminal.words("drill.right" if check.holds else "drill.wrong")
    seen = orjson.dumps(check.seen).decode()
    return f"{mark} {terminal.words(key, file=file)}: {seen}"
