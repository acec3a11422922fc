"""Files of every kind, right and wrong: what is kept, where each fault is, and that nothing is doubled."""

import gzip
import subprocess
import sys
import time
import zipfile

import openpyxl
import orjson
import pytest

from builders import observation, patient
from camphora.errors import CamphoraError, Invalid, TooLarge
from camphora.installation import Installation
from camphora.installation.loading import Loader
from camphora.policy.internal import following

RATIO = "hospital_code,branch,name,level,month_roc,day,evening,night"


def _ndjson(path, resources):
    path.write_bytes(b"".join(orjson.dumps(resource) + b"\n" for resource in resources))
    return path


def _some(count=5):
    return [patient("ada", "王小明", "1950-02-01", "A123456780")] + [
        observation(f"o{number}", "ada", "8480-6", "2026-01-05") for number in range(count)
    ]


def test_ndjson_is_loaded_and_a_second_time_doubles_nothing(installation, tmp_path):
    path = _ndjson(tmp_path / "a.ndjson", _some())
    first = Loader(installation).load(path)
    again = Loader(installation).load(path)
    assert (first.read, first.written, first.unchanged) == (6, 6, 0)
    assert (again.written, again.unchanged) == (0, 6)


def test_resources_without_id_are_not_doubled_either(installation, tmp_path):
    nameless = {key: value for key, value in _some()[1].items() if key != "id"}
    path = _ndjson(tmp_path / "a.ndjson", [_some()[0], nameless])
    assert Loader(installation).load(path).written == 2
    assert Loader(installation).load(path).unchanged == 2


def test_a_dry_run_writes_nothing(installation, tmp_path):
    path = _ndjson(tmp_path / "a.ndjson", _some())
    report = Loader(installation, dry_run=True).load(path)
    assert report.written == 6
    assert installation.store.last_change() == 0


def test_bad_lines_are_located_and_come_back_in_a_file_that_can_be_mended(installation, tmp_path):
    wrong = {**_some()[1], "status": "finnal", "colour": "red"}
    path = tmp_path / "a.ndjson"
    lines = [
        orjson.dumps(_some()[0]),
        orjson.dumps(wrong),
        b'{"resourceType": "Pat',
        orjson.dumps(_some()[2]),
    ]
    path.write_bytes(b"\n".join(lines))
    report = Loader(installation, bad=tmp_path).load(path)
    assert (report.read, report.written) == (4, 2)
    assert {(fault.place.line, fault.place.path) for fault in report.faults} == {
        (2, "Observation.status"),
        (2, "Observation.colour"),
        (3, None),
    }
    bad = (tmp_path / "a-bad.ndjson").read_bytes().splitlines()
    assert bad == [lines[1], lines[2]]


def test_a_name_that_stands_twice_is_a_bad_line_and_what_is_right_is_kept(installation, tmp_path):
    twice = b'{"resourceType":"Patient","id":"n3","id":"n4"}'
    path = tmp_path / "a.ndjson"
    path.write_bytes(orjson.dumps(_some()[0]) + b"\n" + twice + b"\n")
    report = Loader(installation, bad=tmp_path).load(path)
    assert (report.read, report.written) == (2, 1)
    assert [(fault.code, str(fault.place)) for fault in report.faults] == [
        ("web-fhir-twice", "a.ndjson:2:37")
    ]
    assert (tmp_path / "a-bad.ndjson").read_bytes() == twice + b"\n"


@pytest.mark.parametrize(
    "around", [b"%s", b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":%s}]}']
)
def test_a_name_that_stands_twice_in_a_whole_file_is_located(installation, tmp_path, around):
    twice = b'{"resourceType":"Patient",\n"id":"n3","id":"n4"}'
    (tmp_path / "b.json").write_bytes(around % twice)
    report = Loader(installation).load(tmp_path / "b.json")
    assert [(fault.code, str(fault.place)) for fault in report.faults] == [("web-fhir-twice", "b.json:2:11")]
    assert report.written == 0


def _declared(code, expression="Observation.value.unit", **more):
    return {
        "resourceType": "SearchParameter", "id": code, "url": f"https://example.org/{code}", "name": "Unit",
        "status": "active", "description": "-", "code": code, "base": ["Observation"], "type": "string",
        "expression": expression, **more,
    }  # fmt: skip


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_search_parameter_that_cannot_be_is_a_bad_line_and_the_rest_is_kept(
    installation, tmp_path, dry_run
):
    bad = [_declared("broken", "Observation.("), _declared("none", "Observation.nothing")]
    path = _ndjson(tmp_path / "a.ndjson", [_some()[0], bad[0], _declared("unit"), *bad[1:], *_some()[1:]])
    report = Loader(installation, dry_run, bad=tmp_path).load(path)
    assert (report.read, report.written) == (9, 7)
    assert [(one.place.line, one.place.path) for one in report.faults] == [
        (2, "SearchParameter.expression"),
        (4, "SearchParameter.expression"),
    ]
    rows = [orjson.loads(row) for row in (tmp_path / "a-bad.ndjson").read_bytes().splitlines()]
    assert rows == bad


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("together", [False, True])
def test_search_parameters_that_are_kept_and_declare_nothing_are_told(
    installation, tmp_path, dry_run, together
):
    """Guides say parameters of R4 again."""
    own = _declared("unit")
    rows = [
        _some()[0],
        _declared("status", type="token"),
        _declared("code"),
        own,
        {**own, "id": "again", "url": "u:2"},
    ]
    if together:
        entries = [{"resource": one} for one in rows]
        path = tmp_path / "a.json"
        path.write_bytes(orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    else:
        path = _ndjson(tmp_path / "a.ndjson", rows)
    report = Loader(installation, dry_run).load(path)
    assert (report.written, report.faults) == (5, [])
    told = {code: n for code, n in report.warnings.items() if code.startswith("fhir-parameter-")}
    assert told == {"fhir-parameter-restated": 2, "fhir-parameter-idle": 1}
    where = [str(place) for place in report.places["fhir-parameter-restated"]]
    lines = ["a.json Bundle.entry[1].resource.code", "a.json Bundle.entry[4].resource.code"]
    assert where == (
        lines if together else ["a.ndjson:2 SearchParameter.code", "a.ndjson:5 SearchParameter.code"]
    )


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_search_parameter_that_cannot_be_keeps_its_bundle_out(installation, tmp_path, dry_run):
    entries = [{"resource": one} for one in (_some()[0], _declared("none", "Observation.nothing"))]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (tmp_path / "b.json").write_bytes(orjson.dumps(bundle))
    report = Loader(installation, dry_run).load(tmp_path / "b.json")
    (fault,) = report.faults
    assert str(fault.place).endswith("Bundle.entry[1].resource.expression")
    assert (report.read, report.written) == (2, 0)
    assert installation.store.last_change() == 0


def test_a_bundle_with_local_addresses_is_joined_up(installation, tmp_path):
    person, seen = _some()[0], {**_some()[1], "subject": {"reference": "urn:uuid:1"}}
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": person}, {"fullUrl": "urn:uuid:2", "resource": seen}],
    }
    path = tmp_path / "b.json"
    path.write_bytes(orjson.dumps(bundle))
    assert Loader(installation).load(path).written == 2
    body = installation.store.read(following("t"), "Observation", seen["id"]).body
    assert b'"Patient/ada"' in body


def test_a_bundle_with_one_wrong_entry_is_kept_not_at_all(installation, tmp_path):
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": _some()[0]}, {"resource": {**_some()[1], "status": 7}}],
    }
    (tmp_path / "b.json").write_bytes(orjson.dumps(bundle))
    report = Loader(installation).load(tmp_path / "b.json")
    assert [str(fault.place) for fault in report.faults] == ["b.json Bundle.entry[1].resource.status"]
    assert installation.store.last_change() == 0


def _table(path, rows):
    path.write_text("\n".join([RATIO, *rows]) + "\n", "utf-8")
    return path


def test_a_csv_is_told_by_its_columns_and_kept_once(installation, tmp_path):
    path = _table(tmp_path / "r.csv", ["0101090517,,甲醫院,區域醫院,11301,6.1,10.8,11.0"])
    assert Loader(installation).load(path).written == 1
    assert Loader(installation).load(path).unchanged == 1


def test_each_bad_row_of_a_csv_is_located_and_a_mended_file_loads(installation, tmp_path):
    good = [f"01010905{number:02},,甲醫院,區域醫院,11301,6.1,10.8,11.0" for number in range(10)]
    bad = [
        "0101090599,,乙醫院,區域醫院,11313,6.1,10.8,11.0",
        "0101090598,,丙醫院,區域醫院,11301,六點一,10.8,11.0",
    ]
    path = _table(tmp_path / "r.csv", [*good[:5], *bad, *good[5:]])
    report = Loader(installation, bad=tmp_path).load(path)
    assert (report.read, report.written) == (12, 10)
    assert sorted((fault.place.line, fault.place.column) for fault in report.faults) == [
        (7, "month_roc"),
        (8, "day"),
    ]
    returned = (tmp_path / "r-bad.csv").read_bytes().decode()
    mended = returned.replace("11313", "11312").replace("六點一", "6.1")
    (tmp_path / "mended.csv").write_bytes(mended.encode())
    assert Loader(installation).load(tmp_path / "mended.csv").written == 2


def test_a_big5_file_is_read_as_it_is(installation, tmp_path):
    path = tmp_path / "r.csv"
    rows = [f"01010905{number:02},,臺北市立聯合醫院,區域醫院,11301,6.1,10.8,11.0" for number in range(30)]
    path.write_bytes("\n".join([RATIO, *rows]).encode("big5"))
    assert Loader(installation).load(path).written == 30


def test_an_excel_sheet_is_a_table_too(installation, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(RATIO.split(","))
    book.active.append(["0101090517", "", "甲醫院", "區域醫院", "11301", 6.1, 10.8, 11.0])
    book.save(tmp_path / "r.xlsx")
    assert Loader(installation).load(tmp_path / "r.xlsx").written == 1


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        (
            "big5.json",
            '{"resourceType":"Patient","name":[{"text":"王小明"}]}'.encode("big5"),
            "fhir-json-encoding",
        ),
        ("cut.json", b'{"resourceType":"Patient","name":[{"te', "fhir-json"),
        ("empty.json", b"", "fhir-json"),
        ("list.json", b"[1, 2]", "fhir-json-object"),
        ("thing.docx", b"PK", "installation-unknown-kind"),
        ("other.csv", b"a,b\n1,2\n", "installation-which-table"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place_and_a_remedy(installation, tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CamphoraError) as refused:
        Loader(installation).load(path)
    assert refused.value.code.startswith(code)
    assert refused.value.remedy("zh-TW")
    assert installation.store.last_change() == 0


def test_archives_that_swell_are_refused(installation, tmp_path):
    bomb = tmp_path / "bomb.ndjson.gz"
    with gzip.open(bomb, "wb") as packed:
        for _ in range(200):
            packed.write(b" " * 1_000_000)
    with pytest.raises(TooLarge):
        Loader(installation).load(bomb)
    book = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    with pytest.raises(CamphoraError):
        Loader(installation).load(book, table="nurse_ratio")


def test_an_unknown_table_is_named_with_those_that_are_known(installation, tmp_path):
    path = _table(tmp_path / "r.csv", [])
    with pytest.raises(Invalid, match="installation-no-table") as refused:
        Loader(installation).load(path, table="nurses")
    assert "nurse_ratio" in refused.value.remedy("zh-TW")


def test_a_load_killed_halfway_is_repeated_without_loss_or_doubling(tmp_path):
    path = _ndjson(tmp_path / "big.ndjson", _some(6000))
    command = [sys.executable, "-m", "camphora", "load", str(path), "--into", str(tmp_path / "place")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    store = tmp_path / "place" / "records.sqlite-wal"
    while process.poll() is None and not (store.exists() and store.stat().st_size > 500_000):
        time.sleep(0.01)
    process.kill()
    process.wait()
    installation = Installation.open(tmp_path / "place", make=True)
    kept = sum(installation.store.counts().values())
    report = Loader(installation).load(path)
    assert (report.read, report.written + report.unchanged) == (6001, 6001)
    assert report.unchanged == kept
    assert sum(installation.store.counts().values()) == 6001
    assert installation.store.last_change() == 6001
    installation.close()


def test_a_big5_line_of_ndjson_is_named_as_such(installation, tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes('{"resourceType":"Patient","name":[{"text":"王小明"}]}\n'.encode("big5"))
    (fault,) = Loader(installation).load(path).faults
    assert (fault.code, fault.facts["encoding"]) == ("fhir-json-encoding", "Big5")
    assert (fault.place.line, fault.place.column) == (1, 44)


def test_a_row_with_a_broken_quote_comes_back_and_the_rows_behind_it_are_read(installation, tmp_path):
    good = [f"01010905{number:02},,甲醫院,區域醫院,11301,6.1,10.8,11.0" for number in range(4)]
    path = _table(
        tmp_path / "r.csv", [*good[:2], '0101090577,,"乙醫院,區域醫院,11301,6.1,10.8,11.0', *good[2:]]
    )
    report = Loader(installation, bad=tmp_path).load(path)
    assert (report.read, report.written) == (5, 4)
    assert [(fault.code, fault.place.line) for fault in report.faults] == [("formats-quoting", 4)]
    assert "乙醫院" in (tmp_path / "r-bad.csv").read_text("utf-8-sig")


def test_what_only_warns_is_counted_with_its_first_places(installation, tmp_path):
    bare = [{"resourceType": "Patient", "id": f"p{number}"} for number in range(5)]
    report = Loader(installation).load(_ndjson(tmp_path / "a.ndjson", bare))
    assert (report.written, report.warnings) == (5, {"validation-advice": 5})
    places = [str(place) for place in report.places["validation-advice"]]
    assert places == [f"a.ndjson:{line} Patient" for line in (1, 2, 3)]
