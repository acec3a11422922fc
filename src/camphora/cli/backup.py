"""`camphora backup FOLDER TO`: a copy taken while serving or not, and what it holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from camphora.cli.terminal import Terminal
from camphora.installation.backup import Backup, backup

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("backup", run, reach="persons")
    made.add_argument("folder", type=Path, metavar="FOLDER", help=tree.words("serve.folder"))
    made.add_argument("to", type=Path, metavar="TO", help=tree.words("backup.to"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    with terminal.progress("backup.bar", in_bytes=True) as shown:
        made = backup(given.folder, given.to, shown)
    fields = {"to": str(given.to), "bytes": made.bytes, **msgspec.to_builtins(made)}
    terminal.result(
        fields, "\n".join([terminal.words("backup.done", to=str(given.to)), *said(made, terminal)])
    )
    return 0


def said(made: Backup, terminal: Terminal) -> list[str]:
    """What a backup holds, in lines: counts, then the keys by themselves."""
    words, holds = terminal.words, made.holds
    return [
        words(
            "backup.holds",
            at=made.at,
            records=f"{sum(holds.records.values()):,}",
            versions=f"{holds.versions:,}",
            change=f"{holds.change:,}",
            receipts=f"{holds.receipts:,}",
            files=len(made.files),
            mb=f"{made.bytes / 1e6:,.1f}",
        ),
        words("backup.root", root=holds.root),
        words("backup.keys", keys=", ".join(made.keys) or "–"),
    ]
