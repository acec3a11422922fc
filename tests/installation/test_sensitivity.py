"""Value sets of labels are changed while an installation is open."""

import subprocess
import sys
import textwrap
import time

import pytest

from camphora.installation import Installation
from camphora.policy.internal import loading
from camphora.policy.labels import labels_in, own
from camphora.records import Put
from consented import diagnosis

LINES = "label,system,code,mode\nPSY,icd-10-cm,J45,under\n"


@pytest.fixture
def installation(tmp_path):
    made = Installation.open(tmp_path / "place", make=True)
    made.store.write(
        loading("t"),
        [
            Put({"resourceType": "Patient", "id": "ada"}),
            Put(diagnosis("asthma", "ada", "J45.0")),
            Put(diagnosis("hiv", "ada", "B20")),
            Put(visit("asthma")),
        ],
    )
    yield made
    made.close()


def visit(condition):
    return {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/ada"},
        "diagnosis": [{"condition": {"reference": f"Condition/{condition}"}}],
    }


def labels(installation):
    sql = "SELECT r.id, r.labels FROM record r"
    rows = installation.store._connections.reader().execute(sql)
    return {name: labels_in(mask) for name, mask in rows}


def until(true):
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_file_that_comes_and_goes_labels_what_stands_and_what_is_written(installation, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(LINES)
    own.put(installation.folder, file)
    until(lambda: labels(installation)["asthma"] == {"PSY"})
    assert labels(installation)["visit"] == {"PSY"}
    installation.store.write(loading("t"), [Put(diagnosis("new", "ada", "J45.9"))])
    assert labels(installation)["new"] == {"PSY"}
    until(lambda: installation.store.labelling() is None)
    own.remove(installation.folder, "mine")
    until(lambda: installation.store.labelling() is None and labels(installation)["asthma"] == set())
    assert labels(installation) == {
        "ada": set(),
        "asthma": set(),
        "new": set(),
        "visit": set(),
        "hiv": {"HIV"},
    }


def test_a_file_that_is_not_right_changes_nothing(installation):
    place = installation.folder / own.FOLDER
    place.mkdir()
    (place / "mine.csv").write_text("nonsense\n")
    before = installation.store.rules
    installation.sensitivity.look()
    assert installation.store.rules is before
    assert installation.store.labelling() is None


def test_what_changed_while_nobody_served_is_labelled_at_the_next_opening(tmp_path):
    made = Installation.open(tmp_path / "place", make=True)
    made.store.write(
        loading("t"), [Put({"resourceType": "Patient", "id": "ada"}), Put(diagnosis("d", "ada", "J45.0"))]
    )
    made.close()
    file = tmp_path / "mine.csv"
    file.write_text(LINES)
    own.put(tmp_path / "place", file)
    made = Installation.open(tmp_path / "place")
    until(lambda: made.store.labelling() is None)
    assert labels(made)["d"] == {"PSY"}
    made.close()


def test_one_that_is_killed_in_the_midst_goes_on(tmp_path):
    """Some records are labelled by the newer sets, some wait; both sets hold until all are."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        import camphora.records.sqlite
        from camphora.installation import Installation
        from camphora.policy.internal import loading
        from camphora.policy.labels.own import put, rules_in
        from camphora.records import Put
        from consented import diagnosis
        camphora.records.sqlite.run = lambda *_: None
        folder = Path(sys.argv[1])
        made = Installation.open(folder, make=True)
        made.sensitivity.close()
        store = made.store
        store.write(loading("t"), [Put({"resourceType": "Patient", "id": "ada"})])
        store.write(loading("t"), [Put(diagnosis(f"d{n}", "ada", "J45.0")) for n in range(50)])
        put(folder, Path(sys.argv[2]))
        store.label_by(rules_in(folder))
        store._keeper.submit(lambda c: store._labelling.step(c, store._interned, 7)).result()
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    file = tmp_path / "mine.csv"
    file.write_text(LINES)
    command = [sys.executable, "-c", script, tmp_path / "place", file]
    assert subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode == -9
    made = Installation.open(tmp_path / "place")
    until(lambda: made.store.labelling() is None)
    found = labels(made)
    made.close()
    assert {name: one for name, one in found.items() if one != {"PSY"}} == {"ada": set()}
