"""Which screenings are due, from the dated statutory figures and what the record shows was done.

Ages and intervals are rows of `rules/data/screening.csv`. A row with the stratum `only` holds for people with a
risk that a record does not tell (betel, smoking, family): such a programme is never said to be due here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import as_file, files

from camphora.rules import Rule, Rules
from camphora.web.contexts import Now
from camphora.web.reading.people import born
from camphora.web.reading.plain import Json, Reading, day_of
from camphora.web.reading.titles import date_of

LOINC, OURS = "http://loinc.org", "urn:camphora:screening"
EVIDENCE: dict[str, frozenset[tuple[str, str]]] = {
    "smear": frozenset({(OURS, "smear"), (LOINC, "10524-7")}),
    "papilloma": frozenset({(OURS, "papilloma"), (LOINC, "21440-3"), (LOINC, "30167-1")}),
    "mammography": frozenset({(OURS, "mammography"), (LOINC, "24606-6")}),
    "fit": frozenset({(OURS, "fit"), (LOINC, "29771-3")}),
    "adult_check": frozenset({(OURS, "adult_check")}),
    "hepatitis": frozenset({(OURS, "hepatitis"), (LOINC, "5196-1"), (LOINC, "16128-1")}),
    "lung": frozenset({(OURS, "lung")}),
    "oral": frozenset({(OURS, "oral")}),
}
"""The codes of a Procedure, Observation or report that show that a programme's examination was done."""
NOT_DONE = frozenset({"entered-in-error", "not-done", "cancelled", "preparation"})


@dataclass(frozen=True, slots=True)
class Due:
    """A screening that is due since a day: `last` is when it was last done, None where the record shows none."""

    programme: str
    rule: Rule
    last: date | None
    since: date


@cache
def figures() -> Rules:
    """The statutory ages and intervals."""
    with as_file(files("camphora.rules").joinpath("data", "screening.csv")) as path:
        return Rules.load(path)


def due(patient: Json, done: Iterable[Json], day: date, rules: Rules | None = None) -> list[Due]:
    """What is due on a day: first what was once done and is longest overdue, then what was never done."""
    birthday = born(patient)
    if birthday is None or patient.get("deceasedDateTime") or patient.get("deceasedBoolean"):
        return []
    age, last = completed_years(birthday, day), last_done(done)
    found = []
    for rule in rules or figures():
        if rule.holds(day) and _meant(rule, age, str(patient.get("gender", ""))):
            programme = rule.strata["programme"]
            each = _due(rule, birthday, last.get(programme), day)
            if each is not None:
                found.append(each)
    return sorted(found, key=lambda each: (each.last is None, each.since, each.programme))


def _meant(rule: Rule, age: int, sex: str) -> bool:
    strata = rule.strata
    if "only" in strata or strata.get("sex", sex) != sex:
        return False
    return int(strata["from_age"]) <= age <= int(strata.get("to_age", 200))


def _due(rule: Rule, birthday: date, last: date | None, day: date) -> Due | None:
    begin = years_after(birthday, int(rule.strata["from_age"]))
    programme = rule.strata["programme"]
    if rule.name == "screening_once":
        counts = last is not None and (rule.strata["from_age"] != rule.strata.get("to_age") or last >= begin)
        return None if counts else Due(programme, rule, last, begin)
    since = max(begin, years_after(last, int(rule.value))) if last else begin
    return Due(programme, rule, last, since) if since <= day else None


def last_done(resources: Iterable[Json]) -> dict[str, date]:
    """The newest day on which each programme's examination was done."""
    newest: dict[str, date] = {}
    for row in resources:
        when = day_of(date_of(row))
        if when is None or row.get("status") in NOT_DONE:
            continue
        codes = {(each.get("system"), each.get("code")) for each in row.get("code", {}).get("coding", ())}
        for programme, known in EVIDENCE.items():
            if codes & known:
                newest[programme] = max(newest.get(programme, date.min), when)
    return newest


def completed_years(birthday: date, day: date) -> int:
    return day.year - birthday.year - ((day.month, day.day) < (birthday.month, birthday.day))


def years_after(day: date, years: int) -> date:
    """The same day of a later year; 1 March for 29 February; at most the last day of the calendar."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def as_now(reading: Reading, found: Due) -> Now:
    """A due screening as what matters now."""
    once = found.rule.name == "screening_once"
    often = (
        reading.words("screening.once") if once else reading.words("screening.every", n=int(found.rule.value))
    )
    last = (
        reading.words("screening.last", date=_month(reading, found.last))
        if found.last
        else reading.words("screening.never")
    )
    text = reading.sentences([last, often])
    return Now(reading.words("screening.label"), reading.words(f"screening.name.{found.programme}"), text)


def _month(reading: Reading, day: date) -> str:
    return reading.when(day.isoformat()[:7])
