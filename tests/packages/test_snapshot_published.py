"""Snapshots made from differentials, held against those that four guides publish, element by element."""

from functools import cache
from pathlib import Path

import pytest

from camphora.errors import Invalid
from camphora.fhir.packages import Guides, Package, package
from camphora.fhir.snapshot import Generator
from camphora.fhir.validation import Validator
from packages.snapshots import differing

IPS = Path(__file__).parent / "data" / "hl7.fhir.uv.ips-2.0.0.ndjson.xz"
TAIWAN = ("https://twcore.mohw.gov.tw/", "http://ltc-ig.fhir.tw/")
VITALS = {
    "bmi", "body-height", "body-temperature", "body-weight", "head-circumference", "heart-rate", "respiratory-rate",
    "vitalSigns",
}  # fmt: skip
RULED = {
    "hl7.fhir.r4.core": {
        "bp": (32, "shorthand"), "elementdefinition-de": (8, "walked"), "catalog": (1, "unsliced"),
        "familymemberhistory-genetic": (14, "unsliced"), "clinicaldocument": (1, "extension limits"),
        "provenance-relevant-history": (2, "inherited"),
    },
    "tw.gov.mohw.twcore": {
        "AllergyIntolerance-twcore": (2, "modifier"), "Condition-twcore": (2, "modifier"),
        "Observation-bloodPressure-twcore": (3, "vital units"),
        **{f"Observation-{name}-twcore": (1, "vital units") for name in VITALS},
        "Patient-twcore": (32, "inherited"), "Observation-averageBloodPressure-twcore": (9, "inherited"),
        "Observation-occupation-twcore": (1, "inherited"), "Provenance-twcore": (2, "inherited"),
        "QuestionnaireResponse-twcore": (-1, "base not to be had"),
    },
    "tw.iii.ltc": {
        **{f"LTCCondition{name}": (2, "modifier") for name in ("", "Caregiver", "Crush", "Residence", "Tube")},
        "LTCPatient": (41, "stands in"), "LTCPractitioner": (8, "stands in"),
    },
    "hl7.fhir.uv.ips": {},
}  # fmt: skip
"""By guide and profile: how many elements differ (-1: no snapshot can be made), and the ruling in docs/rulings.md."""
SIZES = {
    "hl7.fhir.r4.core": (439, 5231),
    "tw.gov.mohw.twcore": (95, 4650),
    "tw.iii.ltc": (132, 13304),
    "hl7.fhir.uv.ips": (32, 2703),
}


@cache
def published(name):
    """The definitions of a guide that ship both forms, and the guides they may build on."""
    found = Package.load(IPS.read_bytes()) if name == "hl7.fhir.uv.ips" else package(name)
    rows = [d for d in found.definitions("StructureDefinition") if "differential" in d and "snapshot" in d]
    return rows, Guides.bundled().also([found])


def faults(name):
    rows, guides = published(name)
    generator, found = Generator(guides.shipped), {}
    for row in rows:
        try:
            count = len(differing(row["snapshot"]["element"], generator.snapshot(row)))
        except Invalid as error:
            count = -1 if error.code == "snapshot-no-base" else error.code
        if count:
            found[row["id"]] = count
    return found


@pytest.mark.conformance
@pytest.mark.parametrize("name", RULED)
def test_snapshots_are_made_as_they_are_published(name):
    assert faults(name) == {id_: count for id_, (count, _) in RULED[name].items()}


@pytest.mark.parametrize("name", SIZES)
def test_all_that_ship_both_forms_are_compared(name):
    rows, _ = published(name)
    assert (len(rows), sum(len(row["snapshot"]["element"]) for row in rows)) == SIZES[name]


@pytest.mark.conformance
def test_elements_come_in_the_published_order():
    for name, ruled in RULED.items():
        rows, guides = published(name)
        generator = Generator(guides.shipped)
        for row in rows:
            if row["id"] not in ruled:
                made = [element["id"] for element in generator.snapshot(row)]
                assert made == [element["id"] for element in row["snapshot"]["element"]], row["id"]


@pytest.mark.conformance
def test_long_term_care_agrees_with_a_taiwan_core_whose_snapshots_are_made_too():
    """The guide was built on TW Core 1.0.0: made anew from 0.3.2, its Conditions are as published."""
    rows, guides = published("tw.iii.ltc")
    generator = Generator(MadeAnew(guides.packages).shipped)
    conditions = [row for row in rows if row["id"].startswith("LTCCondition")]
    assert len(conditions) == 9
    for row in conditions:
        assert differing(row["snapshot"]["element"], generator.snapshot(row)) == {}


def test_every_ruling_is_in_the_manual():
    root = Path(__file__).resolve().parents[2] / "docs"
    text = (root / "rulings.md").read_text("utf-8")
    named = {ruling for ruled in RULED.values() for _, ruling in ruled.values()}
    assert {ruling for ruling in named if f"*{ruling}*" not in text} == set()


class MadeAnew(Guides):
    """The guides as if Taiwan's had shipped differentials only."""

    def shipped(self, canonical):
        found = super().shipped(canonical)
        ours = found and found["url"].startswith(TAIWAN) and found["resourceType"] == "StructureDefinition"
        if not ours or found["id"] == "QuestionnaireResponse-twcore":
            return found
        return {key: found[key] for key in found if key != "snapshot"}


@pytest.mark.conformance
def test_examples_get_the_same_verdicts_by_made_as_by_published_snapshots():
    carried = Guides.bundled()
    published_, made = Validator(carried), Validator(MadeAnew(carried.packages))
    differ = []
    for name in ("tw.iii.ltc", "tw.gov.mohw.twcore"):
        for example in package(name).examples():
            verdicts = [
                {(f.code, f.severity, f.path) for f in v.validate(example)} for v in (published_, made)
            ]
            differ += [example["id"]] if verdicts[0] != verdicts[1] else []
    assert differ == ["obs-pulse-oximetry-example"]  # the ruling on vital units
