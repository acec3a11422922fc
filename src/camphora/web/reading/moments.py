"""The timeline: each visit as one moment that says what was found and done, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from camphora.pages import Moment, Tone
from camphora.web.reading.chart import Chart
from camphora.web.reading.plain import Json, Reading, references_of
from camphora.web.reading.results import by_code, compared, number_of
from camphora.web.reading.titles import date_of, place, title

PRESSURE = ("85354-9", "55284-4")
MOST_NAMED = 2


@dataclass(slots=True)
class Story:
    """Visits with what belongs to each, and what stands alone (vaccinations)."""

    visits: Sequence[Json]
    alone: Sequence[Json] = ()
    inside: dict[str, list[Json]] = field(default_factory=dict)
    """Records by the reference of their visit."""
    before: dict[str, Json] = field(default_factory=dict)
    """The earlier comparable result of an Observation, by its id."""
    next: str | None = None

    def everything(self) -> list[Json]:
        return [*self.visits, *self.alone, *(row for rows in self.inside.values() for row in rows)]

    def institutions(self) -> list[str]:
        """References to the institutions that appear without a name."""
        shown = [*self.visits, *self.alone]
        return [ref for row in shown for ref in references_of(row) if ref.startswith("Organization/")]


INSIDE = (("Observation", "date"), ("MedicationRequest", "authoredon"), ("Procedure", "date"))


def story(chart: Chart, count: int, page: str = "") -> Story:
    """The newest visits, or the next ones, with what was found, prescribed and done on those days."""
    visits, following = chart.ask("Encounter", ("_sort", "-date"), count=count, page=page)
    days = [day for day in (date_of(visit)[:10] for visit in visits) if day]
    if not days:
        return Story(visits, [] if page else chart.ask("Immunization", ("_sort", "-date"), count=count).rows)
    first = [] if following is None else [min(days)]
    last = [max(days)] if page else []
    told = Story(
        visits, chart.ask("Immunization", ("_sort", "-date"), *_within("date", first, last), count=200).rows
    )
    told.next = following
    for record_type, name in INSIDE:
        rows = chart.ask(
            record_type, ("_sort", f"-{name}"), *_within(name, [min(days)], [max(days)]), count=600
        ).rows
        for row in rows:
            told.inside.setdefault(str(row.get("encounter", {}).get("reference", "")), []).append(row)
        if record_type == "Observation":
            told.before = earlier(rows)
    return told


def _within(name: str, first: list[str], last: list[str]) -> list[tuple[str, str]]:
    return [*((name, f"ge{day}") for day in first), *((name, f"le{day}") for day in last)]


def earlier(observations: Iterable[Json]) -> dict[str, Json]:
    """For each result the comparable one before it."""
    found: dict[str, Json] = {}
    for group in by_code(observations).values():
        found.update((later["id"], before) for before, later in pairwise(group))
    return found


def moments(reading: Reading, told: Story, suffix: str = "") -> list[Moment]:
    """The story's moments, newest first. `suffix` stays on every address."""
    dated = [(date_of(visit), visit_moment(reading, told, visit, suffix)) for visit in told.visits]
    dated += [(date_of(row), alone_moment(reading, row, suffix)) for row in told.alone]
    return [moment for _, moment in sorted(dated, key=lambda pair: pair[0], reverse=True)]


def visit_moment(reading: Reading, told: Story, visit: Json, suffix: str) -> Moment:
    rows = told.inside.get(f"Encounter/{visit['id']}", [])
    observations = [row for row in rows if row["resourceType"] == "Observation"]
    parts = [
        reading.join(reading.concepts(visit.get("reasonCode", ()))),
        *_measured(reading, observations, told.before),
        reading.join(
            dict.fromkeys(title(reading, row) for row in rows if row["resourceType"] == "Procedure")
        ),
        _prescribed(reading, [row for row in rows if row["resourceType"] == "MedicationRequest"]),
    ]
    return Moment(
        when=reading.near(date_of(visit)),
        title=title(reading, visit),
        place=place(reading, visit),
        text=reading.sentences(dict.fromkeys(part for part in parts if part)),
        href=f"/records/Encounter/{visit['id']}{suffix}",
        tone=_tone(reading, visit, observations),
    )


def alone_moment(reading: Reading, row: Json, suffix: str) -> Moment:
    return Moment(
        when=reading.near(date_of(row)),
        title=title(reading, row),
        place=place(reading, row),
        href=f"/records/{row['resourceType']}/{row['id']}{suffix}",
    )


def _tone(reading: Reading, visit: Json, observations: list[Json]) -> Tone:
    urgent = visit.get("class", {}).get("code") in {"EMER", "IMP"}
    return "notice" if urgent or any(reading.flag(row) for row in observations) else "plain"


def _measured(reading: Reading, rows: list[Json], before: dict[str, Json]) -> list[str]:
    """Blood pressure with its change, then the values out of range, then how many were as expected."""
    pressure = [row for row in rows if _is_pressure(row)]
    laboratory = [
        row
        for row in rows
        if not _is_pressure(row) and (row.get("interpretation") or row.get("referenceRange"))
    ]
    said = [_result(reading, row, compared(reading, row, before.get(row["id"]))) for row in pressure[:1]]
    unusual = [row for row in laboratory if reading.flag(row)]
    said += [_result(reading, row, reading.flag(row)) for row in unusual[:MOST_NAMED]]
    if len(unusual) > MOST_NAMED:
        said.append(reading.words("reading.more_unusual", n=len(unusual) - MOST_NAMED))
    usual = [row for row in laboratory if number_of(row) is not None and not reading.flag(row)]
    if usual:
        said.append(reading.words("reading.rest_usual" if unusual else "reading.all_usual", n=len(usual)))
    return said


def _is_pressure(row: Json) -> bool:
    return any(coding.get("code") in PRESSURE for coding in row.get("code", {}).get("coding", ()))


def _result(reading: Reading, row: Json, note: str) -> str:
    plain = f"{title(reading, row)} {reading.value(row)}"
    return reading.words("reading.noted", text=plain, note=note) if note else plain


def _prescribed(reading: Reading, rows: list[Json]) -> str:
    names = list(dict.fromkeys(title(reading, row) for row in rows))
    if not names:
        return ""
    key = "reading.prescribed" if len(names) <= 3 else "reading.prescribed_more"
    return reading.words(key, names=reading.join(names[:3]), n=len(names))
