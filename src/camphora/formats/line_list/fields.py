"""What a line list may say of a case, how columns are usually called, and the diseases by name."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from camphora.formats.fold import fold

IDENTIFYING = ("case_number", "national_id", "name")
"""One of these must be mapped: what tells one case or person from another."""
DATES = ("birth_date", "onset", "diagnosed", "notified", "sampled")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its label in both languages, and the folded names of columns that are likely it."""

    key: str
    label: Mapping[str, str]
    names: tuple[str, ...]


class Disease(NamedTuple):
    """A disease by its ICD-10-CM code, with its names."""

    code: str
    zh: str
    en: str


def same(text: str) -> str:
    """A name as names are compared: folded, without blanks."""
    return fold(text).replace(" ", "")


@cache
def fields() -> Mapping[str, Field]:
    """Every field by its key."""
    read = tomllib.loads(files(__package__).joinpath("fields.toml").read_text("utf-8"))
    return {
        key: Field(key, {"zh-TW": one["zh-TW"], "en": one["en"]}, tuple(same(name) for name in one["names"]))
        for key, one in read.items()
    }


@cache
def diseases() -> Mapping[str, Disease]:
    """Diseases by every name that they bear, as names are compared."""
    text = files(__package__).joinpath("diseases.csv").read_text("utf-8")
    found: dict[str, Disease] = {}
    for row in csv.DictReader(text.splitlines()):
        one = Disease(row["code"], row["zh"], row["en"])
        for name in (one.code, one.zh, one.en, *row["names"].split()):
            found[same(name)] = one
    return found
