"""`camphora system list | check | new | demo | test`: the whole life of a system folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.catalogue import check_system, demo_system, list_systems, new_system, test_system
from camphora.cli.terminal import Terminal
from camphora.errors import Invalid

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    verbs = tree.noun("system")
    for verb, run in (
        ("list", run_list),
        ("check", run_check),
        ("new", run_new),
        ("demo", run_demo),
        ("test", run_test),
    ):
        made = verbs.command(verb, run, f"system_{verb}")
        if verb != "list":
            key = "system_new.name" if verb == "new" else "system_check.folder"
            made.add_argument("name", metavar="NAME", help=tree.words(key))
        made.add_argument("--in", dest="folder", type=Path, metavar="FOLDER", help=tree.words("top.folder"))


def run_list(given: argparse.Namespace, terminal: Terminal) -> int:
    rows = [
        {
            "name": system.name,
            "title": system.title[terminal.lang],
            "state": system.state,
            "clauses": " ".join(str(one.id) for one in system.serves),
        }
        for system in list_systems(given.folder)
    ]
    columns = [(key, terminal.words(f"system_list.{key}")) for key in ("name", "title", "state", "clauses")]
    if not terminal.json:
        rows = [{**row, "state": terminal.words(f"state.{row['state']}")} for row in rows]
    terminal.table(columns, rows)
    return 0


def run_check(given: argparse.Namespace, terminal: Terminal) -> int:
    faults = check_system(given.name, given.folder)
    for fault in faults:
        terminal.error(fault)
    if not faults:
        terminal.result(
            {"name": given.name, "faults": 0}, terminal.words("system_check.good", name=given.name)
        )
    return Invalid.exit_code if faults else 0


def run_new(given: argparse.Namespace, terminal: Terminal) -> int:
    made = new_system(given.name, (given.folder or Path()) / "systems")
    terminal.result({"folder": str(made)}, terminal.words("system_new.done", folder=str(made)))
    return 0


def run_demo(given: argparse.Namespace, terminal: Terminal) -> int:
    demo = demo_system(given.name, given.folder)
    lines = [terminal.words("system_demo.start", n=demo.people)]
    lines += [f"  {link.label[terminal.lang]}  {link.href}" for link in demo.links]
    fields = {"people": demo.people, "tables": list(demo.tables), "open": [link.href for link in demo.links]}
    terminal.result(fields, "\n".join(lines))
    return 0


def run_test(given: argparse.Namespace, terminal: Terminal) -> int:
    results = test_system(given.name, given.folder)
    failed = [result for result in results if not result.holds]
    for one in failed:
        terminal.say(f"{one.file}:{one.line}: {one.case}: {one.found} ≠ {one.expected}")
    facts = {"name": given.name, "passed": len(results) - len(failed), "failed": len(failed)}
    terminal.result(facts, terminal.words("system_test.did", **facts))
    return Invalid.exit_code if failed or not results else 0
