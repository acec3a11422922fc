"""The day of first warning of each township against the day on which its counts alone made it plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from camphora.engines.watch.pages.season import Day, day_of, view
from camphora.engines.watch.season.followed import Followed
from camphora.engines.watch.season.warned import Warned
from camphora.pages import Action, Block, Cell, Column, Figure, Figures, Prose, Table, View, numbers
from camphora.pages.words import Words

ORDER = ("ahead", "same", "behind", "missed", "unfounded", "quiet")
TONES = dict(zip(ORDER, ("good", "plain", "notice", "alert", "notice", "plain"), strict=True))


def kind_of(one: Warned) -> str:
    """How the warning did: before, on, or after the plain day; none although plain; never plain after it; neither."""
    if one.lead is None:
        if one.plain is not None:
            return "missed"
        return "quiet" if one.first is None else "unfounded"
    return "ahead" if one.lead > 0 else "behind" if one.lead < 0 else "same"


def warnings(watched: Mapping[str, Followed], words: Words, parameters: Mapping[str, str]) -> View:
    """Every township with a case in the season."""
    here = day_of(watched, {**parameters, "area": "", "day": ""})
    found = here.followed.warned()
    facts = {"cases": here.season.plain.cases, "days": here.season.plain.days}
    blocks: list[Block] = (
        [Prose("", [words("warnings.making")], "notice")] if found is None else [_figures(found, words)]
    )
    how = [
        words(f"warnings.{key}", **facts)
        for key in ("defined", "relative", "fair", "borrowed", "chosen", "dates")
    ]
    blocks += [*([] if found is None else [_table(found, here, words)]), Prose(words("warnings.how"), how)]
    shown = view(
        f"{here.season.name}_warnings",
        words("warnings.title", title=here.season.title[words.lang]),
        blocks,
        here,
        words,
        lead=words("warnings.lead_text", **facts),
        downloads="" if found is None else "warnings",
        actions=[Action(words("warnings.season"), here.address(here.season.name, day=""), primary=True)],
    )
    return replace(shown, making=found is None)


def _figures(found: Sequence[Warned], words: Words) -> Figures:
    number = {kind: sum(kind_of(one) == kind for one in found) for kind in ORDER}
    leads = [one.lead for one in found if one.lead is not None]
    middle = numbers.number(float(median(leads)), "decimal", 0) if leads else "–"
    late = number["same"] + number["behind"] + number["missed"]
    plains = words("warnings.of", n=len(leads) + number["missed"])
    return Figures(
        [
            Figure(words("warnings.ahead"), str(number["ahead"]), plains),
            Figure(words("warnings.lead"), words("warnings.days", n=middle), words("warnings.lead_note")),
            Figure(words("warnings.late"), str(late), words("warnings.late_note")),
            Figure(words("warnings.unfounded"), str(number["unfounded"]), words("warnings.unfounded_note")),
        ]
    )


def _table(found: Sequence[Warned], here: Day, words: Words) -> Table:
    days = here.followed.counts.days
    rows: list[dict[str, Cell]] = []
    for one in found:
        kind, day = kind_of(one), None if one.first is None else days[one.first]
        code = here.followed.counts.townships[one.township].code
        rows.append(
            {
                "township": here.name(one.township, words),
                "first": day,
                "own": None if day is None else round(one.own),
                "plain": None if one.plain is None else days[one.plain],
                "lead": one.lead,
                "kind": words(f"warnings.kind.{kind}"),
                "tone": TONES[kind],
                "total": round(one.total),
                "href": here.address(here.season.name, day=day, area=code) if day else "",
            }
        )
    columns = [
        Column("township", words("season.township")),
        Column("first", words("warnings.first"), "date"),
        Column("own", words("warnings.own"), "integer"),
        Column("plain", words("warnings.plain"), "date"),
        Column("lead", words("warnings.lead"), "integer", words("warnings.unit")),
        Column("kind", words("column.finding")),
        Column("total", words("season.total"), "integer"),
    ]
    return Table(
        "warnings",
        words("warnings.table"),
        columns,
        rows,
        {"township": "href"},
        {"kind": "tone"},
        stacked=True,
    )
