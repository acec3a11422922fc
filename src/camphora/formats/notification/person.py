"""Whom a case is about that was reported by telephone or on paper: what was written of them, and what is wrong with it.

The fields are those of line lists and are read as they are, so that one person is written alike however they came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from camphora.errors import Invalid, Place
from camphora.formats.line_list.cases import READ, Case
from camphora.formats.line_list.fields import Disease
from camphora.formats.line_list.resources import patient
from camphora.formats.notification.form import Json
from camphora.formats.shape import shape

FIELDS = (
    "name",
    "sex",
    "birth_date",
    "national_id",
    "phone",
    "town",
    "address",
    "reporter",
    "way",
    "notified",
)
"""What is asked beside the Questionnaire, in order."""
NEEDED = ("name", "sex", "birth_date", "town", "reporter", "way", "notified")
PREFIX = "p-"
"""Before the names of these fields in the page's form, which the Questionnaire's linkIds share."""
WAYS = ("telephone", "paper", "other")
SEXES = ("male", "female", "other", "unknown")
LONGEST = 200
CHOSEN: Mapping[str, tuple[str, ...]] = {"sex": SEXES, "way": WAYS}


def read(
    given: Mapping[str, str], towns: Mapping[str, Any], today: dt.date
) -> tuple[Json, dict[str, Invalid]]:
    """The values by field, and the faults by field. `towns`: those that may be chosen."""
    values: Json = {}
    faults: dict[str, Invalid] = {}
    for name in FIELDS:
        text = given.get(f"{PREFIX}{name}", "").strip()
        try:
            if text:
                values[name] = _value(name, text, towns, today)
            elif name in NEEDED:
                raise Invalid("notification-needed")
        except Invalid as fault:
            faults[name] = fault
    return values, faults


def written(values: Json, place: tuple[str, str], name: str) -> Json:
    """The person as a Patient under this id; `place`: county and township."""
    county, town = place
    line = f"{county}{town}{values.get('address', '')}"
    own: Json = {
        key: values[key] for key in ("name", "sex", "birth_date", "national_id", "phone") if key in values
    }
    said: Json = {**own, "county": county, "town": town, "address": line}
    return patient(Case(Place(""), Disease("", "", ""), said), name)


def _value(name: str, text: str, towns: Mapping[str, Any], today: dt.date) -> str:
    if len(text) > LONGEST:
        raise Invalid("notification-long", most=LONGEST)
    if text not in CHOSEN.get(name, (text,)) or (name == "town" and text not in towns):
        raise Invalid("notification-option")
    value = str(READ[name](text)) if name in READ and name not in CHOSEN else text
    if name in {"birth_date", "notified"}:
        _require_day(value, today)
    return value


def _require_day(text: str, today: dt.date) -> None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:  # a date without its day
        raise Invalid("formats-date", shape=shape(text)) from None
    if day > today:
        raise Invalid("formats-time-ahead", today=today.isoformat())
