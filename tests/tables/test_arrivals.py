"""What came of each weekly file: the first, the same again, a broken one, a changed history, a feed that stopped."""

import datetime as dt

import pytest

from camphora.errors import CamphoraError
from camphora.installation.arrivals import FILE, arrivals
from camphora.installation.loading import Loader
from tables.test_weekly_files import HEADER, _file, _line, _lines


def load(installation, path, **more):
    return Loader(installation, **{"today": dt.date(2019, 3, 25), **more}).load(path)


def came(installation, table="ili_visits"):
    return arrivals(installation.folder, table)


def test_the_course_of_a_feed(installation, tmp_path):
    """Each week's file, the same again, one that changes the past, one broken, one refused, one doubled."""
    first = _file(tmp_path / "w10.csv", _lines(10))
    load(installation, first)
    load(installation, _file(tmp_path / "w11.csv", _lines(11)))
    load(installation, tmp_path / "w11.csv")
    load(installation, _file(tmp_path / "w12.csv", _lines(12, w3=7)))
    load(installation, _file(tmp_path / "bad.csv", [*_lines(12), _line(2019, 12, "0-6", "台北市", "x")]))
    with pytest.raises(CamphoraError):
        load(installation, _file(tmp_path / "half.csv", _lines(5)))
    load(installation, first, fewer=True)
    found = came(installation)
    assert [each.kinds for each in found] == [
        ("first",),
        (),
        ("twice",),
        ("changed",),
        ("broken",),
        ("broken",),
        ("twice", "older", "changed", "gone"),
    ]
    assert [(each.new, each.changed, each.same, each.gone) for each in found] == [
        (40, 0, 0, 0),
        (4, 0, 40, 0),
        (0, 0, 44, 0),
        (4, 4, 40, 0),
        (0, 0, 0, 0),
        (0, 0, 0, 0),
        (0, 4, 36, 8),
    ]
    assert found[0].digest == found[6].digest
    assert found[1].digest == found[2].digest != found[0].digest
    assert [each.as_of for each in found[:5]] == ["2019-03-09", "2019-03-16", "2019-03-16", "2019-03-23", ""]
    assert found[4].codes == ("formats-cell-kind",)
    assert found[5].codes == ("installation-rows-fewer",)


def test_rows_that_were_added_up_are_counted(installation, tmp_path):
    lines = [
        f"2019,10,0,{county},{visits}" for county, visits in (("台北市", 5), ("高雄市", 3), ("台北市", 7))
    ]
    load(installation, _file(tmp_path / "a.csv", lines, HEADER.replace("類流感", "腸病毒")))
    (only,) = came(installation, "enterovirus_visits")
    assert (only.read, only.new, only.doubled, only.kinds) == (3, 2, 1, ("first", "doubled"))


def test_the_first_file_of_a_feed_that_has_long_ended_says_since_when(installation, tmp_path):
    path = _file(tmp_path / "w10.csv", _lines(10))
    (note,) = load(installation, path, today=dt.date(2020, 1, 1)).notes
    assert (note.code, note.facts["as_of"], note.facts["days"]) == (
        "installation-feed-old",
        "2019-03-09",
        298,
    )
    assert "2019-03-09" in note.text("zh-TW")
    assert "298 days ago" in note.text("en")
    assert came(installation)[-1].kinds == ("first", "stopped")
    (again,) = load(installation, path, today=dt.date(2020, 1, 1)).notes
    assert again.code == "installation-feed-stopped"
    assert came(installation)[-1].kinds == ("twice", "stopped")


def test_a_dry_run_leaves_nothing_and_a_line_cut_short_spoils_no_other(installation, tmp_path):
    path = _file(tmp_path / "w10.csv", _lines(10))
    load(installation, path, dry_run=True)
    assert came(installation) == ()
    load(installation, path)
    with (installation.folder / FILE).open("ab") as file:
        file.write(b'{"at": "2019')
    load(installation, path)
    assert [each.kinds for each in came(installation)] == [("first",), ("twice",)]
    assert (installation.folder / FILE).stat().st_mode & 0o077 == 0
