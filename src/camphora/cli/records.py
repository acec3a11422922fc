"""`camphora records verify FOLDER`: whether the index of the records says what the records say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.terminal import Terminal
from camphora.errors import Invalid
from camphora.records.verifying import verify_file

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    verbs = tree.noun("records")
    made = verbs.command("verify", run_verify, "records_verify")
    made.add_argument(
        "folder", type=Path, nargs="?", default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )


def run_verify(given: argparse.Namespace, terminal: Terminal) -> int:
    verdict = verify_file(given.folder / "records.sqlite")
    for each in verdict.differences:
        terminal.say(terminal.words("records_verify.difference", **each._asdict()))
    key = "records_verify.broken" if verdict.differences else "records_verify.sound"
    fields = {
        "sound": not verdict.differences,
        "records": verdict.records,
        "differences": [each._asdict() for each in verdict.differences],
    }
    terminal.result(fields, terminal.words(key, records=verdict.records))
    return Invalid.exit_code if verdict.differences else 0
