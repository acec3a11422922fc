"""`camphora package add | list | show | remove`: the FHIR packages that an installation knows."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphora.cli.terminal import Terminal
from camphora.errors import CamphoraError, Invalid, NotFound
from camphora.fhir.packages import Guides, Package, dependencies, read
from camphora.fhir.snapshot import completed
from camphora.formats.limits import name_of
from camphora.installation import packages as kept

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    verbs = tree.noun("package")
    for verb, run in (("add", run_add), ("list", run_list), ("show", run_show), ("remove", run_remove)):
        made = verbs.command(verb, run, f"package_{verb}")
        if verb == "add":
            made.add_argument("file", type=Path, metavar="FILE.tgz", help=tree.words("package_add.file"))
        elif verb != "list":
            named = "NAME#VERSION" if verb == "remove" else "NAME"
            made.add_argument("name", metavar=named, help=tree.words(f"package_{verb}.name"))
        optional = verb in {"list", "show"}
        said = tree.words("package_list.folder" if optional else "top.folder")
        default = None if optional else Path()
        made.add_argument("--in", dest="folder", type=Path, default=default, metavar="FOLDER", help=said)


def run_add(given: argparse.Namespace, terminal: Terminal) -> int:
    folder = _installation(given.folder)
    with terminal.progress("package_add.bar") as shown:
        package = read(given.file, file=name_of(given.file), progress=shown)
    added = kept.keep(folder, package)
    notices = _notices(package, kept.guides(folder))
    for notice in notices:
        terminal.say(_said(notice, terminal))
    left_out(package, terminal)
    fields = {
        "package": package.label,
        "added": added,
        "resources": len(package.entries),
        "licence": package.licence,
        "notices": [notice.code for notice in notices],
        "left_out": [wrong.url for wrong in package.misshapen],
    }
    said = "package_add.done" if added else "package_add.same"
    done = terminal.words(said, label=package.label, n=len(package.entries))
    lines = [done, _licence(package, terminal), *([terminal.words("package_add.running")] if added else [])]
    terminal.result(fields, "\n".join(lines))
    return Invalid.exit_code if package.misshapen else 0


def left_out(package: Package, terminal: Terminal) -> None:
    """Names each definition of a package just read that could not be understood."""
    for wrong in package.misshapen:
        terminal.error(wrong.notice())


def run_list(given: argparse.Namespace, terminal: Terminal) -> int:
    guides = _known(given.folder)
    added = {package.label for package in kept.kept(given.folder)} if given.folder else set()
    rows: list[dict[str, Any]] = [
        {
            "name": package.name,
            "version": package.version,
            "resources": len(package.entries),
            "licence": package.licence or terminal.words("package_list.no_licence"),
            "origin": terminal.words(
                "package_list.added" if package.label in added else "package_list.carried"
            ),
        }
        for package in guides.packages
    ]
    names = ("name", "version", "resources", "licence", "origin")
    terminal.table([(name, terminal.words(f"package_list.{name}")) for name in names], rows)
    return 0


def run_show(given: argparse.Namespace, terminal: Terminal) -> int:
    guides = _known(given.folder)
    found = [p for p in guides.packages if given.name in {p.name, p.label}]
    if not found:
        known = ", ".join(sorted({p.name for p in guides.packages}))
        raise NotFound("fhir-no-package", name=given.name, known=known)
    for package in found:
        _show(package, guides, terminal)
    return 0


def run_remove(given: argparse.Namespace, terminal: Terminal) -> int:
    folder = _installation(given.folder)
    kept.remove(folder, given.name)
    done = terminal.words("package_remove.done", label=given.name)
    terminal.result({"removed": given.name}, f"{done}\n{terminal.words('package_add.running')}")
    return 0


def _known(folder: Path | None) -> Guides:
    """What an installation knows; without one what Camphora carries."""
    return kept.guides(_installation(folder)) if folder else Guides.bundled()


def _show(package: Package, guides: Guides, terminal: Terminal) -> None:
    counts = Counter(entry.type for entry in package.entries if not entry.example)
    examples = sum(entry.example for entry in package.entries)
    answered = dependencies(package, guides.packages)
    fields = {
        "package": package.label,
        "title": package.title,
        "licence": package.licence,
        "definitions": dict(counts),
        "examples": examples,
        "partial": package.partial,
        "dependencies": {f"{one.name}#{one.asked}": one.found for one in answered},
    }
    lines = [f"{package.label}  {package.title}", _licence(package, terminal)]
    lines += [package.partial[terminal.lang]] if package.partial else []
    lines += [f"  {kind} {n:,}" for kind, n in counts.most_common()]
    lines += [terminal.words("package_show.examples", n=examples)] if examples else []
    lines += [terminal.words("package_show.needs", name=one.name, version=one.asked) for one in answered]
    lines += [_said(notice, terminal) for notice in _notices(package, guides)]
    terminal.result(fields, "\n".join(lines))


def _licence(package: Package, terminal: Terminal) -> str:
    if package.licence:
        return terminal.words("package_show.licence", licence=package.licence)
    return terminal.words("package_show.no_licence")


def _said(notice: CamphoraError, terminal: Terminal) -> str:
    where = f"{notice.place}: " if notice.place else ""
    return f"{where}{notice.text(terminal.lang)}"


def _notices(package: Package, guides: Guides) -> list[CamphoraError]:
    """What of its dependencies is missing, or stood in for; and which of its profiles cannot be used for want of it."""
    found = [one.notice() for one in dependencies(package, guides.packages)]
    return [*(notice for notice in found if notice), *_unfinished(package, guides)]


def _unfinished(package: Package, guides: Guides) -> Iterator[CamphoraError]:
    for definition in package.definitions("StructureDefinition"):
        if "snapshot" not in definition:
            try:
                completed(definition, guides.shipped)
            except CamphoraError as error:
                yield error


def _installation(folder: Path) -> Path:
    if not (folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=folder.name or str(folder))
    return folder
