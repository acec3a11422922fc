"""The official tests of SQL on FHIR v2."""

import json
import lzma
from pathlib import Path

import pytest

from camphora.errors import Invalid
from camphora.lake.view import View

pytestmark = pytest.mark.conformance

DATA = Path(__file__).parent / "data"
SUITE = json.loads(lzma.decompress((DATA / "sql-on-fhir-v2.json.xz").read_bytes()))


def _passes(case, resources):
    try:
        view = View.of(case["view"])
        names = [column.name for column in view.columns]
        rows = [dict(zip(names, row, strict=True)) for resource in resources for row in view.rows(resource)]
    except Invalid:
        return case.get("expectError", False)
    if case.get("expectError") or names != case.get("expectColumns", names):
        return False
    return sorted(map(_line, rows)) == sorted(map(_line, case["expect"]))


def _line(row):
    return json.dumps(row, sort_keys=True)


def test_every_official_case_passes():
    cases = [(file, case, suite["resources"]) for file, suite in SUITE.items() for case in suite["tests"]]
    failed = {(file, case["title"]) for file, case, resources in cases if not _passes(case, resources)}
    assert (len(cases), failed) == (134, set())
