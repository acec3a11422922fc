"""A drill tells a backup that can be relied on from one that cannot, and leaves nothing of persons behind."""

import threading
from datetime import UTC, datetime

import apsw
import orjson
import pytest

from builders import clinician, people
from camphora.cli import main
from camphora.errors import Invalid
from camphora.installation import backup as backing
from camphora.installation import drill as drilling
from camphora.installation.drill import drill
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Put

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
CHECKS = {"counts", "bodies", "change log", "index", "receipts", "proofs"}


@pytest.fixture
def filled(installation):
    store = installation.store
    store.write(loading("t"), [Put(resource) for resource in people()])
    store.write(loading("t"), [Put(choices.restrict("ada", "h2", NOW))])
    for _ in range(5):
        store.read(clinician("h1"), "Patient", "ada")
    return installation


def test_a_drill_while_serving_proves_the_backup(filled, tmp_path):
    stop, number = threading.Event(), 0

    def write():
        nonlocal number
        while not stop.is_set():
            number += 1
            filled.store.write(loading("t"), [Put({"resourceType": "Patient", "id": f"p{number}"})])
            filled.store.read(clinician("h1"), "Patient", "bo")

    writing = threading.Thread(target=write)
    writing.start()
    try:
        report = drill(filled.folder)
    finally:
        stop.set()
        writing.join()
    assert report.holds, report.text().decode()
    assert {each.name for each in report.checks} >= CHECKS
    seen = {each.name: each.seen for each in report.checks}
    assert seen["proofs"]["proven"] == seen["proofs"]["tried"] > 1
    assert seen["index"]["records"] > 10
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".camphora-drill")]


def test_nothing_of_a_person_is_in_the_report(filled):
    text = drill(filled.folder).text().decode()
    for said in ("王小明", "A123456780", "Patient/ada", "林醫師", "dr-h1"):
        assert said not in text


SPOILS = {
    "index": "DELETE FROM posting WHERE record = (SELECT min(record) FROM posting)",
    "change log": "DELETE FROM change WHERE no = 2",
    "bodies": "UPDATE content SET body = x'7b7d' WHERE record = (SELECT max(record) FROM content)",
    "counts": "UPDATE record SET deleted = 1 WHERE no = (SELECT max(no) FROM record)",
}


@pytest.mark.parametrize("name", SPOILS)
def test_what_came_back_wrong_is_told(filled, monkeypatch, name):
    """The copy is spoiled between the backup and the checks."""
    filled.store.settle()

    def spoiled(source, to, progress):
        kept = backing.restore(source, to, progress)
        connection = apsw.Connection(str(to / "records.sqlite"))
        connection.execute(SPOILS[name])
        connection.close()
        return kept

    monkeypatch.setattr(drilling, "restore", spoiled)
    report = drill(filled.folder)
    assert not report.holds
    assert name in {each.name for each in report.checks if not each.holds}


def test_a_receipt_that_was_changed_is_told(filled, monkeypatch):
    def spoiled(source, to, progress):
        kept = backing.restore(source, to, progress)
        log = to / "audit" / "receipts.log"
        log.write_bytes(log.read_bytes().replace(b"TREAT", b"HRESC", 1))
        return kept

    filled.store.audit.sync()
    monkeypatch.setattr(drilling, "restore", spoiled)
    report = drill(filled.folder)
    assert {"receipts"} <= {each.name for each in report.checks if not each.holds}


@pytest.mark.parametrize(("lang", "says"), [("zh-TW", "備份完整"), ("en", "can be put back")])
def test_the_command_says_so_and_writes_the_report(filled, tmp_path, capsys, lang, says):
    code = main(["drill", str(filled.folder), "--report", str(tmp_path / "drill.json"), "--lang", lang])
    assert code == 0
    assert says in capsys.readouterr().out
    report = orjson.loads((tmp_path / "drill.json").read_bytes())
    assert report["holds"]
    assert {each["name"] for each in report["checks"]} >= CHECKS


def test_a_folder_without_an_installation_is_refused(tmp_path):
    with pytest.raises(Invalid, match="installation-none"):
        drill(tmp_path)


def test_backup_and_restore_as_commands(filled, tmp_path, capsys):
    assert main(["backup", str(filled.folder), str(tmp_path / "copy"), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "secret.key" in said
    assert "11 records" in said
    assert main(["restore", str(tmp_path / "copy"), str(tmp_path / "again"), "--lang", "en"]) == 0
    assert (tmp_path / "again" / "records.sqlite").exists()
