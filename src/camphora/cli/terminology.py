"""`camphora terminology add | list | remove | lookup | search`: the code systems that an installation holds.

They work while the installation serves: what is loaded is seen there within a second.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphora.cli.terminal import Terminal
from camphora.errors import Invalid
from camphora.terminology import Edition, Term, Terminology
from camphora.terminology.loaders import KINDS, Asked, Loaded, load, unload

if TYPE_CHECKING:
    from camphora.cli.parser import Tree

SHOWN = 20
"""So many faults of a file are written out; the rest are counted."""


def add(tree: Tree) -> None:
    verbs, words = tree.noun("terminology"), tree.words
    made = verbs.command("add", run_add, "terminology_add")
    made.add_argument("file", type=Path, metavar="FILE", help=words("terminology_add.file"))
    made.add_argument(
        "--as", dest="kind", choices=tuple(KINDS), default="", metavar="KIND",
        help=words("terminology_add.kind", kinds=", ".join(KINDS)),
    )  # fmt: skip
    for option, named in (
        ("system", "URL"), ("version", "VERSION"), ("title", "TEXT"), ("licence", "TEXT"), ("source", "TEXT"),
    ):  # fmt: skip
        made.add_argument(f"--{option}", default="", metavar=named, help=words(f"terminology_add.{option}"))
    listed = verbs.command("list", run_list, "terminology_list")
    removed = verbs.command("remove", run_remove, "terminology_remove")
    looked = verbs.command("lookup", run_lookup, "terminology_lookup")
    for verb, key in ((removed, "remove"), (looked, "lookup")):
        verb.add_argument("system", metavar="SYSTEM", help=words("terminology_lookup.system"))
        if key == "lookup":
            verb.add_argument("code", metavar="CODE", help=words("terminology_lookup.code"))
    removed.add_argument("version", metavar="VERSION", help=words("terminology_remove.version"))
    looked.add_argument(
        "--version", default=None, metavar="VERSION", help=words("terminology_lookup.version")
    )
    sought = verbs.command("search", run_search, "terminology_search")
    sought.add_argument("text", nargs="+", metavar="TEXT", help=words("terminology_search.text"))
    sought.add_argument("--system", default=None, metavar="SYSTEM", help=words("terminology_lookup.system"))
    sought.add_argument("--version", default=None, metavar="VERSION", help=words("terminology_search.which"))
    sought.add_argument("--limit", type=int, default=20, metavar="N", help=words("terminology_search.limit"))
    for verb in (made, listed, removed, looked, sought):
        verb.add_argument(
            "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=words("top.folder")
        )


def run_add(given: argparse.Namespace, terminal: Terminal) -> int:
    asked = Asked(given.kind, given.system, given.version, given.title, given.licence, given.source)
    terms = _opened(given.folder)
    try:
        with terminal.progress("terminology_add.bar") as shown:
            answers = load(terms.path, given.file, asked, lambda _, done, total: shown(done, total))
        defaults = {one.url: terms.editions(one.url) for one in answers if one.kind == "CodeSystem"}
    finally:
        terms.close()
    for fault in [fault for answer in answers for fault in answer.faults][:SHOWN]:
        terminal.error(fault)
    all_of_them = len(answers) == 1 or terminal.json
    for answer in answers:
        if all_of_them or answer.state == "faulty":
            _say(answer, terminal)
    if len(answers) > 1 and not terminal.json:
        _say_together(answers, terminal)
    for editions in defaults.values():
        _say_default(editions, terminal)
    return Invalid.exit_code if any(answer.state == "faulty" for answer in answers) else 0


def _say(answer: Loaded, terminal: Terminal) -> None:
    fields = {
        "kind": answer.kind, "url": answer.url, "version": answer.version, "state": answer.state,
        "concepts": answer.concepts, "resumed": answer.resumed, "faults": len(answer.faults),
    }  # fmt: skip
    said = terminal.words(
        f"terminology_add.{answer.state}", url=answer.url, version=answer.version, n=answer.concepts
    )
    terminal.result(fields, said)


def _say_default(editions: Sequence[Edition], terminal: Terminal) -> None:
    """Which edition answers from now on where no version is named; nothing where there is only one."""
    if len(editions) < 2 or terminal.json:
        return
    default, *others = editions
    mark = "、" if terminal.lang == "zh-TW" else ", "
    versions = mark.join(one.version for one in others)
    facts = {"url": default.url, "version": default.version, "others": versions, "other": others[0].version}
    terminal.result({}, terminal.words("terminology_add.default", **facts))


def _say_together(answers: list[Loaded], terminal: Terminal) -> None:
    """How many of each kind and state, and what needs to be looked at."""
    counts = Counter((answer.kind, answer.state) for answer in answers)
    for (kind, state), n in sorted(counts.items()):
        terminal.result({}, terminal.words(f"terminology_add.many_{state}", kind=kind, n=n))
    concepts = sum(answer.concepts for answer in answers if answer.state == "new")
    terminal.result({}, terminal.words("terminology_add.all", n=concepts))


def run_list(given: argparse.Namespace, terminal: Terminal) -> int:
    terms = _opened(given.folder)
    try:
        systems = [terms.editions(url) for url in dict.fromkeys(edition.url for edition in terms.systems())]
    finally:
        terms.close()
    if terminal.json:
        rows = [_listed(one, one is editions[0], terminal) for editions in systems for one in editions]
        terminal.table([], rows)
        return 0
    for editions in systems:
        terminal.result({}, _system_lines(editions, terminal))
    return 0


def _listed(edition: Edition, default: bool, terminal: Terminal) -> dict[str, Any]:
    name = edition.zh if terminal.lang == "zh-TW" else edition.en
    return {
        "name": name, "version": edition.version, "count": edition.count, "licence": edition.licence,
        "url": edition.url, "default": default,
    }  # fmt: skip


def _system_lines(editions: Sequence[Edition], terminal: Terminal) -> str:
    """The name, the address alone on its line, and each edition; the default one of several is marked."""
    words = terminal.words
    first = editions[0]
    lines = [first.zh if terminal.lang == "zh-TW" else first.en, f"  {first.url}"]
    for one in editions:
        licence = one.licence or words("terminology_list.no_licence")
        said = words("terminology_list.edition", version=one.version, n=one.count, licence=licence)
        mark = words("terminology_list.default") if one is first and len(editions) > 1 else ""
        lines.append(f"    {said}{mark}")
    return "\n".join(lines)


def run_remove(given: argparse.Namespace, terminal: Terminal) -> int:
    terms = _opened(given.folder)
    terms.close()
    unload(terms.path, given.system, given.version)
    said = terminal.words("terminology_remove.done", url=given.system, version=given.version)
    terminal.result({"removed": f"{given.system}|{given.version}"}, said)
    return 0


def run_lookup(given: argparse.Namespace, terminal: Terminal) -> int:
    terms = _opened(given.folder)
    try:
        found = terms.concept(given.system, given.code, given.version)
        lines = [f"{found.code}  {found.display(terminal.lang)}", f"{found.system}|{found.version}"]
        lines += [found.en] if terminal.lang == "zh-TW" and found.zh and found.en else []
        lines += [] if found.active else [terminal.words("terminology_lookup.inactive")]
        lines += [f"  {key}: {value}" for key, value in found.more.items()]
        terminal.result(_fields(found), "\n".join(lines))
    finally:
        terms.close()
    return 0


def run_search(given: argparse.Namespace, terminal: Terminal) -> int:
    terms = _opened(given.folder)
    try:
        text = " ".join(given.text)
        if given.system:
            terms.edition(given.system, given.version)
        found = terms.search(text, given.system, given.limit, given.version)
        others = [] if found else terms.elsewhere(text, given.system)
        titles = {one.url: one.zh if terminal.lang == "zh-TW" else one.en for one in terms.systems()}
    finally:
        terms.close()
    if not found:
        _say_none(text, others, terminal)
        return 0
    names = ("code", "zh", "en", "name", "version")
    rows = [{**_fields(one), "name": titles.get(one.system, one.system)} for one in found]
    terminal.table([(name, terminal.words(f"terminology_search.{name}")) for name in names], rows)
    return 0


def _say_none(text: str, others: Sequence[tuple[Edition, int]], terminal: Terminal) -> None:
    """That nothing was found, on stderr, and the editions in which something is."""
    terminal.say(terminal.words("terminology_search.none", text=text))
    for edition, n in others:
        facts = {"url": edition.url, "version": edition.version}
        terminal.say(terminal.words("terminology_search.elsewhere", n=n, **facts))


def _fields(term: Term) -> dict[str, Any]:
    return {
        "code": term.code, "zh": term.zh, "en": term.en, "system": term.system, "version": term.version,
        "active": term.active, "properties": dict(term.more),
    }  # fmt: skip


def _opened(folder: Path) -> Terminology:
    """The terminology of an installation, built where it has none yet."""
    if not (folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=folder.name or str(folder))
    return Terminology.ready(folder / "terminology.sqlite")
