"""An audit folder that was put back alone to an older state is seen on the machine: when it is opened, by
`camphora audit verify`, and while it is served."""

import shutil
from pathlib import Path

import pytest

from builders import clinician, people
from camphora.audit import verify
from camphora.cli import main
from camphora.errors import Fault
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.looks import known_on_disk


def _read(folder, times):
    store = SQLiteStore(folder)
    for _ in range(times):
        store.read(clinician(), "Patient", "ada")
    store.settle()
    store.close()


@pytest.fixture
def rolled(tmp_path):
    """A store whose audit folder, whole and soundly signed, is that of an earlier day."""
    folder = tmp_path / "place"
    store = SQLiteStore(folder)
    store.write(loading("t"), [Put(one) for one in people()])
    store.close()
    _read(folder, 2)
    shutil.copytree(folder / "audit", tmp_path / "older")
    _read(folder, 3)
    assert verify(folder / "audit", known=known_on_disk(folder)).sound
    shutil.rmtree(folder / "audit")
    shutil.copytree(tmp_path / "older", folder / "audit")
    return folder


def test_it_is_not_opened_and_nothing_of_the_evidence_changes(rolled):
    before = {path.name: path.read_bytes() for path in (rolled / "audit").iterdir()}
    for _ in range(2):
        with pytest.raises(Fault, match="audit-rolled-back") as told:
            SQLiteStore(rolled)
    assert (told.value.facts["size"], told.value.facts["known"]) == (2, 5)
    assert {path.name: path.read_bytes() for path in (rolled / "audit").iterdir()} == before


def test_an_audit_folder_that_is_gone_is_the_same(rolled):
    shutil.rmtree(rolled / "audit")
    with pytest.raises(Fault, match="audit-rolled-back"):
        SQLiteStore(rolled)


def test_the_newest_folder_put_back_is_opened(rolled, tmp_path):
    with pytest.raises(Fault):
        SQLiteStore(rolled)
    newest = tmp_path / "place2"
    shutil.copytree(tmp_path / "older", newest / "audit")
    store = SQLiteStore(newest)
    assert len(store.audit) == 2
    store.close()


def test_verify_names_it_and_a_copy_of_the_log_alone_is_sound(rolled, capsys):
    assert main(["audit", "verify", str(rolled), "--lang", "en"]) != 0
    said = capsys.readouterr()
    assert "holds 2 receipts, but the store knows of 5" in said.out + said.err
    assert main(["audit", "verify", str(rolled / "audit"), "--lang", "en"]) == 0
    assert str(verify(rolled / "audit", known=5).faults[0]).startswith("receipts.log: 2 receipts, but")


@pytest.mark.parametrize("how", ["replaced", "cut", "gone"])
def test_while_it_is_served_the_store_is_not_ready(tmp_path, how):
    store = SQLiteStore(tmp_path)
    store.write(loading("t"), [Put(one) for one in people()])
    store.read(clinician(), "Patient", "ada")
    store.settle()
    path = Path(tmp_path / "audit" / "receipts.log")
    assert store.working().ready
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(b"")
    else:
        path.rename(tmp_path / "aside")
        if how == "replaced":
            path.write_bytes(content)
    assert not store.working().ready
    path.unlink(missing_ok=True)
    (tmp_path / "aside").rename(path) if how != "cut" else path.write_bytes(content)
    store.close()
