"""`camphora validate FILE…`: resources against base R4, the guides at hand and the profiles that are named.

JSON, XML and NDJSON, plain or packed, files and folders. Findings go to stdout, with `--json` one line per
resource; exit 0 where there is no error, 2 where there is one.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from camphora.cli.package import left_out
from camphora.cli.terminal import Terminal
from camphora.errors import CamphoraError, Invalid
from camphora.fhir import forms
from camphora.fhir.packages import Guides, read
from camphora.fhir.validation import Finding, Policy, Validator
from camphora.formats import open_text
from camphora.formats.limits import name_of, open_limited
from camphora.installation.packages import guides as kept_guides

if TYPE_CHECKING:
    from camphora.cli.parser import Tree

SHOWN = 20
"""So many findings of a resource are written out; the rest are counted."""
_STEP = 500


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
    made.add_argument("--policy", type=Path, metavar="FILE.toml", help=tree.words("validate.policy"))
    made.add_argument("--in", dest="folder", type=Path, metavar="FOLDER", help=tree.words("validate.folder"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    validator = Validator(_guides(given, terminal), policy=_policy(given.policy))
    unknown = [url for url in given.profile if validator.guides.find(url) is None]
    if unknown:
        raise Invalid("validation-profile-unknown", found=", ".join(unknown))
    run = _Run(validator, tuple(given.profile), terminal)
    for path in _paths(given.files):
        run.file(path)
    return run.end()


def _guides(given: argparse.Namespace, terminal: Terminal) -> Guides:
    """Those of the installation or the bundled ones, with the packages named here before them."""
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


def _paths(given: list[Path]) -> Iterator[Path]:
    for path in given:
        yield from sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else (path,)


class _Run:
    """One run over all files: counts of resources and of each kind of finding."""

    def __init__(self, validator: Validator, profiles: tuple[str, ...], terminal: Terminal) -> None:
        self.validator, self.profiles, self.terminal = validator, profiles, terminal
        self.read = self.wrong = self.files = 0
        self.kinds: Counter[tuple[str, str]] = Counter()
        self.last: dict[str, Any] | None = None

    def file(self, path: Path) -> None:
        self.files += 1
        try:
            with open_limited(path) as stream, self.terminal.progress("validate.bar") as shown:
                for number, piece in enumerate(forms.pieces(stream, file=name_of(path)), 1):
                    self._piece(piece)
                    if number % _STEP == 0:
                        shown(number)
        except CamphoraError as error:
            self.wrong += 1
            self.kinds["error", error.code] += 1
            self.terminal.error(error)

    def _piece(self, piece: forms.Piece) -> None:
        self.read += 1
        found = self.validator.validate(piece.resource, self.profiles) if piece.resource is not None else []
        for finding in found:
            self.kinds[finding.severity, finding.code] += 1
        for fault in piece.faults:
            self.kinds["error", fault.code] += 1
        right = not piece.faults and not any(one.severity == "error" for one in found)
        self.wrong += not right
        self.last = piece.resource
        if self.terminal.json:
            self._line(piece, found, right=right)
        else:
            self._told(piece, found)

    def _line(self, piece: forms.Piece, found: list[Finding], *, right: bool) -> None:
        rows = [_row(one, self.terminal) for one in found]
        rows += [
            {
                "severity": "error",
                "code": one.code,
                "path": str(one.place or ""),
                "text": one.text(self.terminal.lang),
            }
            for one in piece.faults
        ]
        kind = (piece.resource or {}).get("resourceType")
        fields = {"place": str(piece.place), "type": kind, "right": right, "findings": rows}
        sys.stdout.buffer.write(orjson.dumps(fields) + b"\n")

    def _told(self, piece: forms.Piece, found: list[Finding]) -> None:
        for fault in piece.faults:
            self.terminal.error(fault)
        said = [one for one in found if one.severity != "information"]
        for one in said[:SHOWN]:
            text = f"{piece.place}: {one.path}: {one.text(self.terminal.lang)} [{one.code}{_by(one)}]"
            severity = self.terminal.words(f"validate.{one.severity}")
            self._say(f"{severity} {text}\n  → {one.remedy(self.terminal.lang)}")
        if len(said) > SHOWN:
            self._say(self.terminal.words("validate.more", n=len(said) - SHOWN))

    def _say(self, text: str) -> None:
        self.terminal.result({}, text)

    def end(self) -> int:
        """The last words: for one resource what was checked in it, for many the count of each kind of finding."""
        fields: dict[str, Any] = {"files": self.files, "read": self.read, "wrong": self.wrong}
        if self.terminal.json:
            kinds = [{"severity": s, "code": c, "n": n} for (s, c), n in self.kinds.most_common()]
            sys.stderr.write(orjson.dumps({**fields, "findings": kinds}).decode() + "\n")
        elif self.read == 1 and self.last is not None:
            report = self.validator.report(self.last, self.profiles)
            self._say(report.sentence(self.terminal.lang))
        else:
            self._counts()
            self._say(self.terminal.words("validate.did", **fields))
        return Invalid.exit_code if self.wrong or not self.read else 0

    def _counts(self) -> None:
        columns = [(key, self.terminal.words(f"validate.{key}")) for key in ("severity", "code", "n")]
        rows = [
            {"severity": self.terminal.words(f"validate.{severity}"), "code": code, "n": f"{number:,}"}
            for (severity, code), number in self.kinds.most_common()
        ]
        if rows:
            self.terminal.table(columns, rows)


def _by(finding: Finding) -> str:
    """The profile and rule that ask, as far as they say more than the code does."""
    more = [one for one in (finding.rule, finding.profile) if one]
    return f" {' '.join(more)}" if more else ""


def _row(finding: Finding, terminal: Terminal) -> dict[str, str]:
    names = ("severity", "code", "path", "found", "expected", "profile", "rule")
    row = {name: str(getattr(finding, name)) for name in names}
    return {**row, "text": finding.text(terminal.lang), "remedy": finding.remedy(terminal.lang)}
