"""The manifest in memory is brought up to date by what was swapped, and says what its lines say."""

import random
from datetime import UTC, datetime

import pytest
from pyroaring import BitMap

from camphora.lake import manifest
from camphora.lake.cutting import SPAN, WIDE, wide
from camphora.lake.manifest import RECORDS, Part, Range, parts_of
from camphora.lake.sides import ACCESS
from camphora.policy.choices import stop_secondary_use
from camphora.policy.internal import loading
from camphora.records import Put

NAMES = ("person", "condition")


def _swap(present, chance, number):
    """A range of one or two sources made anew, or moved: new parts on each side, some of which have no rows."""
    low = chance.choice((0, SPAN, 5 * SPAN, WIDE * SPAN))
    names = chance.sample(NAMES, chance.randint(1, 2))
    here = {name: BitMap(low + chance.randrange(SPAN) for _ in range(chance.randrange(3))) for name in names}
    old = [part for name in names for part in parts_of(present, name, low)]
    new = [
        Part(f"{name}.{number}.{is_open}", RECORDS, low if is_open else wide(low), name, is_open, number)
        for name in names
        for is_open in (True, False)
        if chance.random() < 0.8
    ]
    return [Range(RECORDS, low, number, here)], new, old


@pytest.mark.parametrize("seed", range(5))
def test_a_manifest_that_follows_swaps_is_the_one_that_is_read(store, seed):
    chance, connection = random.Random(seed), store._connections.writer
    manifest.begin_anew(connection, "form")
    followed = manifest.read(connection)
    for number in range(40):
        swapped = _swap(followed, chance, number)
        manifest.swap(connection, *swapped)
        before, followed = followed, manifest.moved(followed, *swapped)
        assert followed == manifest.read(connection)
        assert before.version == followed.version - 1


def test_the_lines_are_not_read_again_for_what_moves_here(lake, monkeypatch):
    read = []
    monkeypatch.setattr(manifest, "read", read.append)
    lake._store.write(loading("test"), [Put(stop_secondary_use("p1", datetime.now(UTC)))])
    before = lake._follower.snapshot().manifest.version
    lake.catch_up()
    present = lake._follower.snapshot().manifest
    assert present.version > before
    assert present.withheld["condition"]
    assert read == []
    monkeypatch.undo()
    assert present == lake._store.kept(ACCESS, manifest.read)
