"""The current moment, one and the same throughout an evaluation."""

from __future__ import annotations

from camphora.fhir.fhirpath.dates import Date, Time
from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.running import Collection, Frame


@function("now", gives="DateTime")
def now(frame: Frame, _: Collection) -> Collection:
    return [frame.run.now]


@function("today", gives="Date")
def today(frame: Frame, _: Collection) -> Collection:
    return [Date(tuple(int(part) for part in frame.run.now.parts[:3]))]


@function("timeOfDay", gives="Time")
def time_of_day(frame: Frame, _: Collection) -> Collection:
    return [Time(frame.run.now.parts[3:])]
