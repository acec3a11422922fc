"""Invented lines of real townships with their parts, and the addresses of published examples."""

from dataclasses import replace

from camphora.fhir.taiwan import places
from camphora.formats import numerals
from camphora.formats.address import Address

TOWNS = [town for rows in places.towns().values() for town in rows]
ROADS = (
    "中山路", "承德路", "五福五街", "建國三路", "市政北七路", "大墩十四街", "臺灣大道", "里仁路", "市場街", "鎮興路",
    "區運路", "十全一路", "民權東路", "八德街", "頂埔", "山外", "三村路", "博愛", "和平北路", "環河南路",
)  # fmt: skip
WIDE = str.maketrans({str(digit): chr(0xFF10 + digit) for digit in range(10)})


def spelt(rng, number):
    return rng.choice([str(number), str(number).translate(WIDE), numerals.words(number)])


def invented(rng):
    """A line of a real township and village with an invented street, and its parts as they are written."""
    town = rng.choice(TOWNS)
    some = lambda chance, make: make() if rng.random() < chance else ""  # noqa: E731
    number = rng.choice(
        ["{}號", "{}之{}號", "{}-{}號", "{}號之{}", "{}、{}號", "臨{}號", "{}~{}號", "附{}號", "{}之{}之1號"]
    )
    floor = rng.choice(
        ["{}樓", "{}樓之{}", "{}F", "B{}", "地下{}樓", "{}、{}樓", "{}F-{}", "地下室", "頂樓", "{}層"]
    )
    digits = lambda form: form.format(rng.randint(2, 399), rng.randint(2, 12))  # noqa: E731
    road = rng.choice(ROADS)
    named = road[-1] in "路街道"
    return clear(Address(
        postcode=some(0.4, lambda: town.postcode + rng.choice(["", "41", "041", "-041"])),
        country=some(0.1, lambda: rng.choice(["臺灣", "台灣省", "中華民國"])),
        county=rng.choice([town.county, town.county.replace("臺", "台")]), town=town.name,
        village=some(0.6, lambda: rng.choice(town.villages)),
        neighbourhood=some(0.5, lambda: spelt(rng, rng.randint(1, 45)) + "鄰"),
        road=road, section=some(0.4, lambda: spelt(rng, rng.randint(1, 9)) + "段") if named else "",
        lane=some(0.4, lambda: rng.choice([spelt(rng, rng.randint(1, 900)), "福德", "52之1"]) + "巷") if named else "",
        alley=some(0.3, lambda: spelt(rng, rng.randint(1, 90)) + "弄") if named else "",
        number=rng.choice([digits(number), spelt(rng, rng.randint(1, 900)) + "號"]),
        floor=some(0.5, lambda: digits(floor)),
        room=some(0.2, lambda: rng.choice(["B室", "301室", "A-2室", "5房", "乙戶"])),
        rest=some(0.1, lambda: rng.choice(["(教會旁)", "中央區3樓", "臺大公館郵局第5號信箱"])),
    ))  # fmt: skip


def clear(parts):
    """Without the forms that nobody can tell apart: 12號之3 before 4樓, 5樓之6 before 5房."""
    follows = parts.floor[:1] or parts.room[:1] or parts.rest[:1]
    number = parts.number if parts.number.endswith("號") or not follows.isalnum() else "12號"
    after = parts.room[:1] or parts.rest[:1]
    floor = parts.floor if not parts.floor[-1:].isdecimal() or not after.isalnum() else "3樓"
    return replace(parts, number=number, floor=floor)


def fhir_addresses(node):
    if isinstance(node, dict):
        if "text" in node and any(key in node for key in ("city", "line", "district")):
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from fhir_addresses(one)
