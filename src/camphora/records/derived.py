"""What a record says beside its index, for deciding: where its person lives and was seen, and who stands in.

Guardians and proxies are RelatedPersons: `relationship` GUARD or GUADLTM (guardian), POWATT, HPOWATT, DPOWATT or
SPOWATT (proxy) of v3-RoleCode, or EXCEST and HEIR (heir), `active` not false, in their `period`. The Patient whom a
stand-in is themselves is named by the extension `STAND_IN`, or links to the RelatedPerson (Patient.link). They are
written by operation and loading only, as is who is one with whom (Patient.link `replaces` and `replaced-by`).

Incapacity (受監護宣告、意識不清) is a Flag about the person with the code `INCAPABLE`, `active`, in its period; also
written by operation and loading only.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from camphora.fhir.dates import span
from camphora.fhir.references import parse_reference
from camphora.fhir.taiwan import places
from camphora.pages.counties import COUNTIES

Json = dict[str, Any]
Kind = Literal["guardian", "proxy", "heir"]
STAND_IN = "https://camphora.tw/StructureDefinition/stand-in-patient"
ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
PERSON_STATUS = "https://camphora.tw/person-status"
INCAPABLE = "incapable"
KINDS: dict[str, Kind] = {
    "GUARD": "guardian", "GUADLTM": "guardian", "POWATT": "proxy", "HPOWATT": "proxy", "DPOWATT": "proxy",
    "SPOWATT": "proxy", "EXCEST": "heir", "HEIR": "heir",
}  # fmt: skip
_CODES = {county.zh: int(county.code) for county in COUNTIES}
TOWNSHIPS = 1000
"""An area is a county's code of the Ministry of the Interior, times this, plus the township's three-digit postcode (0
where the township is not known). 新竹市 and 嘉義市 have one postcode each: their districts are one area here."""


class Stand(NamedTuple):
    """Somebody who stands in for the person of a record. `who`: references, the RelatedPerson's own and the Patient."""

    who: tuple[str, ...]
    kind: Kind
    since: int | None
    until: int | None


def area_of(patient: Json) -> int | None:
    """Where a Patient lives now, by the home address, else the first; None where no county is named."""
    addresses = [each for each in patient.get("address", []) if each.get("use") != "old"]
    addresses.sort(key=lambda each: each.get("use") != "home")
    return next((area for area in map(_area, addresses) if area is not None), None)


def _area(address: Json) -> int | None:
    named = [address.get(name, "") for name in ("district", "state", "city", "text")]
    counted = next((text[:3] for text in named if text[:3] in places.counties()), "")
    county = places.counties().get(counted)
    if county is None or county not in _CODES:
        return None
    towns = places.named(county)
    # 桃園市 is a county, and was a township of 桃園縣: of an address it is one of the two.
    town = next((towns[text] for text in named if text in towns and text != counted), None)
    return _CODES[county] * TOWNSHIPS + (int(town.postcode) if town else 0)


def area_code(area: int | None) -> str | None:
    """An area as a decision writes it: `65000220` for a township, `65000` for a county."""
    if area is None:
        return None
    return f"{area:08d}" if area % TOWNSHIPS else f"{area // TOWNSHIPS:05d}"


def area_range(code: str) -> tuple[int, int] | None:
    """The first and last area under a code of a county or township; None for what is no such code."""
    if not code.isdecimal() or len(code) not in {5, 8}:
        return None
    low = int(code) * (TOWNSHIPS if len(code) == 5 else 1)
    return low, low + (TOWNSHIPS - 1 if len(code) == 5 else 0)


def places_of(encounter: Json) -> frozenset[str]:
    """The institution and the wards of an Encounter, as local references."""
    found = [
        encounter.get("serviceProvider"),
        *(each.get("location") for each in encounter.get("location", [])),
    ]
    return frozenset(name for each in found if (name := reference(each)))


def stand_of(related: Json) -> Stand | None:
    """What a RelatedPerson stands for; None for family without such a power."""
    codes = [
        c
        for r in related.get("relationship", [])
        for c in r.get("coding", [])
        if c.get("system") == ROLE_CODE
    ]
    kind = next((KINDS[c["code"]] for c in codes if c.get("code") in KINDS), None)
    if kind is None or related.get("active") is False:
        return None
    named = [
        reference(each.get("valueReference"))
        for each in related.get("extension", [])
        if each.get("url") == STAND_IN
    ]
    who = (f"RelatedPerson/{related['id']}", *(name for name in named if name))
    return Stand(who, kind, *period(related.get("period")))


def incapable_of(flag: Json) -> tuple[int | None, int | None] | None:
    """The period of incapacity that an active Flag tells; None for every other Flag."""
    codes = flag.get("code", {}).get("coding", [])
    told = any(c.get("system") == PERSON_STATUS and c.get("code") == INCAPABLE for c in codes)
    return period(flag.get("period")) if told and flag.get("status") == "active" else None


def others_linked(patient: Json) -> frozenset[str]:
    """Patient ids of the other identities: links `replaces`, `replaced-by` and `refer` say that both are one person."""
    found = (
        reference(each.get("other"))
        for each in patient.get("link", [])
        if each.get("type") in {"replaces", "replaced-by"}
    )
    return frozenset(name.removeprefix("Patient/") for name in found if name and name.startswith("Patient/"))


def stand_ins_linked(patient: Json) -> frozenset[str]:
    """The ids of the RelatedPersons whom a Patient says to be themselves, whatever the kind of the link."""
    found = (reference(each.get("other")) for each in patient.get("link", []))
    return frozenset(
        name.removeprefix("RelatedPerson/") for name in found if name and name.startswith("RelatedPerson/")
    )


def reference(value: Json | None) -> str | None:
    """A reference as `Type/id`; None where it names nothing here."""
    text = (value or {}).get("reference")
    found = parse_reference(text) if isinstance(text, str) else None
    return found.local if found and found.type else None


def period(value: Json | None) -> tuple[int | None, int | None]:
    """First and last millisecond; None where it is open or cannot be read."""
    value = value or {}
    try:
        since = span(value["start"])[0] if "start" in value else None
        return since, span(value["end"])[1] if "end" in value else None
    except ValueError:
        return None, None
