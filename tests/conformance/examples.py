"""Published resources against the validator: those of R4, of Taiwan Core and of Taiwan's long-term care."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any

from camphora.fhir import definitions
from camphora.fhir.packages import package
from conformance.corpora import DATA, Json, r4_examples, shared_examples, taiwan_ltc
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
    """As many errors as the guide's own publisher counted in each of its resources."""
    with (DATA / "tw-ltc-summary.tsv").open(encoding="utf-8") as file:
        published = {row["resource"]: int(row["errors"]) for row in csv.DictReader(file, delimiter="\t")}
    for row, (name, count) in zip(taiwan_ltc(), published.items(), strict=True):
        assert identity(row) == name
        yield Case(name, _as_many(row, count))


def search_parameters() -> Iterator[Case]:
    """Every expression of a base search parameter of R4 compiles."""
    rows = definitions._search().parameters
    return (Case(f"{row.url} {row.code}", _compiles(row.expression)) for row in rows if row.expression)


def _faultless(resource: Json) -> Callable[[], str | None]:
    def wrong() -> str | None:
        from conformance.judging import faultless

        return faultless(resource)

    return wrong


def _as_many(resource: Json, count: int) -> Callable[[], str | None]:
    def wrong() -> str | None:
        from conformance.judging import errors

        found = errors(resource)
        return None if len(found) == count else "; ".join(f"{e.path}: {e.text}" for e in found[:3])

    return wrong


def _readable(name: str, text: str) -> Callable[[], str | None]:
    def wrong() -> str | None:
        from conformance.judging import faultless

        return faultless(_read(name, text))

    return wrong


def _read(name: str, text: str) -> Any:
    from camphora.fhir import json, xml

    return xml.parse(text.encode()) if name.endswith(".xml") else json.parse(text.encode())


def _compiles(expression: str) -> Callable[[], str | None]:
    def wrong() -> str | None:
        from camphora.fhir import fhirpath

        fhirpath.compile(expression)
        return None

    return wrong


SUITES = (
    Suite("tw-ltc-summary", "臺灣長照實作指引自身的檢核結果", "the guide's own verdicts on its resources",
          "tw.iii.ltc 1.0.0 (CC0-1.0)", 359, ltc_summary),
    Suite("twcore-examples", "臺灣核心實作指引的範例", "examples of Taiwan Core",
          "tw.gov.mohw.twcore 0.3.1 (CC0-1.0)", 97, taiwan_core),
    Suite("r4-examples-shared", "R4 範例（JSON 與 XML）", "R4 examples in JSON and XML",
          "FHIR/fhir-test-cases at 2dee8a0 (Apache-2.0)", 104, shared),
    Suite("r4-examples-corpus", "R4 的全部範例與定義", "every example and definition of R4", HL7, 5293, r4_corpus),
    Suite("r4-search-parameters", "R4 查詢參數的運算式均可編譯", "expressions of R4's search parameters compile",
          HL7, 1372, search_parameters),
)  # fmt: skip
