"""`camphora user add | change | password | remove | list`: who may sign in."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.terminal import Terminal
from camphora.errors import Invalid, NotFound
from camphora.gate import Identity, User
from camphora.gate.standing import Standings
from camphora.gate.state import State
from camphora.installation.lookup import holds
from camphora.policy import Role

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    verbs = tree.noun("user")
    made = verbs.command("add", run_add, "user_add")
    made.add_argument("name", metavar="NAME", help=tree.words("user_add.name"))
    roles = [role.value for role in Role if role is not Role.PUBLIC]
    made.add_argument("--role", choices=roles, required=True, metavar="ROLE", help=", ".join(roles))
    made.add_argument("--display", metavar="TEXT", help=tree.words("user_add.display"))
    made.add_argument("--organisation", metavar="ID", help=tree.words("user_add.organisation"))
    made.add_argument("--person", metavar="ID", help=tree.words("user_add.person"))
    made.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )
    other = verbs.command("change", run_change, "user_change")
    other.add_argument("name", metavar="NAME", help=tree.words("user_add.name"))
    other.add_argument("--role", choices=roles, metavar="ROLE", help=", ".join(roles))
    other.add_argument("--display", metavar="TEXT", help=tree.words("user_add.display"))
    place = other.add_mutually_exclusive_group()
    place.add_argument("--organisation", metavar="ID", help=tree.words("user_add.organisation"))
    place.add_argument(
        "--no-organisation", action="store_true", help=tree.words("user_change.no_organisation")
    )
    other.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )
    changed = verbs.command("password", run_password, "user_password")
    changed.add_argument("name", metavar="NAME", help=tree.words("user_add.name"))
    changed.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )
    removed = verbs.command("remove", run_remove, "user_remove")
    removed.add_argument("name", metavar="NAME", help=tree.words("user_add.name"))
    removed.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )
    listed = verbs.command("list", run_list, "user_list")
    listed.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )


@contextmanager
def identity(folder: Path) -> Iterator[Identity]:
    """The accounts of an installation, which may be serving meanwhile."""
    if not (folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=folder.name or str(folder))
    opened = Identity(folder / "gate.sqlite")
    try:
        yield opened
    finally:
        opened.close()


def run_add(given: argparse.Namespace, terminal: Terminal) -> int:
    with identity(given.folder) as accounts:
        user = User(
            given.name, given.display or given.name, Role(given.role), given.organisation, given.person
        )
        _require_known(given.folder, user)
        accounts.add_user(user, _password(terminal))
    terminal.result(
        {"added": given.name, "role": given.role}, terminal.words("user_add.done", name=given.name)
    )
    return 0


NEEDS = {
    Role.CLINICIAN: ("organisation", "Organization"),
    Role.PHARMACIST: ("organisation", "Organization"),
    Role.CITIZEN: ("person", "Patient"),
}
"""What an account of a role must be linked to: a choice of a person reaches a reader by it."""


def _require_known(folder: Path, user: User, before: User | None = None) -> None:
    """That an account is linked as its role needs, to records that are there; to what it was `before` it may stay."""
    option, _ = NEEDS.get(user.role, ("", ""))
    if option and not getattr(user, option):
        raise Invalid("cli-role-needs", role=user.role, option=option)
    for option, record_type in (("organisation", "Organization"), ("person", "Patient")):
        record_id = getattr(user, option)
        stays = before is not None and record_id == getattr(before, option)
        if record_id and not stays and not holds(folder, record_type, record_id):
            raise Invalid("cli-no-such-record", option=option, type=record_type)


def run_change(given: argparse.Namespace, terminal: Terminal) -> int:
    """What is named is changed, the rest stays; it holds at the account's next request."""
    with identity(given.folder) as accounts:
        before = accounts.user(given.name)
        if before is None:
            raise NotFound("gate-no-user", name=given.name)
        organisation = None if given.no_organisation else given.organisation or before.organisation
        role = Role(given.role) if given.role else before.role
        after = replace(before, display=given.display or before.display, role=role, organisation=organisation)
        _require_known(given.folder, after, before)
        accounts.change_user(after)
    terminal.result(
        {"changed": after.name, "role": after.role, "organisation": after.organisation},
        terminal.words("user_change.done", name=after.name),
    )
    return 0


def run_password(given: argparse.Namespace, terminal: Terminal) -> int:
    with identity(given.folder) as accounts:
        accounts.set_password(given.name, _password(terminal))
    terminal.result({"changed": given.name}, terminal.words("user_password.done", name=given.name))
    return 0


def run_remove(given: argparse.Namespace, terminal: Terminal) -> int:
    with identity(given.folder) as accounts:
        accounts.remove_user(given.name)
        state = State(accounts.path)
        try:
            Standings(state).forget(given.name)
        finally:
            state.close()
    terminal.result({"removed": given.name}, terminal.words("user_remove.done", name=given.name))
    return 0


def run_list(given: argparse.Namespace, terminal: Terminal) -> int:
    with identity(given.folder) as accounts:
        rows = [
            {"name": user.name, "display": user.display, "role": user.role, "organisation": user.organisation}
            for user in accounts.users()
        ]
    columns = [
        (key, terminal.words(f"user_list.{key}")) for key in ("name", "display", "role", "organisation")
    ]
    terminal.table(columns, rows)
    return 0


def _password(terminal: Terminal) -> str:
    """Asked twice without echo; from the first line of stdin where that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(terminal.words("user_add.password"))
    if first != getpass.getpass(terminal.words("user_add.again")):
        raise Invalid("cli-passwords-differ")
    return first
