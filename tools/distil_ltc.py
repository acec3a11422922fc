"""Distil the implementation guide of Taiwan's long-term care into the small file that Camphora carries.

    PYTHONPATH=src python tools/distil_ltc.py FILE

FILE is `tw.iii.ltc-1.0.0.tgz` (package tw.iii.ltc 1.0.0 of 經濟部產業發展署, CC0-1.0; from
github.com/Lorex/TWLongTermCare_IG_Build, docs/package.tgz, commit 2d13506). What is left out is said in
`tools/distilling.py`.

Out: src/camphora/fhir/definitions/tw.iii.ltc.ndjson.xz and its digest, and the verdicts of the guide's own build,
tests/packages/data/tw.iii.ltc-1.0.0/validation-summary.json. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from camphora.fhir.json import write
from distilling import Json, distilled, keep, manifest, members, without_snomed

KEPT = frozenset(
    {"StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "NamingSystem", "Questionnaire",
     "CapabilityStatement", "ImplementationGuide"}
)  # fmt: skip
SUMMARY = (
    Path(__file__).resolve().parent.parent / "tests/packages/data/tw.iii.ltc-1.0.0/validation-summary.json"
)


def definitions(files: dict[str, Json]) -> Iterator[Json]:
    for path, resource in files.items():
        if path.count("/") == 1 and resource.get("resourceType") in KEPT:
            yield distilled(resource)


def examples(files: dict[str, Json]) -> Iterator[Json]:
    for path, resource in files.items():
        if path.startswith("package/example/") and "resourceType" in resource:
            yield without_snomed(resource)


def main() -> None:
    parser = argparse.ArgumentParser(description="Distil the guide of Taiwan's long-term care.")
    parser.add_argument("file", type=Path)
    files = dict(members(parser.parse_args().file))
    keep(manifest(files["package/package.json"]), definitions(files), examples(files))
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_bytes(write(files["package/other/validation-summary.json"], pretty=True) + b"\n")


if __name__ == "__main__":
    main()
