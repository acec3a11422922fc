"""`camphora fhirpath EXPRESSION FILE`: what an expression finds in resources, one result per line."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

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
    code = 0
    with open_limited(given.file) as stream:
        for piece in forms.pieces(stream, file=name_of(given.file), exact=True):
            code = max(code, _one(expression, piece, terminal))
    return code


def _one(expression: Expression, piece: forms.Piece, terminal: Terminal) -> int:
    """The results in one resource; its exit code."""
    if piece.resource is None or piece.faults:
        for fault in piece.faults:
            terminal.error(fault)
        return Invalid.exit_code
    try:
        found = expression.located(piece.resource)
    except CamphoraError as error:
        _point(expression.text, error.place, terminal)
        path = error.place.path if error.place else None
        error.place = Place(piece.place.file, piece.place.line, path=path)
        terminal.error(error)
        return error.exit_code
    for one in found:
        sys.stdout.write(_line(one, piece.place, json_form=terminal.json) + "\n")
    sys.stdout.flush()
    return 0


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
