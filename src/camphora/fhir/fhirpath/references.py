"""Where references lead without asking anybody: into the resource itself, or its Bundle."""

from __future__ import annotations

from typing import Any

from camphora.fhir.fhirpath.items import Item, Thing, member, root
from camphora.fhir.fhirpath.running import Run


def resolved(run: Run, thing: Thing) -> Item | None:
    """The resource that a Reference, or the text of one, points to; None where it leads nowhere."""
    text = _said(thing)
    if text is None:
        return None
    start = thing if isinstance(thing, Item) else None
    if text.startswith("#"):
        return _contained(run, start, text[1:])
    found = _in_bundle(run, start, text)
    if found is None and run.given.resolver is not None:
        resource = run.given.resolver.resolve(text if ":" in text else _base(start) + text)
        at = root(resource, None) if type(resource) is dict else None
        found = at if isinstance(at, Item) else None
    return found


def _said(thing: Thing) -> str | None:
    value = thing.value if isinstance(thing, Item) else thing
    if type(value) is dict:
        value = value.get("reference")
    return value if type(value) is str and value else None


def _above(item: Item | None) -> list[Item]:
    """The resources that an item lies in, the nearest first."""
    found = []
    while item is not None:
        if item.shape.resource:
            found.append(item)
        item = item.parent
    return found


def _contained(run: Run, start: Item | None, name: str) -> Item | None:
    """Of the outermost resource that is no Bundle: the contained resource of this id, or itself for `#`."""
    homes = [*_above(start), *(one for one in (run.given.resource, run.given.root) if isinstance(one, Item))]
    for home in (one for one in homes if one.key != "contained"):
        if not name and home.shape.name != "Bundle":
            return home
        for one in member(home, "contained"):
            if type(one.value) is dict and one.value.get("id") == name:
                return one
    return None


def _in_bundle(run: Run, start: Item | None, text: str) -> Item | None:
    text = text.split("/_history/", 1)[0]
    homes = _above(start)
    given = run.given.root
    bundle = next((one for one in reversed([*homes]) if one.shape.name == "Bundle"), None)
    if bundle is None and isinstance(given, Item) and given.shape.name == "Bundle":
        bundle = given
    if bundle is None:
        return None
    by_url, by_id = _addresses(run, bundle)
    base = _base(start)
    alone = [] if base else by_id.get(text, [])
    return by_url.get(base + text) or by_url.get(text) or (alone[0] if len(alone) == 1 else None)


def _base(start: Item | None) -> str:
    """The address under which the entry around an item keeps its neighbours: `http://host/fhir/`."""
    while start is not None and start.key != "entry":
        start = start.parent
    entry = start.value if start is not None else None
    url = entry.get("fullUrl") if type(entry) is dict else None
    parts = url.rsplit("/", 2) if type(url) is str and "://" in url else []
    return f"{parts[0]}/" if len(parts) == 3 else ""


def _addresses(run: Run, bundle: Item) -> tuple[dict[str, Item], dict[str, list[Item]]]:
    """The resources of a bundle by full address and by `Type/id`; read once in an evaluation."""
    mark = ("bundle", id(bundle.value))
    if mark not in run.kept:
        by_url: dict[str, Item] = {}
        by_id: dict[str, list[Item]] = {}
        for entry in member(bundle, "entry"):
            run.spend(1)
            url = entry.value.get("fullUrl") if type(entry.value) is dict else None
            for resource in member(entry, "resource"):
                by_url.setdefault(url if type(url) is str else "", resource)
                by_id.setdefault(_local(resource.value), []).append(resource)
        by_url.pop("", None)
        run.kept[mark] = (by_url, by_id)
    found: tuple[dict[str, Item], dict[str, list[Item]]] = run.kept[mark]
    return found


def _local(resource: Any) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}" if type(resource) is dict else ""
