"""Identifiers of Taiwan: which kinds there are, what their numbers look like, and whether their check digits agree.

A wrong check digit is a warning, never a refusal: the guides' own examples fail it, and invented people carry a
wrong one on purpose. Nothing here repeats a value. Kinds are in `kinds.toml`, systems in `systems.csv`, both beside
this file with their sources.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from camphora.errors import Lang, NotFound, catalogue
from camphora.fhir.taiwan import checksums

Check = Callable[[str], bool]
CHART = "urn:camphora:chart:"
"""How a hospital's medical record numbers are named where it has registered no system: this and its code."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of identifier. `names` by language; `type` is its code in v2-0203, or empty."""

    key: str
    names: dict[str, str]
    form: re.Pattern[str]
    type: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    source: str


class Finding(NamedTuple):
    """What is odd about a value: the stable code of the catalogue, and the kind that it was held to."""

    code: str
    kind: str

    def text(self, lang: Lang = "en") -> str:
        return catalogue()[self.code].text[lang]

    def remedy(self, lang: Lang = "en") -> str:
        return catalogue()[self.code].remedy[lang]


class Rule(NamedTuple):
    """How a kind is judged: what a wrong form is called, and its check digit, if it has one."""

    form: str
    checksum: str = ""
    agrees: Check | None = None


_RULES = {
    "national-id": Rule("taiwan-id-form", "taiwan-id-checksum", checksums.national),
    "resident-number": Rule("taiwan-resident-form", "taiwan-resident-checksum", checksums.national),
    "resident-number-old": Rule("taiwan-resident-form", "taiwan-resident-checksum", checksums.old_resident),
    "business-number": Rule("taiwan-business-form", "taiwan-business-checksum", checksums.business),
    "passport": Rule("taiwan-passport-form"),
    "chart": Rule("taiwan-chart-form"),
    "nhi-card": Rule("taiwan-card-form"),
    "institution": Rule("taiwan-institution-form"),
    "government-body": Rule("taiwan-government-form"),
    "drug": Rule("taiwan-drug-form"),
    "fee": Rule("taiwan-fee-form"),
    "material": Rule("taiwan-material-form"),
    "visit": Rule("taiwan-visit-form"),
    "card-sequence": Rule("taiwan-sequence-form"),
    "medical-licence": Rule("taiwan-number-form"),
    "ltc-case": Rule("taiwan-number-form"),
    "ltc-assessment": Rule("taiwan-number-form"),
    "ltc-report": Rule("taiwan-number-form"),
    "roc-month": Rule("taiwan-month-form"),
}
_EXPIRED = "taiwan-resident-expired"


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its key."""
    rows = tomllib.loads(files(__package__).joinpath("kinds.toml").read_text("utf-8"))
    return {key: _kind(key, row) for key, row in rows.items()}


@cache
def systems() -> dict[str, tuple[str, ...]]:
    """The kinds that each system of TW Core, TW LTC and the NHI guides may hold."""
    text = files(__package__).joinpath("systems.csv").read_text("utf-8")
    return {row["system"]: tuple(row["kinds"].split()) for row in csv.DictReader(text.splitlines())}


def kinds_of_system(system: str) -> tuple[str, ...]:
    """The kinds of a system; a hospital's own medical record system (`CHART`) holds charts."""
    return systems().get(system) or (("chart",) if system.startswith(CHART) else ())


def check(system_or_kind: str, value: str, on: dt.date | None = None) -> list[Finding]:
    """What is odd about the value, worst first; empty where nothing is. `on` is the day on which it is used.

    Raises NotFound taiwan-no-kind for a system or kind that is not known.
    """
    held = (system_or_kind,) if system_or_kind in kinds() else kinds_of_system(system_or_kind)
    if not held:
        raise NotFound("taiwan-no-kind", known=", ".join(kinds()))
    kind = next((key for key in held if kinds()[key].form.fullmatch(value)), None)
    if kind is None:
        return [Finding(_RULES[held[0]].form, held[0])]
    rule, last = _RULES[kind], kinds()[kind].valid_to
    findings = [Finding(rule.checksum, kind)] if rule.agrees and not rule.agrees(value) else []
    return [*findings, Finding(_EXPIRED, kind)] if on and last and on > last else findings


def warnings(system: str, value: str) -> tuple[str, ...]:
    """The codes of what is odd about an identifier; empty for systems that are not Taiwan's. Made for validators."""
    found = _compiled().get(system)
    return () if found is None else found(value)


def kinds_of(value: str) -> tuple[str, ...]:
    """The kinds whose form the value has; those whose check digit agrees come alone, if there are any."""
    fitting = [key for key, kind in _telling().items() if kind.form.fullmatch(value)]
    sure = [key for key in fitting if (agrees := _RULES[key].agrees) and agrees(value)]
    return tuple(sure or fitting)


def kind_of(value: str) -> str | None:
    """The one kind that the value can be, or None where there is none or more than one."""
    found = kinds_of(value)
    return found[0] if len(found) == 1 else None


def institution_kind(code: str) -> str | None:
    """What the first two characters of an institution code say: `hospital`, `clinic`, `dental`, `pharmacy`, …"""
    row = institution_prefixes().get(code[:2])
    return row["kind"] if row else None


@cache
def institution_prefixes() -> dict[str, dict[str, str]]:
    """Rows of `institutions.csv` by prefix: kind, zh-TW, en; read from the 36,420 institutions of TWPAS."""
    text = files(__package__).joinpath("institutions.csv").read_text("utf-8")
    return {row["prefix"]: row for row in csv.DictReader(text.splitlines())}


_FREE = frozenset({"fee", "card-sequence", "government-body", "roc-month"})
_SAYS_LITTLE = {"taiwan-chart-form", "taiwan-number-form"}
"""Kinds, and names of forms, that say too little to know a value by."""


@cache
def _telling() -> dict[str, Kind]:
    return {
        key: kind
        for key, kind in kinds().items()
        if key not in _FREE and _RULES[key].form not in _SAYS_LITTLE
    }


def _kind(key: str, row: dict[str, object]) -> Kind:
    names = {lang: str(row[lang]) for lang in ("zh-TW", "en")}
    first, last = row.get("valid_from"), row.get("valid_to")
    return Kind(
        key,
        names,
        re.compile(str(row["form"])),
        str(row.get("type", "")),
        first if isinstance(first, dt.date) else None,
        last if isinstance(last, dt.date) else None,
        str(row["source"]),
    )


@cache
def _compiled() -> dict[str, Callable[[str], tuple[str, ...]]]:
    return {system: _judge(held) for system, held in systems().items()}


def _judge(held: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    ways = [(kinds()[key].form.fullmatch, _RULES[key].agrees, (_RULES[key].checksum,)) for key in held]
    wrong = (_RULES[held[0]].form,)

    def judge(value: str) -> tuple[str, ...]:
        for fits, agrees, doubtful in ways:
            if fits(value):
                return () if agrees is None or agrees(value) else doubtful
        return wrong

    return judge
