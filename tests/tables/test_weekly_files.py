"""The weekly files of Taiwan's CDC: the whole history anew each week, and what may go wrong with one."""

import datetime as dt
from pathlib import Path

import pytest

from camphora.errors import CamphoraError, Invalid
from camphora.formats.declaration import TableDeclaration
from camphora.installation import Installation
from camphora.installation.loading import Loader
from camphora.policy.internal import loading

HEADER = "年,週,年齡別,縣市,類流感急診就診人次"
TABLE = "ili_visits"
WEEKS = [(2019, week) for week in range(1, 13)]
AGES = ("0-6", "65+")
COUNTIES = ("台北市", "高雄市")


def _line(year, week, age, county, visits):
    return f"{year},{week:02d},{age},{county},{visits}"


def _lines(through, **changed):
    """Every county and age in each week through one; `changed`: other counts by "wWEEK"."""
    return [
        _line(year, week, age, county, changed.get(f"w{week}", 100 + week))
        for year, week in WEEKS
        if week <= through
        for age in AGES
        for county in COUNTIES
    ]


def _file(path: Path, lines, header=HEADER):
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return path


def _batches(installation: Installation):
    return installation.store.batches(loading("test"), TABLE)


def _standing(installation: Installation):
    """(week, county) → visits of the ages together, as pages read them."""
    installation.lake.catch_up()
    found = {}
    for row in installation.lake.rows(loading("test"), TABLE).rows:
        key = row["week"], row["county"]
        found[key] = found.get(key, 0) + row["visits"]
    return found


def _load(installation, path, **more):
    """As of the week after, unless told otherwise, so that no feed has stopped."""
    return Loader(installation, **{"today": dt.date(2019, 4, 1), **more}).load(path)


def _refused(installation, path, **more):
    """The errors of a file of which nothing is kept."""
    before = [one.digest for one in _batches(installation)]
    try:
        faults = _load(installation, path, **more).faults
    except CamphoraError as error:
        faults = list(getattr(error, "faults", [error]))
    assert faults
    assert [one.digest for one in _batches(installation)] == before
    assert all(fault.remedy("zh-TW") and fault.remedy("en") for fault in faults)
    return faults


# Its own date


def test_a_file_speaks_of_its_own_last_week(installation, tmp_path):
    _load(installation, _file(tmp_path / "w10.csv", _lines(10)))
    _load(installation, _file(tmp_path / "w11.csv", _lines(11)))
    assert [one.as_of for one in _batches(installation)] == ["2019-03-09", "2019-03-16"]


def test_a_week_that_has_not_ended_is_not_spoken_of(installation, tmp_path):
    path = _file(tmp_path / "w11.csv", _lines(11))
    _load(installation, path, today=dt.date(2019, 3, 14))
    assert [one.as_of for one in _batches(installation)] == ["2019-03-09"]


def test_who_knows_the_date_better_says_it(installation, tmp_path):
    path = _file(tmp_path / "w11.csv", _lines(11))
    _load(installation, path, as_of=dt.date(2019, 3, 12))
    assert [one.as_of for one in _batches(installation)] == ["2019-03-12"]


def test_a_date_that_has_not_come_is_refused(installation, tmp_path):
    path = _file(tmp_path / "w11.csv", _lines(11))
    (fault,) = _refused(installation, path, as_of=dt.date(2019, 4, 1), today=dt.date(2019, 3, 20))
    assert fault.code == "installation-as-of"


def test_a_table_without_weeks_keeps_the_date_of_its_declaration(installation, tmp_path):
    path = _file(tmp_path / "c.csv", ["01,63000,臺北市"], "prefix,county,county_name")
    Loader(installation).load(path, "facility_county")
    declared = next(each for each in installation.tables() if each.name == "facility_county")
    (batch,) = installation.store.batches(loading("test"), "facility_county")
    assert batch.as_of == str(declared.as_of)


def test_the_dates_of_the_bundled_tables_are_those_of_their_rows():
    folder = Path(Installation.__module__ and __import__("camphora").__file__).parent
    for path in (folder / "systems/smart_epidemic_prevention/tables").glob("*.toml"):
        declared = TableDeclaration.load(path)
        if declared.time:
            assert declared.through(declared.bundled(), dt.date(2026, 1, 1)) == declared.as_of, path.name


def test_the_bundled_rows_do_not_come_over_a_newer_file(installation, tmp_path):
    path = _file(tmp_path / "w.csv", [_line(2024, 1, "0-6", "台北市", 3)])
    _load(installation, path, today=dt.date(2024, 1, 10))
    installation.load_tables()
    assert [one.as_of for one in _batches(installation)] == ["2024-01-06"]


# Loaded again, revised, put back


def test_a_file_that_arrives_twice_changes_nothing(installation, tmp_path):
    first = _load(installation, _file(tmp_path / "a.csv", _lines(10)))
    again = _load(installation, _file(tmp_path / "b.csv", _lines(10)))
    assert (first.written, first.unchanged) == (40, 0)
    assert (again.written, again.unchanged) == (0, 40)
    assert len(_batches(installation)) == 1


def test_a_history_that_changes_is_told_and_the_earlier_one_kept(installation, tmp_path):
    _load(installation, _file(tmp_path / "a.csv", _lines(10)))
    report = _load(installation, _file(tmp_path / "b.csv", _lines(11, w9=500)))
    assert (report.read, report.written, report.changed, report.unchanged) == (44, 8, 4, 36)
    assert [note.code for note in report.notes] == []
    first, second = _batches(installation)
    assert _standing(installation)[9, "63000"] == 1000
    then = installation.lake.rows_at(loading("test"), TABLE, first.no)
    assert {row["visits"] for row in then.rows if row["week"] == 9} == {109}
    assert second.digest != first.digest


def test_the_first_file_again_after_a_newer_one_stands(installation, tmp_path):
    """A correction withdrawn: A, B, A ends in A, and both earlier states can be read."""
    first, second = _file(tmp_path / "a.csv", _lines(10)), _file(tmp_path / "b.csv", _lines(10, w9=500))
    for path in (first, second):
        _load(installation, path)
    report = _load(installation, first)
    assert (report.written, report.changed) == (4, 4)
    assert _standing(installation)[9, "63000"] == 218
    assert len({one.digest for one in _batches(installation)}) == 3
    assert _load(installation, first).written == 0
    _load(installation, second)
    assert _standing(installation)[9, "63000"] == 1000
    assert len(_batches(installation)) == 4


def test_rows_that_are_gone_are_counted(installation, tmp_path):
    _load(installation, _file(tmp_path / "a.csv", _lines(10)))
    report = _load(installation, _file(tmp_path / "b.csv", _lines(10)[1:]))
    assert [(note.code, note.facts["gone"]) for note in report.notes[:1]] == [("installation-rows-gone", 1)]
    assert len(_batches(installation)) == 2


# A feed that stops


def test_a_feed_that_has_stopped_is_told(installation, tmp_path):
    path = _file(tmp_path / "a.csv", _lines(10))
    assert _load(installation, path, today=dt.date(2019, 3, 25)).notes == []
    (note,) = _load(installation, path, today=dt.date(2019, 4, 15)).notes
    assert (note.code, note.place.file) == ("installation-feed-stopped", "a.csv")
    assert note.facts["as_of"] == "2019-03-09"
    assert note.remedy("zh-TW")
    assert len(_batches(installation)) == 1


def test_a_file_that_speaks_to_an_earlier_day_is_told_and_stands(installation, tmp_path):
    _load(installation, _file(tmp_path / "b.csv", _lines(11)))
    report = _load(installation, _file(tmp_path / "a.csv", _lines(10)))
    assert [note.code for note in report.notes] == ["installation-rows-gone", "installation-older"]
    assert (11, "63000") not in _standing(installation)


# Broken


def test_half_a_file_is_refused_whole(installation, tmp_path):
    _load(installation, _file(tmp_path / "a.csv", _lines(10)))
    half = _lines(11)[:22]
    (fault,) = _refused(installation, _file(tmp_path / "half.csv", half))
    assert (fault.code, fault.place.file) == ("installation-rows-fewer", "half.csv")
    assert (fault.facts["gone"], fault.facts["rows"]) == (18, 40)
    assert _load(installation, tmp_path / "half.csv", fewer=True).read == 22


def test_a_file_cut_within_a_row_is_refused_whole(installation, tmp_path):
    """Half of a whole table must never take the place of it."""
    _load(installation, _file(tmp_path / "a.csv", _lines(10)))
    path = tmp_path / "cut.csv"
    path.write_bytes(_file(path, _lines(11)).read_bytes()[:-40])
    (fault,) = _refused(installation, path)
    assert fault.code == "formats-cell-count"
    assert fault.place.file == "cut.csv"
    assert fault.place.line


def test_a_file_cut_within_a_character_is_located(installation, tmp_path):
    path = tmp_path / "cut.csv"
    data = _file(path, _lines(11)).read_bytes()
    path.write_bytes(data[: data.rindex("市".encode()) + 1])
    (fault,) = _refused(installation, path)
    assert (fault.code, fault.place.line) == ("formats-encoding-damaged", 45)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_wrong_encoding_is_refused(installation, tmp_path, encoding):
    path = tmp_path / "wide.csv"
    path.write_bytes("\n".join([HEADER, *_lines(11)]).encode(encoding))
    (fault,) = _refused(installation, path)
    assert (fault.code, str(fault.place)) == ("formats-encoding-mark", "wide.csv:1")


def test_big5_is_understood(installation, tmp_path):
    path = tmp_path / "big5.csv"
    path.write_bytes("\n".join([HEADER, *_lines(11)]).encode("big5"))
    assert _load(installation, path).written == 44


def test_a_column_that_is_missing_is_named(installation, tmp_path):
    lines = [line.replace(",台北市", "").replace(",高雄市", "") for line in _lines(3)]
    path = _file(tmp_path / "a.csv", lines, HEADER.replace(",縣市", ""))
    (fault,) = _refused(installation, path)
    assert (fault.code, str(fault.place)) == ("formats-header-missing", "a.csv:1")
    assert fault.facts["column"] == "縣市"


def test_doubled_keys_are_added_where_the_source_has_them(installation, tmp_path):
    lines = [
        f"2019,01,0,{county},{visits}" for county, visits in (("台北市", 5), ("高雄市", 3), ("台北市", 7))
    ]
    _load(installation, _file(tmp_path / "a.csv", lines, HEADER.replace("類流感", "腸病毒")))
    installation.lake.catch_up()
    found = installation.lake.rows(loading("test"), "enterovirus_visits").rows
    assert {row["county"]: row["visits"] for row in found} == {"63000": 12, "64000": 3}


def test_tai_is_tai_however_written(installation, tmp_path):
    lines = [_line(2019, 1, "0-6", "臺北市", 3), _line(2019, 1, "65+", "台北市", 4)]
    _load(installation, _file(tmp_path / "a.csv", lines))
    assert _standing(installation) == {(1, "63000"): 7}


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("2019,54,0-6,台北市,3", "formats-cell-form", "週"),
        ("2018,53,0-6,台北市,3", "formats-no-week", "週"),
        ("2109,10,0-6,台北市,3", "formats-time-ahead", "年"),
        ("2019,10,0-6,台北縣市,3", "formats-cell-kind", "縣市"),
        ("2019,10,0-6,台北市,三", "formats-cell-kind", "類流感急診就診人次"),
        ("2019,10,0-6,台北市,-3", "formats-cell-low", "類流感急診就診人次"),
        ("2019,10,,台北市,3", "formats-cell-empty", "年齡別"),
    ],
)
def test_a_bad_row_keeps_a_whole_table_out_and_is_located(installation, tmp_path, line, code, column):
    path = _file(tmp_path / "a.csv", [*_lines(3), line])
    (fault,) = _refused(installation, path)
    assert (fault.code, fault.place.line, fault.place.column) == (code, 14, column)
    assert isinstance(fault, Invalid)
    assert "台北縣市" not in fault.text("zh-TW")


def test_a_group_that_no_watch_knows_is_refused_at_the_door(installation, tmp_path):
    """Not later, on the page that counts it."""
    path = _file(tmp_path / "a.csv", [*_lines(3), "2019,04,0-7,台北市,3"])
    (fault,) = _refused(installation, path)
    assert (fault.code, fault.place.line, fault.place.column) == ("formats-cell-form", 14, "年齡別")


def test_a_dry_run_says_the_same_and_writes_nothing(installation, tmp_path):
    _load(installation, _file(tmp_path / "a.csv", _lines(10)))
    path = _file(tmp_path / "b.csv", _lines(11, w9=500))
    would, did = (_load(installation, path, dry_run=dry) for dry in (True, False))
    assert (would.written, would.changed, would.unchanged) == (did.written, did.changed, did.unchanged)
    assert (would.written, len(_batches(installation))) == (8, 2)


def test_a_row_that_came_twice_is_a_fault_of_the_file(installation, tmp_path):
    """The publisher's file of influenza-like illness has no key twice; of enterovirus it has, and its table says so."""
    lines = _lines(10)
    _load(installation, _file(tmp_path / "w10.csv", lines))
    (fault,) = _refused(installation, _file(tmp_path / "doubled.csv", [*_lines(11), lines[3]]))
    assert fault.code == "formats-row-doubled"
    assert (fault.place.line, fault.facts["first"]) == (len(_lines(11)) + 2, 5)
