import csv
import gzip
from collections import Counter
from importlib.resources import files

import pytest

from camphora.catalogue import Catalogue
from camphora.errors import NotFound
from camphora.systems.nurse_ratio import logic

SYSTEM = Catalogue.scan().systems["nurse_ratio"]
LINES = {"醫學中心": (6, 9, 11), "區域醫院": (7, 11, 13), "地區醫院": (10, 13, 15)}


def source():
    path = files("camphora") / "systems/nurse_ratio/data/nurse_ratio.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def tables():
    return {name: table.bundled() for name, table in SYSTEM.tables.items()}


def shown(tables, page, lang="zh-TW", **given):
    return SYSTEM.view(SYSTEM.page(page), tables, lang, given)


def block(view, name):
    tables = [each if hasattr(each, "rows") else getattr(each, "table", None) for each in view.blocks]
    return next(table for table in tables if table is not None and table.name == name)


def counted(month):
    """(met, counted) by level and the number left out, straight from the file."""
    met, total, zero = Counter(), Counter(), 0
    for row in source():
        ratios = [row["day"], row["evening"], row["night"]]
        if row["month_roc"] != month:
            continue
        if "" in ratios:
            zero += 1
        else:
            total[row["level"]] += 1
            met[row["level"]] += all(
                float(r) <= line for r, line in zip(ratios, LINES[row["level"]], strict=True)
            )
    return met, total, zero


def test_march_2024_is_as_published(tables):
    view = shown(tables, "overview", month="2024-03")
    assert [item.value for item in view.blocks[0].items] == ["10 / 30", "21 / 82", "224 / 275", "27"]
    assert "另有 27 家" in view.blocks[1].sentence
    assert "「無此班別或無病人，不計入」" in view.blocks[1].sentence


@pytest.mark.parametrize("roc", ["11207", "11302", "11303", "11309", "11312"])
def test_every_month_equals_an_independent_count(tables, roc):
    month = f"{int(roc[:3]) + 1911}-{roc[3:]}"
    met, total, zero = counted(roc)
    rows = [
        row for row in block(shown(tables, "overview", month=month), "trend").rows if row["month"] == month
    ]
    assert {row["level"]: (row["met"], row["counted"]) for row in rows} == {
        level: (met[level], total[level]) for level in LINES
    }
    assert sum(row["left_out"] for row in rows) == zero


def test_the_bundled_table_has_every_hospital_month(tables):
    keys = {(row["hospital_code"], row["branch"], row["month"]) for row in tables["nurse_ratio"]}
    assert len(tables["nurse_ratio"]) == len(keys) == 7754
    assert len({key[:2] for key in keys}) == 465


@pytest.mark.parametrize("level", LINES)
def test_each_shift_is_counted_by_itself(tables, level):
    rows = block(shown(tables, "overview", month="2024-03"), "shifts").rows
    for shift, line, name in zip(logic.SHIFTS, LINES[level], ("白班", "小夜", "大夜"), strict=True):
        cells = [row[shift] for row in source() if row["month_roc"] == "11303" and row["level"] == level]
        values = [float(cell) for cell in cells if cell]
        found = next(row for row in rows if row["level"] == level and row["shift"] == name)
        assert (found["met"], found["counted"]) == (sum(v <= line for v in values), len(values))
        assert found["left_out"] == len(cells) - len(values)


def test_the_sentence_tells_the_change_since_the_standard_began(tables):
    sentence = shown(tables, "overview").blocks[1].sentence
    assert "113 年 12 月，地區醫院 83% 三班皆達標，區域醫院 37%，醫學中心 34%" in sentence
    assert "自 113 年 3 月以來分別 +2、+11、+1 個百分點" in sentence


def test_months_before_the_standard_say_that_they_are_for_reference(tables):
    view = shown(tables, "overview", month="2024-02")
    said = "".join(text for each in view.blocks if hasattr(each, "paragraphs") for text in each.paragraphs)
    assert "113 年 2 月尚無三班護病比標準" in said
    assert "比照" in said
    assert "以來" not in view.blocks[1].sentence


def test_the_event_stands_on_a_position_of_the_axis(tables):
    chart = shown(tables, "overview").blocks[1]
    assert chart.events[0].at in chart.positions
    assert chart.positions[8] == "113/03"


@pytest.mark.parametrize("state", ["met", "not_met", "not_counted"])
def test_the_list_of_hospitals_has_exactly_those_of_a_state(tables, state):
    rows = shown(tables, "hospitals", month="2024-03", state=state).blocks[0].rows
    met, total, zero = counted("11303")
    expected = {"met": met.total(), "not_met": total.total() - met.total(), "not_counted": zero}
    assert len(rows) == expected[state]


def test_the_list_narrows_by_level_and_county(tables):
    rows = shown(tables, "hospitals", month="2024-03", level="醫學中心", county="63000").blocks[0].rows
    assert {(row["level"], row["county"]) for row in rows} == {("醫學中心", "臺北市")}
    codes = {
        row["hospital_code"] for row in source() if row["month_roc"] == "11303" and row["level"] == "醫學中心"
    }
    assert {row["hospital_code"] for row in rows} == {code for code in codes if code[2:4] == "01"}


def test_branches_are_hospitals_of_their_own(tables):
    view = shown(tables, "hospital", code="0101090517", branch="中興院區")
    own = [row for row in source() if (row["hospital_code"], row["branch"]) == ("0101090517", "中興院區")]
    assert len(block(view, "months").rows) == len(own) == 18
    assert view.blocks[1].series[0].values[-1] == float(own[-1]["day"])


def test_every_hospital_of_the_list_has_its_page(tables):
    for row in shown(tables, "hospitals").blocks[0].rows[::40]:
        given = {"code": row["hospital_code"], "branch": row["branch"] or ""}
        assert shown(tables, "hospital", **given).title == row["name"]
        assert given["code"] in row["href"]


def test_a_hospital_that_is_not_there_is_not_found(tables):
    with pytest.raises(NotFound, match="systems-no-row"):
        shown(tables, "hospital", code="0101090517", branch="無此院區")
    with pytest.raises(NotFound, match="catalogue-no-such-choice"):
        shown(tables, "hospital", code="9999999999")
    with pytest.raises(NotFound, match="catalogue-no-such-choice"):
        shown(tables, "overview", month="1999-01")


def test_counties_sum_to_the_country(tables):
    rows = block(shown(tables, "counties", month="2024-03"), "counties").rows
    met, total, zero = counted("11303")
    sums = [sum(row[key] for row in rows) for key in ("met", "counted", "left_out")]
    assert sums == [met.total(), total.total(), zero]


def test_the_county_of_a_code_agrees_with_every_name_that_tells_it(tables):
    path = files("camphora") / "terminology/data/nhi_facility.csv.gz"
    county = {row["prefix"]: row["county_name"] for row in tables["facility_county"]}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        named = [(row["code"][2:4], row["zh"].replace("台", "臺")) for row in csv.DictReader(file)]
    stations = [
        (prefix, name[:3]) for prefix, name in named if "衛生所" in name and name[:3] in county.values()
    ]
    assert len(stations) > 350
    assert all(county[prefix] == name for prefix, name in stations)


def test_the_rules_are_those_announced():
    standards = {level: tuple(logic.lines(SYSTEM.rules, level, "2024-03")) for level in LINES}
    assert standards == LINES
    averages = [SYSTEM.rules.on("2024-03-01").value("day_average", level=level) for level in LINES]
    assert averages == [9, 12, 15]
    assert {rule.source_date.isoformat() for rule in SYSTEM.rules if rule.name == "shift_ratio"} == {
        "2024-01-26"
    }


def test_a_hospital_is_held_against_its_standard_month_by_month(tables):
    view = shown(tables, "hospital", code="0101090517", branch="中興院區")
    own = [row for row in source() if (row["hospital_code"], row["branch"]) == ("0101090517", "中興院區")]
    met = sum(
        all(float(row[shift]) <= line for shift, line in zip(logic.SHIFTS, LINES[row["level"]], strict=True))
        for row in own
    )
    assert f"計入的 18 個月中 {met} 個月三班皆達標" in view.blocks[1].sentence
    assert [item.note for item in view.blocks[0].items[1:]] == ["標準 1:7", "標準 1:11", "標準 1:13"]


def test_counties_that_share_the_highest_rate_are_all_named(tables):
    chart = shown(tables, "counties").blocks[0]
    rows = [row for row in chart.table.rows if row["rate"] is not None]
    top, bottom = max(row["rate"] for row in rows), min(row["rate"] for row in rows)
    named = "、".join(row["county"] for row in rows if row["rate"] == top)
    assert f"{named}最高" in chart.sentence
    assert "、".join(row["county"] for row in rows if row["rate"] == bottom) + "最低" in chart.sentence
