"""Which of a concept's names a reader gets: the ranges of Accept-Language (RFC 9110, RFC 4647) over BCP-47 tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from camphora.errors import Invalid
from camphora.terminology.systems import Coding, Concept, Designation

PREFERRED = Coding(
    "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra",
    "preferredForLanguage",
    None,
    "Preferred For Language",
)
DISPLAY_USES = {
    None,
    (PREFERRED.system, PREFERRED.code),
    ("http://terminology.hl7.org/CodeSystem/designation-usage", "display"),
    ("http://snomed.info/sct", "900000000000013009"),
    ("http://snomed.info/sct", "900000000000003001"),
}
"""Uses of a designation that people may write as the display; not those of another use (an old spelling, say)."""
DEPRECATED = "http://hl7.org/fhir/StructureDefinition/valueset-deprecated"
STATUS = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"
_RANGE = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_QUALITY = re.compile(r"[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Languages:
    """Language ranges, best first. `text` is how they were asked for; `hard`: other languages are refused."""

    text: str
    ranges: tuple[str, ...]
    hard: bool = False

    def rank(self, tag: str) -> int | None:
        """How well a tag serves, 0 best; None where no range covers it. An untagged name serves nobody best."""
        given = tag.lower()
        for place, wanted in enumerate(self.ranges):
            if given == wanted:
                return 3 * place
            if given and given.startswith(wanted + "-"):
                return 3 * place + 1
            if given and wanted.startswith(given + "-"):
                return 3 * place + 2
        return None

    def covers(self, tag: str) -> bool:
        """Whether a name in this language is one of those asked for; a name without a language may be."""
        return not tag or self.rank(tag) is not None


@lru_cache(maxsize=1024)
def languages(text: str) -> Languages | None:
    """The ranges of `de, en-AU;q=0.4`, in order of quality; None for no wish (empty, or `*` alone).

    Raises Invalid terminology-display-language.
    """
    found: list[tuple[float, str]] = []
    hard = False
    for part in filter(None, (part.strip() for part in text.split(","))):
        tag, _, rest = (item.strip() for item in part.partition(";"))
        quality = _QUALITY.fullmatch(rest) if rest else None
        if not _RANGE.fullmatch(tag) or (rest and not quality):
            raise Invalid("terminology-display-language", language=text)
        weight = float(quality[1]) if quality else 1.0
        if tag == "*":
            hard = weight == 0
        elif weight > 0:
            found.append((weight, tag.lower()))
    if not found:
        return None
    return Languages(text, tuple(tag for _, tag in sorted(found, key=lambda item: -item[0])), hard)


def names(concept: Concept, language: str) -> list[Designation]:
    """The display (marked as preferred in its system's language), then the designations, in order."""
    display = [Designation(concept.display, language, PREFERRED)] if concept.display is not None else []
    return [*display, *concept.designations]


def is_display(name: Designation) -> bool:
    """Whether people may write this name as the display of its code."""
    return (name.use and (name.use.system, name.use.code)) in DISPLAY_USES


def withdrawn(name: Designation) -> bool:
    """Whether the name is marked as no longer to be used."""
    codes = (item.get("valueCode") for item in name.extensions if item.get("url") == STATUS)
    return any(code in ("withdrawn", "deprecated") for code in codes)


def best(given: Sequence[Designation], wish: Languages | None) -> Designation | None:
    """The name to show: in the best language asked for; else the first, unless other languages are refused."""
    if not given:
        return None
    if wish is None:
        return given[0] if given[0].use == PREFERRED else None
    ranked = [
        (rank, place)
        for place, name in enumerate(given)
        if is_display(name) and not withdrawn(name) and (rank := wish.rank(name.language)) is not None
    ]
    if ranked:
        return given[min(ranked)[1]]
    plain = given[0].use == PREFERRED and not (wish.hard and given[0].language)
    return given[0] if plain else None


def first_wish(texts: Iterable[str | None]) -> Languages | None:
    """The first text that wishes anything."""
    return next((wish for text in texts if text and (wish := languages(text))), None)
