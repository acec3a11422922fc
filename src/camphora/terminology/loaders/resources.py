"""CodeSystem, ValueSet and ConceptMap resources of FHIR R4."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from camphora.errors import Faults, Invalid, Place
from camphora.fhir.packages import misshapen
from camphora.terminology.loaders.sources import Asked, Source
from camphora.terminology.naming import names_in, names_of
from camphora.terminology.operations import filters
from camphora.terminology.operations.mapping import ResourceConceptMap
from camphora.terminology.operations.resources import ResourceCodeSystem
from camphora.terminology.operations.shapes import shaped
from camphora.terminology.systems import Concept
from camphora.terminology.writing import Edition, Entry

Json = Mapping[str, Any]
OWN = ("code", "display", "concept")
IMPLIED = ("inactive", "status")
"""Properties that each concept has, said or not; where a system says them of some, they are kept for all."""


class Kept(NamedTuple):
    """A value set or a map, whole, with the pairs of a map."""

    kind: str
    url: str
    version: str
    source: str
    digest: str
    body: str
    pairs: Sequence[tuple[str, str, str, str, str]] = ()


def code_system(resource: Json, asked: Asked, place: Place) -> Source:
    """A CodeSystem as a source. Raises Invalid terminology-resource, -not-present, Faults of its structure."""
    _require_structure(resource, place)
    url, version = _named(resource, asked, place)
    content = resource.get("content", "complete")
    if content == "not-present":
        raise Invalid("terminology-not-present", place=place, url=url)
    head = {key: value for key, value in resource.items() if key not in {"concept", "text"}}
    title = asked.title or resource.get("title") or resource.get("name") or url
    zh, en = names_of("", "", title)
    edition = Edition(
        url, version, zh or title, en or title, asked.licence or resource.get("copyright", ""),
        asked.source or place.file or "", (), place.file or "", 0, language=resource.get("language", ""),
        content=content, supplements=resource.get("supplements", ""),
        about=json.dumps({**head, "url": url, **({"version": version} if version else {})}, ensure_ascii=False),
        digest=digest_of(resource, asked.system, asked.version),
    )  # fmt: skip
    return Source(edition, lambda: _entries(resource, place))


def digest_of(resource: Json, *more: str) -> str:
    text = json.dumps([resource, *more], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def whole(resource: Json, asked: Asked, place: Place) -> Kept:
    """A ValueSet or ConceptMap to be kept whole. Raises Invalid terminology-resource, -resource-shape, Faults of its
    structure."""
    _require_structure(resource, place)
    if fault := _unread(resource, place):
        raise fault
    url, version = _named(resource, asked, place)
    kept = {key: value for key, value in resource.items() if key != "text"} | {"url": url}
    pairs = tuple(_pairs(kept)) if resource["resourceType"] == "ConceptMap" else ()
    body = json.dumps(kept, ensure_ascii=False)
    source = asked.source or place.file or ""
    return Kept(resource["resourceType"], url, version, source, digest_of(kept), body, pairs)


def _require_structure(resource: Json, place: Place) -> None:
    """Raises Faults with what of the resource cannot be understood, each located in its file."""
    wrong = misshapen(resource, place.file or "")
    if wrong:
        raise Faults(list(wrong.faults))


def _unread(resource: Json, place: Place) -> Invalid | None:
    """The fault of what the operations read and R4 does not ask for or know."""
    try:
        shaped(resource, resource["resourceType"])
    except Invalid as error:
        path = error.place.path if error.place else None
        return Invalid(error.code, place=Place(place.file, path=path), **error.facts)
    return None


def _named(resource: Json, asked: Asked, place: Place) -> tuple[str, str]:
    url, version = asked.system or resource.get("url"), asked.version or resource.get("version", "")
    if not isinstance(url, str) or not url or not isinstance(version, str):
        path = f"{resource.get('resourceType')}.{'version' if url else 'url'}"
        raise Invalid("terminology-resource", place=Place(place.file, place.line, path=path))
    return url, version


def _pairs(resource: Json) -> Iterator[tuple[str, str, str, str, str]]:
    """(source system, code, target system, code, relationship) of a map."""
    held = ResourceConceptMap(resource)
    for group in resource.get("group", ()):
        for element in group.get("element", ()):
            for one in held.forward(group.get("source", "").partition("|")[0], element.get("code", "")):
                if one.target.code:
                    yield (
                        one.source.system or "", one.source.code, one.target.system or "", one.target.code,
                        one.relationship,
                    )  # fmt: skip


def _entries(resource: Json, place: Place) -> Iterator[Entry | Invalid]:
    faults, raw = _walked(resource, place)
    if not faults and (fault := _unread(resource, place)):
        faults = [fault]
    yield from faults
    if faults:
        return
    system = ResourceCodeSystem(resource)
    language = resource.get("language", "")
    used = {item.get("code") for row in raw.values() for item in row.get("property", ())}
    implied = [name for name in IMPLIED if name in used]
    for concept in system.concepts():
        yield _entry(system, concept, raw[concept.code], language, implied)


def _walked(resource: Json, place: Place) -> tuple[list[Invalid], dict[str, Json]]:
    """Every concept by its code, and the faults of those that have none, or one that is there already."""
    faults, raw, paths = list[Invalid](), dict[str, Json](), dict[str, str]()
    waiting = [(resource.get("concept", ()), "CodeSystem")]
    while waiting:
        rows, above = waiting.pop()
        for number, row in enumerate(rows):
            path = f"{above}.concept[{number}]"
            code = row.get("code") if isinstance(row, dict) else None
            here = Place(place.file, place.line, path=path)
            if not isinstance(code, str) or not code:
                faults.append(Invalid("terminology-row-no-code", place=here))
                continue
            if code in raw:
                faults.append(Invalid("terminology-row-twice", place=here, concept=code, first=paths[code]))
            raw[code], paths[code] = row, path
            waiting.append((row.get("concept", ()), path))
    return faults, raw


def _entry(
    system: ResourceCodeSystem, concept: Concept, row: Json, language: str, implied: Sequence[str]
) -> Entry:
    zh, en = names_in(concept, language)
    shown = concept.display
    values = [(item.code, filters.text_of(item.value)) for item in concept.properties]
    names = {name for name, _ in values}
    values += [
        (name, value)
        for name in implied
        if name not in names
        for value in filters.property_values(system, concept, name)
    ]
    rest = {key: value for key, value in row.items() if key not in OWN}
    return Entry(
        concept.code, zh, en, None if shown in {zh or en, None} else shown, concept.status, concept.inactive,
        concept.abstract, tuple(system.parents(concept.code)), values,
        " ".join(item.value for item in concept.designations), json.dumps(rest, ensure_ascii=False) if rest else "",
    )  # fmt: skip
