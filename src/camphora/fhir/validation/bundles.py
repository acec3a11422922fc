"""The rules of a Bundle that no invariant says: addresses of entries, documents, messages, transactions.

Source: https://hl7.org/fhir/R4/bundle.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from camphora.fhir.primitives import Found
from camphora.fhir.references import parse_reference, references
from camphora.fhir.validation.scope import Scope

_FIRST = {"document": "Composition", "message": "MessageHeader"}
_NO_FULL_URL = {"transaction", "batch", "transaction-response", "batch-response", "history"}


def bundle(value: Any, _scope: Scope) -> list[Found] | None:
    """The faults of a Bundle as a whole."""
    if type(value) is not dict:
        return None
    kind = value.get("type")
    found = [*_addresses(value, kind)]
    if type(kind) is str and kind in _FIRST:
        found += _first(value, kind)
        found += _unreached(value) if kind == "document" else []
    return found or None


def entries(value: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = value.get("entry")
    for index, row in enumerate(rows) if type(rows) is list else ():
        if type(row) is dict:
            yield index, row


def _addresses(value: dict[str, Any], kind: Any) -> Iterator[Found]:
    for index, row in entries(value):
        path = f".entry[{index}]"
        resource, url = row.get("resource"), row.get("fullUrl")
        if type(resource) is dict and url is None and kind not in _NO_FULL_URL:
            yield Found(path, "validation-bundle-address", {}, "error", "", "bundle-fullUrl")
        if type(url) is str and type(resource) is dict:
            yield from _agreeing(path, url, resource)


def _agreeing(path: str, url: str, resource: dict[str, Any]) -> Iterator[Found]:
    """An address that names a resource names this one."""
    if url.startswith(("urn:uuid:", "urn:oid:")):
        return
    if ":" not in url:
        yield Found(f"{path}.fullUrl", "validation-bundle-absolute", {}, "error", "", "bundle-fullUrl")
        return
    named = parse_reference(url)
    own = (resource.get("resourceType"), resource.get("id"))
    if named.id and own[1] is not None and (named.type, named.id) != own:
        yield Found(f"{path}.fullUrl", "validation-bundle-id", {}, "error", "", "bundle-fullUrl")


def _first(value: dict[str, Any], kind: str) -> list[Found]:
    first = next((row.get("resource") for _, row in entries(value)), None)
    if type(first) is dict and first.get("resourceType") == _FIRST[kind]:
        return []
    facts: dict[str, object] = {"type": kind, "expected": _FIRST[kind]}
    return [Found(".entry", "validation-bundle-first", facts, "error", "", f"bundle-{kind}")]


def _unreached(value: dict[str, Any]) -> list[Found]:
    """A document holds what its Composition refers to."""
    scope = Scope(value)
    first = next((row.get("resource") for _, row in entries(value)), None)
    texts = [one["reference"] for one in references(first)]
    missing = sum(1 for text in texts if text[:1] != "#" and target_in_bundle(text, scope) is None)
    if not missing:
        return []
    facts: dict[str, object] = {"found": missing}
    return [Found(".entry[0].resource", "validation-bundle-unreached", facts, "error", "", "bundle-document")]


def target_in_bundle(text: str, scope: Scope) -> dict[str, Any] | None:
    """What a reference inside a bundle's entry points to in that bundle
    (https://hl7.org/fhir/R4/bundle.html#references)."""
    whole = scope.resource
    if type(whole) is not dict or whole.get("resourceType") != "Bundle":
        return None
    index = _index(scope, whole)
    found = index.get(text)
    if found is None and "/_history/" in text:
        found = index.get(text.partition("/_history/")[0])
    return found


def _index(scope: Scope, whole: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The resources of a bundle by their full address and, where that is of the form BASE/Type/id, by `Type/id`."""
    if type(scope.entry) is _Index:
        return scope.entry
    made = _Index()
    for _, row in entries(whole):
        resource, url = row.get("resource"), row.get("fullUrl")
        if type(resource) is not dict:
            continue
        if type(url) is str:
            made[url] = resource
            named = parse_reference(url)
            if named.id:
                made.setdefault(named.local, resource)
        kind, own = resource.get("resourceType"), resource.get("id")
        if type(kind) is str and type(own) is str and (url is None or str(url).startswith("urn:")):
            made.setdefault(f"{kind}/{own}", resource)
    scope.entry = made
    return made


class _Index(dict[str, dict[str, Any]]):
    """A bundle's resources by address, made once per bundle."""
