"""Sensitivity by rule: value sets of codes, each row with its label and its reason, and what they say of a record.

Our own lists, from public knowledge of ICD-10-CM (2023), LOINC and ATC; no list of another is copied. Whoever runs an
installation must confirm them: `notifiable.csv` follows the categories that the law on communicable diseases names
(傳染病防治法第3條), by the codes that come nearest, and leaves out what a code alone cannot tell (severe influenza,
complicated varicella, severe COVID-19).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import orjson

from camphora.policy.codes import CONFIDENTIALITY, SENSITIVITY, act_codes
from camphora.policy.facts import codes_of
from camphora.policy.vocabulary import EVERY, LABELS, UNTOLD, label_mask

SETS = ("hiv", "mental_health", "substance_use", "sexual_health", "violence", "genetic")
SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10-cm": "icd-10-cm",
    "http://hl7.org/fhir/sid/icd-10": "icd-10-cm",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2014-tw": "icd-10-cm",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2021-tw": "icd-10-cm",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw": "icd-10-cm",
    "http://loinc.org": "loinc",
    "http://www.whocc.no/atc": "atc",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medcation-atc-tw": "atc",
}
"""Code systems by the short name that the rows use."""

NOTIFIABLE = 1 << 62
"""The mark of a notifiable record beside its labels; the highest, so that `labels >= NOTIFIABLE` finds it."""
PARTS = 1 << 61
"""The mark of a record with parts that are labelled by themselves."""
OTHERS = 1 << 60
"""The mark of a record that names patients beside the one it is about."""
CHOSEN = 1 << 59
"""The mark of a record whose person has, or once had, a choice that could keep it from somebody."""
RULED = 1 << 58
"""The mark of a record whose person has, or once had, a Consent by which records are judged one by one."""
REFUSING = 1 << 57
"""The mark of a record whose person refuses, or once refused, some institution."""
ALL_CHOSEN = CHOSEN | RULED | REFUSING
"""The marks of a person's choices together, as versions of before bear them."""
MARKS = NOTIFIABLE | PARTS | OTHERS | ALL_CHOSEN


class Row(NamedTuple):
    """One line of a value set, its code in capitals; a record's code matches in either case. `mode`: `is` the code
    itself, `under` also every code that begins with it."""

    set: str
    labels: tuple[str, ...]
    system: str
    code: str
    mode: str

    @property
    def rule(self) -> str:
        """The rule's name, stable over editions: `hiv:icd-10-cm:B20`."""
        return f"{self.set}:{self.system}:{self.code}"


class Found(NamedTuple):
    """A label that a rule gives; `label` is empty for the mark of a notifiable disease."""

    label: str
    rule: str


@dataclass(frozen=True)
class Rules:
    """Value sets ready for use. Build with `bundled`, or `load` what `dump` made."""

    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        exact: dict[tuple[str, str], list[Row]] = {}
        under: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            exact.setdefault((row.system, row.code), []).append(row)
            if row.mode == "under":
                under.setdefault((row.system, row.code), []).append(row)
        lengths = {system: {len(code) for of, code in under if of == system} for system, _ in exact}
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_under", under)
        object.__setattr__(self, "_lengths", {system: sorted(sizes) for system, sizes in lengths.items()})
        object.__setattr__(self, "_of", lru_cache(maxsize=65_536)(self._matches))

    _exact: Any = None
    _under: Any = None
    _lengths: Any = None
    _of: Any = None

    @classmethod
    @cache
    def bundled(cls) -> Rules:
        return cls((*(row for name in SETS for row in _read(name)), *_read("notifiable")))

    @classmethod
    def load(cls, data: bytes) -> Rules:
        return cls(tuple(Row(row[0], tuple(row[1]), *row[2:]) for row in orjson.loads(data)["rows"]))

    def dump(self) -> bytes:
        """The rows as bytes, with the order of the labels' bits, on which a stored mask rests."""
        return orjson.dumps({"labels": LABELS, "rows": [list(row) for row in self.rows]})

    def digest(self) -> str:
        """Another value set, or another order of labels, has another digest."""
        return hashlib.blake2b(self.dump(), digest_size=12).hexdigest()

    def joined(self, other: Rules) -> Rules:
        """Rules that give what either gives: while records are labelled anew."""
        return Rules(tuple(dict.fromkeys((*self.rows, *other.rows))))

    def of(self, resource: dict[str, Any]) -> tuple[Found, ...]:
        """The labels and marks of a resource by rule, each once, with the rule that gave it."""
        return tuple(sorted(self.of_type(resource["resourceType"]) | self.of_part(resource)))

    def of_type(self, record_type: str) -> frozenset[Found]:
        """What every record of a type bears."""
        rows = self._exact.get(("type", record_type), ())
        return frozenset(Found(label, row.rule) for row in rows for label in row.labels)

    def of_part(self, part: Any) -> frozenset[Found]:
        """What the codes in a resource, or in the value of one of its properties, give."""
        return frozenset(one for code in set(codes_of(part)) for one in self._of(code))

    def _matches(self, code: str) -> tuple[Found, ...]:
        system, _, value = code.rpartition("|")
        value = value.upper()
        rows: list[Row] = []
        for short in (SYSTEMS.get(system), system if ":" in system else None):
            rows += self._exact.get((short, value), ())
            for size in self._lengths.get(short, ()):
                if size < len(value):
                    rows += self._under.get((short, value[:size]), ())
        return tuple(Found(label, row.rule) for row in rows for label in row.labels or ("",))


def mask_of(own: Iterable[str], found: Iterable[Found]) -> int:
    """Labels and the mark of notifiable diseases as stored."""
    derived = tuple(found)
    codes = [*own, *(one.label for one in derived if one.label)]
    return label_mask(codes) | (NOTIFIABLE if any(not one.label for one in derived) else 0)


def labels_in(mask: int) -> frozenset[str]:
    """The label codes of a stored mask, OTHER not among them: that one stands for codes that the record itself says."""
    if mask & UNTOLD:
        return every_label()
    return frozenset(code for bit, code in enumerate(LABELS) if mask >> bit & 1 and code != "OTHER")


@cache
def every_label() -> frozenset[str]:
    """What `EVERY` stands for: all kinds of sensitivity, and the highest confidentiality."""
    sensitive = (code for code, line in act_codes().items() if SENSITIVITY in line)
    return frozenset((EVERY, *LABELS, CONFIDENTIALITY[-1], *sensitive)) - {"OTHER"}


def _read(name: str) -> Iterator[Row]:
    text = files(__package__).joinpath(f"{name}.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield Row(name, tuple(row.get("label", "").split()), row["system"], row["code"], row["mode"])
