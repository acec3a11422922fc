"""Camphora's verdicts on structure beside those of fhir.resources (R4B models).

Each kind of fault on which the two differ is ruled in structure.tsv. R4B differs from R4 in a few types; they are named
here and left out."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from mutation.engine import mutants
from mutation.kinds import KINDS
from mutation.measuring import camphora
from mutation.specimens import specimens

peer = pytest.importorskip("fhir.resources.R4B")
RULINGS = Path(__file__).with_name("structure.tsv")
STRUCTURE = (
    "unknown-element", "missing-required", "too-many", "not-a-list", "json-type", "two-choices", "choice-not-allowed",
    "empty-object", "empty-list", "null", "null-in-list", "empty-text", "beside-unpaired", "beside-not-object",
    "resource-type", "extension-without-url", "code-not-in-set", "form-date", "form-dateTime", "form-instant",
    "form-time", "form-uri", "form-url", "form-canonical", "form-code", "form-id", "form-base64Binary",
    "form-positiveInt", "form-unsignedInt", "form-integer", "form-decimal", "form-boolean",
)  # fmt: skip
OF_R4_ALONE = {
    "EffectEvidenceSynthesis", "Evidence", "MedicinalProduct", "MedicinalProductAuthorization",
    "MedicinalProductContraindication", "MedicinalProductIndication", "MedicinalProductIngredient",
    "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged",
    "MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect", "RiskEvidenceSynthesis",
    "SubstanceSpecification",
}  # fmt: skip
"""Types that R4B does not have, or has otherwise."""


def refused(resource):
    """Whether the peer refuses the resource."""
    try:
        peer.get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))
    except (KeyError, ValueError):  # KeyError: a resource type that the peer does not know
        return True
    return False


def faulty(found):
    """Whether the validator tells a fault of structure, of the kind that the peer could see."""
    return any(code.startswith("fhir-") for _, code in found)


@pytest.fixture(scope="module")
def judge():
    return camphora()


@pytest.fixture(scope="module")
def comparable():
    return [one for one in specimens() if one.kind not in OF_R4_ALONE]


def test_both_accept_the_same_examples(judge, comparable):
    assert len(comparable) > 900
    differ = [one.name for one in comparable if faulty(judge(one.resource)) != refused(one.resource)]
    assert differ == []


def test_what_the_peer_refuses_camphora_refuses_and_the_rest_is_ruled(judge, comparable):
    assert set(STRUCTURE) <= set(KINDS)
    found = Counter()
    for mutant in mutants([one for one in comparable if not refused(one.resource)], STRUCTURE):
        assert judge(mutant.resource), mutant.name
        found[mutant.kind] += not refused(mutant.resource)
    with RULINGS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert {kind for kind, count in found.items() if count} == {row["kind"] for row in rows}
    assert all(row["right"] == "Camphora" and row["reason"] for row in rows)
