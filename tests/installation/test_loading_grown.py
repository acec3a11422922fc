"""Folders and archives, other processes, interrupted loads, dry runs, and the file of bad rows."""

import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import orjson
import pytest

from builders import observation, patient
from camphora.errors import CamphoraError
from camphora.formats import Limits
from camphora.installation import Installation
from camphora.installation.loading import Loader, Stopped
from camphora.installation.places import Places
from camphora.installation.preparing import elsewhere
from camphora.installation.sources import sources
from camphora.policy.internal import following

PERSON = patient("ada", "王小明", "1950-02-01", "A123456780")


def _lines(*resources):
    return b"".join(orjson.dumps(each) + b"\n" for each in resources)


def _many(count, start=0):
    return [
        observation(f"o{number}", "ada", "8480-6", "2026-01-05") for number in range(start, start + count)
    ]


def _zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def _load_all(loader, paths):
    reports = []
    for source in sources(paths):
        with source.opened() as path:
            reports.append(loader.load(path, name=source.name, key=source.key))
    return reports


def test_a_file_of_lines_may_be_longer_than_others_may(installation, tmp_path):
    blank = b" " * (15 << 20) + b"\n"
    assert 9 * len(blank) > Limits().packed
    with (tmp_path / "long.ndjson").open("wb") as file:
        file.write(_lines(PERSON, *_many(1)))
        file.writelines(blank for _ in range(9))
    loader = Loader(installation)
    assert loader.load(tmp_path / "long.ndjson").written == 2
    (tmp_path / "long.json").write_bytes(b"[" + b" " * (9 * len(blank)))
    with pytest.raises(CamphoraError) as refused:
        loader.load(tmp_path / "long.json")
    assert refused.value.code == "formats-too-large"


def test_folders_and_archives_are_taken_apart_in_order(installation, tmp_path):
    folder = tmp_path / "all"
    (folder / "b").mkdir(parents=True)
    (folder / "a.ndjson").write_bytes(_lines(PERSON))
    (folder / "b" / "notes.txt").write_text("-")
    with tarfile.open(folder / "b" / "x.tar.gz", "w:gz") as archive:
        for name, data in (("1.ndjson", _lines(*_many(2))), ("more/2.json", orjson.dumps(_many(1, 2)[0]))):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    _zip(folder / "c.zip", **{"d__3.ndjson": _lines(*_many(2, 3))})
    reports = _load_all(Loader(installation), [folder])
    assert [(each.file, each.written) for each in reports] == [
        ("all/a.ndjson", 1), ("all/b/x.tar.gz/1.ndjson", 2), ("all/b/x.tar.gz/more/2.json", 1),
        ("all/c.zip/d/3.ndjson", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["../out.ndjson", "/etc/out.ndjson", "a/../../out.ndjson", "c:/out.ndjson"])
def test_a_name_that_leads_out_of_an_archive_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, _lines(PERSON))
    with pytest.raises(CamphoraError, match="formats-archive-path"):
        sources([tmp_path / "a.zip"])


def test_a_link_in_an_archive_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        entry = tarfile.TarInfo("a.ndjson")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(CamphoraError, match="formats-archive-path"):
        sources([tmp_path / "a.tar"])


def test_an_archive_that_swells_is_refused_before_it_is_unpacked(tmp_path):
    _zip(tmp_path / "bomb.zip", **{"a.ndjson": b" " * 50_000_000})
    with pytest.raises(CamphoraError, match="formats-swells"):
        sources([tmp_path / "bomb.zip"])


def test_a_broken_archive_is_refused_in_words(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(CamphoraError, match="formats-archive-broken"):
        sources([tmp_path / "a.zip"])


def test_other_processes_make_the_same_as_this_one(installation, fresh, tmp_path):
    labelled = {**_many(1, 900)[0], "meta": {"security": [{"code": "PSY"}]}}
    lines = [PERSON, *_many(600), labelled, {**_many(1, 700)[0], "colour": "red"}]
    path = tmp_path / "a.ndjson"
    path.write_bytes(_lines(*lines) + b'{"resourceType"')
    validator, registry = installation.standard.validator, installation.store.registry
    here = Loader(installation, dry_run=True).load(path)
    with elsewhere(installation.folder, validator, registry) as preparing:
        report = Loader(installation, preparing=preparing).load(path)
    assert (report.read, report.written) == (604, 602)
    assert [str(each) for each in report.faults] == [str(each) for each in here.faults]
    assert report.warnings == here.warnings
    again = Loader(installation).load(path)
    assert (again.written, again.unchanged) == (0, 602)
    assert installation.store.verify_index(following("test")).differences == ()
    assert installation.store.verify().sound if hasattr(installation.store, "verify") else True


def test_a_load_that_was_stopped_goes_on_at_its_place(installation, tmp_path, monkeypatch):
    monkeypatch.setattr("camphora.installation.loading.CHUNK", 10)
    path, bad = tmp_path / "a.ndjson", tmp_path / "bad.ndjson"
    wrong = [{**each, "colour": "red"} for each in _many(2, 800)]
    path.write_bytes(_lines(PERSON, wrong[0], *_many(30), wrong[1]))
    calls = iter([False, True])
    loader = Loader(
        installation, bad=bad, places=Places.of(installation.folder), stopped=lambda: next(calls, False)
    )
    with pytest.raises(Stopped):
        _load_all(loader, [path])
    with bad.open("ab") as file:
        file.write(b"written after the place was noted\n")
    again = Loader(installation, bad=bad, places=Places.of(installation.folder), resume=True)
    (report,) = _load_all(again, [path])
    assert (report.read, report.written, report.unchanged) == (13, 12, 0)
    assert bad.read_bytes() == _lines(*wrong)
    assert len(bad.with_name("bad.ndjson.reasons").read_bytes().splitlines()) == 2
    (over,) = _load_all(again, [path])
    assert over.passed_over


def test_a_file_that_has_changed_since_is_read_from_its_beginning(installation, tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(_lines(PERSON))
    loader = Loader(installation, places=Places.of(installation.folder), resume=True)
    _load_all(loader, [path])
    path.write_bytes(_lines(PERSON, *_many(2)))
    (report,) = _load_all(loader, [path])
    assert (report.read, report.written) == (3, 2)


def test_a_dry_run_says_what_would_change(installation, tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(_lines(PERSON, *_many(3)))
    Loader(installation).load(path)
    before = installation.store.last_change()
    path.write_bytes(_lines(PERSON, {**_many(1)[0], "status": "amended"}, *_many(3, 1)))
    report = Loader(installation, dry_run=True).load(path)
    assert (report.written, report.changed, report.unchanged) == (2, 1, 3)
    assert installation.store.last_change() == before


def test_bad_rows_of_several_files_lie_in_one_with_their_reasons(installation, tmp_path):
    wrong = [{**each, "colour": "red"} for each in _many(3)]
    for number, each in enumerate(wrong):
        (tmp_path / f"{number}.ndjson").write_bytes(_lines(PERSON, each))
    loader = Loader(installation, bad=tmp_path / "bad.ndjson", lang="en")
    _load_all(loader, [tmp_path / f"{number}.ndjson" for number in range(3)])
    assert (tmp_path / "bad.ndjson").read_bytes() == _lines(*wrong)
    reasons = [orjson.loads(each) for each in (tmp_path / "bad.ndjson.reasons").read_bytes().splitlines()]
    assert [(each["row"], each["faults"][0]["place"].split()[0]) for each in reasons] == [
        (1, "0.ndjson:2"), (2, "1.ndjson:2"), (3, "2.ndjson:2"),
    ]  # fmt: skip


def test_inputs_of_one_name_have_bad_files_of_their_own_and_none_is_written_over(installation, tmp_path):
    wrong = [{**each, "colour": "red"} for each in _many(3)]
    for folder, row in zip("xy", wrong, strict=False):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pat.ndjson").write_bytes(_lines(row))
    (tmp_path / "bad").mkdir()
    first = _load_all(Loader(installation, bad=tmp_path / "bad"), [tmp_path / "x", tmp_path / "y"])
    (tmp_path / "x" / "pat.ndjson").write_bytes(_lines(wrong[2]))
    later = _load_all(Loader(installation, bad=tmp_path / "bad"), [tmp_path / "x"])
    names = ["pat-bad.ndjson", "pat-bad-2.ndjson", "pat-bad-3.ndjson"]
    assert [each.bad_file for each in first + later] == [str(tmp_path / "bad" / name) for name in names]
    assert [(tmp_path / "bad" / name).read_bytes() for name in names] == [_lines(row) for row in wrong]


def test_rows_that_are_loaded_from_a_bad_file_are_not_lost_when_they_are_bad_again(installation, tmp_path):
    path = tmp_path / "a-bad.ndjson"
    path.write_bytes(_lines({**_many(1)[0], "colour": "red"}))
    before = path.read_bytes()
    (report,) = _load_all(Loader(installation, bad=tmp_path), [path])
    assert path.read_bytes() == before
    assert report.bad_file == str(tmp_path / "a-bad-2.ndjson")


def test_a_named_file_of_bad_rows_that_is_there_is_not_written_over(installation, tmp_path):
    path, bad = tmp_path / "a.ndjson", tmp_path / "bad.ndjson"
    path.write_bytes(_lines({**_many(1)[0], "colour": "red"}))
    bad.write_bytes(b"kept\n")
    (report,) = _load_all(Loader(installation, bad=bad), [path])
    assert bad.read_bytes() == b"kept\n"
    assert report.bad_file == str(tmp_path / "bad-2.ndjson")


def test_faults_of_a_load_that_has_ended_are_told_when_it_is_passed_over(installation, tmp_path):
    path, bad = tmp_path / "a.ndjson", tmp_path / "bad.ndjson"
    path.write_bytes(_lines(PERSON, {**_many(1)[0], "colour": "red"}))
    _load_all(Loader(installation, bad=bad, places=Places.of(installation.folder)), [path])
    again = Loader(
        installation, bad=tmp_path / "bad2.ndjson", places=Places.of(installation.folder), resume=True
    )
    (report,) = _load_all(again, [path])
    assert (report.passed_over, report.outstanding) == (True, 1)
    assert not list(tmp_path.glob("bad2*"))
    assert len(bad.read_bytes().splitlines()) == 1


@pytest.mark.parametrize("name", ["one.json", "one.json.gz"])
def test_a_bundle_that_was_left_out_is_set_apart_as_it_came(installation, tmp_path, name):
    entries = [{"resource": one} for one in (PERSON, {**_many(1)[0], "colour": "red"})]
    raw = orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    (report,) = _load_all(Loader(installation, bad=tmp_path), [tmp_path / name])
    assert (report.read, report.written, report.together) == (2, 0, True)
    assert report.bad_file == str(tmp_path / "one-bad.json")
    assert (tmp_path / "one-bad.json").read_bytes() == raw + b"\n"
    (reason,) = (tmp_path / "one-bad.json.reasons").read_bytes().splitlines()
    assert orjson.loads(reason)["faults"][0]["code"] == "fhir-unknown-element"


def test_after_kill_9_resume_brings_the_rest_and_doubles_nothing(fresh, tmp_path):
    path, place = tmp_path / "a.ndjson", tmp_path / "killed"
    path.write_bytes(_lines(PERSON, *_many(20_000)))
    command = [
        sys.executable,
        "-m",
        "camphora",
        "load",
        str(path),
        "--into",
        str(place),
        "--bad",
        str(tmp_path),
    ]
    started = subprocess.Popen(
        command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + 120
    while not (place / "loading.json").exists() and started.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    reached = next(iter(Places.of(place).reached.values()))
    assert 0 < reached.line < 20_001
    told = subprocess.run([*command, "--resume", "--json", "--lang", "en"], capture_output=True, check=True)
    report = orjson.loads(told.stdout)
    assert report["read"] == 20_001 - reached.line
    opened = Installation.open(place)
    counts = opened.store.counts()
    opened.close()
    assert (counts["Patient"], counts["Observation"]) == (1, 20_000)
