"""Distil the Taiwan Core implementation guide into the small files that Camphora carries.

    python tools/distil_twcore.py FOLDER

FOLDER holds `twcore-0.3.2-slim.tgz` (package tw.gov.mohw.twcore 0.3.2 of 衛生福利部, CC0-1.0, without narrative
and mappings; from github.com/Lusnaker0730/TWCOREDATA, package/, commit 36d2abd) and `twcore-0.3.1-examples/`
(97 examples of 0.3.1, CC0-1.0; from github.com/csiemichelin/inferno-twcore, lib/inferno_twcoreig/igs/package/,
commit 67e9ec5).

No SNOMED CT content is carried: code lists of that system are taken out of value sets and concept maps, with a
note in the description; displays out of codings; and the narrative of an example that has such codings.
Code lists of more than 5,000 entries are left to the terminology room and marked `not-present`. In snapshots
the prose that repeats the base specification is left out (the differential keeps what the guide says itself).

Out, under src/camphora/fhir/definitions: twcore-0.3.2-definitions and twcore-0.3.1-examples (.ndjson.xz), one
resource per line, and twcore.sha256. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent.parent / "src/camphora/fhir/definitions"
SNOMED = "http://snomed.info/sct"
KEPT = ("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "SearchParameter")
MOST = 5_000
MISSPELT = "telecome"
"""In the contact of CodeSystem nhi-medication-ch-herb-tw; corrected, since R4 knows no such element."""
PROSE = ("definition", "comment", "requirements", "alias")
NOTE = "（樟 Camphora 註：依授權不攜帶 SNOMED CT 代碼清單。Code list of SNOMED CT not carried.）"
NOTE_LONG = "（樟 Camphora 註：代碼清單過長，另存於術語庫。Code list kept in the terminology store.）"
Json = dict[str, Any]


def definitions(archive: Path) -> Iterator[Json]:
    with tarfile.open(archive) as package:
        for member in sorted(package.getmembers(), key=lambda m: m.name):
            if member.name.endswith(".json") and Path(member.name).name.split("-")[0] in KEPT:
                file = package.extractfile(member)
                assert file
                yield distilled(json.load(file))


def examples(folder: Path) -> Iterator[Json]:
    for file in sorted(folder.glob("*.json")):
        resource = json.loads(file.read_bytes())
        if "resourceType" in resource:
            yield without_snomed(resource)


def distilled(resource: Json) -> Json:
    kind = resource["resourceType"]
    resource.pop("text", None)
    for contact in resource.get("contact", []):
        if MISSPELT in contact:
            contact["telecom"] = contact.pop(MISSPELT)
    if kind == "StructureDefinition":
        for element in resource.get("snapshot", {}).get("element", []):
            for name in PROSE:
                element.pop(name, None)
    if kind == "ValueSet":
        _emptied(resource, resource.get("compose", {}).get("include", []), "concept", "system")
    if kind == "ConceptMap":
        _emptied(resource, resource.get("group", []), "element", "target")
        resource["group"] = [group for group in resource.get("group", []) if "element" in group]
        if not resource["group"]:
            del resource["group"]
    if kind == "CodeSystem" and len(resource.get("concept", ())) > MOST:
        del resource["concept"]
        resource["content"] = "not-present"
        resource["description"] = resource.get("description", "") + NOTE_LONG
    return without_displays(resource)


def _emptied(resource: Json, parts: list[Json], lists: str, system: str) -> None:
    found = [part for part in parts if part.get(system) == SNOMED and lists in part]
    for part in found:
        del part[lists]
    if found:
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
    clean = without_displays(resource)
    if SNOMED in json.dumps(clean):
        clean.pop("text", None)
    return clean


def keep(name: str, resources: Iterable[Json]) -> Path:
    lines = [json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in resources]
    path = OUT / f"{name}.ndjson.xz"
    path.write_bytes(lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{name}: {len(lines)} resources, {path.stat().st_size:,} bytes")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Distil the Taiwan Core implementation guide.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    kept = [
        keep("twcore-0.3.2-definitions", definitions(folder / "twcore-0.3.2-slim.tgz")),
        keep("twcore-0.3.1-examples", examples(folder / "twcore-0.3.1-examples")),
    ]
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in kept)
    (OUT / "twcore.sha256").write_text(sums, "utf-8")


if __name__ == "__main__":
    main()
