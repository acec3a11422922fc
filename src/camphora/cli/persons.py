"""`camphora persons`: the person index, in the name of an administrator."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from camphora.cli.terminal import Terminal
from camphora.errors import NotFound
from camphora.policy import Access, Role
from camphora.policy.choices import TAIPEI

if TYPE_CHECKING:
    from camphora.cli.parser import Tree
    from camphora.records.identity import Register, Weighed


def add(tree: Tree) -> None:
    verbs, words = tree.noun("persons"), tree.words
    listed = verbs.command("duplicates", run_duplicates, "persons_duplicates", "persons")
    listed.add_argument("--most", type=int, default=50, metavar="N", help=words("persons_duplicates.most"))
    for name, run in (("merge", run_merge), ("split", run_split), ("differ", run_differ)):
        made = verbs.command(name, run, f"persons_{name}")
        made.add_argument("one", metavar="ID", help=words(f"persons_{name}.one"))
        made.add_argument("other", metavar="ID", help=words(f"persons_{name}.other"))
        made.add_argument("--reason", required=True, metavar="TEXT", help=words("persons.reason"))
        _common(made, tree)
    told = verbs.command("history", run_history, "persons_history", "persons")
    told.add_argument("person", nargs="?", metavar="ID", help=words("persons_history.person"))
    for made in (listed, told):
        _common(made, tree)


def _common(made: argparse.ArgumentParser, tree: Tree) -> None:
    made.add_argument("--by", metavar="NAME", help=tree.words("persons.by"))
    made.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )


class _Desk(NamedTuple):
    register: Register
    access: Access

    def attest(self, persons: set[str]) -> None:
        self.register.store.attest(self.access, "register", ["Patient"], sorted(persons))


@contextmanager
def _desk(given: argparse.Namespace) -> Iterator[_Desk]:
    """The person index with the Access of the administrator who is named, or the first; NotFound where none is."""
    from camphora.installation import Installation
    from camphora.records.identity import Register

    installation = Installation.open(given.folder)
    try:
        users = installation.gate.identity.users()
        may = (user for user in users if user.role is Role.ADMINISTRATOR and given.by in {None, user.name})
        user = next(may, None)
        if user is None:
            raise NotFound("gate-no-user", name=given.by or Role.ADMINISTRATOR)
        yield _Desk(Register(installation.store), installation.gate.registrar(user.reader()))
        installation.store.settle()
    finally:
        installation.close()


def run_duplicates(given: argparse.Namespace, terminal: Terminal) -> int:
    words = terminal.words
    with _desk(given) as desk:
        found = desk.register.duplicates(desk.access)
        shown = found.proposals[: max(0, given.most)]
        desk.attest({name for each in shown for name in (each.one.id, each.other.id)})
    rows = [
        {
            "one": each.one.id,
            "other": each.other.id,
            "grade": words(f"persons_duplicates.{each.weighed.grade}"),
            "score": _score(each.weighed, terminal.json),
            "evidence": " ".join(
                words(
                    "persons.evidence",
                    field=words(f"persons.{one.field}"),
                    level=words(f"persons.{one.level}"),
                )
                for one in each.weighed.evidence
                if one.level != "unknown"
            ),
        }
        for each in shown
    ]
    terminal.table(
        [(key, words(f"persons_duplicates.{key}")) for key in ("one", "other", "grade", "score", "evidence")],
        rows,
    )
    if not terminal.json:
        facts = {"read": found.read, "n": len(found.proposals), "lent": len(found.borrowed)}
        terminal.say(words("persons_duplicates.told", **facts))
    return 0


def _score(weighed: Weighed, exact: bool) -> str:
    """The probability as the portal's page shows it, in digits for a program; nothing where a rule decided."""
    from camphora.records.identity import percent

    if exact:
        return f"{weighed.score:.4f}"
    return "" if weighed.rule else percent(weighed.score)


def run_merge(given: argparse.Namespace, terminal: Terminal) -> int:
    with _desk(given) as desk:
        desk.register.merge(desk.access, given.one, given.other, given.reason)
    return _done(given, terminal, "merge")


def run_split(given: argparse.Namespace, terminal: Terminal) -> int:
    with _desk(given) as desk:
        desk.register.split(desk.access, given.one, given.other, given.reason)
    return _done(given, terminal, "split")


def run_differ(given: argparse.Namespace, terminal: Terminal) -> int:
    with _desk(given) as desk:
        desk.register.differ(desk.access, given.one, given.other, given.reason)
    return _done(given, terminal, "differ")


def _done(given: argparse.Namespace, terminal: Terminal, act: str) -> int:
    facts = {"one": given.one, "other": given.other}
    terminal.result({"act": act, **facts}, terminal.words(f"persons_{act}.done", **facts))
    return 0


def run_history(given: argparse.Namespace, terminal: Terminal) -> int:
    words = terminal.words
    with _desk(given) as desk:
        found = desk.register.history(desk.access, given.person)
        desk.attest({name for each in found for name in each.pair})
    rows = [
        {
            "at": datetime.fromtimestamp(each.at / 1000, TAIPEI).isoformat(timespec="seconds"),
            "one": each.pair[0],
            "other": each.pair[1],
            "word": words(f"persons_history.{each.word}"),
            "by": each.by,
            "reason": each.reason,
        }
        for each in found
    ]
    keys = ("at", "one", "other", "word", "by", "reason")
    terminal.table([(key, words(f"persons_history.column_{key}")) for key in keys], rows)
    return 0
