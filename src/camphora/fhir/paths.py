"""The simple shapes of FHIRPath in which R4 writes nearly all its search parameters.

Plain path, `as`/`ofType`, `where(field='literal')`, `where(resolve() is T)`. What has another shape is named
in `unread`, so that nobody believes that it is searched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

_CAST = re.compile(r"\(?\s*([\w.]+) as (\w+)\s*\)?")
_SEGMENT = re.compile(
    r"""\.?(?:(?:as|ofType)\((?P<cast>\w+)\)
      |where\(resolve\(\)\ is\ (?P<target>\w+)\)
      |where\((?P<field>\w+)='(?P<literal>[^']*)'\)
      |(?P<name>\w+)\b(?![(\[]))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step into a resource: the element's name, and what the item reached must be."""

    name: str
    cast: str = ""
    where: tuple[str, str] | None = None
    target: str = ""


class Path(NamedTuple):
    """`root` is the type at which the path begins, "" where the expression leaves it out."""

    root: str
    steps: tuple[Step, ...]


class Branches(NamedTuple):
    read: tuple[Path, ...]
    unread: tuple[str, ...]


def branches(expression: str) -> Branches:
    """The union's branches as paths, and as text those that have another shape."""
    parts = [part.strip() for part in expression.split("|") if part.strip()]
    paths = [(part, path(part)) for part in parts]
    return Branches(tuple(p for _, p in paths if p), tuple(part for part, p in paths if not p))


def path(text: str) -> Path | None:
    """One branch as a path; None where it has none of the simple shapes."""
    flat = _CAST.sub(r"\1.as(\2)", text)
    steps: list[Step] = []
    at = 0
    while at < len(flat):
        found = _SEGMENT.match(flat, at)
        if not found:
            return None
        at = found.end()
        if found["name"]:
            steps.append(Step(found["name"]))
        elif not steps:
            return None
        else:
            steps[-1] = _narrowed(steps[-1], found)
    if not steps:
        return None
    rooted = steps[0].name[0].isupper()
    return Path(steps[0].name, tuple(steps[1:])) if rooted else Path("", tuple(steps))


def _narrowed(step: Step, found: re.Match[str]) -> Step:
    if found["cast"]:
        return replace(step, cast=found["cast"])
    if found["target"]:
        return replace(step, target=found["target"])
    return replace(step, where=(found["field"], found["literal"]))
