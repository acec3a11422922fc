"""Suites published with their answers, run by the tests of the room that they concern."""

from __future__ import annotations

import gzip
import importlib
import json
import lzma
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from conformance.suite import Case, Suite

TESTS = Path(__file__).resolve().parent.parent


def sql_on_fhir() -> Iterator[Case]:
    passes = importlib.import_module("lake.test_sql_on_fhir")._passes
    suite = json.loads(lzma.decompress((TESTS / "lake/data/sql-on-fhir-v2.json.xz").read_bytes()))
    for file, part in suite.items():
        for case in part["tests"]:
            yield Case(f"{file}: {case['title']}", _held(passes, case, part["resources"]))


def rfc6962() -> Iterator[Case]:
    merkle = importlib.import_module("audit.test_merkle")
    vectors = json.loads(gzip.decompress((TESTS / "audit/data/rfc6962.json.gz").read_bytes()))
    for kind in ("inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"):
        check = getattr(merkle, f"test_published_{kind.replace('subtree', 'subtree_')}_vectors")
        for case in vectors[kind]:
            yield Case(f"{kind} {case['name']}", _asserted(check, case))


def pytests(node: str) -> Callable[[], Iterator[Case]]:
    """The cases of one parametrized test, as pytest runs them."""

    def cases() -> Iterator[Case]:
        with tempfile.NamedTemporaryFile(suffix=".xml") as report:
            quiet = ["-q", "-p", "no:cacheprovider", f"--junitxml={report.name}"]
            subprocess.run(
                [sys.executable, "-m", "pytest", *quiet, node],
                cwd=TESTS.parent,
                capture_output=True,
                check=False,
            )
            found = ET.parse(report.name).getroot().iter("testcase")
            answers = {case.get("name", ""): _told(case) for case in found}
        return (
            Case(name.partition("[")[2][:-1] or name, lambda answer=answer: answer)
            for name, answer in answers.items()
        )

    return cases


def _nothing() -> None:
    return None


def _told(case: ET.Element) -> str | None:
    """What a test that did not pass says."""
    wrong = next((part for part in case if part.tag in {"failure", "error", "skipped"}), None)
    return None if wrong is None else (wrong.get("message") or wrong.tag).splitlines()[0][:300]


def fhirpath() -> Iterator[Case]:
    official = importlib.import_module("fhirpath.official")
    for number, case in enumerate(official.cases()):
        yield Case(f"{case.group} {case.name} {number}", partial(official.fault, case))


def snapshots() -> Iterator[Case]:
    """Each profile of four guides that ships a snapshot beside its differential."""
    test = importlib.import_module("packages.test_snapshot_published")
    for name in test.SIZES:
        rows, guides = test.published(name)
        generator = test.Generator(guides.shipped)
        yield from (Case(f"{name} {row['id']}", _made(test.differing, generator, row)) for row in rows)


def _made(differing: Any, generator: Any, row: dict[str, Any]) -> Callable[[], str | None]:
    def wrong() -> str | None:
        count = len(differing(row["snapshot"]["element"], generator.snapshot(row)))
        return f"{count} elements differ" if count else None

    return wrong


def _terminology() -> Any:
    return importlib.import_module("terminology.operations.suite")


def terminology() -> Iterator[Case]:
    suite = _terminology()
    return (Case(str(case), _stated(suite, case)) for case in suite.owed())


def terminology_elsewhere() -> Iterator[Case]:
    """Tests of modes that ask for content or servers that are not to be had."""
    suite = _terminology()
    owed = {id(case) for case in suite.owed()}
    return (Case(str(case), _stated(suite, case)) for case in suite.cases() if id(case) not in owed)


def _stated(suite: Any, case: Any) -> Callable[[], str | None]:
    def wrong() -> str | None:
        state, reason = suite.state(case)
        return None if state == "passed" else f"{state}: {reason}"

    return wrong


def _held(passes: Any, *given: Any):
    return lambda: None if passes(*given) else "another answer"


def _asserted(check: Any, *given: Any):
    """A test that asserts, as a case."""

    def wrong() -> str | None:
        try:
            check(*given)
        except AssertionError:
            return "another answer"
        return None

    return wrong


CASES = "FHIR/fhir-test-cases at 2dee8a0 (Apache-2.0)"
TX = "HL7/fhir-tx-ecosystem-ig at 888e84d (CC0-1.0)"
SUITES = (
    Suite("fhirpath-r4", "FHIRPath 運算式", "FHIRPath expressions", CASES, 935, fhirpath),
    Suite("fhirpath-patch", "FHIRPath 修補", "FHIRPath Patch", CASES, 33,
          pytests("tests/patch/test_fhirpath_patch.py::test_published_case")),
    Suite("json-patch", "JSON 修補", "JSON Patch", CASES, 16,
          pytests("tests/patch/test_json_patch.py::test_published_case")),
    Suite("xml-patch", "XML 修補", "XML Patch", CASES, 29,
          pytests("tests/patch/test_xml_patch.py::test_published_case")),
    Suite("tx-ecosystem", "術語服務（一般與中繼資料）", "terminology: general and metadata", TX, 600, terminology),
    Suite("tx-ecosystem-elsewhere", "術語服務（需未取得之內容或伺服器）",
          "terminology: needs content or servers that are not to be had", TX, 320, terminology_elsewhere),
    Suite("snapshots", "由差異產生的完整定義，與各指引公布者逐欄位比對",
          "snapshots made from differentials, against those that guides publish",
          "hl7.fhir.r4.core, tw.gov.mohw.twcore, tw.iii.ltc, hl7.fhir.uv.ips (CC0-1.0)", 698, snapshots),
    Suite("sql-on-fhir-v2", "檢視定義（SQL on FHIR）", "view definitions (SQL on FHIR)",
          "FHIR/sql-on-fhir-v2 at 49fc1ad (MIT)", 134, sql_on_fhir),
    Suite("rfc6962", "雜湊樹證明", "proofs of a Merkle tree",
          "transparency-dev/merkle at 417fb0c (Apache-2.0)", 518, rfc6962),
)  # fmt: skip
