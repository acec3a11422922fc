"""Concepts, quantities, dates and single values in words of one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from camphora.errors import Lang
from camphora.pages import dates
from camphora.pages.words import Words
from camphora.policy.choices import TAIPEI
from camphora.terminology import Terminology

Json = dict[str, Any]
TAG = ("urn:camphora:data-kind", "synthetic")
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
OWN_SYSTEMS = (
    "http://terminology.hl7.org/",
    "http://hl7.org/fhir/",
    "urn:ietf:bcp:47",
    TWCORE + "medication-frequency-nhi-tw",
)
"""Systems whose common codes have words of their own here (`code.*`)."""
DEPARTMENT = TWCORE + "medical-consultation-department-nhi-tw"
"""Departments have words of their own too (`department.*`)."""
VALUES = (
    "Quantity",
    "CodeableConcept",
    "String",
    "Integer",
    "Boolean",
    "DateTime",
    "Time",
    "Period",
    "Range",
)


def today() -> date:
    """The day in Taiwan."""
    return datetime.now(TAIPEI).date()


def is_synthetic(resources: Iterable[Json]) -> bool:
    """Whether any of the resources bears the tag of synthetic data."""
    return any(
        (tag.get("system"), tag.get("code")) == TAG
        for resource in resources
        for tag in resource.get("meta", {}).get("tag", ())
    )


def references_of(value: object) -> list[str]:
    """Every relative reference inside a value."""
    if isinstance(value, Mapping):
        own = [str(value["reference"])] if isinstance(value.get("reference"), str) else []
        return own + [found for each in value.values() for found in references_of(each)]
    if isinstance(value, list):
        return [found for each in value for found in references_of(each)]
    return []


@dataclass(frozen=True, slots=True)
class Reading:
    """One language, its words, the names of codes, the day, and the names that references stand for."""

    words: Words
    terms: Terminology
    day: date
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def lang(self) -> Lang:
        return self.words.lang

    def named(self, more: Mapping[str, str]) -> Reading:
        return Reading(self.words, self.terms, self.day, {**self.names, **more})

    def concept(self, value: Json | None) -> str:
        """A CodeableConcept by our plain name, a word for HL7's own codes, the edition's name, or its own text."""
        if not value:
            return ""
        codings = [coding for coding in value.get("coding", ()) if coding.get("code")]
        plain = next(filter(None, map(self._plain, codings)), "")
        if plain or (self.lang == "zh-TW" and value.get("text")):
            return plain or str(value["text"])
        held = next(filter(None, map(self._held, codings)), "")
        shown = next((str(coding["display"]) for coding in codings if coding.get("display")), "")
        return held or str(value.get("text") or shown)

    def coding(self, value: Json | None) -> str:
        return self.concept({"coding": [value]}) if value else ""

    def concepts(self, values: Iterable[Json]) -> list[str]:
        return [name for name in map(self.concept, values) if name]

    def _plain(self, coding: Json) -> str:
        system, code = str(coding.get("system", "")), str(coding["code"])
        table = "department" if system == DEPARTMENT else "code" if system.startswith(OWN_SYSTEMS) else ""
        if f"{table}.{code}" in self.words:
            return self.words(f"{table}.{code}")
        found = self.terms.plain(system, code)
        return (found.zh if self.lang == "zh-TW" else found.en) if found else ""

    def _held(self, coding: Json) -> str:
        found = self.terms.lookup(str(coding.get("system", "")), str(coding["code"]))
        return found.display(self.lang) if found and (found.zh or found.en) else ""

    def word(self, code: str) -> str:
        """The word of a `code` element; the code itself where there is none."""
        return self.words(f"code.{code}") if f"code.{code}" in self.words else code

    def reference(self, value: Json | None) -> str:
        """The name of what a Reference points to; empty where it is not known."""
        if not value:
            return ""
        return self.names.get(str(value.get("reference", ""))) or str(value.get("display", ""))

    def when(self, text: str) -> str:
        """A FHIR date as precise as it is known, without the time; empty where there is none."""
        return dates.written(local(text), self.lang) if text else ""

    def moment(self, text: str) -> str:
        """The same with its time, where it has one."""
        return dates.moment(local(text), self.lang) if "T" in text else self.when(text)

    def near(self, text: str) -> str:
        """The same without the year, where that is this year."""
        return dates.near(local(text), self.day, self.lang) if text else ""

    def span(self, period: Json) -> str:
        start, end = (self.when(period[key]) if key in period else "" for key in ("start", "end"))
        return start if start == end else self.words("reading.span", start=start, end=end)

    def unit(self, quantity: Json) -> str:
        key = f"unit.{quantity.get('code', '')}"
        return (
            self.words(key, n=quantity.get("value")) if key in self.words else str(quantity.get("unit") or "")
        )

    def quantity(self, value: Json) -> str:
        """138 mmHg; 6.4%; < 0.1 ng/mL."""
        number, unit = str(value.get("value", "")).replace("-", "−"), self.unit(value)
        sign = f"{value['comparator']} " if "comparator" in value else ""
        return f"{sign}{number}{unit}" if unit == "%" else f"{sign}{number} {unit}".strip()

    def join(self, parts: Iterable[str]) -> str:
        return self.words("mark.list").join(part for part in parts if part)

    def sentences(self, parts: Iterable[str]) -> str:
        return self.words("mark.part").join(part for part in parts if part)

    def value(self, owner: Json) -> str:
        """The value[x] of an Observation or a component, in words."""
        for kind in VALUES:
            if f"value{kind}" in owner:
                return self._written(kind, owner[f"value{kind}"])
        parts = owner.get("component") or ()
        numbers = [part["valueQuantity"] for part in parts if "valueQuantity" in part]
        if len(numbers) == len(parts) == 2 and len({self.unit(number) for number in numbers}) == 1:
            pair = self.words("mark.pair").join(str(number.get("value", "")) for number in numbers)
            return f"{pair} {self.unit(numbers[0])}"
        return self.join(f"{self.concept(part.get('code'))} {self.value(part)}" for part in parts)

    def _written(self, kind: str, value: Any) -> str:
        match kind:
            case "Quantity":
                return self.quantity(value)
            case "CodeableConcept":
                return self.concept(value)
            case "Boolean":
                return self.words("code.true" if value else "code.false")
            case "DateTime":
                return self.moment(value)
            case "Period":
                return self.span(value)
            case "Range":
                return self.range(value)
        return str(value)

    def range(self, value: Json) -> str:
        """70–99; ≤ 130; ≥ 60; or the text of the range."""
        low, high = (f"{number:g}" if number is not None else "" for number in ends(value))
        if low and high:
            return f"{low}–{high}"
        return f"≤ {high}" if high else f"≥ {low}" if low else str(value.get("text", ""))

    def flag(self, observation: Json) -> str:
        """High, low, positive, abnormal, in a word; empty where the value is as expected or nothing is said."""
        for concept in observation.get("interpretation", ()):
            for coding in concept.get("coding", ()):
                if f"flag.{coding.get('code')}" in self.words:
                    return self.words(f"flag.{coding['code']}")
        held = {
            coding.get("code") for coding in observation.get("valueCodeableConcept", {}).get("coding", ())
        }
        return self.words("flag.POS") if held & {"POS", "10828004"} else ""

    def dosage(self, instructions: Iterable[Json]) -> str:
        """How it is taken: the prescriber's text in zh-TW, otherwise how often and how much from the codes."""
        return self.join(map(self._dose, instructions))

    def _dose(self, dose: Json) -> str:
        if self.lang == "zh-TW" and dose.get("text"):
            return str(dose["text"])
        often = self.concept(dose.get("timing", {}).get("code"))
        amounts = [
            self.quantity(rate["doseQuantity"])
            for rate in dose.get("doseAndRate", ())
            if "doseQuantity" in rate
        ]
        said = ", ".join(part for part in (*amounts, often) if part)
        return said or str(dose.get("text", ""))


def local(text: str) -> str:
    """A FHIR instant in Taiwan's time; every other date as it is written."""
    if not text.endswith("Z"):
        return text
    try:
        return datetime.fromisoformat(text).astimezone(TAIPEI).isoformat()
    except (ValueError, OverflowError):
        return text  # a leap second, or the first or last day of the calendar


def day_of(text: object) -> date | None:
    """The day of a FHIR date or time; None where it is not known to the day."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def later(day: date, days: float) -> date:
    """So many days later, at most the last day of the calendar."""
    return day + timedelta(days=min(max(int(days), 0), (date.max - day).days))


def ends(value: Json) -> tuple[float | None, float | None]:
    """The low and the high number of a Range or a reference range; None where there is none."""
    low, high = (value.get(key, {}).get("value") for key in ("low", "high"))
    return low, high


def moment_of(milliseconds: int) -> str:
    """Milliseconds UTC as ISO text in Taiwan's time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(TAIPEI).isoformat()
