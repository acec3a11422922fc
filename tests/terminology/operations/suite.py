"""HL7's tx-ecosystem suite: its tests, and what becomes of each when it is run against these operations."""

import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from camphora.errors import CamphoraError
from camphora.terminology.operations import as_fhir
from camphora.terminology.operations.capabilities import terminology_capabilities
from camphora.terminology.operations.requests import Desk
from camphora.terminology.operations.resources import Layered, ResourceLibrary
from camphora.web.fhir.capability import capability
from terminology.operations.matching import Mismatch, fits

ARCHIVE = Path(__file__).parent / "data/tx-ecosystem.tar.gz"
OPERATIONS = {
    "expand": "ValueSet/$expand",
    "validate-code": "ValueSet/$validate-code",
    "cs-validate-code": "CodeSystem/$validate-code",
    "batch-validate": "ValueSet/$batch-validate-code",
    "lookup": "CodeSystem/$lookup",
    "translate": "ConceptMap/$translate",
}
ABSENT = {
    "snomed": "needs SNOMED CT, which may not be carried",
    "omop": "needs OMOP's vocabularies, which may not be carried",
    "icd-11": "needs ICD-11, which is not held",
    "tx.fhir.org": "a test of HL7's own server, with the content of that server",
}
"""Why tests of a mode are not owed."""


@dataclass(frozen=True)
class Case:
    suite: str
    name: str
    mode: str
    test: dict
    setup: tuple

    def __str__(self):
        return f"{self.suite}/{self.name}"


@cache
def _files():
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(ARCHIVE.read_bytes()))) as archive:
        return {item.name: archive.extractfile(item).read() for item in archive if item.isfile()}


@cache
def load(name):
    """A file of the suite as parsed JSON; KeyError where it is not carried."""
    return json.loads(_files()[name].decode("utf-8-sig"))


@cache
def cases():
    """All tests, in order. A test without a mode has that of its suite; the metadata apply to all servers."""
    return [
        Case(
            suite["name"],
            test["name"],
            test.get("mode") or suite.get("mode") or "metadata",
            test,
            tuple(suite.get("setup", ())),
        )
        for suite in load("test-cases.json")["suites"]
        for test in suite["tests"]
    ]


def owed():
    """The tests of every suite of mode general, and those of metadata: 600, of which the suite itself marks three as
    asked of HL7's own server only."""
    general = {
        suite["name"]
        for suite in load("test-cases.json")["suites"]
        if suite.get("mode", "general") == "general"
    }
    return [case for case in cases() if case.suite in general]


@cache
def base():
    """Code systems and value sets of base R4 that the suite takes as known."""
    return ResourceLibrary(load("base.json"))


@cache
def library(setup):
    return Layered(ResourceLibrary(load(name) for name in setup), base())


def answer(case):
    """(HTTP status, resource) of one test."""
    operation = case.test["operation"]
    if operation == "metadata":
        started = datetime(2026, 1, 1, tzinfo=UTC)
        operations = tuple(OPERATIONS.values())
        return 200, json.loads(capability("http://localhost/fhir", started, "en", operations))
    if operation == "term-caps":
        return 200, terminology_capabilities(base(), version="1.0.0", date="2026-01-01")
    layers = [load(case.test["request"]), load(case.test.get("profile", "parameters-default.json"))]
    header = case.test.get("header", {})
    limits = {"limit": int(header["value"])} if header.get("name") == "X-TOO-COSTLY-THRESHOLD" else {}
    desk = Desk(library(case.setup), release="R5")
    try:
        found = desk.ask(
            OPERATIONS[operation], *layers, accept_language=case.test.get("Accept-Language", ""), **limits
        )
    except CamphoraError as error:
        return error.status, as_fhir.outcome_of(error)
    return 200, found


def check(case):
    """Raise Mismatch unless the answer to the test fits one of its responses."""
    status, found = answer(case)
    wanted = case.test.get("http-code", "2xx")
    if wanted[0] != str(status)[0]:
        raise Mismatch(f"HTTP {wanted} is expected, not {status}: {str(found)[:400]}")
    whole = case.mode != "metadata"
    faults = []
    for name in (case.test["response"], case.test.get("response2")):
        if name:
            try:
                return fits(load(name), found, whole=whole)
            except Mismatch as fault:
                faults.append(str(fault))
    raise Mismatch(" or ".join(faults))


def state(case):
    """(state, reason) of one test: passed, failed, or not to be had."""
    try:
        check(case)
    except Mismatch as fault:
        reason = str(fault)[:300]
    except KeyError as fault:
        return "not to be had", f"{ABSENT.get(case.mode, 'not carried')} ({fault})"
    else:
        return "passed", ""
    if case.mode in ABSENT:
        return "not owed", f"{ABSENT[case.mode]}: {reason}"
    return "failed", reason


def states():
    """One row per test of the whole suite: suite, name, mode, state, reason."""
    return [(case.suite, case.name, case.mode, *state(case)) for case in cases()]
