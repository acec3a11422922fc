"""Make the bundled code systems from TW Core and the NHI's prior-authorisation guide.

    python tools/distil_terminology.py TWCORE

TWCORE holds, as published:
  twcore-0.3.2-terminology/CodeSystem-*.json
      package tw.gov.mohw.twcore 0.3.2 (Lusnaker0730/TWCOREDATA, commit 36d2abd6c1baaecb03db54e2cd42931f686785af)
  twcore-0.3.1-medical-service-payment-tw.csv
      package 0.3.1 (csiemichelin/inferno-twcore, commit 67e9ec5223ea47dab29055d421fc5645eb99b2e3)
  nhi/pas-*.csv, nhi/pas-CodeSystem-nhi-*.json
      TWNHIFHIR/pas 1.2.3 (commit 1982647c6b2a44e480c5915e9af6b1d51df0fecf)
All three are CC0-1.0. Lists built on SNOMED CT, LOINC, the NCI Thesaurus or INCa are left out.

Changes: nested concepts are laid flat with their parent; a display in Chinese goes to `zh`, one without to `en`;
the misspelt status `acitve` becomes `active`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "src/camphora/terminology/data"
TWCORE_URL = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
PAS_URL = "https://nhicore.nhi.gov.tw/pas/CodeSystem/"
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
OTHERS = re.compile("thesaurus|osiris")
ENGLISH = {
    "careplan-category-tw": "Care-plan categories",
    "category-code-tw": "Type codes",
    "health-professional-tw": "Health professions",
    "industry-dgbas-tw": "Industries",
    "marital-status-tw": "Marital status",
    "medcation-atc-tw": "ATC codes named by the TFDA",
    "medical-consultation-department-nhi-tw": "NHI consultation departments",
    "medical-treatment-department-nhi-tw": "NHI treatment departments",
    "medication-frequency-nhi-tw": "NHI drug frequencies",
    "medication-path-tw": "NHI routes of administration",
    "nhi-medication-ch-herb-tw": "NHI Chinese-herb items",
    "occupation-lia-roc-tw": "Occupations (accident insurance)",
    "occupation-mol-tw": "Occupations (Ministry of Labor)",
    "postal-code3-tw": "Three-digit postcodes",
    "provenance-participant-type-tw": "Provenance participants",
    "v2-0203": "Identifier types",
    "nhi-acceptance-status": "Prior authorisation: state of the case",
    "nhi-apply-reason": "Prior authorisation: indications",
    "nhi-apply-side": "Prior authorisation: side",
    "nhi-apply-type": "Prior authorisation: submission type",
    "nhi-approve-comment": "Prior authorisation: decision",
    "nhi-body-site": "Prior authorisation: body site",
    "nhi-continuation-status": "Prior authorisation: first or continued use",
    "nhi-drug-category": "Prior authorisation: drug category",
    "nhi-line-of-therapy": "Prior authorisation: line of therapy",
    "nhi-order-type": "Prior authorisation: order type",
    "nhi-pat-ast": "Prior authorisation: patient assessment",
    "nhi-pdf-type": "Prior authorisation: document type",
    "nhi-phototherapy": "Prior authorisation: phototherapy",
    "nhi-supporting-info-type": "Prior authorisation: supporting information",
    "nhi-tmhb-type": "Prior authorisation: case type",
    "nhi-tx-ast": "Prior authorisation: treatment assessment",
    "medication-frequency-nhi-tw@pas": "NHI drug frequencies (prior authorisation)",
}
Concept = tuple[str, str, str, str, str]
"""Code, zh, en, status, further properties as JSON."""


def concept(code: str, display: str, status: str = "active", **more: str) -> Concept:
    zh, en = (display, "") if HAN.search(display) else ("", display)
    return code, zh, en, status, json.dumps(more, ensure_ascii=False, sort_keys=True) if more else ""


def of_json(concepts: Sequence[dict[str, Any]], parent: str = "") -> Iterator[Concept]:
    for item in concepts:
        found = {
            p["code"]: str(next(v for k, v in p.items() if k != "code")) for p in item.get("property", [])
        }
        status = found.pop("status", "active").replace("acitve", "active")
        found.pop("effectiveDate", None)
        found.pop("dateTime", None)
        more = found | ({"parent": parent} if parent else {})
        code, zh, en, *rest = concept(item["code"], item.get("display", item["code"]), status, **more)
        for designation in item.get("designation", []):
            zh = designation["value"] if designation.get("language") == "zh-TW" else zh
        yield code, zh, en, *rest
        yield from of_json(item.get("concept", []), item["code"])


def of_csv(path: Path) -> Iterator[Concept]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield concept(row["code"], row["display"].strip(), row.get("status") or "active")


def write(name: str, rows: Sequence[Concept], about: dict[str, Any]) -> dict[str, Any]:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("code", "zh", "en", "status", "more"), *rows])
    (DATA / f"{name}.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    return {"file": f"{name}.csv.gz", **about, "count": len(rows)}


def large(twcore: Path) -> Iterator[dict[str, Any]]:
    pas = {"licence": "CC0-1.0", "source": "TWNHIFHIR/pas 1.2.3"}
    yield write("nhi_drug", list(of_csv(twcore / "nhi/pas-nhi-medication.csv")), {
        "url": TWCORE_URL + "medication-nhi-tw", "aliases": [PAS_URL + "nhi-medication"], "version": "1.2.3",
        "zh": "健保用藥品項", "en": "NHI drug items", **pas})  # fmt: skip
    yield write("nhi_facility", list(of_csv(twcore / "nhi/pas-nhi-organization.csv")), {
        "url": TWCORE_URL + "organization-identifier-tw", "aliases": [PAS_URL + "organization-identifier-tw"],
        "version": "1.2.3", "zh": "健保特約醫事機構", "en": "NHI contracted facilities", **pas})  # fmt: skip
    yield write("nhi_fee", list(of_csv(twcore / "twcore-0.3.1-medical-service-payment-tw.csv")), {
        "url": TWCORE_URL + "medical-service-payment-tw", "aliases": [], "version": "2022-07-01",
        "zh": "健保醫療服務給付項目", "en": "NHI fee items",
        "licence": "CC0-1.0", "source": "TW Core 0.3.1"})  # fmt: skip


def published(path: Path, source: str) -> dict[str, Any]:
    data = json.loads(path.read_text("utf-8"))
    tail = data["url"].rsplit("/", 1)[1]
    family = {"family": "medication-frequency-nhi-tw"} if tail == "medication-frequency-nhi-tw" else {}
    name = f"{tail}@pas" if f"{tail}@pas" in ENGLISH and "/pas/" in data["url"] else tail
    return write(name.replace("@", "_").replace("-", "_"), list(of_json(data["concept"])), {
        "url": data["url"], "aliases": [], "version": data["version"], "zh": data["title"], "en": ENGLISH[name],
        "licence": "CC0-1.0", "source": source, **family})  # fmt: skip


def main(twcore: Path) -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    editions = list(large(twcore))
    core = sorted((twcore / "twcore-0.3.2-terminology").glob("CodeSystem-*.json"))
    editions += [published(path, "TW Core 0.3.2") for path in core]
    guide = sorted((twcore / "nhi").glob("pas-CodeSystem-*.json"))
    editions += [published(path, "TWNHIFHIR/pas 1.2.3") for path in guide if not OTHERS.search(path.name)]
    lines = ["# Written by tools/distil_terminology.py\n"]
    for edition in editions:
        lines += [
            "\n[[editions]]\n",
            *(f"{key} = {json.dumps(v, ensure_ascii=False)}\n" for key, v in edition.items()),
        ]
    (DATA / "editions.toml").write_text("".join(lines), "utf-8")
    print(f"{len(editions)} editions, {sum(edition['count'] for edition in editions):,} concepts")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
