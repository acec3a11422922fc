"""A backup opens again with everything, choices included, and leaves nothing behind that the original proves."""

import threading

import orjson
import pytest

from builders import NOW, citizen, clinician, people
from camphora.audit import verify
from camphora.errors import Busy, Conflict, Invalid, NotFound
from camphora.installation import Installation
from camphora.installation.backup import UNFINISHED, backup, read_list, restore
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.terminology.loaders import Asked, load

COLOURS = {
    "resourceType": "CodeSystem", "url": "http://camphora.test/colours", "version": "1", "status": "active",
    "content": "complete", "concept": [{"code": "red", "display": "紅"}],
}  # fmt: skip


def test_a_backup_taken_while_serving_opens_and_keeps_the_choices(installation, tmp_path):
    store = installation.store
    store.write(loading("t"), [Put(resource) for resource in people()])
    store.read(clinician("h1"), "Patient", "ada")
    store.write(loading("t"), [Put(choices.restrict("ada", "h2", NOW))])
    assert backup(installation.folder, tmp_path / "copy").bytes > 0
    copy = Installation.open(tmp_path / "copy")
    try:
        assert copy.store.read(clinician("h1"), "Patient", "ada").id == "ada"
        with pytest.raises(NotFound):
            copy.store.read(clinician("h2"), "Patient", "ada")
        copy.store.settle()
        assert [look.decision for look in copy.store.looks(citizen(), "ada")] == ["deny", "permit", "permit"]
    finally:
        copy.close()
    assert verify(tmp_path / "copy" / "audit").sound


def test_code_systems_that_were_added_are_in_the_copy(installation, tmp_path):
    source = tmp_path / "own.json"
    source.write_bytes(orjson.dumps(COLOURS))
    load(installation.terminology.path, source, Asked())
    (installation.folder / "validation.toml").write_text('default = "warn"\n', "utf-8")
    backup(installation.folder, tmp_path / "copy")
    copy = Installation.open(tmp_path / "copy")
    try:
        assert copy.terminology.lookup(COLOURS["url"], "red") is not None
        assert copy.standard.validator.policy.default == "warn"
    finally:
        copy.close()


def test_a_backup_never_writes_into_what_is_there(installation, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "note").write_text("mine")
    with pytest.raises(Conflict, match="installation-not-empty"):
        backup(installation.folder, tmp_path / "copy")
    with pytest.raises(Invalid, match="installation-none"):
        backup(tmp_path / "copy", tmp_path / "other")


def test_only_one_process_holds_an_installation(installation):
    with pytest.raises(Busy, match="installation-held"):
        Installation.open(installation.folder)


def test_an_installation_and_its_copy_are_readable_by_their_owner_only(installation, tmp_path):
    backup(installation.folder, tmp_path / "copy")
    for folder in (installation.folder, tmp_path / "copy"):
        assert folder.stat().st_mode & 0o077 == 0
        for name in ("records.sqlite", "gate.sqlite", "secret.key", "audit/heads.key"):
            assert (folder / name).stat().st_mode & 0o077 == 0, name


def test_a_backup_ends_while_the_store_is_written(installation, tmp_path):
    store, stop = installation.store, threading.Event()
    store.write(loading("t"), [Put(resource) for resource in people()])

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            store.write(loading("t"), [Put({"resourceType": "Patient", "id": f"p{number}"})])

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert backup(installation.folder, tmp_path / "copy").bytes > 0
    finally:
        stop.set()
        writing.join()


@pytest.fixture
def filled(installation):
    """An installation with two persons, somebody who looked, and its folder's files written."""
    installation.store.write(loading("t"), [Put(resource) for resource in people()])
    installation.store.read(clinician("h1"), "Patient", "ada")
    installation.store.audit.flush()
    return installation


def test_a_backup_says_what_it_holds_and_names_the_keys_apart(filled, tmp_path):
    made = backup(filled.folder, tmp_path / "copy")
    assert made.holds.records["Observation"] == 4
    assert made.holds.change == filled.store.last_change()
    assert made.holds.receipts == len(filled.store.audit) == 1
    assert made.keys == ("audit/heads.key", "secret.key")
    assert {"records.sqlite", "gate.sqlite", "audit/receipts.log"} <= {each.name for each in made.files}
    assert read_list(tmp_path / "copy") == made


def test_receipts_that_reach_the_log_meanwhile_are_copied_with_the_journal_or_with_the_log(filled, tmp_path):
    asked = []
    for name in ("looks.pending", "looks.passing"):
        assert (filled.folder / name).exists()
    backup(filled.folder, tmp_path / "copy", lambda *_: asked.append({*names_in(tmp_path / "copy")}))
    logged = [names for names in asked if "audit/receipts.log" in names]
    assert logged
    assert all({"looks.pending", "looks.passing"} <= names for names in logged)


def names_in(folder):
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_progress_reaches_the_end(filled, tmp_path):
    told = []
    backup(filled.folder, tmp_path / "copy", lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 5
    assert told[-1][0] > 0.9 * told[-1][1]


def test_what_is_put_back_opens_with_everything(filled, tmp_path):
    backup(filled.folder, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "again")
    assert (tmp_path / "again").stat().st_mode & 0o077 == 0
    again = Installation.open(tmp_path / "again")
    try:
        assert again.store.read(clinician("h1"), "Patient", "ada").id == "ada"
        assert again.store.last_change() == filled.store.last_change()
    finally:
        again.close()


@pytest.mark.parametrize("name", ["records.sqlite", "audit/receipts.log", "secret.key"])
def test_a_byte_that_was_changed_is_found_and_nothing_is_put_back(filled, tmp_path, name):
    backup(filled.folder, tmp_path / "copy")
    content = bytearray((tmp_path / "copy" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "copy" / name).write_bytes(content)
    with pytest.raises(Invalid, match="installation-backup-damaged"):
        restore(tmp_path / "copy", tmp_path / "again")
    assert {path.name for path in tmp_path.iterdir()} == {"place", "copy"}
    (tmp_path / "copy" / name).unlink()
    with pytest.raises(Invalid, match="installation-backup-damaged"):
        restore(tmp_path / "copy", tmp_path / "again")


def test_a_backup_that_was_broken_off_is_refused_and_begun_anew(filled, tmp_path):
    class Stopped(Exception):
        pass

    def stop(done, total):
        raise Stopped

    with pytest.raises(Stopped):
        backup(filled.folder, tmp_path / "copy", stop)
    assert (tmp_path / "copy" / UNFINISHED).exists()
    with pytest.raises(Invalid, match="installation-backup-unfinished"):
        restore(tmp_path / "copy", tmp_path / "again")
    (tmp_path / "copy" / "left").write_text("from before")
    made = backup(filled.folder, tmp_path / "copy")
    assert not (tmp_path / "copy" / "left").exists()
    assert restore(tmp_path / "copy", tmp_path / "again") == made


def test_nothing_is_put_back_over_what_is_there(filled, tmp_path):
    backup(filled.folder, tmp_path / "copy")
    with pytest.raises(Conflict, match="installation-not-empty"):
        restore(tmp_path / "copy", filled.folder)
    with pytest.raises(Invalid, match="installation-not-a-backup"):
        restore(filled.folder, tmp_path / "again")
    with pytest.raises(Invalid, match="installation-backup-inside"):
        backup(filled.folder, filled.folder / "copy")


def test_a_list_that_names_a_file_elsewhere_is_refused(filled, tmp_path):
    backup(filled.folder, tmp_path / "copy")
    said = (tmp_path / "copy" / "backup.json").read_text("utf-8")
    (tmp_path / "copy" / "backup.json").write_text(said.replace("secret.key", "../../stolen.key"), "utf-8")
    with pytest.raises(Invalid, match="installation-backup-damaged"):
        restore(tmp_path / "copy", tmp_path / "deep" / "again")
    assert not (tmp_path / "stolen.key").exists()


def test_a_line_of_the_log_that_is_being_written_is_not_in_the_copy(filled, tmp_path):
    log = filled.folder / "audit" / "receipts.log"
    filled.store.audit.sync()
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"at":17')
    try:
        backup(filled.folder, tmp_path / "copy")
    finally:
        log.write_bytes(whole)
    assert (tmp_path / "copy" / "audit" / "receipts.log").read_bytes() == whole
