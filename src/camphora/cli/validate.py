"""`camphora validate FILE…`: resources against base R4, the guides at hand and the profiles that are named.

JSON, XML and NDJSON, plain or packed, files and folders. Findings go to stdout, with `--json` one line per
resource; exit 0 where there is no error, 2 where there is one, 4 where only a file was not there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from camphora.cli.opening import Given, select
from camphora.cli.package import left_out
from camphora.cli.terminal import Terminal
from camphora.cli.told import Told
from camphora.errors import CamphoraError, Invalid
from camphora.fhir import forms
from camphora.fhir.packages import Guides, read
from camphora.fhir.validation import Finding, Policy, Report, Validator
from camphora.formats import open_text
from camphora.formats.limits import name_of, open_limited
from camphora.installation.packages import guides as kept_guides

if TYPE_CHECKING:
    from camphora.cli.parser import Tree

_STEP = 100
"""After so many resources the progress is shown anew."""


def add(tree: Tree) -> None:
    made = tree.command("validate", run)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help=tree.words("validate.files"))
    made.add_argument(
        "--profile", action="append", default=[], metavar="URL", help=tree.words("validate.profile")
    )
    made.add_argument(
        "--package",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.tgz",
        help=tree.words("validate.package"),
    )
    made.add_argument("--errors-only", action="store_true", help=tree.words("validate.errors_only"))
    made.add_argument("--policy", type=Path, metavar="FILE.toml", help=tree.words("validate.policy"))
    made.add_argument("--in", dest="folder", type=Path, metavar="FOLDER", help=tree.words("validate.folder"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    validator = Validator(_guides(given, terminal), policy=_policy(given.policy))
    unknown = [url for url in given.profile if validator.guides.find(url) is None]
    if unknown:
        raise Invalid("validation-profile-unknown", found=", ".join(unknown))
    selection = select(given.files)
    told = Told(terminal, errors_only=given.errors_only)
    run = _Run(validator, tuple(given.profile), terminal, told, selection.passed_over)
    for refusal in selection.empty:
        run.refused(refusal)
    run.all(selection.files)
    return run.end()


def _guides(given: argparse.Namespace, terminal: Terminal) -> Guides:
    """Those of the installation or the bundled ones, with the packages named here before them."""
    if given.folder and not (given.folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=given.folder.name or str(given.folder))
    known = kept_guides(given.folder) if given.folder else Guides.bundled()
    named = [read(path, file=name_of(path)) for path in given.package]
    for package in named:
        left_out(package, terminal)
    return Guides([*named, *known.packages]) if named else known


def _policy(path: Path | None) -> Policy:
    if path is None:
        return Policy()
    with open_text(path) as text:
        return Policy.read(text.read(), path.name)


class _Run:
    """One run over all files: what was read, and what of it was wrong."""

    def __init__(
        self,
        validator: Validator,
        profiles: tuple[str, ...],
        terminal: Terminal,
        told: Told,
        passed_over: int,
    ) -> None:
        self.validator, self.profiles, self.terminal, self.told = validator, profiles, terminal, told
        self.passed_over = passed_over
        self.read = self.wrong = self.files = 0
        self.refusals: list[CamphoraError] = []
        self.last: Report | None = None

    def all(self, files: list[Given]) -> None:
        """Validate every file; how far it is is told in bytes of them all."""
        total, done = sum(file.size for file in files), 0
        with self.terminal.progress("validate.bar", in_bytes=True) as shown:
            for file in files:
                refusal = file.refusal()
                if refusal is not None:
                    self.refused(refusal)
                    continue
                self._file(file, lambda here: shown(here, total), done)
                done += file.size
                shown(done, total)

    def refused(self, error: CamphoraError) -> None:
        """A file or folder that could not be read, or not to its end."""
        self.refusals.append(error)
        self.told.failure(error.code)
        self.terminal.error(error)

    def _file(self, file: Given, shown: Callable[[int], None], done: int) -> None:
        self.files += 1
        try:
            with file.path.open("rb") as raw, open_limited(raw, name=file.name) as stream:
                for number, piece in enumerate(forms.pieces(stream, file=file.name), 1):
                    self._piece(piece)
                    if number % _STEP == 0:
                        shown(done + raw.tell())
        except CamphoraError as error:
            self.refused(error)

    def _piece(self, piece: forms.Piece) -> None:
        self.read += 1
        report = Report([], (), 0, 0, ())
        if piece.resource is not None:
            report = self.validator.report(piece.resource, self.profiles)
        self.told.piece(piece, report.findings, report.unchecked)
        form = [Finding("error", fault.code, "") for fault in piece.faults]
        self.last = replace(report, findings=[*form, *report.findings])
        self.wrong += not self.last.right

    def end(self) -> int:
        """The last words: for one resource what was checked in it, for many the count of each kind of finding."""
        fields: dict[str, Any] = {
            "files": self.files,
            "read": self.read,
            "wrong": self.wrong,
            "refused": len(self.refusals),
            "passed_over": self.passed_over,
        }
        if self.terminal.json:
            sys.stdout.flush()
            sys.stderr.write(orjson.dumps({**fields, **self.told.fields()}).decode() + "\n")
        else:
            self._say(fields)
        return self._code()

    def _say(self, fields: dict[str, Any]) -> None:
        words, say = self.terminal.words, self.told.say
        if self.read == 1 and self.last is not None and not self.refusals:
            say(self.last.sentence(self.terminal.lang))
        else:
            sys.stdout.flush()
            self.told.table()
            say(words("validate.did", **fields))
        self.told.not_checked()
        if self.refusals:
            say(words("validate.refused", n=len(self.refusals)))
        if self.passed_over:
            say(words("validate.passed_over", n=self.passed_over))
        sys.stdout.flush()

    def _code(self) -> int:
        if self.wrong:
            return Invalid.exit_code
        if self.refusals:
            return min(error.exit_code for error in self.refusals)
        return 0 if self.read else Invalid.exit_code
