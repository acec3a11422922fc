"""A path as an error may say it: with the words of FHIR and of the path languages, and nothing that a person may be
known by."""

from __future__ import annotations

import re
from functools import cache

from camphora.fhir import definitions
from camphora.fhir.fhirpath.functions import FUNCTIONS

LONGEST = 200
_PART = re.compile(
    r"(?P<literal>'(?:[^'\\]|\\.)*(?:'|\\?\Z)|\"[^\"]*(?:\"|\Z))"
    r"|(?P<index>(?<=[\[/])\d{1,4}(?=[\]/]|\Z))"
    r"|(?P<value>@?\d[\w:.+-]*)|(?P<word>\w+)",
    re.DOTALL,
)
_LANGUAGES = frozenset({
    "and", "or", "xor", "implies", "in", "contains", "div", "mod", "is", "as", "true", "false", "this", "index",
    "total", "f", "h", "diff", "patch", "text", "comment", "node", "processing", "instruction", "last", "position",
    "attribute", "context", "resource", "rootResource",
})  # fmt: skip


def said(path: str) -> str:
    """The path, shortened, with `…` for literals, numbers that are no index, and names that R4 does not have."""
    return _PART.sub(_part, path[: 50 * LONGEST])[:LONGEST]


def _part(match: re.Match[str]) -> str:
    if match["literal"]:
        return "'…'"
    known = match["index"] or (match["word"] and match["word"].removeprefix("_") in _words())
    return match[0] if known else "…"


@cache
def _words() -> frozenset[str]:
    names = {*_LANGUAGES, *FUNCTIONS, *definitions.types()}
    for kind in definitions.types().values():
        for element in kind.elements:
            names.add(element.name.removesuffix("[x]"))
            names.update(name for name, _ in element.properties)
    return frozenset(names)
