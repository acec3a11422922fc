"""Rows of a line list as cases: typed, every fault located, duplicates found. No fault repeats what a cell says."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from camphora.errors import Invalid, Place
from camphora.fhir.taiwan import identifiers, places
from camphora.formats import roc
from camphora.formats.csv_rows import Row
from camphora.formats.fold import official
from camphora.formats.line_list.fields import DATES, Disease, fields, same
from camphora.formats.line_list.mapping import Mapping
from camphora.formats.line_list.seen import Seen
from camphora.formats.shape import shape

NEAR = 14
"""Days between two onsets of one person's one disease within which they may be the same illness."""
SHOWN = 10
"""So many pairs of lines are named where rows may be doubled; the rest are counted."""
SEX = {
    "男": "male", "m": "male", "male": "male", "1": "male",
    "女": "female", "f": "female", "female": "female", "2": "female",
    "其他": "other", "other": "other", "不詳": "unknown", "未知": "unknown", "unknown": "unknown",
}  # fmt: skip
STATUS = {
    "確定": "confirmed", "確診": "confirmed", "確定病例": "confirmed", "陽性": "confirmed", "confirmed": "confirmed",
    "極可能": "provisional", "極可能病例": "provisional", "probable": "provisional",
    "疑似": "unconfirmed", "疑似病例": "unconfirmed", "待釐清": "unconfirmed", "未研判": "unconfirmed",
    "可能病例": "unconfirmed", "suspected": "unconfirmed", "suspect": "unconfirmed",
    "排除": "refuted", "排除病例": "refuted", "陰性": "refuted", "excluded": "refuted", "refuted": "refuted",
}  # fmt: skip
RESULT = {
    "陽性": "POS", "+": "POS", "positive": "POS", "pos": "POS",
    "陰性": "NEG", "-": "NEG", "negative": "NEG", "neg": "NEG", "未確定": "IND", "不確定": "IND", "無法判定": "IND",
    "檢驗中": "", "待檢": "", "未檢": "", "pending": "",
}  # fmt: skip
YES = {"是": True, "有": True, "y": True, "yes": True, "1": True, "true": True,
       "否": False, "無": False, "n": False, "no": False, "0": False, "false": False}  # fmt: skip
CHOICES: dict[str, dict[str, Any]] = {"sex": SEX, "status": STATUS, "result": RESULT, "hospitalised": YES}
SERIAL = re.compile(r"[1-9][0-9]{4}(\.[0-9]+)?")
ORDER = {"onset": ("birth_date",), "notified": ("onset", "diagnosed")}
"""Days that none of these may come after."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Dates are ISO text; `values` holds what was given, by field."""

    place: Place
    disease: Disease
    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """The value of a field; None where it is not given."""
        if name not in fields():
            raise AttributeError(name)
        return self.values.get(name)

    @property
    def person_key(self) -> str:
        """Tells one person from another, as far as the row can: by number, or by name, sex and day of birth."""
        if number := self.values.get("national_id"):
            return f"id|{number}"
        if self.values.get("name") and self.values.get("birth_date"):
            said = (self.values.get(key) or "" for key in ("name", "birth_date", "sex"))
            return "who|" + "|".join(said)
        return f"case|{self.values['case_number']}"

    @property
    def key(self) -> str:
        """Tells one case from another: its number; without one, who had what when."""
        if number := self.values.get("case_number"):
            return f"case|{number}"
        return f"{self.person_key}|{self.disease.code}|{self.day}"

    @property
    def day(self) -> str:
        """The day of onset, or the first day that is known of it."""
        return next(
            (str(found) for key in ("onset", "diagnosed", "notified") if (found := self.values.get(key))), ""
        )


class Pair(NamedTuple):
    """Two lines that may be one case."""

    first: int
    second: int


class Taken(NamedTuple):
    """What became of a row: its case, or its faults; neither where it says the same as an earlier one."""

    row: Row
    case: Case | None
    faults: list[Invalid]


@dataclass(slots=True)
class Pairs:
    """How many pairs of lines were found, and the first of them."""

    number: int = 0
    first: list[Pair] = field(default_factory=list)

    def add(self, one: int, other: int) -> None:
        self.number += 1
        if len(self.first) < SHOWN:
            self.first.append(Pair(one, other))


class Cases:
    """Reads rows one after another. `again`: lines that say the same as an earlier one; `near`: lines with different
    numbers that may be one case. What earlier rows were lies aside, so that a list may be as long as a disk holds."""

    def __init__(self, mapping: Mapping, today: dt.date) -> None:
        self.again, self.near = Pairs(), Pairs()
        self._mapping, self._today = mapping, today

    def read(self, rows: Iterable[Row]) -> Iterator[Taken]:
        """What becomes of each row, in order. A row with a fault is no case; of two rows with one case number that
        differ the second is at fault."""
        with Seen() as seen:
            for row in rows:
                case, faults = _case(row, self._mapping, self._today)
                if case is not None:
                    case, faults = self._told_apart(case, seen)
                yield Taken(row, case, faults)

    def _told_apart(self, case: Case, seen: Seen) -> tuple[Case | None, list[Invalid]]:
        line, said = _line(case), repr(sorted(case.values.items()))
        if earlier := seen.case(case.key, line, said):
            if not earlier.same:
                return None, [Invalid("line-list-case-doubled", place=case.place, first=earlier.line)]
            self.again.add(earlier.line, line)
            return None, []
        for other, day in seen.illnesses(f"{case.person_key}|{case.disease.code}", line, case.day):
            if are_near(day, case.day):
                self.near.add(other, line)
        return case, []


def _line(case: Case) -> int:
    return case.place.line or 0


def are_near(one: str, other: str) -> bool:
    """Whether two days of onset may be of one illness; one that is not known may be."""
    if not one or not other:
        return True
    return abs((dt.date.fromisoformat(one) - dt.date.fromisoformat(other)).days) <= NEAR


def _case(row: Row, mapping: Mapping, today: dt.date) -> tuple[Case | None, list[Invalid]]:
    if row.fault:
        return None, [row.fault]
    values: dict[str, Any] = {}
    faults: list[Invalid] = []
    for key, column in mapping.columns.items():
        text = row.cells[column].strip()
        if not text or key == "disease":
            continue
        place = Place(row.file, row.line, column)
        try:
            values[key] = READ.get(key, str)(text)
        except Invalid as fault:
            faults.append(Invalid(fault.code, place=place, **fault.facts))
    disease = _disease(row, mapping, faults)
    faults += _contradictions(values, row, mapping, today)
    if not faults and "case_number" not in values and not _is_somebody(values):
        faults.append(Invalid("line-list-row-nobody", place=Place(row.file, row.line)))
    if faults or disease is None:
        return None, faults
    return Case(Place(row.file, row.line), disease, _placed(values)), []


def _is_somebody(values: dict[str, Any]) -> bool:
    return "national_id" in values or ("name" in values and "birth_date" in values)


def _disease(row: Row, mapping: Mapping, faults: list[Invalid]) -> Disease | None:
    column = mapping.columns.get("disease")
    word = row.cells[column].strip() if column else ""
    if not word and mapping.disease:
        return mapping.disease_of(mapping.disease)
    place = Place(row.file, row.line, column)
    found = mapping.disease_of(word) if word else None
    if found is None:
        code = "line-list-disease" if word else "formats-cell-empty"
        faults.append(Invalid(code, place=place, column=column or "disease", shape=shape(word)))
    return found


def _contradictions(values: dict[str, Any], row: Row, mapping: Mapping, today: dt.date) -> Iterator[Invalid]:
    """Days that have not come, and such as cannot follow one another."""
    for key in DATES:
        if values.get(key, "") > today.isoformat():
            place = Place(row.file, row.line, mapping.columns[key])
            yield Invalid("formats-time-ahead", place=place, today=today.isoformat())
    for after, earlier in ORDER.items():
        before = next((key for key in earlier if values.get(after, "9999") < values.get(key, "")), None)
        if before:
            place = Place(row.file, row.line, mapping.columns[after])
            said = {"before": mapping.columns[before], "after": mapping.columns[after]}
            yield Invalid("line-list-order", place=place, **said)


def _placed(values: dict[str, Any]) -> dict[str, Any]:
    """County and township under their names of today, so that 台 and a county of before are one with 臺 and today's."""
    county = values.get("county")
    towns = places.named(county) if county in places.towns() else {}
    if (town := values.get("town")) and (known := towns.get(town) or towns.get(official(town))):
        return {**values, "town": known.name}
    return values


def _date(text: str) -> str:
    """A day; of a moment its day. Numbers in which Excel counts days are two days, by where it began to count."""
    try:
        return roc.date(text)
    except Invalid:
        if SERIAL.fullmatch(text):
            raise Invalid("line-list-serial") from None
        try:
            return roc.instant(text)[:10]
        except Invalid:
            pass
        raise


def _county(text: str) -> str:
    today = places.counties().get(text)
    if today is None:
        raise Invalid("line-list-county", shape=shape(text))
    return today


def _plain(text: str) -> str:
    """Full-width letters and digits as the narrow ones that they are, blanks within as one."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _name(text: str) -> str:
    """A name as one writes it: between Han characters no blank."""
    plain = _plain(text)
    return plain.replace(" ", "") if not plain.replace(" ", "").isascii() else plain


def _number(text: str) -> str:
    number = _plain(text).upper()
    if not set(identifiers.kinds_of(number)) & {"national-id", "resident-number", "resident-number-old"}:
        raise Invalid("line-list-number", shape=shape(text))
    return number


def _chosen(choices: dict[str, Any]) -> Callable[[str], Any]:
    said = {same(word): value for word, value in choices.items()}

    def read(text: str) -> Any:
        if same(text) not in said:
            raise Invalid("line-list-word", shape=shape(text), known="、".join(choices))
        return said[same(text)]

    return read


READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(DATES, _date),
    **{key: _chosen(choices) for key, choices in CHOICES.items()},
    "case_number": _plain,
    "name": _name,
    "county": _county,
    "national_id": _number,
}
