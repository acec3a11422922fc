"""The pages of the nurse-ratio system: rows in, views out; opens nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from camphora.errors import NotFound
from camphora.pages import (
    Action,
    Block,
    Cell,
    Column,
    CountyMap,
    Event,
    Figure,
    Figures,
    Kind,
    LineChart,
    Link,
    Prose,
    Series,
    Table,
    View,
    dates,
    numbers,
)
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words
from camphora.rules import Rules
from camphora.systems import Parameters, Row, Tables

from .logic import LEVELS, RULE, SHIFTS, Tally, began, by_level, in_force, judge, lines, months, of_shift

HOME = "/systems/nurse_ratio"


def overview(tables: Tables, rules: Rules, words: Words, parameters: Parameters) -> View:
    """Compliance by level, shift and month."""
    rows, month = tables["nurse_ratio"], parameters["month"]
    tallies = by_level(rows, rules)
    now = [row for row in rows if row["month"] == month]
    blocks: list[Block] = [
        _figures(tallies, month, words),
        _trend(rows, tallies, month, rules, words),
        _levels(tallies, month, rules, words),
        _shifts(now, month, rules, words),
        *_reference(month, rules, words),
        _trend_table(months(rows), tallies, words),
    ]
    actions = [
        Action(words("action.hospitals"), f"{HOME}/hospitals?month={month}", primary=True),
        Action(words("action.counties"), f"{HOME}/counties?month={month}"),
        *_neighbours(months(rows), month, HOME, words),
    ]
    crumbs = [Link(words("open_data"), "/open")]
    return _view(
        "overview",
        words("title"),
        blocks,
        rows,
        words,
        crumbs=crumbs,
        actions=actions,
        downloads="trend",
        lead=words("lead"),
    )


def _figures(tallies: Mapping[tuple[str, str], Tally], month: str, words: Words) -> Figures:
    found = {level: tallies.get((month, level), Tally([])) for level in LEVELS}
    items = [
        Figure(words(f"level.{level}"), _share(tally, words), words("overview.all_met"))
        for level, tally in found.items()
    ]
    zero = sum(tally.left_out for tally in found.values())
    return Figures([*items, Figure(words("overview.zero_label"), f"{zero:,}", words("overview.zero_note"))])


def _share(tally: Tally, words: Words) -> str:
    return words("overview.share", met=tally.met, counted=tally.counted)


def _trend(
    rows: Sequence[Row], tallies: Mapping[tuple[str, str], Tally], month: str, rules: Rules, words: Words
) -> LineChart:
    known = months(rows)
    blank = Tally([])
    series = [
        Series(words(f"level.{level}"), [tallies.get((one, level), blank).rate for one in known])
        for level in reversed(LEVELS)
    ]
    start = Event(dates.short(began(rules), words.lang), words("overview.event"))
    return LineChart(
        "trend_chart",
        words("overview.chart"),
        [dates.short(one, words.lang) for one in known],
        series,
        sentence(tallies, month, rules, words),
        _rates(known, tallies, words),
        kind="percent",
        low=0,
        high=1,
        events=[start],
    )


def sentence(tallies: Mapping[tuple[str, str], Tally], month: str, rules: Rules, words: Words) -> str:
    """What the trend shows: the month's rates, the change since the standard began, and who is not counted."""
    start = began(rules)
    rates = {level: tallies.get((month, level), Tally([])).rate or 0.0 for level in LEVELS}
    first = {level: tallies.get((start, level), Tally([])).rate for level in LEVELS}
    names = ("centre", "regional", "district")
    said = {
        name: numbers.number(rates[level], "percent", 0) for name, level in zip(names, LEVELS, strict=True)
    }
    text = words("overview.now", month=dates.month(month, words.lang), **said)
    if month > start and all(rate is not None for rate in first.values()):
        moved = {
            name: numbers.points(rates[one] - (first[one] or 0))
            for name, one in zip(names, LEVELS, strict=True)
        }
        text += words("overview.since", start=dates.month(start, words.lang), **moved)
    zero = sum(tallies[month, level].left_out for level in LEVELS if (month, level) in tallies)
    return words("mark.two", first=text + words("overview.end"), second=words("overview.zero_text", n=zero))


def _rates(known: Sequence[str], tallies: Mapping[tuple[str, str], Tally], words: Words) -> Table:
    """The lines of the chart: a row per month, a column per level."""
    rows: list[dict[str, Cell]] = [
        {
            "month": month,
            **{level: tallies[month, level].rate for level in LEVELS if (month, level) in tallies},
        }
        for month in reversed(known)
    ]
    columns = [_column(words, "month", "month")]
    columns += [Column(level, words(f"level.{level}"), "percent") for level in LEVELS]
    return Table("rates", words("overview.chart"), columns, rows)


def _trend_table(known: Sequence[str], tallies: Mapping[tuple[str, str], Tally], words: Words) -> Table:
    rows = [
        {
            "month": month,
            "level": words(f"level.{level}"),
            "met": tally.met,
            "counted": tally.counted,
            "rate": tally.rate,
            "left_out": tally.left_out,
        }
        for month in reversed(known)
        for level in LEVELS
        if (tally := tallies.get((month, level)))
    ]
    columns = [
        _column(words, "month", "month"),
        _column(words, "level"),
        *_tallied(words),
    ]
    return Table("trend", words("overview.trend"), columns, rows)


def _tallied(words: Words) -> list[Column]:
    unit = words("column.hospitals")
    return [
        Column("met", words("column.met"), "integer", unit),
        Column("counted", words("column.counted"), "integer", unit),
        _column(words, "rate", "percent"),
        Column("left_out", words("column.left_out"), "integer", unit),
    ]


def _levels(tallies: Mapping[tuple[str, str], Tally], month: str, rules: Rules, words: Words) -> Table:
    """Level by level: the month the standard began, the month shown, the standards."""
    start = began(rules)
    rows = [
        {
            "level": words(f"level.{level}"),
            "start": _share(tallies.get((start, level), Tally([])), words),
            "now": _share(tallies.get((month, level), Tally([])), words),
            "rate": tallies.get((month, level), Tally([])).rate,
            "standard": _standards(level, month, rules),
        }
        for level in LEVELS
    ]
    columns = [
        _column(words, "level"),
        Column("start", dates.month(start, words.lang)),
        Column("now", dates.month(month, words.lang)),
        _column(words, "rate", "percent"),
        _column(words, "standard"),
    ]
    shown = [column for column in columns if month != start or column.key != "start"]
    return Table("levels", words("overview.numbers"), shown, rows)


def _standards(level: str, month: str, rules: Rules) -> str:
    return "　".join(numbers.number(line, "ratio") for line in lines(rules, level, month))


def _shifts(now: Sequence[Row], month: str, rules: Rules, words: Words) -> Table:
    rows: list[dict[str, Cell]] = []
    for level in LEVELS:
        some = [row for row in now if row["level"] == level]
        for shift, line in zip(SHIFTS, lines(rules, level, month), strict=True):
            tally = of_shift(some, shift, rules)
            rows.append(
                {
                    "level": words(f"level.{level}"),
                    "shift": words(f"shift.{shift}"),
                    "standard": line,
                    "met": tally.met,
                    "counted": tally.counted,
                    "rate": tally.rate,
                    "left_out": tally.left_out,
                }
            )
    columns = [
        _column(words, "level"),
        _column(words, "shift"),
        Column("standard", words("column.value"), "ratio"),
        *_tallied(words),
    ]
    return Table("shifts", words("overview.shifts"), columns, rows)


def _reference(month: str, rules: Rules, words: Words) -> list[Prose]:
    """Months before the standard are held against the later one, and the page says so."""
    start = dates.month(began(rules), words.lang)
    if in_force(month, rules):
        return [Prose(words("overview.reference_title"), [words("overview.reference_part", start=start)])]
    text = words("overview.reference", month=dates.month(month, words.lang), start=start)
    return [Prose(words("overview.reference_title"), [text], "notice")]


def hospitals(tables: Tables, rules: Rules, words: Words, parameters: Parameters) -> View:
    """The hospitals of a month, by level, county and whether they meet the standard."""
    month = parameters["month"]
    county = {row["prefix"]: row["county"] for row in tables["facility_county"]}
    found: list[dict[str, Cell]] = []
    for row in tables["nurse_ratio"]:
        here = county.get(row["hospital_code"][2:4], "")
        facts = {"level": row["level"], "county": here}
        if row["month"] == month and all(parameters[key] in ("", fact) for key, fact in facts.items()):
            state = judge(row, rules)
            if parameters["state"] in ("", state):
                found.append(_listed(row, here, state, rules, words))
    table = Table("hospitals", words("hospitals.table"), _listed_columns(words), sorted(found, key=_order),
        {"name": "href"}, {"state": "tone"}, note=words("counties.note"))  # fmt: skip
    lead = words(
        "hospitals.lead" if found else "hospitals.none", month=dates.month(month, words.lang), n=len(found)
    )
    below = {**parameters, "state": "not_met"}
    actions = [
        Action(words("action.not_met"), f"{HOME}/hospitals?{urlencode(below)}"),
        Action(words("action.counties"), f"{HOME}/counties?month={month}"),
    ]
    blocks: list[Block] = [table, *([] if in_force(month, rules) else _reference(month, rules, words))]
    rows = tables["nurse_ratio"]
    return _view(
        "hospitals",
        words("hospitals.title"),
        blocks,
        rows,
        words,
        crumbs=_crumbs(words),
        actions=actions,
        downloads="hospitals",
        lead=lead,
    )


def _listed(row: Row, county: str, state: str, rules: Rules, words: Words) -> dict[str, Cell]:
    return {
        "name": row["name"],
        "hospital_code": row["hospital_code"],
        "branch": row["branch"],
        "level": words(f"one.{row['level']}"),
        "county": BY_CODE[county].name(words.lang) if county in BY_CODE else None,
        **{shift: row[shift] for shift in SHIFTS},
        "standard": _standards(row["level"], row["month"], rules),
        "state": words(f"state.{state}"),
        "tone": {"met": "good", "not_met": "notice"}.get(state, "plain"),
        "href": address(row),
    }


def _order(row: Mapping[str, object]) -> tuple[str, str]:
    return str(row["hospital_code"]), str(row["branch"] or "")


def address(row: Row) -> str:
    """The page of a hospital, which is its code and its branch."""
    branch = f"?branch={quote(row['branch'])}" if row["branch"] else ""
    return f"{HOME}/hospitals/{row['hospital_code']}{branch}"


def _listed_columns(words: Words) -> list[Column]:
    return [
        Column("name", words("column.hospital")),
        _column(words, "level"),
        _column(words, "county"),
        *_shift_columns(words),
        _column(words, "standard"),
        _column(words, "state"),
    ]


def hospital(tables: Tables, rules: Rules, words: Words, parameters: Parameters) -> View:
    """One hospital: its three shifts over time against its standard."""
    code, branch = parameters["code"], parameters["branch"]
    rows = [
        row
        for row in tables["nurse_ratio"]
        if row["hospital_code"] == code and (row["branch"] or "") == branch
    ]
    if not rows:
        raise NotFound("systems-no-row", table="nurse_ratio", key="hospital_code, branch")
    rows = sorted(rows, key=lambda row: str(row["month"]))
    last = rows[-1]
    blocks: list[Block] = [_hospital_figures(last, rules, words), _hospital_chart(rows, rules, words)]
    facts = {"level": words(f"one.{last['level']}"), "code": code}
    crumbs = [*_crumbs(words), Link(words("hospitals.title"), f"{HOME}/hospitals")]
    actions = [Action(words("action.hospitals"), f"{HOME}/hospitals", primary=True)]
    lead = words("hospital.lead", **facts)
    return _view(
        "hospital",
        last["name"],
        blocks,
        tables["nurse_ratio"],
        words,
        crumbs=crumbs,
        actions=actions,
        downloads="months",
        lead=lead,
    )


def _hospital_figures(last: Row, rules: Rules, words: Words) -> Figures:
    """The finding of the last month, and each shift beside its standard."""
    state, month = judge(last, rules), dates.month(last["month"], words.lang)
    finding = Figure(
        words("hospital.state"), words(f"state.{state}"), month, "good" if state == "met" else "plain"
    )
    limits = zip(SHIFTS, lines(rules, last["level"], last["month"]), strict=True)
    beside = [
        Figure(
            words(f"shift.{shift}"),
            _ratio(last[shift], words),
            words("hospital.line", value=numbers.number(line, "ratio")),
        )
        for shift, line in limits
    ]
    return Figures([finding, *beside])


def _hospital_chart(rows: Sequence[Row], rules: Rules, words: Words) -> LineChart:
    last = rows[-1]
    said = {shift: _ratio(last[shift], words) for shift in SHIFTS}
    line = words("mark.list").join(
        numbers.number(one, "ratio") for one in lines(rules, last["level"], last["month"])
    )
    month = dates.month(last["month"], words.lang)
    tally = Tally(judge(row, rules) for row in rows)
    counts = words("hospital.counts", met=tally.met, counted=tally.counted, left_out=tally.left_out)
    return LineChart(
        "months_chart",
        words("hospital.chart"),
        [dates.short(row["month"], words.lang) for row in rows],
        [Series(words(f"shift.{shift}"), [row[shift] for row in rows]) for shift in SHIFTS],
        words(
            "mark.two", first=words("hospital.sentence", month=month, standard=line, **said), second=counts
        ),
        _hospital_months(rows, rules, words),
        kind="ratio",
        low=0,
        events=[Event(dates.short(began(rules), words.lang), words("overview.event"))],
    )


def _ratio(value: float | None, words: Words) -> str:
    return words("hospital.absent") if value is None else numbers.number(value, "ratio")


def _hospital_months(rows: Sequence[Row], rules: Rules, words: Words) -> Table:
    listed = [
        {
            "month": row["month"],
            **{shift: row[shift] for shift in SHIFTS},
            "standard": _standards(row["level"], row["month"], rules),
            "state": words(f"state.{judge(row, rules)}"),
        }
        for row in reversed(rows)
    ]
    columns = [
        _column(words, "month", "month"),
        *_shift_columns(words),
        _column(words, "standard"),
        _column(words, "state"),
    ]
    start = dates.month(began(rules), words.lang)
    note = words("overview.reference_part", start=start)
    return Table(
        "months", words("hospital.table"), columns, listed, absent=words("overview.zero_note"), note=note
    )


def counties(tables: Tables, rules: Rules, words: Words, parameters: Parameters) -> View:
    """The share of hospitals that meet all three shifts, by county."""
    rows, month = tables["nurse_ratio"], parameters["month"]
    county = {row["prefix"]: row["county"] for row in tables["facility_county"]}
    states: dict[str, list[str]] = {code: [] for code in BY_CODE}
    for row in rows:
        if row["month"] == month:
            states[county[row["hospital_code"][2:4]]].append(judge(row, rules))
    tallies = {code: Tally(found) for code, found in states.items()}
    chart = _county_map(tallies, month, words)
    blocks: list[Block] = [chart, *([] if in_force(month, rules) else _reference(month, rules, words))]
    actions = _neighbours(months(rows), month, f"{HOME}/counties", words)
    return _view(
        "counties",
        words("counties.title"),
        blocks,
        rows,
        words,
        crumbs=_crumbs(words),
        actions=actions,
        downloads="counties",
    )


def _county_map(tallies: Mapping[str, Tally], month: str, words: Words) -> CountyMap:
    rates = {code: tally.rate for code, tally in tallies.items()}
    known = [rate for rate in rates.values() if rate is not None]
    listed = [
        {"county": BY_CODE[code].name(words.lang), "met": one.met, "counted": one.counted, "rate": one.rate,
         "left_out": one.left_out, "href": f"{HOME}/hospitals?month={month}&county={code}"}
        for code, one in tallies.items()
    ]  # fmt: skip
    columns = [_column(words, "county"), *_tallied(words)]
    table = Table(
        "counties", words("counties.table"), columns, listed, {"county": "href"}, note=words("counties.note")
    )
    said = words(
        "counties.sentence",
        month=dates.month(month, words.lang),
        high=_named(rates, max(known), words),
        low=_named(rates, min(known), words),
        high_rate=numbers.number(max(known), "percent", 0),
        low_rate=numbers.number(min(known), "percent", 0),
    )
    hrefs = {code: f"{HOME}/hospitals?month={month}&county={code}" for code in tallies}
    ends = (words("counties.low"), words("counties.high"))
    return CountyMap("map", words("counties.map"), rates, said, table, "percent", *ends, hrefs)


def _named(rates: Mapping[str, float | None], rate: float, words: Words) -> str:
    """All counties that share a rate."""
    return words("mark.list").join(
        BY_CODE[code].name(words.lang) for code, one in rates.items() if one == rate
    )


def method(tables: Tables, rules: Rules, words: Words, parameters: Parameters) -> View:  # noqa: ARG001 - the contract
    """What is counted, how, from when, and what is not known."""
    start = dates.month(began(rules), words.lang)
    parts = {"what": 2, "count": 3, "who": 2, "limits": 2}
    prose = [
        Prose(
            words(f"method.{part}"), [words(f"method.{part}_{n}", start=start) for n in range(1, count + 1)]
        )
        for part, count in parts.items()
    ]
    blocks: list[Block] = [*prose[:2], _rule_table(rules, words), *prose[2:]]
    return _view(
        "method",
        words("method.title"),
        blocks,
        tables["nurse_ratio"],
        words,
        crumbs=_crumbs(words),
        downloads="standards",
    )


def _rule_table(rules: Rules, words: Words) -> Table:
    listed = [
        {
            "level": words(f"level.{rule.strata['level']}"),
            "shift": words(f"shift.{rule.strata['shift']}"),
            "value": float(rule.value),
            "valid_from": rule.valid_from.isoformat(),
            "announced": rule.source_date.isoformat() if rule.source_date else None,
            "source": rule.source,
        }
        for rule in rules
        if rule.name == RULE
    ]
    columns = [
        _column(words, "level"),
        _column(words, "shift"),
        _column(words, "value", "ratio"),
        _column(words, "valid_from", "date"),
        _column(words, "announced", "date"),
        Column("source", words("column.rule_source")),
    ]
    return Table("standards", words("method.table"), columns, listed)


# What all pages share


def _column(words: Words, key: str, kind: Kind = "text") -> Column:
    return Column(key, words(f"column.{key}"), kind)


def _shift_columns(words: Words) -> list[Column]:
    return [Column(shift, words(f"shift.{shift}"), "ratio") for shift in SHIFTS]


def _view(
    name: str,
    title: str,
    blocks: Sequence[Block],
    rows: Sequence[Row],
    words: Words,
    *,
    crumbs: Sequence[Link],
    actions: Sequence[Action] = (),
    downloads: str = "",
    lead: str = "",
) -> View:
    known = months(rows)
    return View(
        name=name,
        title=title,
        blocks=blocks,
        lead=lead,
        badge="open",
        as_of=dates.month(known[-1], words.lang) if known else "",
        source=words("source"),
        method=f"{HOME}/method" if name != "method" else "",
        why=words("why"),
        crumbs=crumbs,
        actions=actions,
        downloads=downloads,
    )


def _crumbs(words: Words) -> list[Link]:
    return [Link(words("open_data"), "/open"), Link(words("title"), HOME)]


def _neighbours(known: Sequence[str], month: str, path: str, words: Words) -> list[Action]:
    """The month before and the month after, where there are such."""
    at = known.index(month)
    found = []
    if at > 0:
        found.append(Action(words("action.before"), f"{path}?month={known[at - 1]}"))
    if at + 1 < len(known):
        found.append(Action(words("action.after"), f"{path}?month={known[at + 1]}"))
    return found
