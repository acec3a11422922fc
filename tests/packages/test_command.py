"""`camphora package`: what is added is kept whole, shown with its licence, and taken away again."""

import json

import pytest

from camphora.cli import main
from camphora.errors import Conflict, NotFound
from camphora.fhir.packages import Guides, read
from camphora.installation import Installation, packages
from camphora.installation.backup import backup
from packages.archives import SYSTEM, guide


@pytest.fixture
def place(tmp_path):
    """A folder that a command takes for an installation."""
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "records.sqlite").touch()
    return tmp_path / "place"


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "ig.tgz").write_bytes(
        guide(dependencies={"org.none": "1.0.0", "tw.gov.mohw.twcore": "1.0.0"})
    )
    return tmp_path / "ig.tgz"


@pytest.fixture
def run(capsys, place):
    def ask(*words, lang="en"):
        code = main(["package", *map(str, words), "--in", str(place), "--lang", lang])
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask


def test_an_added_package_is_known_to_the_installation(run, place, archive):
    code, out, err = run("add", archive)
    assert code == 0
    assert "added org.example.ig#1.2.0" in out
    assert "CC0-1.0" in out
    assert "take this up when the server is started again" in out
    assert "org.none#1.0.0, which is not loaded" in err
    assert "tw.gov.mohw.twcore#0.3.2 stands in" in err
    assert packages.guides(place).find(SYSTEM["url"]) == SYSTEM


def test_an_open_installation_knows_what_is_added_meanwhile(run, place, archive):
    opened = Installation.open(place, make=True)
    try:
        assert opened.guides is Guides.bundled()
        run("add", archive)
        assert opened.guides.find(SYSTEM["url"]) == SYSTEM
        assert opened.guides is opened.guides
    finally:
        opened.close()


def test_a_profile_that_cannot_be_completed_is_named_when_its_package_is_added(run, tmp_path):
    profile = {
        "resourceType": "StructureDefinition", "id": "p", "url": "urn:p", "type": "Patient", "kind": "resource",
        "derivation": "constraint", "baseDefinition": "urn:none", "differential": {"element": [{"path": "Patient"}]},
    }  # fmt: skip
    (tmp_path / "p.tgz").write_bytes(guide({"package/p.json": profile}))
    code, _, err = run("add", tmp_path / "p.tgz")
    assert code == 0
    assert "urn:p: the definition cannot be completed: urn:none" in err


def test_adding_twice_changes_nothing(run, place, archive):
    run("add", archive)
    (file,) = (place / "packages").iterdir()
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    code, out, _ = run("add", archive, "--json")
    assert (code, json.loads(out)["added"]) == (0, False)
    assert [(f.read_bytes(), f.stat().st_mtime_ns) for f in (place / "packages").iterdir()] == [before]


def test_other_content_under_the_same_name_and_version_is_refused(run, place, archive, tmp_path):
    run("add", archive)
    (tmp_path / "other.tgz").write_bytes(guide({"package/x.json": {**SYSTEM, "id": "x", "url": "urn:x"}}))
    code, _, err = run("add", tmp_path / "other.tgz")
    assert code == Conflict.exit_code
    assert "packages-differs" in err
    assert packages.guides(place).find("urn:x") is None


def test_a_package_that_declares_no_licence_is_taken_and_that_is_said(run, tmp_path):
    (tmp_path / "free.tgz").write_bytes(guide(license=None))
    code, out, _ = run("add", tmp_path / "free.tgz", lang="zh-TW")
    assert code == 0
    assert "未宣告授權" in out


def test_a_faulty_package_leaves_nothing_behind(run, place, tmp_path):
    (tmp_path / "bad.tgz").write_bytes(guide()[:-30])
    code, _, err = run("add", tmp_path / "bad.tgz")
    assert code == 2
    assert "packages-archive" in err
    assert packages.kept(place) == ()
    assert run("add", tmp_path / "none.tgz")[0] == NotFound.exit_code


def test_a_write_that_fails_leaves_nothing_behind(place, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packages.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        packages.keep(place, read(guide()))
    assert list((place / "packages").iterdir()) == []


def test_the_list_tells_carried_from_added(run, archive):
    run("add", archive)
    rows = [json.loads(line) for line in run("list", "--json")[1].splitlines()]
    assert [row["origin"] for row in rows] == ["carried"] * 4 + ["added"]
    assert rows[-1] == {
        "name": "org.example.ig", "version": "1.2.0", "resources": 1, "licence": "CC0-1.0", "origin": "added",
    }  # fmt: skip
    assert "自行加入" in run("list", lang="zh-TW")[1]


def test_a_package_is_shown_with_what_it_holds_and_needs(run):
    code, out, _ = run("show", "tw.iii.ltc")
    assert code == 0
    assert "StructureDefinition 132" in out
    assert "tw.gov.mohw.twcore#0.3.2 stands in" in out
    assert "profile" in run("show", "tw.gov.mohw.nhi.pas#1.2.3", lang="zh-TW")[1]
    assert run("show", "org.nobody")[0] == NotFound.exit_code


def test_an_added_package_can_be_taken_away_and_a_carried_one_not(run, place, archive):
    run("add", archive)
    assert run("remove", "org.example.ig#1.2.0")[0] == 0
    assert packages.guides(place).find(SYSTEM["url"]) is None
    code, _, err = run("remove", "tw.iii.ltc#1.0.0")
    assert code == NotFound.exit_code
    assert "packages-not-added" in err
    assert run("remove", "../records.sqlite")[0] == NotFound.exit_code


def test_an_added_edition_takes_the_place_of_the_carried_one(place):
    own = read(guide(name="tw.iii.ltc", version="1.0.0"))
    packages.keep(place, own)
    assert [p.label for p in packages.guides(place).packages].count("tw.iii.ltc#1.0.0") == 1
    assert packages.guides(place).find(SYSTEM["url"]) == SYSTEM


def test_a_folder_without_an_installation_is_told(tmp_path, capsys):
    assert main(["package", "list", "--in", str(tmp_path), "--lang", "en"]) == 2
    assert "installation-none" in capsys.readouterr().err


def test_added_packages_travel_with_a_backup(run, place, archive, tmp_path):
    Installation.open(place, make=True).close()
    run("add", archive)
    backup(place, tmp_path / "copy")
    assert packages.guides(tmp_path / "copy").find(SYSTEM["url"]) == SYSTEM


def test_what_cannot_be_understood_is_named_and_the_rest_is_added(run, place, tmp_path):
    odd = {**SYSTEM, "url": "http://example.org/odd", "concept": "x"}
    (tmp_path / "odd.tgz").write_bytes(guide({"package/CodeSystem-odd.json": odd}))
    code, out, err = run("add", tmp_path / "odd.tgz")
    assert code == 2
    assert "added org.example.ig#1.2.0" in out
    assert "odd.tgz!CodeSystem-odd.json CodeSystem.concept: “http://example.org/odd”" in err
    known = packages.guides(place)
    assert known.find(SYSTEM["url"]) == SYSTEM
    assert known.find(odd["url"]) is None


def test_another_process_is_handed_the_packages_of_this_one(place, archive):
    """A worker goes by what its leader read, also where a package was added since."""
    before = packages.added_to(packages.guides(place))
    packages.keep(place, read(archive.read_bytes()))
    added = packages.added_to(packages.guides(place))
    assert before == ()
    assert packages.with_added(before) is Guides.bundled()
    assert len(added) == 1
    assert packages.with_added(added).find(SYSTEM["url"]) == SYSTEM
    assert Guides.bundled().find(SYSTEM["url"]) is None
