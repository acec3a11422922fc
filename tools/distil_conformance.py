"""Pack the published examples that `tests/conformance` holds the validator to.

    PYTHONPATH=src python tools/distil_conformance.py --r4 FOLDER --ltc FOLDER --cases FOLDER

- `--r4`: npm package `hl7.fhir.r4.examples` 4.0.1, unpacked (HL7, CC0-1.0; `npm pack hl7.fhir.r4.examples@4.0.1`);
- `--ltc`: package `tw.iii.ltc` 1.0.0, unpacked (經濟部產業發展署, CC0-1.0; github.com/Lorex/TWLongTermCare_IG_Build,
  docs/package.tgz at 2d13506), which holds its own `other/validation-summary.json`;
- `--cases`: folder `r4` of github.com/FHIR/fhir-test-cases at 2dee8a0 (Apache-2.0).

Out, under tests/conformance/data: r4-examples.ndjson.xz, tw-ltc.ndjson.xz with tw-ltc-summary.tsv and
tw-ltc-warnings.tsv, fhir-test-cases-r4.json.xz. The same input gives the same bytes.

Left out of the R4 examples: the bundles above 500 kB that only repeat the other files (`REPEATED`), the narrative of
definitions, and what is SNOMED CT's (lists of codes, displays, narrative beside them). In the LTC resources a mask
stands for displays of SNOMED CT that no profile of the guide asks for by value; the test cases lose them. One test
case is left out whose picture of 750 kB the R4 examples have too (`TWICE`).
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from distilling import SNOMED, without_snomed

OUT = Path(__file__).resolve().parent.parent / "tests/conformance/data"
REPEATED = 500_000
MASK = "（SNOMED CT）"
TWICE = "diagnosticreport-example-gingival-mass.json"
DEFINITIONS = {
    "CapabilityStatement", "CodeSystem", "ConceptMap", "OperationDefinition", "SearchParameter",
    "StructureDefinition", "ValueSet",
}  # fmt: skip
Json = dict[str, Any]


def r4(folder: Path) -> Iterator[Json]:
    for file in sorted(folder.glob("*.json")):
        repeated = file.name.startswith("Bundle-") and file.stat().st_size > REPEATED
        resource = json.loads(file.read_bytes())
        if "resourceType" in resource and not repeated and file.name != "ig-r4.json":
            yield slim(resource)


def slim(resource: Json) -> Json:
    kind = resource["resourceType"]
    if kind in DEFINITIONS:
        resource.pop("text", None)
    for part in resource.get("compose", {}).get("include", []) if kind == "ValueSet" else ():
        if part.get("system") == SNOMED:
            part.pop("concept", None)
    return without_snomed(resource)


def ltc(folder: Path) -> Iterator[Json]:
    asked = set(demanded(folder))
    for name in json.loads((folder / "other/validation-summary.json").read_bytes()):
        kind, _, identity = name.partition("/")
        file = next(folder.glob(f"**/{kind}-{identity}.json"))
        yield masked(json.loads(file.read_text("utf-8-sig")), asked)


def demanded(folder: Path) -> Iterator[str]:
    """The displays that the guide's own profiles ask for by value; the carried definitions have them too."""
    for file in folder.glob("StructureDefinition-*.json"):
        for element in json.loads(file.read_text("utf-8-sig"))["snapshot"]["element"]:
            if "patternString" in element and element["path"].endswith(".display"):
                yield element["patternString"]


def masked(node: Any, asked: set[str]) -> Any:
    """Displays of SNOMED CT stand as `MASK`, but for those in `asked`."""
    if isinstance(node, list):
        return [masked(item, asked) for item in node]
    if not isinstance(node, dict):
        return node
    hides = node.get("system") == SNOMED and node.get("display", MASK) not in asked
    hidden = {"display": MASK} if hides and "display" in node else {}
    return {name: masked(value, asked) for name, value in node.items()} | hidden


def ltc_answers(folder: Path) -> None:
    """The package's own verdicts: errors and warnings of each resource, and what each warning says."""
    summary = json.loads((folder / "other/validation-summary.json").read_bytes())
    lines = [f"{name}\t{row['errors']}\t{row['warnings']}\n" for name, row in summary.items()]
    (OUT / "tw-ltc-summary.tsv").write_text("resource\terrors\twarnings\n" + "".join(lines), "utf-8")
    outcomes = json.loads((folder / "other/validation-oo.json").read_bytes())
    rows = [
        f"{expression.partition(': ')[0]}\t{expression.partition(': ')[2]}\t{issue['details']['text']}\n"
        for entry in outcomes["entry"]
        for issue in entry["resource"].get("issue", ())
        for expression in issue["expression"]
    ]
    (OUT / "tw-ltc-warnings.tsv").write_text("resource\telement\ttext\n" + "".join(rows), "utf-8")


def cases(folder: Path) -> dict[str, str]:
    """The resources of the test cases by file name; JSON without the displays of SNOMED CT, XML as it is."""
    files = [file for file in sorted([*folder.glob("*.*"), *folder.glob("examples/*")]) if file.is_file()]
    files = [file for file in files if file.name != TWICE]
    return {str(file.relative_to(folder)): text(file) for file in files}


def text(file: Path) -> str:
    raw = file.read_text("utf-8-sig")
    if file.suffix != ".json" or SNOMED not in raw:
        return raw
    return json.dumps(without_snomed(json.loads(raw)), ensure_ascii=False)


def keep(name: str, data: str) -> None:
    path = OUT / name
    path.write_bytes(lzma.compress(data.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{name}: {len(data):,} characters, {path.stat().st_size:,} bytes")


def ndjson(resources: Iterable[Json]) -> str:
    return "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in resources)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack the published examples of the conformance suites.")
    for name in ("r4", "ltc", "cases"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    keep("r4-examples.ndjson.xz", ndjson(r4(given.r4)))
    keep("tw-ltc.ndjson.xz", ndjson(ltc(given.ltc)))
    ltc_answers(given.ltc)
    keep("fhir-test-cases-r4.json.xz", json.dumps(cases(given.cases), ensure_ascii=False))


if __name__ == "__main__":
    main()
