"""One record opened: its elements as words to read, and all of them as a table of path and value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from camphora.fhir import definitions
from camphora.pages import Cell, Column, Table
from camphora.web.reading.chart import name_of
from camphora.web.reading.plain import Json, Reading, local
from camphora.web.reading.titles import kind

QUIET = frozenset(
    [
        "resourceType",
        "id",
        "meta",
        "text",
        "contained",
        "extension",
        "modifierExtension",
        "implicitRules",
        "language",
    ]
)
"""What the readable form leaves to the table."""
UNSAID = frozenset(["id", "extension", "modifierExtension", "use", "preferred"])
"""What says nothing inside an element."""
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?)?)?")


def word(reading: Reading, name: str) -> str:
    """An element's name in words: our own, else its name taken apart (`whenPrepared` → when prepared)."""
    if f"element.{name}" in reading.words:
        return reading.words(f"element.{name}")
    bare = name.lstrip("_")
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare).lower()
    return apart[:1].upper() + apart[1:]


def readable(reading: Reading, resource: Json) -> Table:
    """The record's elements in FHIR's order, each in one line of plain words; nothing that says nothing."""
    ranked = {name: rank for rank, name in enumerate(_order(resource["resourceType"]))}
    rows: list[Mapping[str, Cell]] = []
    for name in sorted(resource, key=lambda each: ranked.get(each, 999)):
        said = "" if name in QUIET or name.startswith("_") else spoken(reading, resource[name])
        if said:
            rows.append({"name": word(reading, name), "value": said})
    columns = [Column("name", reading.words("item.name")), Column("value", reading.words("item.value"))]
    return Table("readable", kind(reading, resource["resourceType"]), columns, rows)


def _order(record_type: str) -> Iterator[str]:
    if record_type in definitions.resource_types():
        for element in definitions.children(record_type):
            yield from (name for name, _ in element.properties)


def spoken(reading: Reading, value: Any) -> str:
    """Any element in words: data types by their meaning, everything else part by part."""
    if isinstance(value, list):
        return reading.join(dict.fromkeys(spoken(reading, each) for each in value))
    if isinstance(value, bool):
        return reading.words("code.true" if value else "code.false")
    if isinstance(value, str):
        return _text(reading, value)
    if not isinstance(value, Mapping):
        return str(value)
    return _typed(reading, dict(value))


def _text(reading: Reading, value: str) -> str:
    if _DATE.fullmatch(value) and len(value) >= 7:
        return reading.moment(value)
    return reading.word(value)


def _typed(reading: Reading, value: Json) -> str:
    keys = set(value)
    if "reference" in keys:
        return reading.reference(value)
    if "coding" in keys or keys == {"text"}:
        return reading.concept(value)
    if "code" in keys and "system" in keys and "value" not in keys:
        return reading.coding(value)
    if "value" in keys and keys & {"unit", "code", "comparator"}:
        return reading.quantity(value)
    if keys and keys <= {"start", "end"}:
        return reading.span(value)
    if keys & {"low", "high"}:
        return reading.range(value)
    if "family" in keys or ("given" in keys):
        return name_of({"name": [value]})
    return _parts(reading, value)


def _parts(reading: Reading, value: Json) -> str:
    if "text" in value and not isinstance(value["text"], Mapping):
        return reading.dosage([value]) if "timing" in value else str(value["text"])
    if {"system", "value"} <= set(value):
        return str(value["value"])
    if "code" in value and any(name.startswith("value") for name in value):
        return f"{reading.concept(value['code'])} {reading.value(value)}"
    said = {
        name: text
        for name, each in value.items()
        if name not in UNSAID and not name.startswith("_") and (text := spoken(reading, each))
    }
    if len(said) < 2:
        return "".join(said.values())
    return reading.sentences(
        reading.words("mark.named", name=word(reading, name), value=text) for name, text in said.items()
    )


def flat(reading: Reading, resource: Json) -> Table:
    """Every element down to its single values: words, path, value as it is kept."""
    rows: list[Mapping[str, Cell]] = [
        {"name": _trail(reading, path), "path": path, "value": _cell(value)}
        for path, value in leaves(resource)
    ]
    columns = [
        Column("name", reading.words("item.name")),
        Column("value", reading.words("item.value")),
        Column("path", reading.words("item.path")),
    ]
    return Table("elements", reading.words("item.elements"), columns, rows)


def _trail(reading: Reading, path: str) -> str:
    names = [re.sub(r"\[\d+\]", "", part) for part in path.split(".")]
    return reading.words("mark.trail").join(word(reading, name) for name in names)


def _cell(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every single value, in order: `name[0].given[1]`."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, f"{path}[{number}]")
    else:
        yield path, value


def versions(reading: Reading, rows: list[tuple[int, str, bool, str]]) -> Table:
    """The versions of a record, newest first: (number, moment, deleted, what changed)."""
    columns = [
        Column("version", reading.words("item.version"), "integer"),
        Column("when", reading.words("item.when")),
        Column("what", reading.words("item.what")),
    ]
    told: list[Mapping[str, Cell]] = [
        {"version": number, "when": reading.moment(local(when)), "what": _what(reading, deleted, changed)}
        for number, when, deleted, changed in rows
    ]
    return Table("versions", reading.words("item.versions"), columns, told)


def _what(reading: Reading, deleted: bool, changed: str) -> str:
    if deleted:
        return reading.words("item.deleted")
    return reading.words("item.changed", names=changed) if changed else reading.words("item.made")


def changed_between(reading: Reading, before: Json, after: Json) -> str:
    """Names of the top elements that differ between two versions."""
    names = [name for name in {**before, **after} if name != "meta" and before.get(name) != after.get(name)]
    return reading.join(word(reading, name) for name in names)
