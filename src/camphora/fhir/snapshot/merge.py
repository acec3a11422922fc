"""How one element's rules are laid over another's (https://hl7.org/fhir/R4/elementdefinition.html#interpretation)."""

from __future__ import annotations

from camphora.fhir.snapshot.tree import Json

ADDED = ("condition", "alias", "code", "mapping", "example")
"""Lists to which a profile adds; every other property that it names takes the place of the one below."""
PARTS = ("slicing", "binding")
"""Of these a profile may say a part; what it does not say stays."""
OWN = frozenset({"id", "path", "sliceName", "base", "constraint", *ADDED})


def merged(below: Json, above: Json, source: str = "") -> Json:
    """The rules of `below` with those of `above` over them. `source` is the profile whose constraints `above` adds."""
    if not above:
        return below
    found = below | {key: value for key, value in above.items() if key not in OWN}
    for key in PARTS:
        if key in above and key in below:
            found[key] = below[key] | above[key]
    for key in ADDED:
        if key in above:
            old = below.get(key, [])
            found[key] = [*old, *(one for one in above[key] if one not in old)]
    if "constraint" in above:
        found["constraint"] = _constraints(below.get("constraint", []), above["constraint"], source)
    return found


def _constraints(below: list[Json], above: list[Json], source: str) -> list[Json]:
    """By key; the one above wins, since it may say the same rule with another severity."""
    found = {one["key"]: one for one in below}
    for one in above:
        found[one["key"]] = one if "source" in one or not source else {**one, "source": source}
    return list(found.values())


def sourced(element: Json, source: str) -> Json:
    """The element with the source of each constraint named."""
    rules = element.get("constraint")
    if not rules or all("source" in one for one in rules):
        return element
    return element | {"constraint": [{"source": source} | one for one in rules]}
