"""The file through its life: other tables, older and newer schemas, editions added and taken away."""

import shutil
import threading
from pathlib import Path

import apsw
import pytest

from camphora.errors import Fault, Invalid, NotFound
from camphora.terminology import Edition, Terminology, add_edition, file
from camphora.terminology.loaders import unload
from camphora.terminology.stored_library import StoredLibrary
from camphora.terminology.systems import Filter

POSTCODES = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/postal-code3-tw"
TREE = [
    {"code": "A", "zh": "甲", "more": '{"kind": "heading"}'},
    {"code": "A1", "zh": "甲一", "more": '{"parent": "A", "kind": "leaf"}'},
    {"code": "A2", "zh": "甲二", "status": "inactive", "more": '{"parent": "A"}'},
]
FIRST_RELEASE = """
CREATE TABLE edition (id INTEGER PRIMARY KEY, url TEXT NOT NULL, version TEXT NOT NULL, zh TEXT NOT NULL,
  en TEXT NOT NULL, licence TEXT NOT NULL, source TEXT NOT NULL, concepts INTEGER NOT NULL, UNIQUE (url, version));
CREATE TABLE alias (alias TEXT PRIMARY KEY, url TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE concept (edition INTEGER NOT NULL, code TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL,
  folded TEXT NOT NULL, status TEXT NOT NULL, more TEXT NOT NULL, PRIMARY KEY (edition, code)) WITHOUT ROWID;
CREATE TABLE plain (url TEXT, code TEXT, zh TEXT, en TEXT, kind TEXT, folded TEXT);
CREATE TABLE built (digest TEXT NOT NULL);
INSERT INTO built VALUES ('of the first release');
INSERT INTO edition VALUES (1, 'urn:own', '1', '自有', 'own', 'own', 'test', 2);
INSERT INTO alias VALUES ('urn:other-name', 'urn:own');
INSERT INTO concept VALUES (1, 'A', '甲', '', 'a 甲', 'active', ''),
  (1, 'B', '乙', 'second', 'b 乙 second', 'inactive', '{"parent": "A", "colour": "red"}');
"""


def edition(version="1", url="urn:tree"):
    return Edition(url, version, "樹", "tree", "own", "test")


def other_tables(path):
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE built SET digest = 'other tables'; DELETE FROM concept WHERE edition = 1")
    connection.close()


def test_what_was_added_stays_when_the_bundled_tables_change(own):
    add_edition(own.path, edition(), TREE)
    own.close()
    other_tables(own.path)
    again = Terminology.ready(own.path)
    assert [term.code for term in again.search("甲", "urn:tree")] == ["A", "A1", "A2"]
    assert again.lookup("urn:tree", "A1").more == {"kind": "leaf"}
    assert again.lookup("urn:tree", "A2").active is False
    assert again.validate(POSTCODES, "100")
    system = StoredLibrary(again).code_system("urn:tree")
    assert (system.children("A"), system.is_a("A2", "A")) == (["A1", "A2"], True)
    assert [one.code for one in system.concepts([Filter("kind", "=", "leaf")])] == ["A1"]
    again.close()


def test_an_edition_that_a_release_no_longer_bundles_stays(own):
    connection = apsw.Connection(str(own.path))
    connection.execute("UPDATE edition SET version = '2020-01-01' WHERE url = ?", (POSTCODES,))
    connection.execute("UPDATE built SET digest = 'an earlier release'")
    connection.close()
    own.close()
    again = Terminology.ready(own.path)
    assert [one.version for one in again.editions(POSTCODES)] == ["2023-12-28", "2020-01-01"]
    assert again.lookup(POSTCODES, "100", "2020-01-01").zh == "臺北市中正區"
    again.close()


def test_a_file_of_the_first_release_is_brought_over(tmp_path):
    path = tmp_path / "terminology.sqlite"
    connection = apsw.Connection(str(path))
    connection.execute(FIRST_RELEASE)
    connection.close()
    opened = Terminology.ready(path)
    assert opened.lookup("urn:other-name", "B").more == {"colour": "red"}
    assert opened.lookup("urn:own", "B").active is False
    assert StoredLibrary(opened).code_system("urn:own").is_a("B", "A")
    assert opened.validate(POSTCODES, "100")
    opened.close()


def test_nothing_is_loaded_into_a_file_of_the_first_release(tmp_path):
    path = tmp_path / "terminology.sqlite"
    connection = apsw.Connection(str(path))
    connection.execute(FIRST_RELEASE)
    connection.close()
    with pytest.raises(Invalid, match="terminology-older-file"):
        add_edition(path, edition(), TREE)
    assert Terminology.ready(path).validate("urn:own", "A")


def test_a_newer_file_is_refused_and_left_alone(own):
    own.close()
    connection = apsw.Connection(str(own.path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = own.path.read_bytes()
    with pytest.raises(Fault, match="terminology-newer-file"):
        Terminology.ready(own.path)
    assert own.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database", b""])
def test_another_file_is_no_terminology_file(tmp_path, content):
    path = tmp_path / "other.sqlite"
    path.write_bytes(content)
    with pytest.raises(Invalid, match="terminology-not-a-file"):
        Terminology.ready(path)


def test_an_edition_is_taken_away_with_everything_of_it(own):
    tables = ("concept", "edge", "property", "attribute", "edition", "trigram", "pair")
    count = lambda: [own.readers.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables]  # noqa: E731
    before = count()
    add_edition(own.path, edition(), TREE)
    assert all(now > then for now, then in zip(count()[:5], before[:5], strict=True))
    unload(own.path, "urn:tree", "1")
    assert count() == before
    assert own.search("甲一", "urn:tree") == []
    with pytest.raises(NotFound, match="terminology-no-edition"):
        unload(own.path, "urn:tree", "1")


def test_inactive_codes_and_old_editions_are_still_found(own):
    add_edition(own.path, edition("1"), TREE)
    add_edition(own.path, edition("10"), TREE[:1])
    assert own.lookup("urn:tree", "A2") is None
    assert own.lookup("urn:tree", "A2", "1").status == "inactive"
    assert own.lookup("urn:tree", "A2", "1").active is False
    assert [one.version for one in own.editions("urn:tree")] == ["10", "1"]


def test_what_another_process_loads_is_seen(own):
    assert own.validate("urn:tree", "A") is None
    path = own.path
    copy = path.with_name("copy.sqlite")
    shutil.copy(path, copy)
    add_edition(path, edition(), TREE)
    assert own.validate("urn:tree", "A") is True


def test_a_build_cut_off_before_its_last_step_loses_nothing(own, monkeypatch):
    own.lookup("urn:s", "a")  # with a reader the log is not emptied by the writer that leaves
    add_edition(own.path, Edition("urn:s", "1", "s", "s", "own", "test"), [{"code": "a"}])

    def cut_off(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        Terminology.build(own.path)
    again = Terminology.open(own.path)
    assert again.validate("urn:s", "a") is True
    again.close()


def test_a_thread_at_rest_does_not_keep_the_log_from_being_emptied(own, monkeypatch):
    monkeypatch.setattr(file, "SNAPSHOT_SECONDS", 0.05)
    own.lookup("urn:s", "a")
    add_edition(own.path, Edition("urn:s", "1", "s", "s", "own", "test"), [{"code": "a"}])
    connection = file.open_to_write(own.path)
    ((busy, pages, _),) = file.query(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert (busy, pages) == (0, 0)
    assert own.validate("urn:s", "a") is True


def test_one_thread_lets_all_readers_rest(own, monkeypatch):
    begun = []

    class Counted(threading.Thread):
        def start(self):
            begun.append(self.name)
            super().start()

    monkeypatch.setattr(file, "SNAPSHOT_SECONDS", 600)
    monkeypatch.setattr(file, "Thread", Counted)

    def ask():
        for _ in range(5):
            file.noticed()
            own.lookup("urn:s", "a")

    own.lookup("urn:s", "a")
    readers = [threading.Thread(target=ask) for _ in range(4)]
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    assert len(begun) <= 1
