"""What the standing of a code system or value set gives cause to remark: draft, experimental, deprecated …"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from camphora.terminology.operations.canonicals import Canonical
from camphora.terminology.operations.composition import Composition
from camphora.terminology.operations.languages import STATUS
from camphora.terminology.systems import CodeSystem


def standard_status(resource: Mapping[str, Any]) -> str:
    """The extension `standards-status` of a resource, or empty."""
    marks = (item.get("valueCode") for item in resource.get("extension", ()) if item.get("url") == STATUS)
    return next((mark for mark in marks if mark), "")


def standings(
    composition: Composition, systems: Iterable[CodeSystem]
) -> Iterator[tuple[str, str, Canonical]]:
    """(word, resource type, canonical) of what the value set draws on. That it is itself a draft or an experiment is
    no news to who asks for it, and so neither is it that its sources are."""
    own = composition.resource
    for system in systems:
        word = _word(system.about, own)
        if word:
            yield word, "CodeSystem", Canonical(system.url, system.version)
    for one in composition.everything():
        word = _word(one.resource, own)
        if word:
            yield word, "ValueSet", one.canonical


def _word(resource: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    mark = standard_status(resource)
    if mark in ("deprecated", "withdrawn"):
        return mark
    if resource.get("status") == "retired":
        return "retired"
    if resource.get("experimental") and not source.get("experimental"):
        return "experimental"
    if _draft(resource) and not _draft(source):
        return "draft"
    return ""


def _draft(resource: Mapping[str, Any]) -> bool:
    return resource.get("status") == "draft" or standard_status(resource) == "draft"
