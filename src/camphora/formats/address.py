"""One line of a Taiwanese address taken apart into TW Core's parts, and put together again.

Parts are kept as they were written: `line(parse(text))` gives every character back but blanks and commas between
parts. What is not understood is kept in `rest`, with all that follows it. `usual` writes the parts in one way, under
the names of today. Source of the parts: TW Core 0.3.2, Address-tw; order as 戶籍 addresses are written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from camphora.fhir.taiwan import places
from camphora.formats import numerals

LONGEST = 300
BASE = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/"
POSTCODES = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/postal-code{}-tw"
_EXTENSIONS = {
    "village": "tw-village", "neighbourhood": "tw-neighborhood", "section": "tw-section", "lane": "tw-lane",
    "alley": "tw-alley", "number": "tw-number", "floor": "tw-floor", "room": "tw-room",
}  # fmt: skip
"""Parts that Address-tw keeps in extensions."""


@dataclass(frozen=True, slots=True)
class Address:
    """The parts in the order of a line, each as written (`三段`, `52巷`, `2樓`) or empty; `rest` was not understood."""

    postcode: str = ""
    country: str = ""
    county: str = ""
    town: str = ""
    village: str = ""
    neighbourhood: str = ""
    road: str = ""
    section: str = ""
    lane: str = ""
    alley: str = ""
    number: str = ""
    floor: str = ""
    room: str = ""
    rest: str = ""


_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,
    0x2212: 0x2D,
    0x2013: 0x2D,
    0x2010: 0x2D,
}
_GAP = r"[\s,]*"
_N = f"(?:[0-9]+|[{numerals.SIGNS}]+)"
_MORE = rf"(?:[之\-]{_N})*"
_LIST = rf"{_MORE}(?:[、.~～至及,]{_N}{_MORE})*"
_SECTION = rf"{_N}段"
_LANE = rf"(?:{_N}{_MORE}|[^\s0-9路街段巷弄號樓,（(]{{1,5}})巷"
_ALLEY = rf"(?:{_N}{_MORE}|[^\s0-9路街段巷弄號樓,（(]{{1,4}})[弄衖]"
_NUMBER = rf"(?:[臨附特建甲乙丙丁戊]|地下)?{_N}{_LIST}[甲乙丙丁戊]?號(?:[之\-]{_N})*(?:[臨附]{_N}?號?)?"
_FLOOR = (
    rf"(?:(?:地下|[Bb])?{_N}(?:[、.~～至及,\-]{_N})*(?:樓|層|[Ff])|[Bb][0-9]+|地下(?:樓|層|室)|頂樓)"
    rf"(?:[之\-]{_N})*"
)
_ROOM = rf"(?:[A-Za-z0-9]{{1,5}}(?:\-[A-Za-z0-9]+)?|{_N}|[甲乙丙丁戊])[室房戶]"
_TAIL = rf"(?:{_SECTION}|{_LANE}|{_ALLEY}|{_NUMBER})"
_STREETS = rf"[^\s,（(]+?(?:大道|[路街道])(?=$|{_GAP}{_TAIL})"
_SETTLEMENT = rf"[^\s0-9,（(路街巷弄號樓段]{{1,8}}?(?={_GAP}(?:{_NUMBER}|[0-9]+[巷弄]))"
_ROAD = f"(?:{_STREETS}|{_SETTLEMENT})"
_STREET = re.compile(
    rf"(?P<road>{_ROAD})?{_GAP}(?P<section>{_SECTION})?{_GAP}(?P<lane>{_LANE})?{_GAP}(?P<alley>{_ALLEY})?{_GAP}"
    rf"(?P<number>{_NUMBER})?{_GAP}(?P<floor>{_FLOOR})?{_GAP}(?P<room>{_ROOM})?{_GAP}"
)
_HEAD = re.compile(
    rf"{_GAP}(?P<postcode>[(\[]?[0-9]{{3}}(?:-?[0-9]{{2,3}})?[)\]]?(?![0-9巷弄號樓]))?{_GAP}"
    rf"(?P<country>(?:中華民國)?(?:[臺台]灣省|福建省|[臺台]灣(?!大道|[路街省]))?){_GAP}"
)
_VILLAGE = re.compile(
    r"(?:(?![鄰路街巷弄號樓段])[\u3400-\u9fff\ue000-\uf8ff\U00020000-\U0010ffff]){2,4}?(?<!新)[村里](?![一二三四五六七八九十]?[路街道巷弄段])"
)
"""A village that no list has. Some lists write rare characters as private ones."""
_NEIGHBOURHOOD = re.compile(rf"{_GAP}({_N}鄰)")
_VARIANTS = str.maketrans("台舘峯塩豊廍磘", "臺館峰鹽豐部窯")


def parse(text: str) -> Address:
    """The parts of one line. Nothing is refused: what is not understood is in `rest`, and so is a text longer than
    any line (`LONGEST`)."""
    if len(text) > LONGEST:
        return Address(rest=text)
    half = text.translate(_WIDE)
    head = _HEAD.match(half)
    assert head
    at = head.end()
    county = _county(half[at:])
    at = _past(half, at + len(county))
    town_name, town = _town(half[at:], county)
    at = _past(half, at + len(town_name))
    village = _village(half[at:], town)
    at = _past(half, at + len(village))
    found = _NEIGHBOURHOOD.match(half, at)
    neighbourhood = found[1] if found else ""
    at = found.end() if found else at
    parts = {"county": county, "town": town_name, "village": village, "neighbourhood": neighbourhood}
    parts |= {name: value for name, value in head.groupdict().items() if value}
    return _written(text, half, parts | _street(half, _past(half, at)))


def line(address: Address) -> str:
    """The parts as one line, in the order in which addresses are written."""
    return "".join(getattr(address, field.name) for field in fields(address))


def usual(address: Address) -> Address:
    """The same place in one way of writing: names of today with 臺, half-width digits, counted numbers as digits,
    the section in numerals (三段). `rest` stays as it is."""
    half = {field.name: getattr(address, field.name).translate(_WIDE) for field in fields(address)}
    half["rest"] = address.rest
    county = places.counties().get(half["county"], places.official(half["county"]))
    town = places.named(county).get(half["town"]) if county in places.towns() else None
    parts = half | {
        "county": county,
        "town": town.name if town else half["town"],
        "village": _today(half["village"], town),
    }
    for name in ("neighbourhood", "lane", "alley", "number", "floor", "room"):
        parts[name] = _digits(parts[name])
    section = re.fullmatch(r"([0-9]+)段", parts["section"])
    parts["section"] = numerals.words(int(section[1])) + "段" if section else parts["section"]
    return Address(**parts | {"postcode": re.sub(r"[^0-9]", "", half["postcode"])})


def to_fhir(address: Address) -> dict[str, Any]:
    """A FHIR Address in the profile Address-tw: 縣市 in `district`, 鄉鎮市區 in `city`, the road in `line`."""
    extensions = [
        {"url": BASE + url, "valueString": value}
        for part, url in _EXTENSIONS.items()
        if (value := getattr(address, part))
    ]
    digits = re.sub(r"[^0-9]", "", address.postcode.translate(_WIDE))
    concept = {"coding": [{"system": POSTCODES.format(len(digits)), "code": digits}]}
    postal = {"extension": [{"url": BASE + "tw-postal-code", "valueCodeableConcept": concept}]}
    parts = {
        "extension": extensions, "text": line(address), "line": [address.road] if address.road else [],
        "city": address.town, "district": address.county, "postalCode": digits,
        "_postalCode": postal if digits else {}, "country": "TW",
    }  # fmt: skip
    return {name: value for name, value in parts.items() if value}


def from_fhir(resource: dict[str, Any]) -> Address:
    """The parts of a FHIR Address. Without Address-tw's extensions its text, or its elements in one line, is parsed."""
    given = {
        part["url"].removeprefix(BASE): part.get("valueString", "") for part in resource.get("extension", [])
    }
    parts = {part: given[url] for part, url in _EXTENSIONS.items() if given.get(url)}
    county, town = _places(resource)
    street = "".join(resource.get("line", []))
    if not parts:
        return parse(resource.get("text") or "".join([_postcode(resource), county, town, street]))
    read = Address(county=county, town=town, road=street, **parts)
    return _as_written(read, _postcode(resource), str(resource.get("text", "")))


def _places(resource: dict[str, Any]) -> tuple[str, str]:
    """County and township, whichever of state, district and city they stand in."""
    names = [name for key in ("state", "district", "city") if (name := str(resource.get(key, "")))]
    county = next((name for name in names if name in places.counties()), "")
    return county, next((name for name in names if name != county), "")


def _postcode(resource: dict[str, Any]) -> str:
    beside = resource.get("_postalCode", {}).get("extension", [])
    codes = [
        code.get("code", "")
        for part in beside
        for code in part.get("valueCodeableConcept", {}).get("coding", [])
    ]
    return str(resource.get("postalCode") or next(iter(codes), ""))


def _as_written(read: Address, postcode: str, text: str) -> Address:
    """The parts with what only the text has: what stands before the county, and the rest."""
    whole = parse(text)
    same = line(replace(whole, postcode="", country="", rest="")) == line(read)
    extra = (
        {"country": whole.country, "rest": whole.rest, "postcode": whole.postcode or postcode} if same else {}
    )
    return replace(read, **({"postcode": postcode} | extra))


def _past(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or text[at] == ","):
        at += 1
    return at


def _county(text: str) -> str:
    return text[:3] if text[:3] in places.counties() else ""


def _town(text: str, county: str) -> tuple[str, places.Town | None]:
    names = places.named(places.counties()[county]) if county else places.by_name()
    for length in (4, 3, 2):
        if text[:length] in names:
            return text[:length], names[text[:length]]
    return "", None


def _village(text: str, town: places.Town | None) -> str:
    found = _VILLAGE.match(text)
    known = _known(town) if town else frozenset()
    for length in range(7, 1, -1):
        name = text[:length]
        if name.translate(_VARIANTS) in known and text[length : length + 1] not in ("路", "街", "巷"):
            return name
    if found and (_NEIGHBOURHOOD.match(text, found.end()) or town):
        return found[0]
    return ""


@cache
def _known(town: places.Town) -> frozenset[str]:
    return frozenset(name.translate(_VARIANTS) for name in town.villages)


def _street(half: str, at: int) -> dict[str, str]:
    found = _STREET.match(half, at)
    assert found
    return {name: value or "" for name, value in found.groupdict().items()} | {"rest": half[found.end() :]}


def _written(text: str, half: str, parts: dict[str, str]) -> Address:
    """The parts as they stand in the text itself, whose half-width form they were found in."""
    at, out = 0, {}
    for field in fields(Address):
        value = parts.get(field.name, "")
        at = half.index(value, at)
        out[field.name] = text[at : at + len(value)]
        at += len(value)
    return Address(**out)


def _today(village: str, town: places.Town | None) -> str:
    """The village under the name of its township's list: 村 became 里 where a county became a city."""
    if not town or village in town.villages:
        return village
    names = {name.translate(_VARIANTS): name for name in town.villages}
    other = village[:-1] + ("里" if village.endswith("村") else "村")
    return names.get(village.translate(_VARIANTS)) or names.get(other.translate(_VARIANTS)) or village


def _digits(part: str) -> str:
    counted = numerals.RUN.sub(lambda run: _number(run[0]), part)
    return re.sub(r"(?<=[0-9])-(?=[0-9])", "之", re.sub(r"([0-9])[Ff]", r"\1樓", counted)).replace("衖", "弄")


def _number(run: str) -> str:
    value = numerals.value(run)
    return run if value is None else str(value)
