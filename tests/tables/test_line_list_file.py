"""Line lists as files: their mapping remembered, cases written whole, nothing doubled, persons found again."""

import csv
import datetime as dt
from types import SimpleNamespace

import openpyxl
import orjson
import pytest

from builders import patient
from camphora.errors import CamphoraError, Fault
from camphora.fhir.search import parse_query
from camphora.formats.aside import Aside
from camphora.formats.csv_rows import csv_rows
from camphora.formats.line_list import Cases, Mapping, proposed
from camphora.formats.line_list import cases as cases_module
from camphora.formats.line_list.seen import Seen
from camphora.installation import Installation, line_list_file
from camphora.installation import report as report_module
from camphora.installation.loading import Loader
from camphora.installation.places import Places
from camphora.installation.preparing import Preparing
from camphora.policy import Purpose, Reader, Request, Role, admit
from camphora.policy.asking import Scope
from camphora.policy.internal import following, loading
from camphora.records import Put
from camphora.synth.line_list import COLUMNS, line_list

LAST, TODAY = dt.date(2026, 11, 14), dt.date(2026, 11, 20)
ROWS = line_list(seed=1, cases=12, last=LAST)


def _csv(path, rows, columns=COLUMNS):
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _excel(path, rows):
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    for row in rows:
        book.active.append([row[column] for column in COLUMNS])
    book.save(path)
    return path


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "confirmed.toml"
    path.write_text(proposed(COLUMNS, "tainan"), "utf-8")
    return path


def _bare(installation):
    """Without the standard's profiles, which take their time."""
    return Preparing(
        SimpleNamespace(validate=lambda _: [], holds_structure=False), installation.store.registry
    )


def _load(installation, path, mapping=None, **more):
    given = {"bad": path.parent, **more}
    loader = Loader(installation, preparing=_bare(installation), today=TODAY, **given)
    return loader.load(path, line_list=True, mapping=mapping)


def _refused(installation, path, mapping=None, **more):
    with pytest.raises(CamphoraError) as refused:
        _load(installation, path, mapping, **more)
    assert installation.store.last_change() == 0
    return refused.value


def _count(installation):
    return installation.store.counts()


def _all(installation, kind):
    found = installation.store.search(following("test"), parse_query(kind, [("_count", "500")], strict=True))
    return [orjson.loads(row.body) for row in found.rows]


def test_a_list_without_a_mapping_is_not_loaded_and_one_is_proposed(installation, tmp_path):
    path = _csv(tmp_path / "台南.csv", ROWS)
    fault = _refused(installation, path)
    assert (fault.code, fault.place.file) == ("line-list-unmapped", "台南.csv")
    assert "台南-mapping.toml" in fault.remedy("zh-TW")
    assert (tmp_path / "台南-mapping.toml").exists()
    report = _load(installation, path, tmp_path / "台南-mapping.toml")
    assert (report.read, report.written, report.faults) == (12, 12, [])
    assert _count(installation) == {
        "Patient": 12,
        "Encounter": 12,
        "Condition": 12,
        "Observation": _tested(ROWS),
    }


def _tested(rows):
    return sum(row["檢驗結果"] != "檢驗中" for row in rows)


def test_a_mapping_that_was_confirmed_is_remembered(installation, tmp_path, mapping):
    _load(installation, _csv(tmp_path / "w1.csv", ROWS[:6]), mapping)
    report = _load(installation, _csv(tmp_path / "w2.csv", ROWS))
    assert (report.read, report.written, report.unchanged) == (12, 6, 6)
    assert [one.name for one in (installation.folder / "mappings").iterdir()] == ["tainan.toml"]
    assert (installation.folder / "mappings").stat().st_mode & 0o77 == 0


def test_a_column_that_nobody_decided_upon_asks_again(installation, tmp_path, mapping):
    _load(installation, _csv(tmp_path / "w1.csv", []), mapping)
    columns = (*COLUMNS, "職業")
    fault = _refused(installation, _csv(tmp_path / "w2.csv", ROWS, columns))
    assert fault.code == "line-list-unmapped"


def test_a_mapped_column_that_is_missing_is_named(installation, tmp_path, mapping):
    rows = [{key: cell for key, cell in row.items() if key != "發病日"} for row in ROWS]
    columns = [column for column in COLUMNS if column != "發病日"]
    fault = _refused(installation, _csv(tmp_path / "w.csv", rows, columns), mapping)
    (first,) = fault.faults
    assert (first.code, str(first.place), first.facts["column"]) == (
        "formats-header-missing",
        "w.csv:1",
        "發病日",
    )


def test_a_workbook_is_a_list_too_and_the_same_one(installation, tmp_path, mapping):
    _load(installation, _csv(tmp_path / "w.csv", ROWS), mapping)
    report = _load(installation, _excel(tmp_path / "w.xlsx", ROWS))
    assert (report.written, report.unchanged) == (0, 12)


def test_a_list_loaded_again_changes_nothing_and_a_revision_only_its_cases(installation, tmp_path, mapping):
    _load(installation, _csv(tmp_path / "w.csv", ROWS), mapping)
    before = installation.store.last_change()
    again = _load(installation, _csv(tmp_path / "again.csv", ROWS))
    assert (again.written, again.unchanged, installation.store.last_change()) == (0, 12, before)
    revised = [{**ROWS[0], "研判結果": "排除"}, *ROWS[1:]]
    revised[0]["研判結果"] = "疑似" if ROWS[0]["研判結果"] == "排除" else "排除"
    report = _load(installation, _csv(tmp_path / "w3.csv", revised))
    assert (report.written, report.changed, report.unchanged) == (1, 1, 11)
    assert installation.store.last_change() == before + 1


def test_rows_at_fault_come_back_and_the_others_are_kept(installation, tmp_path, mapping):
    rows = [*ROWS[:2], {**ROWS[2], "發病日": "很久以前"}, *ROWS[3:]]
    report = _load(installation, _csv(tmp_path / "w.csv", rows), mapping)
    assert (report.read, report.written) == (12, 11)
    assert [(one.code, str(one.place)) for one in report.faults] == [("formats-date", "w.csv:4:發病日")]
    returned = (tmp_path / "w-bad.csv").read_bytes().decode("utf-8-sig")
    assert len(returned.splitlines()) == 2
    (tmp_path / "mended.csv").write_text(returned.replace("很久以前", ROWS[2]["發病日"]), "utf-8")
    assert _load(installation, tmp_path / "mended.csv").written == 1


def test_duplicates_are_shown_by_line_and_never_by_name(installation, tmp_path, mapping):
    near = {**ROWS[0], "通報單編號": "D999"}
    report = _load(installation, _csv(tmp_path / "w.csv", [*ROWS, ROWS[3], near]), mapping)
    assert [(one.code, one.facts["lines"]) for one in report.notes] == [
        ("line-list-again", "5＝14"),
        ("line-list-near", "2＝15"),
    ]
    said = "".join(one.text(lang) + one.remedy(lang) for one in report.notes for lang in ("zh-TW", "en"))
    assert ROWS[0]["姓名"] not in said


def test_the_same_case_written_another_way_changes_nothing(installation, tmp_path, mapping):
    _load(installation, _csv(tmp_path / "a.csv", ROWS), mapping)
    wide = {ord(one): chr(ord(one) + 0xFEE0) for one in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    other = [
        {
            **row,
            "居住縣市": row["居住縣市"].replace("臺", "台"),
            "身分證字號": row["身分證字號"].translate(wide),
            "通報單編號": row["通報單編號"].translate(wide),
            "姓名": f"{row['姓名'][0]}\u3000{row['姓名'][1:]}",
            "發病日": row["發病日"].replace("/", "").translate(wide),
            "通報日": f"{int(row['通報日'][:3]) + 1911}-{row['通報日'][4:6]}-{row['通報日'][7:]}",
        }
        for row in ROWS
    ]
    report = _load(installation, _csv(tmp_path / "b.csv", other))
    assert (report.faults, report.written, report.changed) == ([], 0, 0)
    assert report.unchanged == len(ROWS)
    assert report.notes == []


@pytest.mark.parametrize("by", ["number", "name"])
def test_a_case_that_another_list_brought_is_proposed_and_both_are_kept(installation, tmp_path, mapping, by):
    other = tmp_path / "other.toml"
    other.write_text(proposed(COLUMNS, "kaohsiung"), "utf-8")
    _load(installation, _csv(tmp_path / "a.csv", ROWS), mapping)
    before = len(_all(installation, "Condition"))
    row = {**ROWS[0], "通報單編號": "K1", "居住縣市": ROWS[0]["居住縣市"].replace("臺", "台")}
    row["身分證字號"] = row["身分證字號"] if by == "number" else ""
    far = {**ROWS[1], "通報單編號": "K2", "發病日": "110/01/01", "診斷日": "110/01/02", "通報日": "110/01/03"}
    report = _load(installation, _csv(tmp_path / "b.csv", [row, far]), other)
    assert (report.faults, report.written) == ([], 2)
    (note,) = report.notes
    assert (note.code, note.facts["n"]) == ("line-list-known", 1)
    assert note.facts["lines"].startswith("2＝Condition/ll-")
    assert not any(row[key] and row[key] in str(note) for key in ("姓名", "身分證字號"))
    assert len(_all(installation, "Condition")) == before + 2
    again = _load(installation, tmp_path / "b.csv", other)
    assert (again.notes, again.written, again.unchanged) == ([], 0, 2)


def test_a_person_of_two_cases_is_one_patient(installation, tmp_path, mapping):
    other = {**ROWS[0], "通報單編號": "D999", "疾病名稱": "恙蟲病"}
    _load(installation, _csv(tmp_path / "w.csv", [ROWS[0], other]), mapping)
    assert _count(installation)["Patient"] == 1
    assert _count(installation)["Condition"] == 2


def test_a_person_whom_a_hospital_knows_stays_the_hospitals(installation, tmp_path, mapping):
    born = dt.date(int(ROWS[0]["出生日期"][:3]) + 1911, *map(int, ROWS[0]["出生日期"].split("/")[1:]))
    known = patient("ada", "王小明", born.isoformat(), ROWS[0]["身分證字號"])
    installation.store.write(loading("hospital"), [Put(known)])
    _load(installation, _csv(tmp_path / "w.csv", ROWS[:1]), mapping)
    assert [one["subject"]["reference"] for one in _all(installation, "Condition")] == ["Patient/ada"]
    assert [one["name"][0]["text"] for one in _all(installation, "Patient")] == ["王小明"]


def test_a_number_of_somebody_born_on_another_day_is_a_fault(installation, tmp_path, mapping):
    known = patient("ada", "王小明", "1900-01-01", ROWS[0]["身分證字號"])
    installation.store.write(loading("hospital"), [Put(known)])
    report = _load(installation, _csv(tmp_path / "w.csv", ROWS), mapping)
    assert [(one.code, one.place.line) for one in report.faults] == [("line-list-other-person", 2)]
    assert report.written == 11


def test_what_an_earlier_list_says_of_a_person_stays(installation, tmp_path, mapping):
    _load(installation, _csv(tmp_path / "w.csv", ROWS[:1]), mapping)
    _load(installation, _csv(tmp_path / "w2.csv", [{**ROWS[0], "聯絡電話": ""}]))
    (one,) = _all(installation, "Patient")
    assert one["telecom"][0]["value"] == ROWS[0]["聯絡電話"]


def test_ids_do_not_tell_who(installation, tmp_path, mapping):
    _load(installation, _csv(tmp_path / "w.csv", ROWS), mapping)
    ids = " ".join(one["id"] for kind in ("Patient", "Condition") for one in _all(installation, kind))
    assert not any(row["身分證字號"] in ids or row["通報單編號"] in ids for row in ROWS)


def test_an_officer_sees_the_cases_of_their_county_and_nobody_elses(installation, tmp_path, mapping):
    """The law's own door: surveillance, notifiable records, the own area."""
    other = line_list(seed=2, cases=3, last=LAST, county="高雄市")
    rows = [*ROWS, *({**row, "通報單編號": f"K{row['通報單編號']}"} for row in other)]
    _load(installation, _csv(tmp_path / "w.csv", rows), mapping)
    found = {}
    for area in ("67000", "64000", "63000"):
        reader = Reader("officer", "防疫科", Role.OFFICER, scope=Scope(areas=frozenset({area})))
        access = admit(Request(reader, Purpose.SURVEILLANCE)).access
        page = installation.store.search(access, parse_query("Condition", [("_count", "500")], strict=True))
        found[area] = len(page.rows)
    assert found == {"67000": 12, "64000": 3, "63000": 0}


def test_a_dry_run_writes_and_remembers_nothing(installation, tmp_path, mapping):
    report = _load(installation, _csv(tmp_path / "w.csv", ROWS), mapping, dry_run=True)
    assert (report.written, report.faults) == (12, [])
    assert installation.store.last_change() == 0
    assert not (installation.folder / "mappings").exists()


def test_a_list_is_read_no_further_than_what_is_written(installation, tmp_path, mapping, monkeypatch):
    """So that memory does not grow with the list."""
    came, seen = [], []
    read, write = line_list_file.csv_rows, type(installation.store).write
    monkeypatch.setattr(line_list_file, "TOGETHER", 4)
    monkeypatch.setattr(
        line_list_file, "csv_rows", lambda *a, **k: (came.append(row.line) or row for row in read(*a, **k))
    )
    monkeypatch.setattr(
        type(installation.store), "write", lambda *a, **k: seen.append(len(came)) or write(*a, **k)
    )
    told = []
    path = _csv(tmp_path / "w.csv", ROWS)
    loader = Loader(installation, preparing=_bare(installation), today=TODAY)
    assert loader.load(path, line_list=True, mapping=mapping, count=told.append).written == 12
    assert seen == [4, 8, 12]
    assert told == sorted(told)
    assert len(told) == 4
    assert told[-1] == path.stat().st_size


def test_what_was_found_in_parts_is_what_was_found_at_once(installation, tmp_path, mapping, monkeypatch):
    """Doubles across parts, persons of several rows, cases of the list itself."""
    other = {**ROWS[0], "通報單編號": "D999", "疾病名稱": "恙蟲病", "聯絡電話": "0000-000-001"}
    near = {**ROWS[1], "通報單編號": "D998"}
    differs = {**ROWS[2], "研判結果": "疑似" if ROWS[2]["研判結果"] != "疑似" else "確定"}
    rows = [*ROWS, ROWS[3], near, other, differs]
    _load(installation, _csv(tmp_path / "before.csv", [near]), mapping)
    monkeypatch.setattr(line_list_file, "TOGETHER", 1)
    for dry in (True, False):
        report = _load(installation, _csv(tmp_path / "w.csv", rows), dry_run=dry)
        assert (report.read, report.written, report.unchanged) == (16, 13, 2)
        assert [(one.code, one.facts["lines"]) for one in report.notes] == [
            ("line-list-again", "5＝14"),
            ("line-list-near", "3＝15"),
        ]
        assert [(one.code, one.place.line, one.facts["first"]) for one in report.faults] == [
            ("line-list-case-doubled", 17, 4)
        ]
    phones = {one["telecom"][0]["value"] for one in _all(installation, "Patient")}
    assert ROWS[0]["聯絡電話"] in phones
    assert "0000-000-001" not in phones
    assert _count(installation)["Patient"] == 12


def test_a_load_that_broke_off_is_loaded_again_and_nothing_is_doubled(
    installation, tmp_path, mapping, monkeypatch
):
    write, calls = type(installation.store).write, []

    def breaks(*given, **more):
        calls.append(1)
        if len(calls) == 3:
            raise Fault("installation-worker-gone")
        return write(*given, **more)

    monkeypatch.setattr(line_list_file, "TOGETHER", 5)
    monkeypatch.setattr(type(installation.store), "write", breaks)
    path = _csv(tmp_path / "w.csv", ROWS)
    with pytest.raises(Fault):
        _load(installation, path, mapping)
    assert _count(installation)["Condition"] == 10
    report = _load(installation, path)
    assert (report.written, report.unchanged, report.notes) == (2, 10, [])
    assert _count(installation)["Patient"] == 12


def test_what_an_interrupted_load_took_is_passed_over_and_still_known(
    installation, tmp_path, mapping, monkeypatch
):
    """Resumed, a load ends as one that was never interrupted: doubles over the break are found, a person of two rows
    stays as the first of them says, and what was refused is outstanding."""
    known = patient("ada", "王小明", "1900-01-01", ROWS[1]["身分證字號"])
    installation.store.write(loading("hospital"), [Put(known)])
    other = {**ROWS[0], "通報單編號": "D999", "疾病名稱": "恙蟲病", "聯絡電話": "0000-000-001"}
    path = _csv(tmp_path / "w.csv", [*ROWS[:8], {**ROWS[8], "發病日": "昨天"}, *ROWS[9:], ROWS[3], other])
    write, calls, given = type(installation.store).write, [], {"bad": tmp_path, "key": "w"}
    monkeypatch.setattr(line_list_file, "TOGETHER", 5)

    def breaks(*acts, **more):
        calls.append(len(acts[2]))
        if len(calls) == 2:
            raise Fault("installation-worker-gone")
        return write(*acts, **more)

    monkeypatch.setattr(type(installation.store), "write", breaks)
    with pytest.raises(Fault):
        _resumed(installation, path, mapping, **given)
    report = _resumed(installation, path, mapping, **given)
    assert (report.read, report.written, report.unchanged, report.outstanding) == (14, 7, 6, 1)
    assert [(one.code, one.place.line) for one in report.faults] == [("formats-date", 10)]
    assert [(one.code, one.facts["lines"]) for one in report.notes] == [("line-list-again", "5＝14")]
    assert (_count(installation)["Patient"], _count(installation)["Condition"]) == (11, 11)
    assert "0000-000-001" not in {one["telecom"][0]["value"] for one in _all(installation, "Patient")[1:]}
    again = _resumed(installation, path, mapping, **given)
    assert (again.passed_over, again.outstanding, len(calls)) == (True, 2, 4)


def _resumed(installation, path, mapping, *, bad, key):
    places = Places.of(installation.folder)
    loader = Loader(
        installation, preparing=_bare(installation), today=TODAY, bad=bad, places=places, resume=True
    )
    return loader.load(path, line_list=True, mapping=mapping, key=key)


def test_rows_of_nothing_are_no_rows(installation, tmp_path, mapping):
    path = _csv(tmp_path / "w.csv", ROWS)
    path.write_bytes(path.read_bytes() + (b"," * (len(COLUMNS) - 1) + b"\r\n") * 3)
    report = _load(installation, path, mapping)
    assert (report.read, report.written, report.faults) == (12, 12, [])


def test_of_whom_nothing_stood_no_case_is_looked_for(installation, tmp_path, mapping, monkeypatch):
    """Whom others have brought under the same name is looked for still."""
    _load(installation, _csv(tmp_path / "a.csv", ROWS[:2]), mapping)
    asked, search = [], type(installation.store).search
    monkeypatch.setattr(type(installation.store), "search", lambda *a: asked.append(a[2].type) or search(*a))
    known = {**ROWS[0], "通報單編號": "D999"}
    report = _load(installation, _csv(tmp_path / "b.csv", [*ROWS[2:], known]))
    assert report.written == 11
    assert asked == ["Patient"] * 11 + ["Condition"]
    assert [note.code for note in report.notes] == ["line-list-known"]


def test_every_row_at_fault_comes_back_however_many_there_are(installation, tmp_path, mapping, monkeypatch):
    monkeypatch.setattr(report_module, "MOST_FAULTS", 3)
    rows = [{**row, "發病日": "很久以前"} for row in ROWS]
    report = _load(installation, _csv(tmp_path / "w.csv", rows), mapping)
    assert (len(report.faults), report.fault_count, report.written) == (3, 12, 0)
    returned = (tmp_path / "w-bad.csv").read_bytes().decode("utf-8-sig")
    assert len(returned.splitlines()) == 13


def test_nothing_of_a_person_is_laid_aside(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(Aside, "__exit__", lambda *_: None)
    monkeypatch.setattr(cases_module, "Seen", lambda: kept.append(Seen()) or kept[0])
    path = tmp_path / "m.toml"
    path.write_text(proposed(COLUMNS, "tainan"), "utf-8")
    taken = list(Cases(Mapping.load(path), TODAY).read(csv_rows(_csv(tmp_path / "w.csv", ROWS))))
    assert sum(one.case is not None for one in taken) == 12
    dump = b"".join(
        each if isinstance(each, bytes) else str(each).encode()
        for table in ("seen", "illness")
        for row in kept[0].disk.execute(f"SELECT * FROM {table}")
        for each in row
    )
    assert len(dump) > 12 * 32
    for row in ROWS:
        assert not any(row[key].encode() in dump for key in ("姓名", "身分證字號", "通報單編號", "聯絡電話"))


@pytest.mark.slow
def test_the_cases_stand_before_the_standard(tmp_path, mapping):
    installation = Installation.open(tmp_path / "whole", make=True)
    try:
        report = Loader(installation, bad=tmp_path, today=TODAY).load(
            _csv(tmp_path / "w.csv", ROWS), line_list=True, mapping=mapping
        )
        assert (report.written, [str(one) for one in report.faults]) == (12, [])
        assert set(report.warnings) == {"taiwan-id-checksum"}
    finally:
        installation.close()
