"""What cannot be said in a table: rows in, a view out; opens nothing."""

from __future__ import annotations

from camphora.pages import Column, Table, View, dates
from camphora.pages.words import Words
from camphora.rules import Rules
from camphora.systems import Parameters, Tables


def state(month: str, visits: int | None, rules: Rules) -> str:
    """Whether a station reached the month's target."""
    if visits is None:
        return "not_reported"
    target = rules.on(f"{month}-01").find("target")
    if target is None:
        return "no_target"
    return "met" if visits >= target.value else "not_met"


def overview(tables: Tables, rules: Rules, words: Words, parameters: Parameters) -> View:
    """The stations of a month."""
    month = parameters["month"]
    rows = [row for row in tables["toy_visits"] if row["month"] == month]
    states = [state(month, row["visits"], rules) for row in rows]
    listed = [{**row, "finding": words(f"state.{one}")} for row, one in zip(rows, states, strict=True)]
    columns = [
        Column("station", words("station")),
        Column("visits", words("visits"), "integer"),
        Column("finding", words("finding")),
    ]
    table = Table("stations", words("table"), columns, listed, absent=words("state.not_reported"))
    said = dates.month(month, words.lang)
    lead = words("lead", month=said, n=states.count("met"))
    return View("overview", words("title"), [table], lead, badge="example", as_of=said, downloads="stations")
