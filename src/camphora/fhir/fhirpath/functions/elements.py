"""Elements: children, extensions, values, references, profiles (https://hl7.org/fhir/R4/fhirpath.html#functions)."""

from __future__ import annotations

from camphora.errors import Invalid
from camphora.fhir.fhirpath import references
from camphora.fhir.fhirpath.functions import narrative
from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.functions.taking import one, text
from camphora.fhir.fhirpath.items import Item, Thing, TypeInfo, children, member, type_of, value_of
from camphora.fhir.fhirpath.quantities import Quantity
from camphora.fhir.fhirpath.running import Collection, Frame
from camphora.fhir.fhirpath.types import has

BASE = "http://hl7.org/fhir/StructureDefinition/"


def member_of(frame: Frame, source: Collection, name: str) -> Collection:
    """The children of one name of every thing."""
    found: Collection = []
    for thing in source:
        found += member(thing, name) if type(thing) is Item else _inside(thing, name)
    frame.run.spend(len(source) + len(found))
    return found


def _inside(thing: Thing, name: str) -> Collection:
    """The parts of what `type()` gives, and of a quantity."""
    names = {"namespace", "name"} if isinstance(thing, TypeInfo) else {"value", "unit"}
    return [getattr(thing, name)] if isinstance(thing, TypeInfo | Quantity) and name in names else []


@function("children", many=True)
def children_of(frame: Frame, source: Collection) -> Collection:
    found: Collection = [child for thing in source if type(thing) is Item for child in children(thing)]
    frame.run.spend(len(found))
    return found


@function("descendants", many=True)
def descendants(frame: Frame, source: Collection) -> Collection:
    """Every child, and theirs, and so on; of the same things it is gathered once in an evaluation."""
    mark = ("descendants", *(id(thing) for thing in source))
    kept = frame.run.kept.get(mark)
    if kept is None:
        found: Collection = []
        level = children_of(frame, source)
        while level:
            found += level
            level = children_of(frame, level)
        kept = frame.run.kept[mark] = (source, found)
    frame.run.spend(len(kept[1]) // 8)
    return list(kept[1])


@function("type", many=True)
def kind(_: Frame, source: Collection) -> Collection:
    return [type_of(thing) for thing in source]


@function("extension", (1, 1), gives="?", many=True)
def extension(frame: Frame, source: Collection, argument: Collection) -> Collection:
    """The extensions with this address."""
    url = text(argument)
    return [
        one
        for one in member_of(frame, source, "extension")
        if isinstance(one, Item) and isinstance(one.value, dict) and one.value.get("url") == url
    ]


@function("hasValue", gives="Boolean")
def has_value(_: Frame, source: Collection) -> Collection:
    """Whether it is one primitive that has a value, not extensions alone."""
    return [len(source) == 1 and bool(get_value(_, source))]


@function("getValue", gives="?")
def get_value(_: Frame, source: Collection) -> Collection:
    """The System value of one primitive."""
    if len(source) != 1:
        return []
    value = value_of(source[0]) if not _complex(source[0]) else source[0]
    return [] if isinstance(value, Item) else [value]


def _complex(thing: Thing) -> bool:
    return isinstance(thing, Item) and not thing.shape.primitive


@function("resolve", many=True)
def resolve(frame: Frame, source: Collection) -> Collection:
    """The resources that references point to: contained, in the same Bundle, or known to the Resolver."""
    frame.run.spend(len(source))
    found = [references.resolved(frame.run, thing) for thing in source]
    return [thing for thing in found if thing is not None]


@function("conformsTo", (1, 1), gives="Boolean")
def conforms_to(frame: Frame, source: Collection, argument: Collection) -> Collection:
    """Whether the only thing meets a profile; types of R4 are known, the rest is asked of whoever evaluates."""
    thing, url = one(source), text(argument)
    if thing is None or url is None or not isinstance(thing, Item):
        return []
    ask = frame.run.given.conforms
    answer = ask(thing.value, url) if ask else None
    if answer is None and url.startswith(BASE) and has(url.removeprefix(BASE)):
        answer = url.removeprefix(BASE) in thing.shape.ancestors
    if answer is None:
        raise Invalid("fhirpath-profile")
    return [answer]


@function("htmlChecks", gives="Boolean")
def html_checks(_: Frame, source: Collection) -> Collection:
    """Whether a narrative keeps to the XHTML that FHIR allows."""
    whole = text(source)
    return [] if whole is None else [narrative.allowed(whole)]


@function("memberOf", (1, 1), gives="Boolean")
def member_of_value_set(frame: Frame, source: Collection, argument: Collection) -> Collection:
    """Whether the code, coding or one coding of the concept is in the value set; empty where nobody knows."""
    thing, url, terms = one(source), text(argument), frame.run.given.terms
    if thing is None or url is None or terms is None:
        return []
    frame.run.spend(100)
    answers = [terms.contains(url, system, code) for system, code in _codes(thing)]
    return [True] if True in answers else [] if None in answers else [False]


@function("subsumes", (1, 1), gives="Boolean")
def subsumes(frame: Frame, source: Collection, argument: Collection) -> Collection:
    return _subsumed(frame, one(source), one(argument))


@function("subsumedBy", (1, 1), gives="Boolean")
def subsumed_by(frame: Frame, source: Collection, argument: Collection) -> Collection:
    return _subsumed(frame, one(argument), one(source))


def _subsumed(frame: Frame, above: Thing | None, below: Thing | None) -> Collection:
    """Whether a code of the one is, or stands above, a code of the other in the same system."""
    terms = frame.run.given.terms
    if above is None or below is None or terms is None:
        return []
    pairs = [(s, a, b) for s, a in _codes(above) for t, b in _codes(below) if s == t and s is not None]
    frame.run.spend(100 * len(pairs))
    answers = [a == b or terms.subsumes(system, a, b) for system, a, b in pairs]
    return [True] if True in answers else [] if None in answers else [False]


def _codes(thing: Thing) -> list[tuple[str | None, str]]:
    """The codes with their systems of a code, a Coding or a CodeableConcept."""
    value = thing.value if isinstance(thing, Item) else thing
    if isinstance(value, str):
        return [(None, value)]
    if not isinstance(value, dict):
        return []
    codings = value["coding"] if isinstance(value.get("coding"), list) else [value]
    return [
        (one.get("system"), one["code"])
        for one in codings
        if isinstance(one, dict) and isinstance(one.get("code"), str)
    ]


@function("comparable", (1, 1), gives="Boolean")
def comparable(_: Frame, source: Collection, argument: Collection) -> Collection:
    """Whether two quantities measure one thing."""
    a, b = (None if not side else value_of(side[0]) for side in (source, argument))
    if not isinstance(a, Quantity) or not isinstance(b, Quantity):
        return []
    return [a.comparable(b)]


def is_type(thing: Thing, namespace: str, name: str) -> bool:
    """Whether a thing is of a type or derives from it; without a namespace both are looked in."""
    if isinstance(thing, Item):
        return namespace in {"", "FHIR"} and name in thing.shape.ancestors
    found = type_of(thing)
    return namespace in {"", "System"} and (name in {found.name, "Any"})


def as_type(thing: Thing, namespace: str, name: str) -> bool:
    """Whether `as` and `ofType` let a thing pass: a primitive only as its own type."""
    if isinstance(thing, Item) and thing.shape.primitive and name in {"string", "uri", "integer"}:
        return namespace in {"", "FHIR"} and thing.shape.code == name
    return is_type(thing, namespace, name)
