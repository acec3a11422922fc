"""Parameters that keep no rows of their own, because those of others say the same.

One table for the writer and the planner: what `asked` sends elsewhere, the writer leaves out. `:missing` asks the
record's own keys, in which such a parameter stands like any other.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from camphora.fhir import definitions

_NARROWED = re.compile(r"([\w.]+)\.where\(resolve\(\) is (\w+)\)")


class Asked(NamedTuple):
    """Whose rows answer a parameter: any of these parameters', and of their references only those to `target` (the type
    that a term names as its system; "" for every one)."""

    codes: tuple[str, ...]
    target: str = ""


COMBINED: dict[str, dict[str, tuple[str, ...]]] = {
    "Observation": {
        "combo-code": ("code", "component-code"),
        "combo-data-absent-reason": ("data-absent-reason", "component-data-absent-reason"),
        "combo-value-concept": ("value-concept", "component-value-concept"),
        "combo-value-quantity": ("value-quantity", "component-value-quantity"),
        "combo-code-value-concept": ("code-value-concept", "component-code-value-concept"),
        "combo-code-value-quantity": ("code-value-quantity", "component-code-value-quantity"),
    },
}
"""By type: a parameter whose values are those of the others together, with their modifiers."""


@lru_cache(maxsize=4096)
def asked(resource_type: str, code: str) -> Asked:
    """Where to look for a parameter. `code` may bear a modifier that is a parameter of the index (`combo-code:text`);
    what is sent elsewhere bears it too."""
    name, colon, modifier = code.partition(":")
    combined = COMBINED.get(resource_type, {}).get(name)
    if combined:
        return Asked(tuple(f"{one}{colon}{modifier}" for one in combined))
    return narrowed(resource_type).get(code) or Asked((code,))


@cache
def stored_elsewhere(resource_type: str) -> frozenset[str]:
    """The parameters, without modifiers, of which nothing is written."""
    return frozenset(COMBINED.get(resource_type, {})) | narrowed(resource_type).keys()


@cache
def narrowed(resource_type: str) -> dict[str, Asked]:
    """The reference parameters that keep one type of what another keeps: `patient` of `subject`, `practitioner` of
    `participant`. R4 writes them as `E.where(resolve() is T)` beside `E`."""
    known = definitions.search_parameters(resource_type)
    references = {code: one.expression for code, one in known.items() if one.type == "reference"}
    own = {code: _own(resource_type, expression) for code, expression in references.items()}
    whole = {found: code for code, found in own.items() if found and not _NARROWED.fullmatch(found)}
    narrow = {code: match for code, found in own.items() if (match := _NARROWED.fullmatch(found))}
    return {code: Asked((whole[match[1]],), match[2]) for code, match in narrow.items() if match[1] in whole}


def _own(resource_type: str, expression: str) -> str:
    """The one branch of an expression that begins at a type; empty where there are several or none."""
    branches = [part.strip() for part in expression.split("|")]
    found = [part for part in branches if part.lstrip("(").startswith(f"{resource_type}.")]
    return found[0] if len(found) == 1 else ""
