"""Distil the Taiwan Core implementation guide into the small files that Camphora carries.

    PYTHONPATH=src python tools/distil_twcore.py FOLDER

FOLDER holds `twcore-0.3.2-slim.tgz` (package tw.gov.mohw.twcore 0.3.2 of 衛生福利部, CC0-1.0, without narrative
and mappings; from github.com/Lusnaker0730/TWCOREDATA, package/, commit 36d2abd) and `twcore-0.3.1-examples/`
(97 examples of 0.3.1, CC0-1.0; from github.com/csiemichelin/inferno-twcore, lib/inferno_twcoreig/igs/package/,
commit 67e9ec5). Beside them lies `twcore-0.3.1-extra/`: the extension tw-postal-code is taken, which 0.3.2 uses and
does not hold.

What is left out is said in `tools/distilling.py`.

Out: src/camphora/fhir/definitions/tw.gov.mohw.twcore.ndjson.xz and its digest. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from camphora.fhir.json import parse
from distilling import Json, distilled, keep, manifest, members, without_snomed

KEPT = ("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "NamingSystem", "SearchParameter")
MISSPELT = "telecome"
"""In the contact of CodeSystem nhi-medication-ch-herb-tw; corrected, since R4 knows no such element."""


def definitions(archive: Path, extra: Path) -> Iterator[Json]:
    yield distilled(parse((extra / "StructureDefinition-tw-postal-code.json").read_bytes(), exact=True))
    for name, resource in members(archive):
        if Path(name).name.split("-")[0] in KEPT:
            for contact in resource.get("contact", []):
                if MISSPELT in contact:
                    contact["telecom"] = contact.pop(MISSPELT)
            yield distilled(resource)


def examples(folder: Path) -> Iterator[Json]:
    for file in sorted(folder.glob("*.json")):
        resource = parse(file.read_bytes(), exact=True)
        if "resourceType" in resource:
            yield without_snomed(resource)


def main() -> None:
    parser = argparse.ArgumentParser(description="Distil the Taiwan Core implementation guide.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    archive = folder / "twcore-0.3.2-slim.tgz"
    own = next(content for name, content in members(archive) if name.endswith("package.json"))
    keep(
        manifest(own, examples="0.3.1"),
        definitions(archive, folder / "twcore-0.3.1-extra"),
        examples(folder / "twcore-0.3.1-examples"),
    )


if __name__ == "__main__":
    main()
