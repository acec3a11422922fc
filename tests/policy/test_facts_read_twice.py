"""A record's facts, by ours and by the oracle's reader, which goes by R4's own definitions of elements."""

from random import Random

import orjson
import pytest

from camphora.policy.asking import Facts
from camphora.policy.facts import FactsOnDemand, facts_of, own_labels
from policy import oracle
from policy.things import Things

NAMES = [name for name in Facts.__slots__ if name != "notifiable"]


def records(seeds):
    return [Things(Random(seed)).record() for seed in seeds]


def test_two_readers_find_the_same_in_two_thousand_records():
    for record in records(range(2000)):
        mine, theirs = facts_of(record), oracle.facts(record)
        for name in Facts.__slots__:
            assert getattr(mine, name) == getattr(theirs, name), (name, orjson.dumps(record))


def test_what_is_read_on_demand_is_what_is_read_at_once():
    for record in records(range(500)):
        body = orjson.dumps(record)
        later = FactsOnDemand(
            record["resourceType"], body, lambda row: own_labels(row.resource), lambda: False
        )
        mine = facts_of(record)
        assert [getattr(later, name) for name in NAMES] == [getattr(mine, name) for name in NAMES]


@pytest.mark.parametrize("beside", ["_system", "_version", "_userSelected", "_display", "_code"])
def test_a_coding_with_something_beside_an_element_is_still_one(beside):
    coding = {
        "system": "http://loinc.org",
        "code": "1",
        beside: {"extension": [{"url": "urn:x", "valueCode": "x"}]},
    }
    record = {"resourceType": "Observation", "id": "1", "code": {"coding": [coding]}}
    assert facts_of(record).codes == {"http://loinc.org|1"}


def test_the_records_say_something_of_every_kind():
    found = [facts_of(record) for record in records(range(300))]
    for name in (
        "codes",
        "authors",
        "organisation",
        "organisation_identifiers",
        "period",
        "references",
        "parts",
        "labels",
    ):
        assert sum(bool(getattr(one, name)) for one in found) > 20, name
