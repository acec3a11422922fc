"""Published resources against the validator: those of R4, of Taiwan Core and of Taiwan's long-term care."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from camphora.fhir import definitions, fhirpath, json, xml
from camphora.fhir.packages import Guides, package
from camphora.fhir.validation.guides import Guide
from conformance.corpora import DATA, Json, r4_examples, shared_examples, taiwan_ltc
from conformance.judging import faultless, published
from conformance.suite import Case, Suite

HL7 = "npm hl7.fhir.r4.examples 4.0.1 (CC0-1.0)"


def identity(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def r4_corpus() -> Iterator[Case]:
    return (Case(identity(row), _faultless(row)) for row in r4_examples())


def taiwan_core() -> Iterator[Case]:
    rows = package("tw.gov.mohw.twcore").examples()
    return (Case(identity(row), _faultless(row)) for row in rows)


def shared() -> Iterator[Case]:
    return (Case(name, _readable(name, text)) for name, text in shared_examples().items())


def ltc_summary() -> Iterator[Case]:
    """As many errors and warnings as the guide's own publisher counted in each of its resources."""
    with (DATA / "tw-ltc-summary.tsv").open(encoding="utf-8") as file:
        answers = list(csv.DictReader(file, delimiter="\t"))
    guide = Guide(taiwan_ltc(), Guides.bundled())
    for row, said in zip(guide.resources, answers, strict=True):
        assert identity(row) == said["resource"]
        yield Case(said["resource"], partial(_counted, row, said, guide))


def search_parameters() -> Iterator[Case]:
    """Every expression of a base search parameter of R4 compiles."""
    rows = definitions._search().parameters
    return (Case(f"{row.url} {row.code}", _compiles(row.expression)) for row in rows if row.expression)


def _faultless(resource: Json) -> Callable[[], str | None]:
    return partial(faultless, resource)


def _counted(resource: Json, said: dict[str, str], guide: Guide) -> str | None:
    found = published(resource, guide)
    wrong = [f"{len(found[kind])} {kind}, published {said[f'{kind}s']}" for kind in ("error", "warning")
             if len(found[kind]) != int(said[f"{kind}s"])]  # fmt: skip
    told = [f"{one.path}: {one.text}" for kind in found for one in found[kind]]
    return "; ".join([*wrong, *told[:3]]) if wrong else None


def _readable(name: str, text: str) -> Callable[[], str | None]:
    return lambda: faultless(_read(name, text))


def _read(name: str, text: str) -> Any:
    return xml.parse(text.encode()) if name.endswith(".xml") else json.parse(text.encode())


def _compiles(expression: str) -> Callable[[], None]:
    def wrong() -> None:
        fhirpath.compile(expression)

    return wrong


SUITES = (
    Suite("tw-ltc-summary", "臺灣長照實作指引自身的檢核結果（錯誤與警告）",
          "the guide's own verdicts on its resources: errors and warnings",
          "tw.iii.ltc 1.0.0 (CC0-1.0)", 359, ltc_summary),
    Suite("twcore-examples", "臺灣核心實作指引的範例", "examples of Taiwan Core",
          "tw.gov.mohw.twcore 0.3.1 (CC0-1.0)", 97, taiwan_core),
    Suite("r4-examples-shared", "R4 範例（JSON 與 XML）", "R4 examples in JSON and XML",
          "FHIR/fhir-test-cases at 2dee8a0 (Apache-2.0)", 104, shared),
    Suite("r4-examples-corpus", "R4 的全部範例與定義", "every example and definition of R4", HL7, 5293, r4_corpus),
    Suite("r4-search-parameters", "R4 查詢參數的運算式均可編譯", "expressions of R4's search parameters compile",
          HL7, 1372, search_parameters),
)  # fmt: skip
