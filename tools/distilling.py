"""What the scripts that distil FHIR packages share: what is left out, and how the rest is kept.

Left out everywhere: narrative, mappings, and in snapshots the prose that repeats the base specification. No SNOMED CT
content is carried: code lists of that system are taken out of value sets and concept maps (marked with the extension
`urn:camphora:not-carried`, and a note in the description), displays out of codings, and the narrative of an example
that has such codings. Code lists of more than 5,000 entries are left to the terminology room, marked `not-present`.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from camphora.fhir.json import parse, write
from camphora.fhir.packages.marks import NOT_CARRIED
from camphora.fhir.packages.shelf import pack

OUT = Path(__file__).resolve().parent.parent / "src/camphora/fhir/definitions"
SNOMED = "http://snomed.info/sct"
MOST = 5_000
PROSE = (
    "definition",
    "comment",
    "requirements",
    "alias",
    "mapping",
    "example",
    "orderMeaning",
    "meaningWhenMissing",
)
NOTE = "（樟 Camphora 註：依授權不攜帶 SNOMED CT 代碼清單。Code list of SNOMED CT not carried.）"
NOTE_LONG = "（樟 Camphora 註：代碼清單過長，另存於術語庫。Code list kept in the terminology store.）"
Json = dict[str, Any]


def members(archive: Path) -> Iterator[tuple[str, Json]]:
    """Each JSON file of a package's archive, by its path, decimals as they are written."""
    with tarfile.open(archive) as package:
        for member in sorted(package.getmembers(), key=lambda m: m.name):
            if member.name.endswith(".json"):
                file = package.extractfile(member)
                assert file
                yield member.name, parse(file.read(), exact=True)


def distilled(resource: Json) -> Json:
    """A definition without narrative, mappings, prose and what may not be carried."""
    resource.pop("text", None)
    resource.pop("mapping", None)
    _SLIM.get(resource["resourceType"], lambda _: None)(resource)
    return without_displays(resource)


def _structure(resource: Json) -> None:
    for part in ("snapshot", "differential"):
        for element in resource.get(part, {}).get("element", []):
            for name in PROSE if part == "snapshot" else ("mapping", "alias", "example"):
                element.pop(name, None)
            for constraint in element.get("constraint", []):
                constraint.pop("xpath", None)


def _value_set(resource: Json) -> None:
    resource.pop("expansion", None)
    compose = resource.get("compose", {})
    _emptied(resource, [*compose.get("include", []), *compose.get("exclude", [])], "concept", "system")


def _concept_map(resource: Json) -> None:
    groups = resource.get("group", [])
    _emptied(resource, [g for g in groups if g.get("source") == SNOMED], "element", "source")
    _emptied(resource, groups, "element", "target")
    resource["group"] = [group for group in groups if "element" in group]
    if len(resource["group"]) < len(groups):
        resource["extension"] = [*resource.get("extension", []), _mark("licence")]
    if not resource["group"]:
        del resource["group"]


def _code_system(resource: Json) -> None:
    if len(resource.get("concept", ())) > MOST:
        del resource["concept"]
        resource["content"] = "not-present"
        resource["description"] = resource.get("description", "") + NOTE_LONG


_SLIM = {
    "StructureDefinition": _structure,
    "ValueSet": _value_set,
    "ConceptMap": _concept_map,
    "CodeSystem": _code_system,
}


def _mark(reason: str) -> Json:
    return {"url": NOT_CARRIED, "valueCode": reason}


def _emptied(resource: Json, parts: list[Json], lists: str, system: str) -> None:
    found = [part for part in parts if part.get(system) == SNOMED and lists in part]
    for part in found:
        del part[lists]
        part["extension"] = [*part.get("extension", []), _mark("licence")]
    if found and NOTE not in resource.get("description", ""):
        resource["description"] = resource.get("description", "") + NOTE


def without_displays(node: Any) -> Any:
    """The node without the displays of SNOMED CT codings, at any depth."""
    if isinstance(node, list):
        return [without_displays(item) for item in node]
    if not isinstance(node, dict):
        return node
    dropped = {"display"} if node.get("system") == SNOMED else set()
    return {name: without_displays(value) for name, value in node.items() if name not in dropped}


def without_snomed(resource: Json) -> Json:
    """An example without SNOMED CT displays, nor the narrative that may repeat them, in each resource of it."""
    for entry in resource.get("entry", []):
        if "resource" in entry:
            entry["resource"] = without_snomed(entry["resource"])
    clean: Json = without_displays(resource)
    if SNOMED.encode() in write(clean):
        clean.pop("text", None)
    return clean


def keep(manifest: Json, definitions: Iterable[Json], examples: Iterable[Json] = ()) -> None:
    """Write NAME.ndjson.xz and its digest beside it; the same input gives the same bytes."""
    rows = [(write(row), False) for row in sorted(definitions, key=_place)]
    rows += [(write(row), True) for row in sorted(examples, key=_place)]
    path = OUT / f"{manifest['name']}.ndjson.xz"
    path.write_bytes(pack(manifest, rows))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{manifest['name']}.sha256").write_text(f"{digest}  {path.name}\n", "utf-8")
    print(f"{manifest['name']}#{manifest['version']}: {len(rows)} resources, {path.stat().st_size:,} bytes")


def _place(resource: Json) -> tuple[str, ...]:
    """Types together, and profiles beside those that they are like."""
    return (
        resource["resourceType"],
        resource.get("kind", ""),
        resource.get("type", "") if resource["resourceType"] == "StructureDefinition" else "",
        resource.get("id", ""),
    )


def manifest(package_json: Json, **said: Any) -> Json:
    """What is kept of a `package.json`, with what Camphora says beside it."""
    names = (
        "name",
        "version",
        "canonical",
        "title",
        "description",
        "license",
        "author",
        "fhirVersions",
        "dependencies",
    )
    return {name: package_json[name] for name in names if name in package_json} | said
