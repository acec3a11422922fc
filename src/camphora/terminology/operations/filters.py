"""What a filter of a value set means, over any code system (https://hl7.org/fhir/R4/codesystem-filter-operator.html).

The functions ask for one concept or one step of the hierarchy at a time. A code system kept in a file may answer
`passes` and `concepts` quicker by itself, as long as it says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

from camphora.errors import Invalid
from camphora.terminology.operations.patterns import pattern
from camphora.terminology.systems import CodeSystem, Coding, Concept, Filter, Property, PropertyValue

CODE = ("code", "concept")
"""Names of the code itself in a filter; for the operations of hierarchy both mean the concept."""
INHERENT = (*CODE, "display", "definition", "parent", "child", "inactive", "status")
"""Properties that each code system has without declaring them."""
URI = "http://hl7.org/fhir/concept-properties#"
HIERARCHY = ("is-a", "descendent-of", "is-not-a", "generalizes", "child-of", "descendent-leaf")
VALUES = ("=", "in", "not-in", "regex", "exists")


def text_of(value: PropertyValue) -> str:
    """A property's value as a filter writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Coding):
        return value.code
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def property_code(system: CodeSystem, meaning: str) -> str:
    """What the system calls a property of http://hl7.org/fhir/concept-properties; by its uri, else its usual name."""
    declared = (item.code for item in system.properties if item.uri == URI + meaning)
    return next(declared, meaning)


def property_values(system: CodeSystem, concept: Concept, name: str) -> list[str]:
    """All values of a property of a concept, as text; also those that each system has without declaring them."""
    found = [text_of(item.value) for item in concept.properties if item.code == name]
    if found:
        return found
    if name in CODE:
        return [concept.code]
    if name == "display":
        return [concept.display] if concept.display is not None else []
    if name == "definition":
        return [concept.definition] if concept.definition is not None else []
    if name == "parent":
        return list(system.parents(concept.code))
    if name == "child":
        return list(system.children(concept.code))
    if name == "inactive":
        return [text_of(concept.inactive)]
    return [concept.status] if name == "status" and concept.status else []


def checked(rule: Filter) -> Filter:
    """The rule, if it is one that can be held. Raises Invalid terminology-filter, terminology-regex."""
    known = rule.op in VALUES or (rule.op in HIERARCHY)
    if not known or (rule.op == "exists" and rule.value not in ("true", "false")):
        raise Invalid("terminology-filter", property=rule.property, op=rule.op, value=rule.value)
    if rule.op == "regex":
        pattern(rule.value)
    return rule


def passes(system: CodeSystem, concept: Concept, rule: Filter) -> bool:
    """Whether the concept passes the filter. Raises Invalid terminology-filter."""
    if rule.op in HIERARCHY:
        return _by_hierarchy(system, concept, rule)
    test = VALUE_TESTS.get(rule.op)
    if test is None:
        raise Invalid("terminology-filter", property=rule.property, op=rule.op, value=rule.value)
    return test(property_values(system, concept, rule.property), rule.value)


@lru_cache(maxsize=1024)
def split(text: str) -> tuple[str, ...]:
    """The values of `in` and `not-in`."""
    return tuple(part.strip() for part in text.split(","))


VALUE_TESTS: dict[str, Callable[[Sequence[str], str], bool]] = {
    "=": lambda values, wanted: wanted in values,
    "in": lambda values, wanted: not set(split(wanted)).isdisjoint(values),
    "not-in": lambda values, wanted: set(split(wanted)).isdisjoint(values),
    "regex": lambda values, wanted: any(pattern(wanted).covers(value) for value in values),
    "exists": lambda values, wanted: bool(values) == (wanted == "true"),
}
"""By operation: whether the values of a property are as the filter wants them."""


def _by_hierarchy(system: CodeSystem, concept: Concept, rule: Filter) -> bool:
    if rule.property in CODE:
        return stands(system, concept.code, rule)
    return any(stands(system, value, rule) for value in property_values(system, concept, rule.property))


def stands(system: CodeSystem, code: str, rule: Filter) -> bool:
    """Whether a code stands to the rule's value as its operation says."""
    other = rule.value
    if rule.op == "is-a":
        return system.is_a(code, other)
    if rule.op == "is-not-a":
        return not system.is_a(code, other)
    if rule.op == "descendent-of":
        return code != other and system.is_a(code, other)
    if rule.op == "generalizes":
        return system.is_a(other, code)
    if rule.op == "child-of":
        return other in system.parents(code)
    return code != other and system.is_a(code, other) and not system.children(code)


def drive(system: CodeSystem, rules: Iterable[Filter]) -> Iterator[str] | None:
    """Codes among which all that pass must lie, where one of the rules names a part of the hierarchy; else None."""
    for rule in rules:
        if rule.property not in CODE:
            continue
        if rule.op in ("is-a", "descendent-of", "descendent-leaf"):
            return below(system, rule.value)
        if rule.op == "child-of":
            return iter(system.children(rule.value))
        if rule.op in ("=", "in") and rule.property == "code":
            return iter(dict.fromkeys(split(rule.value) if rule.op == "in" else (rule.value,)))
    return None


def below(system: CodeSystem, code: str) -> Iterator[str]:
    """The code and all that stand below it, depth first, each once."""
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        now = waiting.pop()
        if now not in seen:
            seen.add(now)
            yield now
            waiting.extend(reversed(system.children(now)))


def status_of(system: CodeSystem, properties: Sequence[Property]) -> tuple[bool, bool, str]:
    """(abstract, inactive, status) as the properties of a concept say it; by declared uri or by the usual name."""
    by_code = {item.code: item.value for item in properties}
    abstract = truth(by_code, property_code(system, "notSelectable"), "notSelectable", "abstract")
    status = by_code.get(property_code(system, "status"), "")
    word = text_of(status) if status != "" else ""
    inactive = truth(by_code, property_code(system, "inactive"), "inactive")
    return abstract, inactive or word in ("retired", "inactive", "withdrawn"), word


def truth(values: dict[str, PropertyValue], *names: str) -> bool:
    return any(text_of(values[name]) == "true" for name in names if name in values)
