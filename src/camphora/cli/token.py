"""`camphora token issue NAME`: a bearer token by which a program acts as a user."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.terminal import Terminal
from camphora.cli.user import identity

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    verbs = tree.noun("token")
    made = verbs.command("issue", run, "token_issue")
    made.add_argument("name", metavar="NAME", help=tree.words("token_issue.name"))
    made.add_argument("--label", default="", metavar="TEXT", help=tree.words("token_issue.label"))
    made.add_argument("--days", type=int, default=90, metavar="N", help=tree.words("token_issue.days"))
    made.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )
    revoked = verbs.command("revoke", run_revoke, "token_revoke")
    revoked.add_argument("name", metavar="NAME", help=tree.words("token_issue.name"))
    revoked.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )


def run_revoke(given: argparse.Namespace, terminal: Terminal) -> int:
    with identity(given.folder) as accounts:
        ended = accounts.revoke_tokens(given.name)
    terminal.result({"user": given.name, "ended": ended}, terminal.words("token_revoke.done", n=ended))
    return 0


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    with identity(given.folder) as accounts:
        token = accounts.issue_token(given.name, given.label, given.days)
    terminal.result({"token": token, "user": given.name, "days": given.days}, token)
    terminal.say(terminal.words("token_issue.once"))
    return 0
