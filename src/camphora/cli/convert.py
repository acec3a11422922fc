"""`camphora convert FILE --to xml|json`: a resource or Bundle in its other form, nothing lost."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from camphora.cli.terminal import Terminal
from camphora.errors import Faults, Invalid, Place
from camphora.fhir import forms, json, xml
from camphora.formats.limits import name_of, open_limited

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("convert", run)
    made.add_argument("file", type=Path, metavar="FILE", help=tree.words("convert.file"))
    made.add_argument("--to", choices=("xml", "json"), required=True, help=tree.words("convert.to"))
    made.add_argument("--out", type=Path, metavar="FILE", help=tree.words("convert.out"))
    made.add_argument("--compact", action="store_true", help=tree.words("convert.compact"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    documents = _converted(given.file, given.to, pretty=not given.compact)
    if given.out is None:
        _write(documents, sys.stdout.buffer)
        return 0
    # a file appears only when it is whole
    part = given.out.with_name(f"{given.out.name}.part")
    try:
        with part.open("wb") as target:
            count = _write(documents, target)
        part.replace(given.out)
    finally:
        part.unlink(missing_ok=True)
    fields = {"file": name_of(given.file), "out": str(given.out), "resources": count}
    terminal.result(fields, terminal.words("convert.done", **fields))
    return 0


def _write(documents: Iterator[bytes], target: BinaryIO) -> int:
    """Write each document as it comes; gives their number."""
    count = 0
    for document in documents:
        target.write(document)
        count += 1
    target.flush()
    return count


def _converted(path: Path, to: str, *, pretty: bool) -> Iterator[bytes]:
    """Each resource of the file in the other form; NDJSON stays NDJSON. Raises all faults of the first faulty one."""
    with open_limited(path) as stream:
        pieces = forms.pieces(stream, file=name_of(path), exact=True)
        first, second = next(pieces, None), next(pieces, None)
        if second is not None and to == "xml":
            raise Invalid("fhir-convert-many", place=Place(name_of(path)))
        for piece in filter(None, (first, second)):
            yield _written(piece, to, pretty=pretty and second is None)
        for piece in pieces:
            yield _written(piece, to, pretty=False)


def _written(piece: forms.Piece, to: str, *, pretty: bool) -> bytes:
    if piece.faults:
        raise Faults(piece.faults)
    resource: dict[str, Any] = piece.resource or {}
    if to == "json":
        return json.write(resource, pretty=pretty) + b"\n"
    try:
        return xml.write(resource, pretty=pretty)
    except Invalid as error:
        path = error.place.path if error.place else None
        raise Invalid(error.code, place=Place(piece.place.file, path=path), **error.facts) from None
