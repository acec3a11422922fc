import pytest

from camphora.fhir.packages import package
from camphora.fhir.structure import check

pytestmark = pytest.mark.conformance

# docs/rulings.md: published examples that break R4 themselves
KNOWN = {
    "Questionnaire-qs1.json",
    "SearchParameter-valueset-extensions-ValueSet-author.json",
}


def test_examples_of_the_specification_are_right(examples):
    assert len(examples) == 150
    faulty = {name: [str(f) for f in check(row)] for name, row in examples.items() if name not in KNOWN}
    assert {name: faults for name, faults in faulty.items() if faults} == {}


def test_examples_show_almost_every_resource_type(examples):
    assert len({row["resourceType"] for row in examples.values()}) > 110


def test_taiwan_core_examples_are_right(taiwan):
    assert len(taiwan) == 97
    assert [(row["id"], str(f)) for row in taiwan for f in check(row)] == []


def test_taiwan_core_definitions_are_right():
    rows = list(package("tw.gov.mohw.twcore").definitions())
    assert len(rows) == 294
    assert [(row["id"], str(f)) for row in rows for f in check(row)] == []
