"""Take the profiles of the International Patient Summary as a test of snapshots.

    PYTHONPATH=src python tools/distil_ips.py FILE

FILE is `hl7.fhir.uv.ips-2.0.0.tgz` (HL7, CC0-1.0; npm pack hl7.fhir.uv.ips@2.0.0). Of it the 32 structure definitions
are taken, without narrative, mappings and prose (`tools/distilling.py`), with their differentials and snapshots.

Out: tests/packages/data/hl7.fhir.uv.ips-2.0.0.ndjson.xz. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from camphora.fhir.json import write
from camphora.fhir.packages.shelf import pack
from distilling import PROSE, Json, distilled, manifest, members

OUT = Path(__file__).resolve().parent.parent / "tests/packages/data/hl7.fhir.uv.ips-2.0.0.ndjson.xz"


def slim(definition: Json) -> Json:
    for part in ("snapshot", "differential"):
        for element in definition[part]["element"]:
            for name in (*PROSE, "short"):
                element.pop(name, None)
    return definition


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the profiles of the International Patient Summary.")
    parser.add_argument("file", type=Path)
    files = dict(members(parser.parse_args().file))
    found = [
        slim(distilled(row)) for row in files.values() if row.get("resourceType") == "StructureDefinition"
    ]
    OUT.write_bytes(pack(manifest(files["package/package.json"]), ((write(row), False) for row in found)))
    print(f"{len(found)} definitions, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
