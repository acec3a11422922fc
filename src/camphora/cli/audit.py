"""`camphora audit verify | check`: prove the receipt log, or one receipt on its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from camphora.audit import check_proof, verify
from camphora.cli.terminal import Terminal
from camphora.errors import Invalid

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    verbs = tree.noun("audit")
    made = verbs.command("verify", run_verify, "audit_verify")
    made.add_argument(
        "folder", type=Path, nargs="?", default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )
    checked = verbs.command("check", run_check, "audit_check")
    checked.add_argument("file", type=Path, metavar="FILE", help=tree.words("audit_check.file"))


def run_verify(given: argparse.Namespace, terminal: Terminal) -> int:
    folder = given.folder / "audit"
    if not folder.exists():
        raise Invalid("installation-none", folder=given.folder.name or str(given.folder))
    verdict = verify(folder)
    for fault in verdict.faults:
        terminal.say(fault)
    key = "audit_verify.sound" if verdict.sound else "audit_verify.broken"
    fields = {
        "sound": verdict.sound,
        "receipts": verdict.receipts,
        "heads": verdict.heads,
        "faults": verdict.faults,
    }
    terminal.result(fields, terminal.words(key, receipts=verdict.receipts, heads=verdict.heads))
    return 0 if verdict.sound else Invalid.exit_code


def run_check(given: argparse.Namespace, terminal: Terminal) -> int:
    """One proof as a citizen downloads it: the line, its path, the root under which it stands, the signed head."""
    try:
        proof = orjson.loads(given.file.read_bytes())
        holds = check_proof(proof)
        facts = {
            "index": proof["index"],
            "size": proof["size"],
            "root": proof["root"],
            "signer": proof["key"],
        }
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("cli-not-a-proof", file=given.file.name) from error
    key = "audit_check.holds" if holds else "audit_check.fails"
    terminal.result({"holds": holds, **facts}, terminal.words(key, **facts))
    return 0 if holds else Invalid.exit_code
