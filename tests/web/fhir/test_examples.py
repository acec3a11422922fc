"""The examples of Taiwan Core go in over HTTP and come out as they were."""

from collections import Counter

import pytest

from camphora.fhir.packages import package
from camphora.policy.internal import loading
from web.fhir.asking import bundle, entry, get, post, put, statuses

pytestmark = pytest.mark.conformance

EXAMPLES = list(package("tw.gov.mohw.twcore").examples())


def _unstamped(resource):
    meta = {
        key: value
        for key, value in resource.get("meta", {}).items()
        if key not in {"versionId", "lastUpdated"}
    }
    return {**resource, "meta": meta}


@pytest.fixture
def load(served, store):
    return served(store, loading("test"))


def test_every_example_comes_back_as_it_was_brought(load):
    for example in EXAMPLES:
        kind, name = example["resourceType"], example["id"]
        assert put(load, f"/{kind}/{name}", example).status_code == 201
        assert _unstamped(get(load, f"/{kind}/{name}").json()) == _unstamped(example)


def test_the_examples_go_in_as_one_transaction_and_are_counted(load):
    entries = [entry("PUT", f"{row['resourceType']}/{row['id']}", row) for row in EXAMPLES]
    assert set(statuses(post(load, "/", bundle("transaction", *entries)))) == {"201"}
    for kind, number in Counter(row["resourceType"] for row in EXAMPLES).items():
        assert get(load, f"/{kind}?_summary=count").json()["total"] == number


def test_the_same_transaction_again_doubles_nothing(load, store):
    entries = [entry("PUT", f"{row['resourceType']}/{row['id']}", row) for row in EXAMPLES[:20]]
    post(load, "/", bundle("transaction", *entries))
    before = store.last_change()
    assert set(statuses(post(load, "/", bundle("transaction", *entries)))) == {"200"}
    assert store.last_change() == before


def test_the_example_patient_is_found_as_a_taiwanese_system_would_ask(load):
    for row in EXAMPLES:
        put(load, f"/{row['resourceType']}/{row['id']}", row)
    person = next(row for row in EXAMPLES if row["resourceType"] == "Patient" and "identifier" in row)
    identifier = person["identifier"][0]
    found = get(load, f"/Patient?identifier={identifier['system']}|{identifier['value']}").json()
    assert person["id"] in [row["resource"]["id"] for row in found["entry"]]
    assert get(load, f"/Observation?patient={person['id']}&_summary=count").json()["total"] > 0
