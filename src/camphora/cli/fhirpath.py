"""`camphora fhirpath EXPRESSION FILE`: what an expression finds in resources, one result per line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from camphora.cli.opening import Given
from camphora.cli.terminal import Terminal
from camphora.errors import CamphoraError, Invalid, Place
from camphora.fhir import fhirpath, forms, json
from camphora.fhir.fhirpath import Expression, Located
from camphora.formats.limits import name_of, open_limited

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("fhirpath", run)
    made.add_argument("expression", metavar="EXPRESSION", help=tree.words("fhirpath.expression"))
    made.add_argument("file", type=Path, metavar="FILE", help=tree.words("fhirpath.file"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    try:
        expression = fhirpath.compile(given.expression)
    except CamphoraError as error:
        _point(given.expression, error.place, terminal)
        raise
    file = Given(given.file, name_of(given.file))
    if refusal := file.refusal():
        raise refusal
    run = _Run(expression, terminal)
    with open_limited(file.path, name=file.name) as stream:
        run.all(forms.pieces(stream, file=file.name, exact=True))
    return run.code


class _Run:
    """One expression on all resources of a file: how many results, of which types of resource, and the exit code."""

    def __init__(self, expression: Expression, terminal: Terminal) -> None:
        self.expression, self.terminal = expression, terminal
        self.results = self.code = 0
        self.types: dict[str, None] = {}

    def all(self, pieces: Iterator[forms.Piece]) -> None:
        first = list(islice(pieces, 2))
        for piece in chain(first, pieces):
            self.code = max(self.code, self._one(piece, placed=len(first) > 1))
        if not self.results and not self.code and not self.terminal.json:
            self._nothing()

    def _nothing(self) -> None:
        """Says that there was no result, and why where the expression fits none of the types of resource: what is
        wrong for the one that it fits furthest."""
        words = self.terminal.words
        self.terminal.say(words("fhirpath.nothing"))
        misfits = [error for kind in self.types if (error := _misfit(self.expression.text, kind))]
        if misfits and len(misfits) == len(self.types):
            furthest = max(misfits, key=_position)
            self.terminal.say("  → " + words("fhirpath.hint", said=furthest.text(self.terminal.lang)))

    def _one(self, piece: forms.Piece, *, placed: bool) -> int:
        """The results in one resource, with its place if `placed`; its exit code."""
        if piece.resource is None or piece.faults:
            for fault in piece.faults:
                self.terminal.error(fault)
            return Invalid.exit_code
        self.types[str(piece.resource.get("resourceType"))] = None
        found = _found(self.expression, piece, self.terminal)
        if isinstance(found, CamphoraError):
            return found.exit_code
        before = f"{piece.place}\t" if placed and not self.terminal.json else ""
        for one in found:
            sys.stdout.write(before + _line(one, piece.place, json_form=self.terminal.json) + "\n")
        sys.stdout.flush()
        self.results += len(found)
        return 0


def _misfit(text: str, kind: str) -> CamphoraError | None:
    """Why the expression cannot fit a type of resource; None where it can."""
    try:
        fhirpath.compile(text, kind, strict=True)
    except CamphoraError as error:
        return error
    return None


def _position(error: CamphoraError) -> tuple[int, int]:
    """Where in the expression a fault lies, as line and column."""
    place = error.place or Place()
    return place.line or 1, place.column if isinstance(place.column, int) else 0


def _found(expression: Expression, piece: forms.Piece, terminal: Terminal) -> list[Located] | CamphoraError:
    """The results in one resource, or the error, which is said with its place."""
    try:
        return expression.located(piece.resource)
    except CamphoraError as error:
        _point(expression.text, error.place, terminal)
        path = error.place.path if error.place else None
        error.place = Place(piece.place.file, piece.place.line, path=path)
        terminal.error(error)
        return error


def _line(one: Located, place: Place, *, json_form: bool) -> str:
    if not json_form:
        return f"{one.path or '-'}\t{one.type}\t{_text(one.value)}"
    fields = {"file": place.file, "line": place.line, "path": one.path, "type": one.type}
    return json.write({**fields, "value": _plain(one.value)}).decode()


def _text(value: Any) -> str:
    """A value for people: text as it is, elements as JSON on one line."""
    if isinstance(value, dict):
        return json.write(value).decode()
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    return f"{value:f}" if type(value) is Decimal else str(value).replace("\n", "\\n")


def _plain(value: Any) -> Any:
    """A value as JSON has it; dates and quantities of FHIRPath's own as their text."""
    if type(value) is Decimal:
        return json.Written(f"{value:f}")
    return value if isinstance(value, dict | bool | str | int | float | json.Written | None) else str(value)


def _point(text: str, place: Place | None, terminal: Terminal) -> None:
    """Shows where in the expression the fault lies."""
    if terminal.json or place is None or not isinstance(place.column, int):
        return
    line = text.split("\n")[(place.line or 1) - 1]
    terminal.say(f"  {line}\n  {' ' * cell_len(line[: place.column - 1])}^")
