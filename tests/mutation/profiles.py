"""Faults against the profiles that an example names: what the profile asks beyond R4, broken in one place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from mutation.engine import Fault, Specimen, append, drop, kind, put
from mutation.shapes import EXAMPLES
from mutation.terms import WRONG, listed
from mutation.tree import GUIDES, Json, Node, children

Path = tuple[str, ...]


@cache
def snapshot(url: str) -> tuple[Json, ...]:
    """The elements of a profile that this project knows with its snapshot; none otherwise."""
    definition = GUIDES.find(url)
    return tuple(definition["snapshot"]["element"]) if definition and "snapshot" in definition else ()


def rows(specimen: Specimen) -> Iterator[Json]:
    """The elements of its profiles that no slice narrows."""
    for url in specimen.profiles:
        yield from (row for row in snapshot(url) if ":" not in row["id"])


@cache
def base(path: str) -> Json:
    """What R4 says of the element."""
    owner = path.rpartition(".")[0]
    return next((e.row for e in children(owner) if e.path == path), {})


def at_path(specimen: Specimen, path: str) -> list[Node]:
    """The nodes of the record itself at a path of its definition, through data types."""
    return [n for n in specimen.nodes if _defined(n) == path and "contained" not in n.keys]


def _defined(node: Node) -> str:
    parts = [p for p in node.path.replace("]", "[").split("[") if not p.isdigit()]
    plain = "".join(parts)
    return plain + ("[x]" if node.element.choice else "")


def fixed(row: Json) -> Any:
    """The fixed or pattern value of an element; None without."""
    return next((value for name, value in row.items() if name.startswith(("fixed", "pattern"))), None)


@kind("profile-missing", 120)
def missing(specimen: Specimen) -> Iterator[Fault]:
    """What only the profile demands is taken out: told at the element or its owner."""
    for row in rows(specimen):
        if row["min"] > base(row["path"]).get("min", 0):
            for node in at_path(specimen, row["path"]):
                listed_here = isinstance(node.keys[-1], int)
                keys = node.keys[:-1] if listed_here else node.keys
                if (not listed_here or node.keys[-1] == 0) and _alone(specimen, node):
                    yield Fault((f"{node.parent}.{node.element.label}", node.parent), drop(keys), row["id"])


def _alone(specimen: Specimen, node: Node) -> bool:
    """Whether its owner has other elements, and it no extensions of its own."""
    owned = {n.element.name for n in specimen.nodes if n.parent == node.parent}
    return len(owned) > 1 and not any(n.path.startswith(f"{node.path}.extension") for n in specimen.nodes)


@kind("profile-prohibited", 40)
def prohibited(specimen: Specimen) -> Iterator[Fault]:
    """An element that the profile closes (max 0) is given: told at the element or its owner."""
    for row in rows(specimen):
        element = next((e for e in children(row["path"].rpartition(".")[0]) if e.path == row["path"]), None)
        if row["max"] != "0" or element is None or row["path"].count(".") != 1:
            continue
        value = next((v for code in element.types if (v := EXAMPLES.get(code)) is not None), None)
        if value is not None and not at_path(specimen, row["path"]):
            code = next(code for code in element.types if EXAMPLES.get(code) is not None)
            place = f"{specimen.kind}.{element.label}"
            change = put((element.key(code),), [value] if element.many else value)
            yield Fault((place, f"{place}[0]", specimen.kind), change, row["id"])


@kind("profile-too-many", 40)
def too_many(specimen: Specimen) -> Iterator[Fault]:
    """A list that the profile limits holds one more than it may: told at the list or the item."""
    for row in rows(specimen):
        most = row["max"]
        if most in {"0", "*"} or base(row["path"]).get("max") != "*":
            continue
        for node in at_path(specimen, row["path"]):
            count = sum(n.keys[:-1] == node.keys[:-1] for n in specimen.nodes)
            if node.keys[-1] == 0 and count == int(most):
                place = node.path.removesuffix("[0]")
                places = (f"{place}[{count}]", place, node.parent)
                yield Fault(places, append(node.keys[:-1], node.value), row["id"])


@kind("fixed-or-pattern", 90)
def other_value(specimen: Specimen) -> Iterator[Fault]:
    """A fixed or pattern value is changed: told at the element or what the pattern holds of it."""
    for row in rows(specimen):
        wanted = fixed(row)
        for node in at_path(specimen, row["path"]) if wanted is not None else ():
            keys, inner = _leaf(wanted)
            places = [node.path]
            for part in inner:
                places.append(f"{places[-1]}{part}")
            yield Fault(tuple(places), put((*node.keys, *keys), _other(wanted, keys)), row["id"])


def _leaf(wanted: Any) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """The way to one primitive of a pattern, in JSON and in FHIRPath; the code where there is one."""
    keys: list[Any] = []
    inner: list[str] = []
    while isinstance(wanted, dict | list):
        if isinstance(wanted, list):
            keys.append(0)
            inner[-1] += "[0]"
            wanted = wanted[0]
        else:
            name = next((n for n in ("coding", "code") if n in wanted), next(iter(wanted)))
            keys.append(name)
            inner.append(f".{name}")
            wanted = wanted[name]
    return tuple(keys), tuple(inner)


def _other(wanted: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        wanted = wanted[key]
    return (
        (not wanted) if isinstance(wanted, bool) else wanted + 1 if isinstance(wanted, int | float) else WRONG
    )


@kind("profile-type", 60)
def other_type(specimen: Specimen) -> Iterator[Fault]:
    """value[x] of a type that R4 allows and the profile does not (closed slicing by type)."""
    for row in rows(specimen):
        element = next((e for e in children(row["path"].rpartition(".")[0]) if e.path == row["path"]), None)
        if element is None or not element.choice or row["max"] == "0":
            continue
        allowed = {t["code"] for t in row.get("type", ())}
        others = [c for c in element.types if c not in allowed and EXAMPLES.get(c) is not None]
        for node in at_path(specimen, row["path"]) if others else ():
            key = element.key(others[0])
            yield Fault(
                (node.path, f"{node.parent}.{key}", node.parent),
                _instead(node, key, EXAMPLES[others[0]]),
                row["id"],
            )


def _instead(node: Node, key: str, value: Any):
    def change(resource: Json) -> None:
        drop(node.keys)(resource)
        put((*node.keys[:-1], key), value)(resource)

    return change


@kind("profile-binding", 60)
def binding(specimen: Specimen) -> Iterator[Fault]:
    """A code outside a value set that only the profile requires: told at the concept, its coding or its code."""
    for row in rows(specimen):
        bound = row.get("binding", {})
        own = base(row["path"]).get("binding", {})
        if bound.get("strength") != "required" or own.get("valueSet") == bound.get("valueSet"):
            continue
        for node in at_path(specimen, row["path"]) if listed(bound.get("valueSet", "")) else ():
            yield from _uncoded(node, row["id"])


def _uncoded(node: Node, about: str) -> Iterator[Fault]:
    codings = node.value.get("coding", ()) if node.code == "CodeableConcept" else ()
    if node.code == "code" and isinstance(node.value, str):
        yield Fault((node.path,), put(node.keys, WRONG), about)
    elif node.code == "Coding" and "code" in node.value:
        yield Fault((node.path, f"{node.path}.code"), put((*node.keys, "code"), WRONG), about)
    elif len(codings) == 1 and "code" in codings[0]:
        place = f"{node.path}.coding[0]"
        keys = (*node.keys, "coding", 0, "code")
        yield Fault((node.path, f"{node.path}.coding", place, f"{place}.code"), put(keys, WRONG), about)


@kind("profile-reference", 60)
def reference(specimen: Specimen) -> Iterator[Fault]:
    """A reference to a type that R4 allows and the profile does not: told at the reference or its text."""
    for row in rows(specimen):
        allowed = {kind for url in _targets(row) if (kind := _type(url))}
        wide = [url.rpartition("/")[2] for url in _targets(base(row["path"]))]
        wrong = [name for name in wide if allowed and name not in allowed and name != "Resource"]
        for node in at_path(specimen, row["path"]) if wrong else ():
            if node.code == "Reference":
                places = (node.path, f"{node.path}.reference")
                yield Fault(places, put(node.keys, {"reference": f"{wrong[0]}/camphora"}), row["id"])


def _targets(row: Json) -> list[str]:
    return [url for t in row.get("type", ()) for url in t.get("targetProfile", ())]


def _type(url: str) -> str:
    found = GUIDES.find(url)
    return found["type"] if found else ""


@kind("unit", 60)
def unit(specimen: Specimen) -> Iterator[Fault]:
    """A unit that the profile does not allow: told at the quantity, its code or its unit."""
    fixed_units = [
        url
        for url in specimen.profiles
        for row in snapshot(url)
        if row["path"] == "Observation.value[x].code" and (fixed(row) is not None or _binds(row))
    ]
    for node in specimen.nodes:
        if (
            fixed_units
            and node.path == "Observation.value"
            and node.code == "Quantity"
            and "code" in node.value
        ):
            yield Fault((f"{node.path}.code", node.path), put((*node.keys, "code"), "mol/L"), fixed_units[0])


def _binds(row: Json) -> bool:
    binding = row.get("binding", {})
    return binding.get("strength") == "required" and listed(binding.get("valueSet", ""))


class Slice:
    """One slice of a list of a profile: what tells it from the others, by value or pattern."""

    def __init__(self, url: str, head: Json, row: Json) -> None:
        self.head, self.row = head, row
        self.about = f"{url} {row['id']}"
        inside = [r for r in snapshot(url) if r["id"] == row["id"] or r["id"].startswith(f"{row['id']}.")]
        marks = [_mark(rule, row["id"], inside) for rule in head["slicing"].get("discriminator", ())]
        self.marks = [mark for mark in marks if mark is not None]
        self.known = bool(marks) and len(self.marks) == len(marks)

    def holds(self, item: Any) -> bool:
        return all(_contains(item, mark) for mark in self.marks)


def _mark(rule: Json, name: str, inside: list[Json]) -> Any:
    """The pattern that an item of the slice must contain for one discriminator."""
    if rule["type"] not in {"value", "pattern"}:
        return None
    path = "" if rule["path"] == "$this" else rule["path"]
    row = next((r for r in inside if r["id"] == f"{name}.{path}".removesuffix(".")), None)
    value = fixed(row) if row else None
    for part in reversed(path.split(".") if path and value is not None else ()):
        value = {part: value}
    return value


def _contains(item: Any, mark: Any) -> bool:
    if isinstance(item, list) and not isinstance(mark, list):
        return any(_contains(one, mark) for one in item)
    if isinstance(mark, dict):
        return isinstance(item, dict) and all(n in item and _contains(item[n], v) for n, v in mark.items())
    if isinstance(mark, list):
        return isinstance(item, list) and all(any(_contains(one, m) for one in item) for m in mark)
    return bool(item == mark)


@cache
def slices(url: str) -> tuple[Slice, ...]:
    """The slices of the profile's own lists, told by value or pattern."""
    heads = {row["id"]: row for row in snapshot(url) if "slicing" in row and row["id"].count(".") == 1}
    own = [row for row in snapshot(url) if "sliceName" in row and row["id"].rpartition(":")[0] in heads]
    made = [Slice(url, heads[row["id"].rpartition(":")[0]], row) for row in own]
    return tuple(one for one in made if one.known)


def sliced(specimen: Specimen) -> Iterator[tuple[Slice, str, list[Any], list[int]]]:
    """Each slice with its list in the record, and the numbers of the items that are of it."""
    for url in specimen.profiles:
        for one in slices(url):
            name = one.head["path"].rpartition(".")[2]
            items = specimen.resource.get(name)
            if isinstance(items, list):
                yield one, name, items, [n for n, item in enumerate(items) if one.holds(item)]


@kind("slice-missing")
def slice_missing(specimen: Specimen) -> Iterator[Fault]:
    """A slice that must be there is taken out: told at the list, an item of it, or the record."""
    for one, name, items, mine in sliced(specimen):
        if one.row["min"] and len(mine) == one.row["min"]:
            rest = [item for n, item in enumerate(items) if n not in mine]
            place = f"{specimen.kind}.{name}"
            items_now = tuple(f"{place}[{n}]" for n in range(len(rest)))
            change = put((name,), rest) if rest else drop((name,))
            yield Fault((place, specimen.kind, *items_now), change, one.about)


@kind("slice-too-many")
def slice_too_many(specimen: Specimen) -> Iterator[Fault]:
    """One item more of a slice than it may have: told at the list or one of its items."""
    for one, name, items, mine in sliced(specimen):
        if one.row["max"].isdigit() and mine and len(mine) == int(one.row["max"]):
            place = f"{specimen.kind}.{name}"
            places = (place, *(f"{place}[{n}]" for n in (*mine, len(items))))
            yield Fault(places, append((name,), items[mine[0]]), one.about)


@kind("slice-element-missing")
def slice_element_missing(specimen: Specimen) -> Iterator[Fault]:
    """An element that the slice demands, and that does not tell it from others, is taken out of an item."""
    for one, name, items, mine in sliced(specimen):
        for row in _own_rows(specimen, one):
            part = row["path"].rpartition(".")[2]
            plain = row["id"] == f"{one.row['id']}.{part}" and row["min"] and not part.endswith("[x]")
            if not plain or base(row["path"]).get("min", 0) or _tells(one, part):
                continue
            for n in mine:
                if part in items[n] and len(items[n]) > 1:
                    place = f"{specimen.kind}.{name}[{n}]"
                    yield Fault((f"{place}.{part}", place), drop((name, n, part)), f"{one.about} {part}")


def _own_rows(specimen: Specimen, one: Slice) -> Iterator[Json]:
    url = one.about.partition(" ")[0]
    return (row for row in snapshot(url) if row["id"].startswith(f"{one.row['id']}."))


def _tells(one: Slice, part: str) -> bool:
    return any(isinstance(mark, dict) and part in mark for mark in one.marks)


@kind("slice-value")
def slice_value(specimen: Specimen) -> Iterator[Fault]:
    """A fixed value inside an item of a slice, which does not tell it from others, is changed."""
    for one, name, items, mine in sliced(specimen):
        for row in _own_rows(specimen, one):
            part = row["path"].rpartition(".")[2]
            wanted = fixed(row)
            if row["id"] != f"{one.row['id']}.{part}" or not isinstance(wanted, str) or _tells(one, part):
                continue
            for n in mine:
                if part in items[n]:
                    place = f"{specimen.kind}.{name}[{n}]"
                    yield Fault(
                        (f"{place}.{part}", place), put((name, n, part), WRONG), f"{one.about} {part}"
                    )
