"""Somebody's own system on the engine of watch: a folder without code, from daily counts to a first signal."""

import datetime as dt

import pytest

from camphora.catalogue import Catalogue, check
from camphora.engines.watch.pages import PAGES
from camphora.errors import NotFound
from camphora.pages import CountyMap, LineChart, Ranked, Table

FILES = {
    "system.toml": """name = "fever_clinics"
kind = "application"
title.zh-TW = "發燒門診"
title.en = "Fever clinics"
summary.zh-TW = "兩處診所每日發燒人數。"
summary.en = "Fever by day at two clinics."
engines = ["watch"]
readers = ["public"]
records = []
purposes = ["open"]
basis.zh-TW = "自有資料"
basis.en = "Own data"
badge = "example"
""",
    "README.md": "# Fever clinics\n",
    "demo.toml": """people = 0
tables = ["fever_visits"]

[[links]]
label.zh-TW = "訊號"
label.en = "Signals"
href = "/systems/fever_clinics"
""",
    "tables/fever_visits.toml": """name = "fever_visits"
title.zh-TW = "發燒人數"
title.en = "Fever"
key = ["day", "clinic"]
licence = "own"
source.zh-TW = "兩處診所"
source.en = "Two clinics"
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
key = "clinic"
label.zh-TW = "診所"
label.en = "Clinic"
kind = "text"
required = true

[[columns]]
key = "visits"
label.zh-TW = "人次"
label.en = "Visits"
kind = "integer"
required = true
""",
    "watch/fever.toml": """name = "fever"
title.zh-TW = "發燒"
title.en = "Fever"
unit.zh-TW = "人次"
unit.en = "visits"
table = "fever_visits"
count = "visits"
area = "clinic"
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
""",
    "pages/signals.toml": """name = "signals"
path = ""
function = "engine:watch.signals"
title.zh-TW = "訊號"
title.en = "Signals"
tables = []
watch = ["fever"]

[[parameters]]
name = "week"
label.zh-TW = "週"
label.en = "Week"
kind = "week"
default = "latest"
""",
    "strings/zh-TW.toml": '[signals]\ntitle = "本週發燒"\n',
    "strings/en.toml": '[signals]\ntitle = "Fever this week"\n',
}


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "fever_clinics"
    for name, text in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, "utf-8")
    first, lines = dt.date(2025, 1, 6), ["day,clinic,visits"]
    for week in range(62):
        for clinic, base in (("East-1", 12), ("West", 20)):
            count = 70 if (week, clinic) == (61, "East-1") else base + (week * 7) % 5
            lines.append(f"{first + dt.timedelta(weeks=week)},{clinic},{count}")
    (home / "data").mkdir()
    (home / "data" / "fever_visits.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return home


def found(folder):
    return [(fault.code, fault.place.file, fault.place.line) for fault in check(folder)]


def edit(folder, file, old, new):
    path = folder / file
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def opened(folder):
    packaged = folder.parent / "none"
    packaged.mkdir()
    system = Catalogue.scan(package=folder.parent).systems["fever_clinics"]
    rows = {name: table.bundled() for name, table in system.tables.items()}
    return system, rows


def test_a_folder_without_code_is_a_system_with_its_first_signal(folder):
    assert found(folder) == []
    system, rows = opened(folder)
    view = system.view(system.page("signals"), rows, "en")
    assert view.title == "Fever this week"
    assert view.badge == "example"
    assert view.source == "Two clinics"
    ranked = next(block for block in view.blocks if isinstance(block, Ranked))
    assert [item.title for item in ranked.items] == ["East-1"]
    assert "70 visits" in ranked.items[0].text
    assert "1 of 1 method finds it unusual." in ranked.items[0].text
    assert "2026 week 11" in view.lead


def test_a_page_leads_only_to_pages_that_the_system_has(folder):
    system, rows = opened(folder)
    view = system.view(system.page("signals"), rows, "en")
    assert [action.href for action in view.actions] == ["/systems/fever_clinics?watch=fever&week=2026-10"]
    assert view.method == ""
    assert system.has("/open")
    assert system.has("/systems/nurse_ratio/method")
    assert not system.has("/systems/fever_clinics/public?week=2026-10")


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_page_stands_without_counties_groups_and_a_long_past(folder, lang):
    system, rows = opened(folder)
    watched = system.watched(("fever",), rows)
    for name, page in PAGES.items():
        if name in {"bulletin", "season", "warnings"}:
            continue
        given = (
            {"key": "fever-2026-11-East-1-all"} if name == "signal" else {"week": "2026-11", "area": "East-1"}
        )
        view = page(watched, system.words(lang), {"system": "fever_clinics", **given})
        assert view.title
        assert not [block for block in view.blocks if isinstance(block, CountyMap)]
        assert all(block.sentence for block in view.blocks if isinstance(block, LineChart))
        assert not [block for block in view.blocks if isinstance(block, Table) and block.name == "groups"]


def test_forecasts_of_a_short_series_are_made_and_scored(folder):
    system, rows = opened(folder)
    watched = system.watched(("fever",), rows)
    made = watched["fever"].forecasts
    assert made.ahead("East-1", "2025-10") == ()
    words, given = system.words("en"), {"system": "fever_clinics", "week": "2026-09", "area": "East-1"}
    early = PAGES["forecasts"](watched, words, {**given, "week": "2025-10"})
    assert "Less than a year" in str([getattr(block, "paragraphs", "") for block in early.blocks])
    shown = PAGES["forecasts"](watched, words, given)
    table = next(block for block in shown.blocks if isinstance(block, Table) and block.name == "ahead")
    assert [row["horizon"] for row in table.rows] == [1, 2, 3, 4]
    assert [row["came"] for row in table.rows][:2] == [made.ahead("East-1", "2026-09")[0].came, 70]
    chart = next(block for block in shown.blocks if isinstance(block, LineChart))
    assert len(chart.fan) == 2
    assert chart.fan[0].low[-5] == chart.fan[0].high[-5] == chart.series[0].values[-5]
    assert "Of 2 weeks that have come" in shown.lead
    scores = PAGES["scorecard"](watched, words, given)
    rows = next(block for block in scores.blocks if isinstance(block, Table)).rows
    assert {row["area"] for row in rows} == {"All", "Taiwan", "East-1", "West"}


def test_without_rows_a_page_says_so(folder):
    system, _ = opened(folder)
    with pytest.raises(NotFound, match="catalogue-no-rows"):
        system.view(system.page("signals"), {}, "en")


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            "pages/signals.toml",
            '["fever"]',
            '["cough"]',
            ("catalogue-watch-unknown", "pages/signals.toml", 7),
        ),
        ("pages/signals.toml", 'watch = ["fever"]\n', "", ("catalogue-watch-page", "pages/signals.toml", 3)),
        (
            "pages/signals.toml",
            "watch.signals",
            "watch.sirens",
            ("catalogue-no-function", "pages/signals.toml", 3),
        ),
        ("watch/fever.toml", '"visits"\narea', '"cases"\narea', ("watch-column", "watch/fever.toml", 7)),
        (
            "watch/fever.toml",
            '"fever_visits"',
            '"no_table"',
            ("catalogue-table-unknown", "watch/fever.toml", 6),
        ),
        ("watch/fever.toml", "ears.c2", "ears.c9", ("watch-method", "watch/fever.toml", 14)),
    ],
)
def test_a_fault_of_what_is_watched_is_found_in_its_line(folder, file, old, new, fault):
    edit(folder, file, old, new)
    assert fault in found(folder)
