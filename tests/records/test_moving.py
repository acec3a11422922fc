"""The write-ahead log is moved into the file beside the keeper, and begins anew under steady writing."""

from itertools import pairwise

import apsw
import pytest

from camphora.records import moving
from camphora.records.moving import Moving


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setattr(moving, "LONG", 20)
    monkeypatch.setattr(moving, "MORE", 10)
    path = tmp_path / "file.sqlite"
    writer = apsw.Connection(str(path))
    list(writer.execute("PRAGMA journal_mode = WAL; CREATE TABLE kept (text TEXT)"))
    made = Moving(path, writer)
    yield made, writer, path
    made.close()
    writer.close()


def write(made, writer, times):
    """Commits, and how many pages the log had behind each."""
    pages = []
    for _ in range(times):
        writer.execute("INSERT INTO kept VALUES (?)", ("x" * 9_000,))
        pages.append(made._pages)
        made.look()
        if made._thread is not None:
            made._thread.join()
    return pages


def test_the_log_begins_anew_while_it_is_written(log):
    made, writer, _ = log
    pages = write(made, writer, 100)
    assert max(pages) < 40
    assert sum(after < before for before, after in pairwise(pages)) > 3


def test_who_reads_an_older_state_only_puts_it_off(log):
    made, writer, path = log
    reader = apsw.Connection(str(path))
    reader.execute("BEGIN")
    assert list(reader.execute("SELECT count(*) FROM kept")) == [(0,)]
    grown = write(made, writer, 60)
    assert grown == sorted(grown)
    assert list(reader.execute("SELECT count(*) FROM kept")) == [(0,)]
    reader.execute("COMMIT")
    assert min(write(made, writer, 60)) < 20
    assert list(reader.execute("SELECT count(*) FROM kept")) == [(120,)]
    reader.close()


def test_a_file_that_cannot_be_opened_leaves_it_to_the_next_time(log, monkeypatch):
    made, writer, path = log
    monkeypatch.setattr(made, "_path", path.parent / "nowhere" / "file.sqlite")
    write(made, writer, 40)
    assert list(writer.execute("SELECT count(*) FROM kept")) == [(40,)]
