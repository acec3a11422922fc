"""What a validation says of many resources: each kind of finding where it first occurs, then how often it does."""

from __future__ import annotations

import re
import sys
from collections import Counter
from typing import Any, NamedTuple

import orjson

from camphora.cli.terminal import Terminal
from camphora.errors import Invalid
from camphora.fhir.forms import Piece
from camphora.fhir.validation import Finding
from camphora.fhir.validation.finding import ORDER

SHOWN = 20
"""So many findings of a resource are written out, and so many of one kind in a run; the rest are counted."""
ROWS = 60
"""So many kinds of finding are listed at the end."""
NAMED = 5
"""So many of a kind of thing that could not be checked are named in the text; the JSON names all."""
_INDEX = re.compile(r"\[\d+\]")


class Kind(NamedTuple):
    """What findings in many resources have in common."""

    severity: str
    code: str
    path: str = ""
    rule: str = ""
    profile: str = ""


class Told:
    """The findings of a run, said as they come; with `errors_only` nothing but errors is said or counted."""

    def __init__(self, terminal: Terminal, *, errors_only: bool) -> None:
        self.terminal, self.errors_only = terminal, errors_only
        self.kinds: Counter[Kind] = Counter()
        self.unchecked: Counter[tuple[str, str]] = Counter()

    def piece(self, piece: Piece, found: list[Finding], unchecked: tuple[tuple[str, str], ...]) -> None:
        """Say what was found in one resource."""
        self.unchecked.update(unchecked)
        said = [one for one in found if one.severity == "error"] if self.errors_only else found
        new = [one for one in said if self._count(_kind(one)) and one.severity != "information"]
        faults = [fault for fault in piece.faults if self._count(Kind("error", fault.code))]
        if self.terminal.json:
            self._row(piece, said, unchecked)
            return
        for fault in faults[:SHOWN]:
            self.terminal.error(fault)
        if new:
            self._findings(piece, new)

    def failure(self, code: str) -> None:
        """Count what is wrong with a file as a whole."""
        self._count(Kind("error", code))

    def _count(self, kind: Kind) -> bool:
        """Count a finding; whether it is to be written out."""
        self.kinds[kind] += 1
        return self.kinds[kind] <= SHOWN

    def _findings(self, piece: Piece, new: list[Finding]) -> None:
        lang, words = self.terminal.lang, self.terminal.words
        lines: list[str] = []
        for one in sorted(new, key=lambda one: ORDER[one.severity])[:SHOWN]:
            severity = words(f"validate.{one.severity}")
            lines.append(f"{severity} {piece.place}: {one.path}: {one.text(lang)} [{one.code}{_by(one)}]")
            lines.append(f"  → {one.remedy(lang)}")
        if len(new) > SHOWN:
            lines.append(words("validate.more", n=len(new) - SHOWN))
        sys.stdout.write("\n".join(lines) + "\n")

    def _row(self, piece: Piece, said: list[Finding], unchecked: tuple[tuple[str, str], ...]) -> None:
        rows = [_fields(one, self.terminal) for one in said]
        rows += [_fault(fault, self.terminal) for fault in piece.faults]
        fields = {
            "place": str(piece.place),
            "type": (piece.resource or {}).get("resourceType"),
            "right": not any(row["severity"] == "error" for row in rows),
            "findings": rows,
            "unchecked": [{"kind": kind, "which": which} for kind, which in unchecked],
        }
        sys.stdout.buffer.write(orjson.dumps(fields) + b"\n")

    def table(self) -> None:
        """How often each kind was found, errors first."""
        if not self.kinds:
            return
        words = self.terminal.words
        every = sorted(self.kinds.items(), key=lambda item: (ORDER[item[0].severity], -item[1]))
        rows = [
            {
                "severity": words(f"validate.{kind.severity}"),
                "code": kind.code,
                "path": _where(kind),
                "n": f"{number:,}",
            }
            for kind, number in every[:ROWS]
        ]
        columns = [(key, words(f"validate.{key}")) for key in ("severity", "code", "path", "n")]
        self.terminal.table(columns, rows)
        if len(every) > ROWS:
            self.say(words("validate.more_kinds", n=len(every) - ROWS))

    def not_checked(self) -> None:
        """Names what could not be checked, grouped by its kind."""
        groups: dict[str, list[str]] = {}
        for kind, which in self.unchecked:
            groups.setdefault(kind, []).append(which)
        for kind, names in groups.items():
            listed = ", ".join(names[:NAMED])
            key = "validate.unchecked_more" if len(names) > NAMED else "validate.unchecked"
            named = self.terminal.words(f"validate.kind.{kind.replace(' ', '_')}")
            self.say(self.terminal.words(key, kind=named, names=listed, n=len(names)))

    def fields(self) -> dict[str, Any]:
        """The counts as JSON."""
        counted: Counter[tuple[str, str]] = Counter()
        for kind, number in self.kinds.items():
            counted[kind.severity, kind.code] += number
        return {
            "findings": [{"severity": s, "code": c, "n": n} for (s, c), n in counted.most_common()],
            "unchecked": [{"kind": k, "which": w, "n": n} for (k, w), n in self.unchecked.most_common()],
        }

    def say(self, text: str) -> None:
        sys.stdout.write(text + "\n")


def _kind(finding: Finding) -> Kind:
    path = _INDEX.sub("", finding.path) if "[" in finding.path else finding.path
    return Kind(finding.severity, finding.code, path, finding.rule, finding.profile)


def _where(kind: Kind) -> str:
    """The path, and the rule where it says more than the path."""
    return kind.path if kind.rule == kind.path else f"{kind.path} {kind.rule}".strip()


def _by(finding: Finding) -> str:
    """The profile and rule that ask, as far as they say more than the code does."""
    more = [one for one in (finding.rule, finding.profile) if one]
    return f" {' '.join(more)}" if more else ""


def _fields(finding: Finding, terminal: Terminal) -> dict[str, str]:
    names = ("severity", "code", "path", "found", "expected", "profile", "rule")
    row = {name: str(getattr(finding, name)) for name in names}
    return {**row, "text": finding.text(terminal.lang), "remedy": finding.remedy(terminal.lang)}


def _fault(fault: Invalid, terminal: Terminal) -> dict[str, str]:
    text, remedy = fault.text(terminal.lang), fault.remedy(terminal.lang)
    path = str(fault.place or "")
    return {"severity": "error", "code": fault.code, "path": path, "text": text, "remedy": remedy}
