"""The Questionnaire of a notification as a form: its items in order, each with its words, options and meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

import orjson

from camphora.errors import Invalid, Lang, Place

Json = dict[str, Any]
Kind = Literal["choice", "date", "string", "text"]
URL = "https://camphora.tw/fhir/Questionnaire/notification"
DEFINITIONS = {
    "Condition#Condition.code": ("disease", "choice"),
    "Condition#Condition.verificationStatus": ("status", "choice"),
    "Condition#Condition.onset[x]": ("onset", "date"),
    "Condition#Condition.extension:assertedDate": ("diagnosed", "date"),
    "Encounter#Encounter.class": ("visit", "choice"),
    "Observation#Observation.code": ("test", "string"),
    "Observation#Observation.effective[x]": ("sampled", "date"),
    "Observation#Observation.value[x]": ("result", "choice"),
}
"""What the definition of an item makes of its answer: the part of a case, and the kind that it must be of. An item with
another definition, or none, is kept with the answers alone."""
NEEDED = ("disease", "diagnosed")
"""Without these no notification can be written, nor the law's clock be told."""
KINDS = ("choice", "date", "string", "text")
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
TRANSLATION = f"{STRUCTURE}translation"
LINK = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
RESERVED = frozenset({"csrf", "draft", "case", "lang"})
"""Names that the page's own form has."""
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that may be chosen, with its Coding as it is kept."""

    code: str
    label: Mapping[Lang, str]
    coding: Mapping[str, Any]
    first: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `part`: what of a case its answer is; empty where it is kept with the answers alone."""

    link: str
    kind: Kind
    label: Mapping[Lang, str]
    group: Mapping[Lang, str]
    required: bool
    part: str
    options: tuple[Option, ...] = ()
    longest: int = LONGEST

    def option(self, code: str) -> Option | None:
        return next((each for each in self.options if each.code == code), None)


@dataclass(frozen=True, slots=True)
class Form:
    """A Questionnaire that can be drawn, answered and made into records."""

    resource: Mapping[str, Any]
    title: Mapping[Lang, str]
    items: tuple[Item, ...]

    @classmethod
    def of(cls, resource: Json) -> Form:
        """The form that a Questionnaire asks for. Raises Invalid `notification-form` with the linkId at which it asks
        for what cannot be drawn or kept."""
        items = tuple(_items(resource.get("item", ()), {}))
        links = [each.link for each in items]
        parts = [each.part for each in items if each.part]
        for names in (links, parts):
            if doubled := next((each for each in names if names.count(each) > 1), None):
                raise _fault(doubled)
        required = {each.part for each in items if each.required}
        if missing := next((each for each in NEEDED if each not in required), None):
            raise _fault(missing)
        return cls(resource, _said(resource, "title"), items)

    @classmethod
    def bundled(cls) -> Form:
        """The form that comes with the package."""
        return _bundled()

    @property
    def canonical(self) -> str:
        """Its address with its version, as an answer names it."""
        version = self.resource.get("version")
        return f"{self.resource['url']}|{version}" if version else str(self.resource["url"])

    def of_part(self, part: str) -> Item | None:
        return next((each for each in self.items if each.part == part), None)


def values(answers: Mapping[str, Any]) -> dict[str, Json]:
    """Every answer by its linkId, those of groups too; of several answers the first, which is then at fault."""
    return {
        str(item["linkId"]): item["answer"][0]
        for item in _flat(answers.get("item", ()))
        if item.get("answer")
    }


def _flat(items: Iterable[Json]) -> list[Json]:
    return [one for item in items for one in (item, *_flat(item.get("item", ())))]


@cache
def _bundled() -> Form:
    return Form.of(orjson.loads(files(__package__).joinpath("notification.json").read_bytes()))


def _items(found: Iterable[Json], group: Mapping[Lang, str]) -> Iterator[Item]:
    for each in found:
        link = str(each.get("linkId", ""))
        if each.get("type") == "group" and not each.keys() & {"repeats", "enableWhen"}:
            yield from _items(each.get("item", ()), _said(each, "text"))
        elif each.get("type") != "display":
            yield _item(each, link, group)


def _item(each: Json, link: str, group: Mapping[Lang, str]) -> Item:
    unknown = each.keys() & {"repeats", "enableWhen", "answerValueSet", "item", "modifierExtension"}
    kind = each.get("type")
    meaning = str(each.get("definition", "")).removeprefix(STRUCTURE)
    part, needed = DEFINITIONS.get(meaning, ("", kind))
    options = tuple(_option(one, link) for one in each.get("answerOption", ()))
    if unknown or kind not in KINDS or kind != needed or not LINK.fullmatch(link) or link in RESERVED:
        raise _fault(link)
    codes = [one.code for one in options]
    if (kind == "choice") != bool(options) or len(set(codes)) < len(codes):
        raise _fault(link)
    required, longest = bool(each.get("required")), min(int(each.get("maxLength", LONGEST)), LONGEST)
    return Item(link, cast("Kind", kind), _said(each, "text"), group, required, part, options, longest)


def _option(one: Json, link: str) -> Option:
    coding = one.get("valueCoding", {})
    if not coding.get("code") or not coding.get("display"):
        raise _fault(link)
    kept = {key: coding[key] for key in ("system", "code", "display") if key in coding}
    return Option(str(coding["code"]), _said(coding, "display"), kept, bool(one.get("initialSelected")))


def _said(holder: Mapping[str, Any], name: str) -> dict[Lang, str]:
    """A text in both languages: as it stands, and as its translation extension says it."""
    text = str(holder.get(name, ""))
    said: dict[Lang, str] = {"zh-TW": text, "en": text}
    for one in holder.get(f"_{name}", {}).get("extension", ()):
        if one.get("url") == TRANSLATION:
            inner = {
                each.get("url"): each.get("valueCode") or each.get("valueString") for each in one["extension"]
            }
            if inner.get("lang") in said and inner.get("content"):
                said[cast("Lang", inner["lang"])] = str(inner["content"])
    return said


def _fault(link: str) -> Invalid:
    return Invalid("notification-form", place=Place("Questionnaire", column=link or None))
