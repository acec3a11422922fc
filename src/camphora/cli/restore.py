"""`camphora restore BACKUP FOLDER`: a backup put back into a new folder, every file held to its digest."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from camphora.cli.backup import said
from camphora.cli.terminal import Terminal
from camphora.installation.backup import restore

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("restore", run, reach="persons")
    made.add_argument("backup", type=Path, metavar="BACKUP", help=tree.words("restore.backup"))
    made.add_argument("to", type=Path, metavar="FOLDER", help=tree.words("backup.to"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    with terminal.progress("restore.bar", in_bytes=True) as shown:
        made = restore(given.backup, given.to, shown)
    fields = {"to": str(given.to), "bytes": made.bytes, **msgspec.to_builtins(made)}
    lines = [terminal.words("restore.done", to=str(given.to)), *said(made, terminal)]
    terminal.result(fields, "\n".join(lines))
    return 0
