"""Medicines in use, and when the next supply of a refillable prescription (慢性病連續處方箋) can be fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from camphora.pages import dates
from camphora.web.contexts import Item, Now
from camphora.web.reading.plain import Json, Reading, day_of, later
from camphora.web.reading.titles import date_of, title

MOST_NAMED = 2


@dataclass(frozen=True, slots=True)
class Refill:
    """The next supply of one prescription: from which day, until when it is valid, the how-manieth of how many."""

    prescription: Json
    due: date
    valid_until: date
    turn: int
    turns: int


def _days(quantity: Json | None) -> int:
    """A duration of days or weeks in days; 0 where it says neither."""
    number = (quantity or {}).get("value", 0)
    factor = {"d": 1, "wk": 7, "mo": 30}.get((quantity or {}).get("code", ""), 0)
    return int(number * factor)


def refill(prescription: Json, dispensed: Iterable[Json], day: date) -> Refill | None:
    """The next supply, None where nothing is left, the prescription has ended, or its terms are not stated."""
    request = prescription.get("dispenseRequest", {})
    valid = request.get("validityPeriod", {})
    begin = day_of(valid.get("start") or prescription.get("authoredOn"))
    until, supply = day_of(valid.get("end")), _days(request.get("expectedSupplyDuration"))
    repeats = int(request.get("numberOfRepeatsAllowed", 0))
    given = sorted(filter(None, (day_of(row.get("whenHandedOver")) for row in dispensed)))
    if begin is None or until is None or not (repeats and supply):
        return None
    if prescription.get("status") != "active" or len(given) > repeats:
        return None
    due = later(given[-1], supply) if given else begin
    return Refill(prescription, due, until, len(given) + 1, repeats + 1) if max(day, due) <= until else None


def refills(prescriptions: Iterable[Json], dispenses: Iterable[Json], day: date) -> list[Refill]:
    """The next supplies, soonest first."""
    given: dict[str, list[Json]] = {}
    for row in dispenses:
        for reference in row.get("authorizingPrescription", ()):
            given.setdefault(str(reference.get("reference", "")), []).append(row)
    found = (refill(row, given.get(f"MedicationRequest/{row['id']}", ()), day) for row in prescriptions)
    return sorted((each for each in found if each), key=lambda each: (each.due, each.prescription["id"]))


def next_refill(reading: Reading, found: list[Refill], suffix: str = "") -> Now | None:
    """The soonest supply as what matters now, with how many medicines it is."""
    if not found:
        return None
    first = found[0]
    together = [each for each in found if each.due == first.due]
    ready = first.due <= reading.day
    names = list(dict.fromkeys(title(reading, each.prescription) for each in together))
    said = reading.join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        said = reading.words("refill.more", names=said, n=len(names))
    text = reading.words(
        "refill.ready" if ready else "refill.text",
        turn=first.turn,
        turns=first.turns,
        names=said,
        until=dates.near(first.valid_until, reading.day, reading.lang),
    )
    value = reading.words("refill.now") if ready else dates.near(first.due, reading.day, reading.lang)
    href = f"/records/MedicationRequest/{first.prescription['id']}{suffix}"
    return Now(reading.words("refill.label"), value, text, href, strong=True)


def current(reading: Reading, prescriptions: Iterable[Json], suffix: str = "") -> list[Item]:
    """Medicines in use: the newest active prescription of each, with how it is taken and until when."""
    newest: dict[str, Json] = {}
    for row in sorted(prescriptions, key=date_of, reverse=True):
        if row.get("status") == "active" and _in_use(row, reading.day):
            newest.setdefault(title(reading, row), row)
    return [_item(reading, name, row, suffix) for name, row in newest.items()]


def _in_use(prescription: Json, day: date) -> bool:
    """Whether its supplies may still last: short ones end with their days, others with their validity."""
    request = prescription.get("dispenseRequest", {})
    begin, end = day_of(date_of(prescription)), day_of(request.get("validityPeriod", {}).get("end"))
    supply = _days(request.get("expectedSupplyDuration")) * (
        1 + int(request.get("numberOfRepeatsAllowed", 0))
    )
    if begin is not None and supply:
        return later(begin, supply) >= day
    return end is None or end >= day


def _item(reading: Reading, name: str, row: Json, suffix: str) -> Item:
    refillable = int(row.get("dispenseRequest", {}).get("numberOfRepeatsAllowed", 0)) > 0
    return Item(
        title=name,
        href=f"/records/MedicationRequest/{row['id']}{suffix}",
        text=reading.dosage(row.get("dosageInstruction", ())),
        when=reading.words("reading.since", date=reading.when(date_of(row))) if date_of(row) else "",
        chip=reading.words("refill.chip") if refillable else "",
    )
