"""A decision loaded into an installation: its pages judge by it from its week on, and it stays on record."""

import csv

import pytest

from camphora.engines.watch.retuning import TABLE
from camphora.gate.gate import ANYBODY
from camphora.installation import Installation
from camphora.installation.loading import Loader
from camphora.policy.internal import loading
from camphora.policy.vocabulary import Purpose
from camphora.web.watching import Watches
from watch.test_bulletin import early
from watch.test_retuning import ROW

SYSTEM = "smart_epidemic_prevention"


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    opened = Installation.open(tmp_path_factory.mktemp("decided") / "place", make=True)
    rows = early("2018-20")
    opened.store.add_batch(
        loading("a weekly file"), "ili_visits", rows, source="cdc", as_of="2023-07-01", public=True
    )
    opened.lake.catch_up()
    yield opened
    opened.close()


def test_a_decision_is_added_to_the_table_and_the_watch_follows_it(installation, tmp_path):
    access = installation.gate.access(ANYBODY, Purpose.OPEN)
    system, watches = installation.catalogue.systems[SYSTEM], Watches()

    def seen():
        return watches.of(installation, system, access, ["ili"])["ili"]

    first = seen()
    assert first.watch.retunings == ()
    assert seen() is first
    for number, value in enumerate((0.0002, 0.0005)):
        file = tmp_path / f"{number}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, ROW)
            writer.writeheader()
            writer.writerow({**ROW, "week": "2018-05", "value": value, "decided": f"2017-06-2{number}"})
        report = Loader(installation).load(file, TABLE)
        assert report.faults == []
        installation.lake.catch_up()
        (held,) = seen().watch.retunings
        assert (held.value, held.by, held.why) == (value, "疫情中心", "假訊號過多")
    assert len(installation.store.batches(access, TABLE)) == 2
    assert watches.made(installation, system, access, ["ili"])["ili"] is seen()
    assert first.watch.as_in("2018-05").budget.own == 0.01
    assert seen().watch.as_in("2018-05").budget.own == 0.0005


@pytest.mark.parametrize(
    "wrong", [{"week": "2018W05"}, {"setting": "loudness"}, {"why": ""}, {"value": "much"}]
)
def test_a_row_that_says_no_decision_is_refused(installation, tmp_path, wrong):
    file = tmp_path / "wrong.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ROW)
        writer.writeheader()
        writer.writerow({**ROW, **wrong})
    report = Loader(installation).load(file, TABLE)
    assert report.faults
    assert report.written == 0
