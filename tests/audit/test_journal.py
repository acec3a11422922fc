"""Receipts on their way to the log: killed, torn, doubled, none is lost and none is there twice."""

import os
import shutil
import signal
import subprocess
import sys

import apsw
import pytest
from pyroaring import BitMap

from builders import citizen, clinician, people
from camphora.audit import Log, verify
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore, looks
from camphora.records.noting import Journal, kept_of


def _full(*_):
    raise OSError(28, "No space left on device")


@pytest.fixture
def store(tmp_path):
    made = SQLiteStore(tmp_path)
    made.write(loading("t"), [Put(one) for one in people()])
    yield made
    made.close()


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A store whose process was killed behind four reads, before any of their receipts was written to the log; and what
    lay in its journal."""
    folder = tmp_path_factory.mktemp("killed")
    script = (
        "import os, signal, sys; from pathlib import Path; from builders import clinician, people\n"
        "from camphora.audit import Log; from camphora.policy.internal import loading\n"
        "from camphora.records import Put, SQLiteStore\n"
        "Log.write_out = lambda log: None\n"
        "store = SQLiteStore(Path(sys.argv[1]))\n"
        "store.write(loading('t'), [Put(one) for one in people()])\n"
        "for name in ('ada', 'bo', 'ada', 'ada'): store.read(clinician(), 'Patient', name)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", script, str(folder)], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (folder / "audit" / "receipts.log").read_bytes() == b""
    return folder


@pytest.fixture
def left(killed, tmp_path):
    """A copy of it, with its records."""
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    files = [tmp_path / name for name in ("looks.pending", "looks.passing")]
    records = [each for file in files for each in file.read_bytes().rstrip(b"\0").splitlines(keepends=True)]
    assert len(records) == 4
    files[1].unlink()
    _put(tmp_path, records)
    return tmp_path, records


def _put(folder, records, *, into="looks.pending"):
    (folder / into).write_bytes(b"".join(records))


def _opened(folder):
    """The lines of the log of a store that was opened twice, and how often each of two persons was read."""
    for _ in range(2):
        store = SQLiteStore(folder)
        lines = [store.audit.entry(number) for number in range(len(store.audit))]
        looks = [[look.receipt for look in store.looks(citizen(name), name)] for name in ("ada", "bo")]
        store.close()
        assert verify(folder / "audit").sound
    return lines, looks


def test_what_was_killed_before_it_was_in_the_log_is_there_once_and_in_its_order(left):
    folder, records = left
    lines, looks = _opened(folder)
    assert lines == [kept_of(each[:-1]).line for each in records]
    assert looks == [[3, 2, 0], [1]]


@pytest.mark.parametrize("written", [1, 2, 4])
def test_what_is_in_the_log_already_is_not_doubled(left, written):
    folder, records = left
    lines = [kept_of(each[:-1]).line for each in records]
    (folder / "audit" / "receipts.log").write_bytes(b"".join(line + b"\n" for line in lines[:written]))
    assert _opened(folder) == (lines, [[3, 2, 0], [1]])


def test_a_line_that_the_log_has_half_is_there_once(left):
    folder, records = left
    lines = [kept_of(each[:-1]).line for each in records]
    (folder / "audit" / "receipts.log").write_bytes(lines[0] + b"\n" + lines[1][:50])
    assert _opened(folder) == (lines, [[3, 2, 0], [1]])


def test_records_of_both_files_come_in_their_order_and_once(left):
    folder, records = left
    _put(folder, records[2:])
    _put(folder, records[:3], into="looks.passing")
    assert _opened(folder)[1] == [[3, 2, 0], [1]]


@pytest.mark.parametrize("at", [0, 4, 12, 40, -3])
def test_a_torn_record_is_no_receipt_and_takes_no_other_with_it(left, at):
    folder, records = left
    torn = bytearray(records[1])
    torn[at] ^= 1
    _put(folder, [records[0], bytes(torn), *records[2:], records[3][:-30]])
    lines, looks = _opened(folder)
    assert (len(lines), looks) == (3, [[2, 1, 0], []])


def test_a_receipt_that_waited_and_is_in_the_log_waits_no_more(left):
    """A crash between the write to the log and the commit that takes it from those that wait."""
    folder, records = left
    _put(folder, [])
    line = kept_of(records[1][:-1])
    (folder / "audit" / "receipts.log").write_bytes(line.line + b"\n")
    connection = apsw.Connection(str(folder / "records.sqlite"))
    sql = "INSERT INTO waiting_receipt (receipt, members, salt) VALUES (?, ?, x'')"
    connection.execute(sql, (line.line, BitMap(line.persons).serialize()))
    connection.close()
    assert _opened(folder) == ([line.line], [[], [0]])


def test_where_the_log_cannot_be_written_at_the_start_they_wait(left, monkeypatch):
    folder, records = left
    with monkeypatch.context() as patched:
        patched.setattr(Log, "_write", _full)
        store = SQLiteStore(folder)
        assert (len(store.audit), store.working().waiting) == (0, 4)
        patched.undo()
        store.close()
    assert _opened(folder)[0] == [kept_of(each[:-1]).line for each in records]


def test_the_journal_holds_no_more_than_what_is_not_indexed(store):
    for _ in range(3):
        for _ in range(5):
            store.read(clinician(), "Patient", "ada")
        assert len(store.keeping._journal.read()) == 5
        store.settle()
        assert store.keeping._journal.read() == []


def test_what_comes_while_the_index_is_committed_stays_in_the_journal(store, monkeypatch):
    indexed = looks._index

    def meanwhile(connection, due):
        monkeypatch.setattr(looks, "_index", indexed)
        indexed(connection, due)
        store.read(clinician(), "Patient", "bo")

    store.read(clinician(), "Patient", "ada")
    monkeypatch.setattr(looks, "_index", meanwhile)
    store.keeping.catch_up()
    assert [kept.number for kept in store.keeping._journal.read()] == [1]
    store.settle()
    assert len(store.looks(citizen("bo"), "bo")) == 1


def test_a_read_writes_nothing_to_the_log_by_itself(store, monkeypatch):
    """No call of the system stands between a read and its answer; whoever looks has it written."""
    written = []
    wrote = Log._write
    monkeypatch.setattr(store.audit, "write_out", lambda: None)
    monkeypatch.setattr(Log, "_write", lambda log, content: (written.append(content), wrote(log, content)))
    for _ in range(3):
        store.read(clinician(), "Patient", "ada")
    assert written == []
    monkeypatch.undo()
    assert len(store.audit) == 3


def test_now_and_then_the_journal_is_forced_to_disk_and_what_is_due_is_indexed(store, monkeypatch):
    keeping, forced = store.keeping, []
    monkeypatch.setattr(store.audit, "after_group", lambda: None)
    monkeypatch.setattr(Journal, "flush", lambda journal: forced.append(len(journal.read())))
    for name in ("NOTED_EVERY", "INDEX_EVERY"):
        monkeypatch.setattr(looks, name, 1e9)
    store.read(clinician(), "Patient", "ada")
    keeping._go_on()
    assert (forced, keeping.due) == ([], 1)
    monkeypatch.setattr(looks, "NOTED_EVERY", 0)
    keeping._go_on()
    assert forced[0] == keeping.due == 1
    monkeypatch.setattr(looks, "INDEX_EVERY", 0)
    keeping._go_on()
    store.write(loading("t"), [Put(people()[0])])  # the keeper does what came before it first
    assert keeping.due == 0
