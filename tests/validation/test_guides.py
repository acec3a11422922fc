"""TW LTC as its publisher saw it: 359 verdicts, 74 warnings, each at its place."""

import csv
import re
from collections import Counter
from functools import cache

import pytest

from camphora.fhir.packages import Guides
from camphora.fhir.validation import Validator
from camphora.fhir.validation.guides import PUBLISHING, Guide
from conformance.corpora import DATA, taiwan_ltc

pytestmark = pytest.mark.conformance


def table(name):
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@cache
def found():
    guides = Guides.bundled()
    validator, resources = Validator(guides, policy=PUBLISHING), taiwan_ltc()
    guide = Guide(resources, guides)
    return [
        (f"{row['resourceType']}/{row['id']}", [*validator.validate(row), *guide.check(row)])
        for row in resources
    ]


def test_every_resource_has_as_many_errors_and_warnings_as_published():
    ours = [
        {
            "resource": name,
            **{f"{kind}s": str(sum(one.severity == kind for one in every)) for kind in ("error", "warning")},
        }
        for name, every in found()
    ]
    assert ours == table("tw-ltc-summary.tsv")


def test_every_warning_lies_where_the_publisher_saw_it():
    ours = Counter((name, one.path) for name, every in found() for one in every if one.severity == "warning")
    assert ours == Counter(map(place, table("tw-ltc-warnings.tsv")))


def place(row):
    """The publisher names resources inside a bundle in comments, and a definition by its address. Of two codings of an
    unknown code system it names the system of one and the other as a whole."""
    defined = re.search(r"where\(url = '.*/(.*)'\)", row["resource"])
    if defined:
        return f"StructureDefinition/{defined[1]}", "StructureDefinition"
    path = re.sub(r"/\*.*?\*/", "", row["element"])
    return row["resource"], f"{path}.system" if path.endswith(".coding[0]") else path


def test_a_guide_without_its_examples_says_that_its_profiles_have_none():
    rows = [row for row in taiwan_ltc() if row["resourceType"] == "StructureDefinition"]
    guide = Guide(rows, Guides.bundled())
    unused = [row for row in rows if any(one.code.endswith("-unused") for one in guide.check(row))]
    assert len(unused) == len([row for row in rows if row["kind"] != "logical"])
