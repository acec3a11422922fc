"""Pack the XML examples that tests/xml reads, and the JSON that is given for seven of them.

    python tools/pack_xml_cases.py FOLDER

FOLDER: `r4` of github.com/FHIR/fhir-test-cases at 2dee8a0f8fa0b948b4cd28f0edfc34a0322318fe (Apache-2.0), with a folder
`fhirpath/inputs-json` of JSON made from seven of the files (there: with other prefixes in narratives, and floats).
Out: tests/xml/data/fhir-test-cases-r4.json.xz, `{"xml": {path: text}, "json": {path: resource}}`; the same input gives
the same bytes. Only the displays of SNOMED CT codings are left out.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent.parent / "tests/xml/data/fhir-test-cases-r4.json.xz"
SNOMED = "http://snomed.info/sct"
_CODING = re.compile(
    r"(<system value=\"" + SNOMED + r"\"\s*/>(?:\s|<!--.*?-->|<code [^>]*/>)*)<display [^>]*/>", re.DOTALL
)


def without_displays(value: Any) -> Any:
    if isinstance(value, list):
        return [without_displays(item) for item in value]
    if isinstance(value, dict):
        left = {"display"} if value.get("system") == SNOMED else set()
        return {key: without_displays(item) for key, item in value.items() if key not in left}
    return value


def main(folder: Path) -> None:
    files = [*folder.glob("*.xml"), *folder.glob("examples/*.xml")]
    texts = {f.relative_to(folder).as_posix(): _CODING.sub(r"\1", f.read_text("utf-8")) for f in files}
    given = {
        f.with_suffix(".xml").name: without_displays(json.loads(f.read_bytes()))
        for f in folder.glob("fhirpath/inputs-json/*.json")
    }
    packed = json.dumps({"xml": texts, "json": given}, ensure_ascii=False, sort_keys=True).encode()
    OUT.write_bytes(lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
