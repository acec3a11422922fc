"""The choices of `/ask`, read from an address and made into a question of the lake."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, cast

from camphora.errors import Invalid, Lang
from camphora.lake import Between, By, Has, Is, Measure, Question
from camphora.lake.question import Filter
from camphora.pages.counties import COUNTIES
from camphora.terminology import Terminology

TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
ICD, FEE = f"{TWCORE}icd-10-cm-2023-tw", f"{TWCORE}medical-service-payment-tw"
MOST_CODES, DECADE = 200, 10
CODE = re.compile(r"(?=.*\d)[A-Za-z0-9.:-]{1,24}")
Kind = Literal["persons", "rows", "mean"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be asked of one view: its columns for code and date, and the systems that its codes are from."""

    code: str = ""
    date: str = ""
    systems: tuple[str, ...] = ()
    mean: str = ""


SUBJECTS: Mapping[str, Subject] = {
    "person": Subject(),
    "condition": Subject("code", "recorded", (ICD,)),
    "encounter": Subject("reason", "start", (ICD,)),
    "medication_request": Subject("code", "date", (f"{TWCORE}medication-nhi-tw", "http://www.whocc.no/atc")),
    "observation": Subject("code", "date", ("http://loinc.org", FEE), "value"),
    "procedure": Subject("code", "date", (FEE, "urn:camphora:procedure", "urn:camphora:screening")),
    "immunization": Subject("code", "date", ("http://hl7.org/fhir/sid/cvx",)),
}
MEASURES = ("persons", "rows", "mean")
GROUPS = ("sex", "birth", "county", "code", "year")
SEXES = ("female", "male")


@dataclass(frozen=True, slots=True)
class Asked:
    """The choices of an address, checked; `use` and `basis` are the gate's to weigh."""

    view: str = ""
    measure: str = "persons"
    by: str = ""
    then: str = ""
    code: str = ""
    having: str = ""
    sex: str = ""
    county: str = ""
    since: str = ""
    until: str = ""
    use: str = ""
    basis: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(group for group in (self.by, self.then) if group)

    def choices(self) -> dict[str, str]:
        """Those that were made, in the order of the form."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}


def read(given: Mapping[str, str]) -> Asked:
    """The choices of an address. Raises Invalid for a value that is no choice, or choices that do not go together."""
    asked = Asked(**{key: given.get(key, "").strip() or usual for key, usual in _usual().items()})
    allowed = {
        "view": ("", *SUBJECTS), "measure": MEASURES, "by": ("", *GROUPS), "then": ("", *GROUPS),
        "sex": ("", *SEXES), "county": ("", *(county.zh for county in COUNTIES)),
    }  # fmt: skip
    for key, values in allowed.items():
        if getattr(asked, key) not in values:
            raise Invalid("web-question-choice", name=key)
    for key in ("since", "until"):
        text = getattr(asked, key)
        if text and not (text.isascii() and text.isdigit() and len(text) == 4):
            raise Invalid("web-question-year", name=key)
    _check_together(asked)
    return asked


def _usual() -> dict[str, str]:
    return {one.name: str(one.default) for one in fields(Asked)}


def _check_together(asked: Asked) -> None:
    """A mean is of one coded value; only coded and dated views have a code and a date."""
    subject = SUBJECTS.get(asked.view)
    if subject is None:
        return
    if asked.measure == "mean" and not (subject.mean and asked.code):
        raise Invalid("web-question-mean")
    if not subject.code and (asked.code or "code" in asked.groups):
        raise Invalid("web-question-no-code")
    if not subject.date and (asked.since or asked.until or "year" in asked.groups):
        raise Invalid("web-question-no-date")
    if asked.by and asked.by == asked.then:
        raise Invalid("web-question-twice")


def question_of(asked: Asked, terms: Terminology) -> Question:
    """The choices as a question of the lake."""
    subject = SUBJECTS[asked.view]
    where: list[Filter] = []
    if asked.code:
        where.append(Is(subject.code, codes_of(terms, asked.code, subject.systems)))
    if asked.having:
        where.append(Has("condition", (Is("code", codes_of(terms, asked.having, (ICD,))),)))
    if asked.sex:
        where.append(Is("person.sex", (asked.sex,)))
    if asked.county:
        where.append(Is("person.county", (asked.county,)))
    if asked.since or asked.until:
        where.append(Between(subject.date, asked.since or None, asked.until or None))
    kind = cast("Kind", asked.measure)
    if kind == "mean" and len(codes_of(terms, asked.code, subject.systems)) != 1:
        raise Invalid("web-question-mean")
    measure = Measure(kind, subject.mean if kind == "mean" else "")
    return Question(
        asked.view, measure, tuple(_group(group, subject) for group in asked.groups), tuple(where)
    )


def _group(group: str, subject: Subject) -> By:
    match group:
        case "birth":
            return By("person.birth_year", band=DECADE)
        case "code":
            return By(subject.code)
        case "year":
            return By(subject.date, "year")
        case _:
            return By(f"person.{group}")


def codes_of(terms: Terminology, text: str, systems: Sequence[str]) -> tuple[str, ...]:
    """The code itself, or the codes whose names hold the text. Raises Invalid where there are none or too many."""
    found = [concept for system in systems for concept in terms.search(text, system, MOST_CODES)]
    exact = tuple({concept.code for concept in found if concept.code.casefold() == text.casefold()})
    codes = exact or tuple(dict.fromkeys(concept.code for concept in found))
    if not codes and CODE.fullmatch(text):
        return (text,)
    if not codes:
        raise Invalid("web-question-code-unknown")
    if len(codes) >= MOST_CODES:
        raise Invalid("web-question-code-many", most=MOST_CODES)
    return codes


def name(terms: Terminology, code: str, systems: Sequence[str], lang: Lang) -> str:
    """The name of a code: our plain one, or its edition's; empty where it is not known."""
    for system in systems:
        plain = terms.plain(system, code)
        if plain:
            return plain.zh if lang == "zh-TW" else plain.en
        concept = terms.lookup(system, code)
        if concept:
            return concept.display(lang)
    return ""
