"""`camphora watch`: from an own series to signals, a replay, a county's bulletin and a recorded decision."""

import json

import pytest

from camphora.cli import main
from camphora.engines.watch import sweep as sweeping
from camphora.installation.arrivals import arrived
from camphora.installation.report import Report

SYSTEM = """
name = "fever_clinics"
kind = "application"
title.zh-TW = "發燒門診"
title.en = "Fever clinics"
summary.zh-TW = "發燒人數。"
summary.en = "Fever."
engines = ["watch"]
readers = ["public"]
records = []
purposes = ["open"]
basis.zh-TW = "自有資料"
basis.en = "Own data"
badge = "example"
"""
TABLE = """
name = "fever_visits"
title.zh-TW = "發燒人數"
title.en = "Fever"
key = ["day", "county"]
licence = "own"
source.zh-TW = "診所"
source.en = "Clinics"
as_of = 2026-03-14
readers = ["public"]
badge = "example"
data = "../data/fever_visits.csv"
[[columns]]
key = "day"
label.zh-TW = "日期"
label.en = "Day"
kind = "date"
required = true
[[columns]]
key = "county"
label.zh-TW = "縣市"
label.en = "County"
kind = "county"
required = true
[[columns]]
key = "visits"
label.zh-TW = "人次"
label.en = "Visits"
kind = "integer"
required = true
"""
WATCH = """
name = "fever"
title.zh-TW = "發燒"
title.en = "Fever"
unit.zh-TW = "人次"
unit.en = "visits"
table = "fever_visits"
count = "visits"
area = "county"
day = "day"
weeks = "iso"
absent = "zero"
[[methods]]
name = "detection.ears.c2"
label.zh-TW = "EARS C2"
label.en = "EARS C2"
[budget]
weekly = 5

[suppression]
silence = 2
own = 0.01
least = 5

[told]
roles = ["officer"]
areas = []
organisations = []
"""
PAGE = """
name = "signals"
path = ""
function = "engine:watch.signals"
title.zh-TW = "訊號"
title.en = "Signals"
tables = []
watch = ["fever"]
"""
DEMO = 'people = 0\ntables = ["fever_visits"]\n[[links]]\nlabel.zh-TW = "訊號"\nlabel.en = "Signals"\n'
KEY = "fever-2026-11-67000-all"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    from datetime import date, timedelta

    from camphora.installation import Installation

    folder = tmp_path_factory.mktemp("watch") / "place"
    own = folder / "systems" / "fever_clinics"
    for name in ("data", "tables", "watch", "pages", "strings"):
        (own / name).mkdir(parents=True)
    lines = ["day,county,visits"]
    for week in range(62):
        day = date(2025, 1, 6) + timedelta(weeks=week)
        lines += [
            f"{day},67000,{70 if week == 61 else 12 + week * 7 % 5}",
            f"{day},63000,{20 + week * 7 % 5}",
        ]
    for name, text in {
        "system.toml": SYSTEM,
        "tables/fever_visits.toml": TABLE,
        "watch/fever.toml": WATCH,
        "pages/signals.toml": PAGE,
        "demo.toml": DEMO + 'href = "/systems/fever_clinics"\n',
        "README.md": "# 發燒門診 Fever clinics\n",
        "strings/en.toml": "",
        "strings/zh-TW.toml": "",
        "data/fever_visits.csv": "\n".join(lines) + "\n",
    }.items():
        (own / name).write_text(text, "utf-8")
    installation = Installation.open(folder, make=True)
    assert not installation.catalogue.faults
    from camphora.policy.internal import loading

    table = installation.catalogue.systems["fever_clinics"].own_tables["fever_visits"]
    installation.store.add_batch(
        loading("test"), table.name, table.bundled(), source="x", as_of="2026-03-14", public=True
    )
    installation.close()
    return folder


@pytest.fixture
def run(place, capsys):
    def ran(*words, lang="en"):
        capsys.readouterr()
        code = main(["watch", *words, "--in", str(place), "--json", "--lang", lang])
        said = capsys.readouterr()
        return code, [json.loads(line) for line in (said.out if code == 0 else said.err).splitlines() if line]

    return ran


def test_what_is_watched_is_listed(run):
    code, rows = run("list")
    assert code == 0
    (row,) = (each for each in rows if each["watch"] == "fever")
    assert (row["system"], row["series"], row["last"]) == ("fever_clinics", 3, "2026-11")
    assert (row["editions"], row["decisions"]) == (1, 0)


def test_a_sweep_is_kept_and_the_next_command_reads_it(run, place, monkeypatch):
    code, (said,) = run("sweep", "fever")
    assert (code, said["series"], said["weeks"], said["now"]) == (0, 3, 62, 1)
    assert list((place / "watched").glob("sweep-*.npz"))
    monkeypatch.setattr(sweeping, "weighed", lambda *_: pytest.fail("weighed again"))
    assert run("signals", "fever")[1][0]["key"] == KEY


def test_the_signals_of_a_week_by_rank(run):
    code, rows = run("signals", "fever", "--week", "2026-11")
    assert code == 0
    assert [(row["rank"], row["observed"], row["place"], row["key"]) for row in rows] == [
        (1, 70, "Tainan City", KEY)
    ]
    assert run("signals", "fever", "--week", "2025-30") == (0, [])
    assert run("signals", "fever", "--week", "1999-30")[0] == 2
    code, (said,) = run("signals", "measles")
    assert (code, said["code"]) == (4, "watch-unknown")


def test_a_signal_is_made_again_the_same_and_a_difference_is_a_conflict(run, monkeypatch):
    code, (said,) = run("replay", KEY)
    assert (code, said["same"], said["shown"], said["observed"]) == (0, True, True, 70)
    assert run("replay", "fever-2025-30-67000-all")[1][0]["shown"] is False
    assert run("replay", "fever-2025-30-10020-all")[0] == 4
    assert run("replay", "x")[0] == 4
    real = sweeping.recent
    monkeypatch.setattr(sweeping, "recent", lambda counts, weeks: real(counts, weeks) * 0)
    code, (said,) = run("replay", KEY)
    assert (code, said["code"]) == (5, "watch-replay-differs")


@pytest.mark.parametrize(("lang", "word"), [("zh-TW", "臺南市"), ("en", "Tainan City")])
def test_the_bulletin_of_a_week_and_of_a_county_is_one_file(run, tmp_path, lang, word):
    whole, own = tmp_path / "whole.html", tmp_path / "own.html"
    given = ("bulletin", "fever", "--week", "2026-11", "--no-forecast")
    code, (first,) = run(*given, "--out", str(whole), lang=lang)
    assert code == 0
    assert run(*given, "--out", str(whole), lang=lang)[1][0]["digests"] == first["digests"]
    code, (second,) = run(*given, "--out", str(own), "--area", "67000", lang=lang)
    assert second["digests"] != first["digests"]
    text = own.read_text("utf-8").replace("全國序", "")
    assert text.startswith("<!doctype html>")
    assert word in text
    assert "70" in text
    for gone in ("<script", "<link", "<form", "<nav", 'href="/', "nationwide", "全國"):
        assert gone not in text, gone
    assert "92" in whole.read_text("utf-8")
    assert run(*given, "--area", "10020")[0] in (2, 4)


def test_a_decision_is_recorded_from_the_next_week_on_and_moves_no_past_signal(run):
    before = run("signals", "fever", "--week", "2026-11")
    given = ("retune", "fever", "own", "0.0001", "--by", "疫情中心", "--why", "太多")
    code, (said,) = run(*given, "--from", "2026-11")
    assert (code, said["code"]) == (2, "watch-retune-past")
    code, (said,) = run(*given)
    assert (code, said["week"], said["value"], said["decided_by"]) == (0, "2026-12", "0.0001", "疫情中心")
    assert run("signals", "fever", "--week", "2026-11") == before
    assert next(row for row in run("list")[1] if row["watch"] == "fever")["decisions"] == 1
    for wrong, expected in ((("loudness", "1"), "watch-setting"), (("own", "7"), "watch-setting-value")):
        code, (said,) = run("retune", "fever", *wrong, "--by", "x", "--why", "y")
        assert (code, said["code"]) == (2, expected)


def test_what_came_for_a_watch_is_listed(run, place, tmp_path):
    assert run("arrivals", "fever") == (0, [])
    file = tmp_path / "a.csv"
    file.write_text("day,county,visits\n", "utf-8")
    for report in (
        Report("a.csv", read=3, written=3),
        Report("a.csv", read=3, unchanged=3, as_of="2026-03-14"),
    ):
        arrived(place, "fever_visits", file, report)
    code, rows = run("arrivals", "fever")
    assert code == 0
    assert [(row["kinds"], row["new"], row["same"], row["as_of"]) for row in rows] == [
        ("came before", 0, 3, "2026-03-14"),
        ("the first", 3, 0, ""),
    ]
    assert run("arrivals", "fever", lang="zh-TW")[1][0]["kinds"] == "先前已收過"
