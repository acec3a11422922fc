"""A backup opens again with everything, choices included, and leaves nothing behind that the original proves."""

import threading

import orjson
import pytest

from builders import NOW, citizen, clinician, people
from camphora.audit import verify
from camphora.errors import Busy, Conflict, Invalid, NotFound
from camphora.installation import Installation
from camphora.installation.backup import backup
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
    assert backup(installation.folder, tmp_path / "copy") > 0
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
        assert backup(installation.folder, tmp_path / "copy") > 0
    finally:
        stop.set()
        writing.join()
