"""Make the package of what is to be had of the NHI's guide of prior authorisation (TW PAS): codes and a map.

    PYTHONPATH=src python tools/distil_pas.py FOLDER

FOLDER holds `pas-CodeSystem-*.json` and `pas-ConceptMap-NHI_LOINC.csv` (中央健康保險署, CC0-1.0 by its
sushi-config.yaml; from github.com/TWNHIFHIR/pas, input/fsh/terminology, commit 1982647, converted from FSH: codes
and displays). The map holds codes of LOINC without their names, under LOINC's licence.

Out: src/camphora/fhir/definitions/tw.gov.mohw.nhi.pas.ndjson.xz and its digest. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
from itertools import groupby
from pathlib import Path

from camphora.fhir.json import parse
from distilling import Json, distilled, keep

MANIFEST = {
    "name": "tw.gov.mohw.nhi.pas", "version": "1.2.3", "canonical": "https://nhicore.nhi.gov.tw/pas",
    "title": "臺灣健保事前審查實作指引", "license": "CC0-1.0",
    "author": "衛生福利部中央健康保險署", "fhirVersions": ["4.0.1"],
    "dependencies": {"hl7.fhir.r4.core": "4.0.1", "tw.gov.mohw.twcore": "0.3.2"},
    "partial": {
        "zh-TW": "僅含代碼系統與對照表；其 profile 尚未取得，取得後可用 camphora package add 加入",
        "en": "Code systems and a map only; its profiles are not to be had yet; add them with camphora package add",
    },
}  # fmt: skip
MAP = {
    "resourceType": "ConceptMap", "id": "nhi-loinc", "url": "https://nhicore.nhi.gov.tw/pas/ConceptMap/nhi-loinc",
    "version": "1.2.3", "name": "NHILoinc", "title": "臺灣健保署醫療服務給付項目對應LOINC", "status": "active",
    "experimental": False, "date": "2026-05-04",
    "copyright": "This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief "
    "Institute, Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at "
    "no cost under the license at http://loinc.org/license.",
    "sourceUri": "https://twcore.mohw.gov.tw/ig/twcore/ValueSet/laboratory-category-tw",
    "targetUri": "http://hl7.org/fhir/ValueSet/observation-codes",
}  # fmt: skip
GROUP = {
    "source": "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-service-payment-tw",
    "sourceVersion": "2022-10-07", "target": "http://loinc.org", "targetVersion": "2.77",
}  # fmt: skip


def concept_map(file: Path) -> Json:
    """One element for each code of the source; in the original each pair repeats it."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = sorted(csv.DictReader(opened), key=lambda row: (row["source_code"], row["target_code"]))
    elements = [
        {
            "code": code,
            "display": display,
            "target": [{"code": row["target_code"], "equivalence": row["equivalence"]} for row in found],
        }
        for (code, display), found in groupby(rows, lambda row: (row["source_code"], row["source_display"]))
    ]
    return {**MAP, "group": [{**GROUP, "element": elements}]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the package of TW PAS.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    systems = [distilled(parse(file.read_bytes())) for file in sorted(folder.glob("pas-CodeSystem-*.json"))]
    keep(MANIFEST, [*systems, concept_map(folder / "pas-ConceptMap-NHI_LOINC.csv")])


if __name__ == "__main__":
    main()
