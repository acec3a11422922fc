"""The sample page: every component once, in both languages. Its numbers are those of the nurse-ratio system for
ROC 112/07–113/12 (open data); what stands about persons is invented and marked as synthetic."""

from __future__ import annotations

from camphora.errors import Lang
from camphora.pages import (
    Action,
    Band,
    Bars,
    Block,
    Chip,
    Column,
    CountyMap,
    Event,
    Figure,
    Figures,
    LineChart,
    Link,
    Moment,
    PointMap,
    Prose,
    Ranked,
    Ring,
    Series,
    Spot,
    Table,
    Timeline,
    View,
    dates,
)
from camphora.pages import Item as Signal
from camphora.pages.counties import COUNTIES
from camphora.web.contexts import (
    Card,
    Chapter,
    Choice,
    Facet,
    Field,
    Form,
    Item,
    Look,
    Now,
    Patterns,
    Result,
    SystemRow,
)

DISTRICT = (64, 67, 68, 67, 68, 67, 68, 75, 81, 84, 82, 82, 78, 81, 82, 83, 85, 83)
REGIONAL = (18, 17, 17, 15, 14, 17, 16, 39, 26, 27, 27, 22, 20, 42, 34, 37, 40, 37)
CENTRES = (30, 30, 30, 30, 33, 37, 30, 57, 33, 43, 27, 33, 30, 37, 30, 34, 38, 34)
MONTHS = tuple(f"{2023 + (6 + k) // 12}-{(6 + k) % 12 + 1:02}" for k in range(18))


class Speaker:
    """Picks one of two texts."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh-TW" else en


def line_chart(say: Speaker) -> LineChart:
    """Three lines, an event, the last point of one in question."""
    names = (say("地區醫院", "District"), say("區域醫院", "Regional"), say("醫學中心", "Medical centre"))
    values = ([v / 100 for v in row] for row in (DISTRICT, REGIONAL, CENTRES))
    positions = [dates.short(month, say.lang) for month in MONTHS]
    return LineChart(
        "compliance",
        say("達成率，依層級", "Compliance by level"),
        positions,
        [Series(name, row) for name, row in zip(names, values, strict=True)],
        say(
            "113 年 12 月，地區醫院 83% 三班皆達標，區域醫院 37%，醫學中心 34%。",
            "In December 2024, 83% of district hospitals met the standard on all shifts, 37% of regional hospitals "
            "and 34% of medical centres.",
        ),
        table(say),
        kind="percent",
        low=0,
        high=1,
        events=[Event(dates.short("2024-03", say.lang), say("獎勵上路", "incentive begins"))],
    )


def table(say: Speaker) -> Table:
    """Typed rows with a link and a chip."""
    columns = [
        Column("level", say("層級", "Level")),
        Column("met", say("達標", "Met"), "integer", say("家", "hospitals")),
        Column("share", say("達成率", "Compliance"), "percent"),
        Column("day", say("白班標準", "Day standard"), "ratio"),
        Column("from", say("施行日", "In force"), "date"),
        Column("state", say("判定", "State")),
    ]
    rows: list[dict[str, str | int | float | bool | None]] = [
        {"level": say("醫學中心", "Medical centre"), "met": 10, "share": 10 / 29, "day": 6.0},
        {"level": say("區域醫院", "Regional"), "met": 30, "share": 30 / 82, "day": 7.0},
        {"level": say("地區醫院", "District"), "met": 231, "share": 231 / 277, "day": 10.0},
    ]
    for row, tone in zip(rows, ("notice", "notice", "good"), strict=True):
        state = say("達標", "Meets") if tone == "good" else say("待改善", "Below")
        row |= {"from": "2024-03-01", "href": "/patterns", "state": state, "tone": tone}
    title = say("數字", "Numbers")
    return Table("levels", title, columns, rows, {"level": "href"}, {"state": "tone"})


def band_chart(say: Speaker) -> LineChart:
    """A gap, a soft expected band, the one red dot, and what is foreseen of two weeks."""
    values: list[float | None] = [38, 44, 41, 36, None, 40, 47, 60, 88, 126, None, None]
    low = [25, 27, 26, 24, 24, 26, 29, 34, 40, 44, None, None]
    high = [52, 55, 53, 50, 50, 54, 58, 66, 78, 88, None, None]
    weeks = [dates.week(2019, k, say.lang) for k in range(1, 11)]
    columns = [Column("week", say("週", "Week")), Column("visits", say("人次", "Visits"), "integer")]
    rows = [{"week": week, "visits": value} for week, value in zip(weeks, values[:10], strict=True)]
    title = say("每週類流感急診（示例）", "Weekly influenza-like visits (example)")
    return LineChart(
        "weekly",
        title,
        [str(k) for k in range(1, 13)],
        [Series(say("急診人次", "Visits"), values)],
        say(
            "第 10 週 126 人次，高於預期上限 88 人次；第 5 週未收到資料。",
            "126 visits in week 10, above the expected 88; no data came for week 5.",
        ),
        Table("weeks", say("各週人次", "Visits by week"), columns, rows),
        band=Band(low, high, say("預期範圍", "Expected range")),
        fan=[
            Band([None] * 9 + [126, 80, 60], [None] * 9 + [126, 170, 200], say("預測 95%", "95% ahead")),
            Band([None] * 9 + [126, 110, 95], [None] * 9 + [126, 140, 150], say("預測 50%", "50% ahead")),
        ],
        point=(0, 9),
    )


def bar_chart(say: Speaker) -> Bars:
    """A long label, and a value that is not known."""
    labels = [
        say(
            "國立臺灣大學醫學院附設醫院（示例之長名稱）",
            "National Taiwan University Hospital (an example of a long name)",
        ),
        say("衛生福利部臺北醫院", "Taipei Hospital"),
        say("無資料之醫院", "A hospital without data"),
    ]
    values = [9.4, 8.1, None]
    columns = [Column("name", say("醫院", "Hospital")), Column("ratio", say("白班", "Day shift"), "ratio")]
    rows = [{"name": label, "ratio": value} for label, value in zip(labels, values, strict=True)]
    title = say("白班護病比（示例）", "Day-shift ratio (example)")
    sentence = say("兩家醫院有資料，分別為 1:9.4 與 1:8.1。", "Two hospitals have data: 1:9.4 and 1:8.1.")
    return Bars("shifts", title, labels, values, sentence, Table("shift", title, columns, rows), "ratio")


def county_map(say: Speaker) -> CountyMap:
    """All counties, one without data."""
    values = {
        c.code: None if c.code == "10014" else round((int(c.code) * 37) % 91 + 9) / 100 for c in COUNTIES
    }
    columns = [
        Column("county", say("縣市", "County")),
        Column("share", say("達成率", "Compliance"), "percent", decimals=0),
    ]
    rows = [
        {"county": c.name(say.lang), "share": values[c.code], "href": f"/patterns?county={c.code}"}
        for c in COUNTIES
    ]
    title = say("各縣市達成率（示例）", "Compliance by county (example)")
    known = [value for value in values.values() if value is not None]
    sentence = say(
        f"有資料的 {len(known)} 縣市介於 {min(known):.0%} 與 {max(known):.0%} 之間；1 縣市無資料。",
        f"{len(known)} counties lie between {min(known):.0%} and {max(known):.0%}; one has no data.",
    )
    numbers = Table("counties", say("各縣市數字", "Numbers by county"), columns, rows, {"county": "href"})
    hrefs = {c.code: f"/patterns?county={c.code}" for c in COUNTIES}
    return CountyMap("counties", title, values, sentence, numbers, "percent", hrefs=hrefs)


def point_map(say: Speaker) -> PointMap:
    """Spots of three counties, one with a link, and two rings that lie close together."""
    places = (
        (22.997, 120.212, 82, say("北區", "North District"), True),
        (22.965, 120.178, 41, say("南區", "South District"), True),
        (23.31, 120.317, 6, say("新營區", "Sinying District"), False),
        (22.627, 120.301, 19, say("三民區", "Sanmin District"), False),
        (22.67, 120.488, 4, say("屏東市", "Pingtung City"), False),
    )
    spots = [
        Spot(latitude, longitude, cases, say(f"{name} {cases} 例", f"{name}, {cases} cases"),
             "/patterns" if alert else "", alert)
        for latitude, longitude, cases, name, alert in places
    ]  # fmt: skip
    rings = [
        Ring(latitude, longitude, km, say(f"以{name}為中心的群聚", f"A cluster around {name}"), name)
        for (latitude, longitude, _, name, _), km in zip(places[:2], (4.0, 2.0), strict=True)
    ]
    columns = [Column("place", say("鄉鎮市區", "Township")), Column("cases", say("病例", "Cases"), "integer")]
    rows: list[dict[str, str | int | float | bool | None]] = [
        {"place": name, "cases": cases} for _, _, cases, name, _ in places
    ]
    return PointMap(
        "places",
        say("時空群聚（示例）", "Space-time clusters (example)"),
        spots,
        say("兩個群聚，中心在北區與南區。", "Two clusters, around the North and the South District."),
        Table("places", say("各鄉鎮市區", "Townships"), columns, rows, folded=True),
        ("67000", "64000", "10013"),
        rings,
        say("病例，面積與例數成正比；紅色在群聚內", "cases, by area; red within a cluster"),
        say("時空群聚的範圍", "extent of a space-time cluster"),
    )


def ranked(say: Speaker) -> Ranked:
    """Two of a list by rank, and its table folded."""
    rows: list[dict[str, str | int | float | bool | None]] = [
        {"rank": 1, "area": say("金門縣", "Kinmen County"), "observed": 126, "expected": 66.0},
        {"rank": 2, "area": say("新竹市", "Hsinchu City"), "observed": 715, "expected": 416.0},
    ]
    states = (
        [Chip(say("高於預期", "above expected"), "alert"), Chip(say("受理中", "taken"))],
        [Chip(say("略高", "somewhat high"), "notice"), Chip(say("未受理", "not taken"))],
    )
    items = [
        Signal(
            f"example-{row['rank']}",
            int(str(row["rank"])),
            str(row["area"]),
            "/patterns",
            say(
                f"{row['observed']} 人次；預期約 {row['expected']:.0f}。3 種方法中 3 種認為異常。",
                f"{row['observed']} visits; about {row['expected']:.0f} expected. 3 of 3 methods find it unusual.",
            ),
            chips,
            [40, 44, 41, None, 47, 60, 88],
            say("最近 7 週", "the last 7 weeks"),
        )
        for row, chips in zip(rows, states, strict=True)
    ]
    columns = [
        Column("rank", say("序", "Rank"), "integer"),
        Column("area", say("地區", "Place")),
        Column("observed", say("實際", "Observed"), "integer"),
        Column("expected", say("預期", "Expected")),
    ]
    table = Table(
        "ranked", say("訊號列表（示例）", "Signals as a table (example)"), columns, rows, folded=True
    )
    return Ranked("ranked", say("本週訊號（示例）", "This week's signals (example)"), items, table)


def timeline(say: Speaker) -> Timeline:
    moments = [
        Moment(
            dates.month_day("2026-11-03", say.lang),
            say("內科門診", "Internal medicine"),
            say("仁愛聯合診所", "Renai Clinic"),
            say("血壓 138／86，比上次低。續用降血壓藥。", "Blood pressure 138/86, lower than last time."),
            "/patterns",
        ),
        Moment(
            dates.month_day("2026-10-12", say.lang),
            say("抽血檢查", "Blood test"),
            "",
            say("糖化血色素 6.4%，在目標內。", "HbA1c 6.4%, within the target."),
            "/patterns",
        ),
        Moment(
            dates.month_day("2026-09-20", say.lang),
            say("流感疫苗", "Influenza vaccine"),
            say("衛生所", "Health centre"),
        ),
    ]
    return Timeline("recent", say("最近", "Recent"), moments)


def view(say: Speaker) -> View:
    """One view that holds every kind of block."""
    figures = Figures(
        [
            Figure(
                say("醫學中心", "Medical centres"), "10 / 29", say("三班皆達標", "all shifts met"), "notice"
            ),
            Figure(say("區域醫院", "Regional"), "30 / 82", say("三班皆達標", "all shifts met")),
            Figure(say("地區醫院", "District"), "231 / 277", say("三班皆達標", "all shifts met"), "good"),
            Figure(
                say("來源為 0.0 之班別", "Shifts given as 0.0"), "28", say("不計入", "not counted"), "alert"
            ),
        ]
    )
    prose = Prose(
        say("怎麼計算", "How it is counted"),
        [say("僅計三班皆有數值之醫院。", "Only hospitals with a value for all three shifts are counted.")],
        "notice",
    )
    blocks: list[Block] = [
        figures, line_chart(say), county_map(say), point_map(say), band_chart(say), ranked(say),
        bar_chart(say), timeline(say), prose,
    ]  # fmt: skip
    return View(
        "patterns",
        say("三班護病比", "Nurse–patient ratio by shift"),
        blocks,
        badge="example",
        as_of=dates.month("2024-12", say.lang),
        source=say("健保署公開資料", "NHI open data"),
        method="/patterns",
        why=say("這是公開資料，任何人都看得到。", "This is open data; anybody may see it."),
        crumbs=[Link(say("公開資料", "Open data"), "/open")],
        actions=[
            Action(say("研判", "Judge"), "/patterns", primary=True),
            Action(say("交辦", "Hand on"), "/patterns", post=True, fields={"to": "town"}),
        ],
        downloads="levels",
    )


def patterns(lang: Lang) -> Patterns:
    """What `/patterns` shows, in one language."""
    say = Speaker(lang)
    return Patterns(
        view=view(say),
        card=_card(say),
        chapter=_chapter(say),
        form=_form(say),
        facets=[
            Facet(say("監測預警", "Watch"), "/patterns?engine=watch", 26, chosen=True),
            Facet(say("防治計畫", "Programmes"), "/patterns?engine=programmes", 59),
        ],
        choice=_choice(say),
        look=_look(say),
        item=_item(say),
        result=_result(say),
        now=_now(say),
    )


def _card(say: Speaker) -> Card:
    text = say("每月三班的達成情形。", "Monthly compliance by shift.")
    return Card(
        say("三班護病比", "Nurse ratio by shift"), text, "/patterns", "works", "open", line_chart(say)
    )


def _chapter(say: Speaker) -> Chapter:
    quotes = "推動三班護病比入法作業等相關政策推動計畫", "建立護理人力資料庫"
    ratio = SystemRow(say("三班護病比", "Nurse ratio by shift"), "/patterns", quotes[0], "works")
    base = SystemRow(
        say("護理人力資料庫", "Nursing workforce database"), "/patterns?n=2", quotes[1], "planned"
    )
    return Chapter("護理及健康照護業務", [ratio, base], open=True)


def _choice(say: Speaker) -> Choice:
    return Choice(
        say("特定目的外利用", "Secondary use"),
        say("研究、統計等用途。", "Research and statistics."),
        say("已停止（全部）", "stopped (whole)"),
        say("，自 114 年 8 月 15 日起。", ", since 15 Aug 2025."),
        Action(say("變更", "Change"), "/patterns"),
    )


def _item(say: Speaker) -> Item:
    name, since = say("第二型糖尿病", "Type 2 diabetes"), say("108 年起", "since 2019")
    return Item(name, "/patterns", "E11.9", since, say("追蹤中", "active"), "good")


def _now(say: Speaker) -> list[Now]:
    refill, screening = say("下一次領藥", "Next refill"), say("該做的篩檢", "Screening due")
    place = say("可至任一健保藥局", "at any NHI pharmacy")
    test = say("大腸癌糞便潛血", "Faecal blood test")
    return [
        Now(refill, dates.month_day("2026-11-28", say.lang), place, strong=True),
        Now(screening, test, say("每 2 年一次", "every 2 years"), "/patterns"),
    ]


def _form(say: Speaker) -> Form:
    options = [("1", say("白班", "Day")), ("2", say("小夜", "Evening"))]
    return Form(
        "/patterns",
        [
            Field("name", say("姓名", "Name"), hint=say("請填全名", "Your full name"), required=True),
            Field("day", say("日期", "Date"), "date", error=say("請填日期", "A date is needed")),
            Field("shift", say("班別", "Shift"), "select", "1", options),
            Field("kind", say("範圍", "Extent"), "radio", "1", options),
            Field("sure", say("我已閱讀說明", "I have read this"), "checkbox"),
        ],
        say("送出", "Send"),
    )


def _look(say: Speaker) -> Look:
    return Look(
        say("仁愛聯合診所 林醫師", "Dr Lin, Renai Clinic"),
        say("醫療照護", "Care"),
        dates.moment("2026-11-03T09:41", say.lang),
        say("用藥、檢驗", "medicines, results"),
        say("醫療法第 67 條", "Medical Care Act, art. 67"),
        "/patterns",
        urgent=True,
    )


def _result(say: Speaker) -> Result:
    return Result(
        say("糖化血色素", "HbA1c"),
        "/patterns",
        "6.4 %",
        dates.day("2026-10-12", say.lang),
        "4.0–6.0",
        say("偏高", "high"),
        (7.1, 6.9, None, 6.6, 6.4),
        say("近五次，由 7.1 降至 6.4", "Last five, from 7.1 down to 6.4"),
    )
