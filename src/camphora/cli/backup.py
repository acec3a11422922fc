"""`camphora backup FOLDER TO`: a copy that opens again, taken while serving or not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.terminal import Terminal
from camphora.installation.backup import backup

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("backup", run, reach="persons")
    made.add_argument("folder", type=Path, metavar="FOLDER", help=tree.words("serve.folder"))
    made.add_argument("to", type=Path, metavar="TO", help=tree.words("backup.to"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    size = backup(given.folder, given.to)
    terminal.result({"to": str(given.to), "bytes": size}, terminal.words("backup.done", to=str(given.to)))
    return 0
