"""Whatever is sent, the answer is FHIR and never a mistake of ours."""

import copy
import json
import random

import pytest

from camphora.fhir.packages import package
from camphora.fhir.search import parameters
from camphora.policy.internal import loading
from web.fhir.asking import bundle, entry, get, post, put

EXAMPLES = list(package("tw.gov.mohw.twcore").examples())
ODD = [
    *(None, True, -1, 1e300, 10**40, "", " ", "x", "x" * 70, "\u0000", "\ud83d\ude00"),
    *("9999-99-99", "2024-02-30T25:00:00Z", [], {}, [None], ["a", 1], {"a": {}}),
    *({"reference": "urn:uuid:1"}, {"reference": "#p"}, {"extension": [{"url": "u"}]}),
]
NAMES = ["_id", "_lastUpdated", "_sort", "_count", "_page", "_total", "_elements", "_summary", "_has:x", ""]
MODIFIERS = ["", "", ":exact", ":missing", ":Patient", ":not", ":"]
VALUES = [
    *("", "|", "a|", "|a", "a|b|c", ",", "\\", "\\,", "'", "%", "王", "\u0000", "x" * 3000, "true", "text"),
    *("ge", "ap2024", "1-1-1", "-1", "9999-12-31", "0001", "99999999999", "-date"),
    *("Patient/", "/", "http://x/Patient/1", "urn:uuid:1"),
]


def _spots(node):
    """Every place in a resource, as (container, key)."""
    rows = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    for key, value in rows:
        yield node, key
        if isinstance(value, dict | list):
            yield from _spots(value)


def _spoilt(resource, chance):
    made = copy.deepcopy(resource)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(list(_spots(made)))
        if chance.random() < 0.3 and isinstance(container, dict):
            container[chance.choice(["_" + str(key), "value", "id", "extension", "化"])] = copy.deepcopy(
                chance.choice(ODD)
            )
        else:
            container[key] = copy.deepcopy(chance.choice(ODD))
    return made


@pytest.fixture
def load(served, store):
    return served(store, loading("test"))


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_resources_are_taken_or_refused_with_reasons(load, seed):
    chance = random.Random(seed)
    for _ in range(150):
        example = chance.choice(EXAMPLES)
        kind, name = example["resourceType"], example["id"]
        answer = put(load, f"/{kind}/{name}", _json(_spoilt(example, chance)))
        assert answer.status_code in {200, 201, 400}
        if answer.status_code == 400:
            assert answer.json()["resourceType"] == "OperationOutcome"
        else:
            assert get(load, f"/{kind}/{name}?_summary=true").status_code == 200


@pytest.mark.parametrize("seed", range(2))
def test_spoilt_bundles_are_answered_or_refused_with_reasons(load, seed):
    chance = random.Random(seed)
    for kind in ["transaction", "batch"] * 25:
        rows = [
            entry("PUT", f"{one['resourceType']}/{one['id']}", one, f"urn:uuid:{one['id']}")
            for one in chance.sample(EXAMPLES, 3)
        ]
        answer = post(load, "/", _json(_spoilt(bundle(kind, *rows), chance)))
        assert answer.status_code in {200, 400, 404, 409, 412}
        assert answer.json()["resourceType"] in {"Bundle", "OperationOutcome"}


@pytest.mark.parametrize("kind", ["Patient", "Observation", "MedicationRequest", "Encounter"])
def test_odd_searches_are_answered_or_refused_with_reasons(load, kind):
    chance = random.Random(kind)
    names = [*parameters(kind), *NAMES]
    for _ in range(400):
        pairs = [
            (chance.choice(names) + chance.choice(MODIFIERS), chance.choice(VALUES))
            for _ in range(chance.randint(1, 3))
        ]
        answer = load.get(f"/fhir/{kind}", params=pairs)
        assert answer.status_code in {200, 400}
        assert answer.json()["resourceType"] in {"Bundle", "OperationOutcome"}


def _json(value):
    return json.dumps(value).encode()
