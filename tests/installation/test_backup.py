"""A backup opens again with everything, choices included, and leaves nothing behind that the original proves."""

import pytest

from builders import NOW, citizen, clinician, people
from camphora.audit import verify
from camphora.errors import Busy, Conflict, Invalid, NotFound
from camphora.installation import Installation
from camphora.installation.backup import backup
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Put


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
        assert len(copy.store.looks(citizen(), "ada")) == 2
    finally:
        copy.close()
    assert verify(tmp_path / "copy" / "audit").sound


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
