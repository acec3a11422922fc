"""Who waits for another process helps: nothing is lost, done twice or out of order, whoever made it ready."""

import gc
import sys
from concurrent.futures import Future

import orjson
import pytest

from camphora.fhir.packages import Guides
from camphora.fhir.registry import Registry
from camphora.fhir.validation import Policy, Validator
from camphora.installation import preparing
from camphora.installation.preparing import CHUNK, Elsewhere, Preparing


class Idle:
    def look(self):
        pass


class Slow:
    """A pool that does the first of what it is given when it is asked for, and never begins the others."""

    def __init__(self):
        self.given = []

    def submit(self, work, *args):
        future = _Asked(lambda: work(*args))
        self.given.append(future)
        return future


class _Asked(Future):
    def __init__(self, work):
        super().__init__()
        self._work = work

    def result(self, timeout=None):
        if not self.done():
            self.set_running_or_notify_cancel()
            self.set_result(self._work())
        return super().result(timeout)


@pytest.fixture(scope="module")
def validator():
    return Validator(Guides.bundled())


def lines(many):
    for number in range(1, many + 1):
        yield (
            number,
            orjson.dumps({"resourceType": "Basic", "id": f"b{number}", "code": {"text": str(number)}}),
        )


def test_who_waits_makes_the_last_chunks_ready(validator, monkeypatch):
    registry, pool = Registry.bundled(), Slow()
    monkeypatch.setattr(preparing, "_own", [(Preparing(validator, registry), Idle())])
    many = CHUNK * 3 + 7
    found = list(Elsewhere(validator, registry, None, pool, Idle()).outcomes(lines(many), "a.ndjson"))
    assert [each.number for each in found] == list(range(1, many + 1))
    assert [each.ready.id for each in found] == [f"b{number}" for number in range(1, many + 1)]
    assert [future.cancelled() for future in pool.given] == [False, True, True, True]


def test_what_is_heavy_shares_no_chunk(validator, monkeypatch):
    registry, pool = Registry.bundled(), Slow()
    monkeypatch.setattr(preparing, "_own", [(Preparing(validator, registry), Idle())])
    monkeypatch.setattr(preparing, "HEAVY", 100)
    assert len(list(Elsewhere(validator, registry, None, pool, Idle()).outcomes(lines(10), "a.ndjson"))) == 10
    assert len(pool.given) == 5


@pytest.mark.parametrize(
    ("policy", "looks"), [(Policy(), 0), (Policy(default="off"), 0), (Policy(rules={"fhir-code": "warn"}), 1)]
)
def test_structure_is_looked_at_once_where_the_validator_holds_to_it(monkeypatch, policy, looks, validator):
    asked = []
    monkeypatch.setattr(sys.modules["camphora.records.prepare"], "require", asked.append)
    made = Preparing(Validator(validator.guides, policy=policy), Registry.bundled())
    resource = {"resourceType": "Basic", "code": {"text": "a"}}
    assert made.outcome(1, orjson.dumps(resource), "a.ndjson").ready is not None
    assert len(asked) == looks


def test_a_softened_rule_of_structure_still_refuses(validator):
    policy = Policy(rules={"fhir-unknown-element": "off"})
    made = Preparing(Validator(validator.guides, policy=policy), Registry.bundled())
    wrong = {"resourceType": "Basic", "code": {"text": "a"}, "cdoe": 1}
    assert [one.code for one in made.outcome(1, orjson.dumps(wrong), "a.ndjson").faults] == [
        "fhir-unknown-element"
    ]


def test_cycles_are_looked_for_between_chunks_alone(monkeypatch):
    looked = []
    monkeypatch.setattr(preparing, "WHOLE", 3)
    stood = gc.isenabled(), gc.get_freeze_count()
    try:
        cycles = preparing.Cycles()
        assert not gc.isenabled()
        monkeypatch.setattr(gc, "collect", looked.append)
        for _ in range(6):
            cycles.look()
    finally:
        monkeypatch.undo()
        if stood[0]:
            gc.enable()
        if not stood[1]:
            gc.unfreeze()
    assert looked == [0, 0, 2, 0, 0, 2]
