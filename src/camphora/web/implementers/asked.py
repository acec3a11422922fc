"""What the form of a search asks, and how what an address asks stands in that form: nothing of it is lost between."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from starlette.datastructures import QueryParams

from camphora.web.fhir.negotiation import Pairs

OURS = frozenset({"as", "more", "lang", "theme", "size"})
"""Parameters of the page, which are none of the search."""
PLACE = "_page"
"""Where a search goes on: no condition, so that what is asked anew begins at the first page."""
READABLE = frozenset("-_.~|,:/$*@!()")
"""Signs that stand as they are in the further query string, beside letters and digits of any script."""


class Spread(NamedTuple):
    """An address as the form holds it: a value for each field, and the line of everything else."""

    fields: Mapping[str, str]
    more: str


def asked(params: QueryParams) -> Pairs:
    """What is asked of the API: the fields that are filled, then the line of further parameters."""
    found = [(name, value.strip()) for name, value in params.multi_items() if name not in OURS]
    for line in params.getlist("more"):
        found += parse_qsl(line.strip().lstrip("?"))
    return tuple((name, value) for name, value in found if value)


def spread(pairs: Pairs, names: Collection[str]) -> Spread:
    """Where each parameter stands: the first of a name in its field, if there is one and a line of text can hold the
    value; the others, and what has no field (chains, modifiers, `_has`), in the further query string."""
    fields: dict[str, str] = {}
    more: dict[str, None] = {}
    rest: list[str] = []
    for name, value in pairs:
        if name == PLACE:
            continue
        if name in names and name not in fields and name not in more and _of_a_line(value):
            fields[name] = value
        else:
            more[name] = None
            rest.append(f"{_escaped(name)}={_escaped(value)}")
    return Spread(fields, "&".join(rest))


def _of_a_line(value: str) -> bool:
    """Whether a text field gives back the same value."""
    return value == value.strip() and value.isprintable()


def _escaped(text: str) -> str:
    return "".join(each if each.isalnum() or each in READABLE else quote(each, safe="") for each in text)
