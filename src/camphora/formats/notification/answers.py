"""What was written in a form as a QuestionnaireResponse, and what is wrong with one, item by item."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from camphora.errors import Invalid
from camphora.formats import roc
from camphora.formats.notification.form import Form, Item, Json, values
from camphora.formats.notification.records import About
from camphora.formats.shape import shape

VALUES = {"choice": "valueCoding", "date": "valueDate", "string": "valueString", "text": "valueString"}
ORDER = {"diagnosed": "onset"}
"""A part that cannot come before another."""


def response(form: Form, given: Mapping[str, str], about: About) -> Json:
    """The answers as FHIR. `given`: what was written, by linkId; nothing is judged here (`check`)."""
    return {
        "resourceType": "QuestionnaireResponse",
        "id": about.id,
        "questionnaire": form.canonical,
        "status": "completed",
        "subject": {"reference": f"Patient/{about.patient}"},
        "authored": about.at.isoformat(timespec="seconds"),
        "item": _answered(form, form.resource.get("item", ()), given),
    }


def check(form: Form, answers: Mapping[str, Any], today: dt.date) -> dict[str, Invalid]:
    """What is wrong with a QuestionnaireResponse, by linkId; nothing where it can be written. `notification-other` of
    answers to another form, and of items that this one has not."""
    found = values(answers)
    faults = {
        link: Invalid("notification-other")
        for link in found
        if link not in {each.link for each in form.items}
    }
    if answers.get("questionnaire") != form.canonical:
        faults[""] = Invalid("notification-other")
    for item in form.items:
        fault = _fault(item, found.get(item.link), today)
        if fault is not None:
            faults[item.link] = fault
    return faults or _contradictions(form, found)


def _answered(form: Form, items: Iterable[Json], given: Mapping[str, str]) -> list[Json]:
    made: list[Json] = []
    known = {each.link: each for each in form.items}
    for one in items:
        link, text = str(one["linkId"]), given.get(str(one["linkId"]), "").strip()
        said = {"linkId": link, "text": one["text"]} if "text" in one else {"linkId": link}
        if one.get("type") == "group":
            if inner := _answered(form, one.get("item", ()), given):
                made.append({**said, "item": inner})
        elif link in known and text:
            made.append({**said, "answer": [_answer(known[link], text)]})
    return made


def _answer(item: Item, text: str) -> Json:
    if item.kind == "choice":
        option = item.option(text)
        return {"valueCoding": dict(option.coding) if option else {"code": text}}
    if item.kind == "date":
        try:
            return {"valueDate": roc.date(text)}
        except Invalid:
            return {"valueDate": text}
    return {"valueString": text}


def _fault(item: Item, answer: Json | None, today: dt.date) -> Invalid | None:
    if answer is None:
        return Invalid("notification-needed") if item.required else None
    if set(answer) != {VALUES[item.kind]}:
        return Invalid("notification-other")
    said = answer[VALUES[item.kind]]
    match item.kind:
        case "choice":
            option = item.option(str(said.get("code", "")))
            known = option is not None and said.get("system") == option.coding.get("system")
            return None if known else Invalid("notification-option")
        case "date":
            return _of_day(str(said), today)
        case _:
            return Invalid("notification-long", most=item.longest) if len(said) > item.longest else None


def _of_day(text: str, today: dt.date) -> Invalid | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return Invalid("formats-date", shape=shape(text))
    return Invalid("formats-time-ahead", today=today.isoformat()) if day > today else None


def _contradictions(form: Form, found: Mapping[str, Json]) -> dict[str, Invalid]:
    """Days that cannot follow one another."""
    faults: dict[str, Invalid] = {}
    for later, earlier in ORDER.items():
        last, first = form.of_part(later), form.of_part(earlier)
        if last and first and last.link in found and first.link in found:
            days = [found[each.link]["valueDate"] for each in (first, last)]
            if days[0] > days[1]:
                faults[last.link] = Invalid("notification-order")
    return faults
