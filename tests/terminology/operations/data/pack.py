"""Packs the part of HL7's tx-ecosystem suite that the tests use.

    python pack.py TESTS R4_EXAMPLES

TESTS is the folder `tests/` of https://github.com/HL7/fhir-tx-ecosystem-ig at commit 888e84d, R4_EXAMPLES the folder
`package/` of hl7.fhir.r4.examples 4.0.1. Taken are the index and the files that tests of mode general and metadata
name; what holds content of SNOMED CT, LOINC, OMOP or ICD-11 is left out.
"""

import gzip
import io
import json
import sys
import tarfile
from pathlib import Path

BASE = ("CodeSystem-administrative-gender", "CodeSystem-publication-status", "ValueSet-administrative-gender",
        "ValueSet-publication-status")  # fmt: skip


def names(index):
    yield "test-cases.json"
    yield "parameters-default.json"
    for suite in index["suites"]:
        if suite.get("mode", "general") != "general":
            continue
        yield from suite.get("setup", ())
        for test in suite["tests"]:
            for key in ("request", "response", "response2", "profile"):
                if key in test:
                    yield test[key]


def main(tests, examples):
    files = {}
    for name in names(json.loads((tests / "test-cases.json").read_text("utf-8-sig"))):
        files[name] = (tests / name).read_bytes()
    base = [json.loads((examples / f"{name}.json").read_text("utf-8")) for name in BASE]
    for resource in base:
        resource.pop("text", None)
    files["base.json"] = json.dumps(base, ensure_ascii=False).encode()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    target = Path(__file__).parent / "tx-ecosystem.tar.gz"
    target.write_bytes(gzip.compress(plain.getvalue(), 9, mtime=0))
    sys.stdout.write(f"{len(files)} files, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
