"""Extraction against R4's own words: each parameter's expression, evaluated by the FHIRPath engine on every example of
R4 and of Taiwan Core, and its results told by the plain code below, which knows nothing of the tree of paths."""

import itertools
import math
import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir import definitions, fhirpath, ucum
from camphora.fhir.dates import EARLIEST, LATEST
from camphora.fhir.extract import CROSSED, ELSEWHERE, OWN_COLUMNS, extract
from camphora.fhir.folding import fold
from camphora.fhir.sounds import sounds
from camphora.fhir.structure import check
from fhir_strategies import resources

TAIPEI = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(/_history/[A-Za-z0-9.-]+)?")
NUMBERS = {"decimal", "integer", "positiveInt", "unsignedInt"}
QUANTITIES = {"Quantity", "Age", "Duration", "Count", "Distance"}
WITHOUT_A_FORM = {
    ("date", "string"): "a text has no place on a time line",
    ("date", "Age"): "an age is no date without a date of birth",
    ("date", "Range"): "a range of ages is no date",
    ("reference", "Attachment"): "an attachment names no resource",
}
"""What an expression of R4 can give and no table of R4 says how to search."""


DIFFERENT = {
    (
        "ConceptMap",
        "source-uri",
    ): "a canonical is a uri: the index takes `as uri` for types derived from it too",
    (
        "ConceptMap",
        "target-uri",
    ): "a canonical is a uri: the index takes `as uri` for types derived from it too",
}
"""Where the index holds more than the FHIRPath engine gives."""


class Stub:
    """Says of what type a reference is, by the type in its text."""

    def resolve(self, reference):
        found = re.search(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9.-]+(?:/_history/[^/]+)?$", reference)
        return {"resourceType": found[1]} if found and found[1] in definitions.resource_types() else None


def moment(text):
    """First and last millisecond of a date, dateTime or instant."""
    if "T" not in text:
        year, month, day = [*map(int, text.split("-")), 0, 0][:3]
        start = datetime(year, month or 1, day or 1, tzinfo=TAIPEI)
        if day:
            end = start + timedelta(days=1)
        else:
            end = datetime(
                year + (not month or month == 12), month % 12 + 1 if month else 1, 1, tzinfo=TAIPEI
            )
        return tuple(
            (each - EPOCH) // timedelta(milliseconds=1) - late for each, late in ((start, 0), (end, 1))
        )
    start = datetime.fromisoformat(text)
    start = start if start.tzinfo else start.replace(tzinfo=TAIPEI)
    low = (start - EPOCH) // timedelta(milliseconds=1)
    fraction = re.search(r"\.(\d+)", text)
    return low, low + (10 ** max(0, 3 - len(fraction[1])) - 1 if fraction else 999)


def dates(kind, value):
    if kind in {"date", "dateTime", "instant"}:
        return {moment(value)}
    if kind == "Period":
        start, end = value.get("start"), value.get("end")
        ends = (moment(start)[0] if start else EARLIEST, moment(end)[1] if end else LATEST)
        return {ends} if start or end else set()
    if kind == "Timing":
        spans = [moment(each) for each in value.get("event", ())]
        spans += dates("Period", value.get("repeat", {}).get("boundsPeriod", {}))
        return {(min(low for low, _ in spans), max(high for _, high in spans))} if spans else set()
    return None


def tokens(kind, value, path):
    if kind == "CodeableConcept":
        return {(each.get("system"), each["code"]) for each in value.get("coding", ()) if "code" in each}
    if kind == "Coding":
        return {(value.get("system"), value["code"])} if "code" in value else set()
    if kind in {"Identifier", "ContactPoint"}:
        system = value.get("system") if kind == "Identifier" else None
        return {(system, value["value"])} if "value" in value else set()
    if kind in {"boolean", "System.Boolean"}:
        return {("http://hl7.org/fhir/special-values", str(value).lower())}
    if kind == "code":
        return {(implied(path), value)}
    return {(None, value)} if isinstance(value, str) else None


def implied(path):
    """The one code system of the value set that an element requires."""
    bare = re.sub(r"\[\d+\]", "", path)
    owner, _, name = bare.rpartition(".")
    while not definitions.children(owner):
        owner = next(
            (each.content(each.types[0]) for each in definitions.children(owner.rpartition(".")[0])
             if each.name == owner.rpartition(".")[2]), "Element",
        )  # fmt: skip
    element = next(each for each in definitions.children(owner) if each.name.removesuffix("[x]") == name)
    systems = list(definitions.value_sets().get(element.values or "", {}))
    return systems[0] if len(systems) == 1 else None


def said(kind, value):
    """What a token says in words."""
    if kind == "CodeableConcept":
        return [each.get("display") for each in value.get("coding", ())] + [value.get("text")]
    if kind == "Coding":
        return [value.get("display")]
    return [value.get("type", {}).get("text")] if kind == "Identifier" else []


def texts(kind, value):
    if kind == "HumanName":
        given = [each for each in value.get("given", ()) if each]
        found = [
            value.get("text"),
            value.get("family"),
            *given,
            *value.get("prefix", ()),
            *value.get("suffix", ()),
        ]
        family = value.get("family", "")
        if family and given:
            found.append(family + "".join(given) if ord(family[0]) >= 0x2E80 else " ".join([*given, family]))
        return {each for each in found if each}
    if kind == "Address":
        keys = ("text", "city", "district", "state", "postalCode", "country")
        return {each for each in [*map(value.get, keys), *value.get("line", ())] if each}
    return {value} if kind in {"string", "markdown", "code"} else None


def amounts(kind, value):
    if kind in QUANTITIES:
        return quantity(value, value.get("system"), value.get("code"), value.get("unit"))
    if kind == "Money":
        return quantity(value, "urn:iso:std:iso:4217", value.get("currency"), None)
    if kind == "Range":
        low, high = (dict(rows(value.get(key, {}))) for key in ("low", "high"))
        units = low.keys() & high.keys() if low and high else low.keys() | high.keys()
        return {(unit, low.get(unit, -math.inf), high.get(unit, math.inf)) for unit in units}
    if kind == "SampledData":
        points = [float(each) for each in value["data"].split() if re.fullmatch(r"[-+.\d]+", each)]
        edges = [
            value["origin"]["value"] + each * value.get("factor", 1) for each in (min(points), max(points))
        ]
        low, high = (dict(rows({**value["origin"], "value": each})) for each in edges)
        return {(unit, low[unit], high[unit]) for unit in low}
    return None


def rows(value):
    return [
        (unit, low)
        for unit, low, _ in quantity(value, value.get("system"), value.get("code"), value.get("unit"))
    ]


def quantity(value, system, code, unit):
    if "value" not in value:
        return set()
    found = {
        ("", float(value["value"])),
        *((f"|{each}", float(value["value"])) for each in (code, unit) if each),
    }
    if system and code:
        base = (
            ucum.canonical(Decimal(str(value["value"])), code)
            if system == "http://unitsofmeasure.org"
            else None
        )
        found.add(
            (f"{system}|{base[1]}", float(base[0])) if base else (f"{system}|{code}", float(value["value"]))
        )
    sign = value.get("comparator", "")
    if sign == "<=":
        return {(text, -math.inf, amount) for text, amount in found}
    if sign == ">=":
        return {(text, amount, math.inf) for text, amount in found}
    if sign == "<":
        return {(text, -math.inf, math.nextafter(amount, -math.inf)) for text, amount in found}
    if sign == ">":
        return {(text, math.nextafter(amount, math.inf), math.inf) for text, amount in found}
    return {(text, amount, amount) for text, amount in found}


def references(kind, value):
    if kind == "Reference":
        value = value.get("reference", "#")
        found = LOCAL.fullmatch(value)
        if found and found[1] in definitions.resource_types():
            return {(found[1], found[2])} | ({("", value)} if found[3] else set())
        return set() if value.startswith("#") else {("", value)}
    if kind in {"canonical", "uri", "url"}:
        return {("", value), ("", value.split("|")[0])}
    return (
        {(value["resourceType"], value["id"])}
        if kind in definitions.resource_types() and "id" in value
        else None
    )


def numbers(kind, value):
    if kind in NUMBERS:
        return {(float(value), float(value))}
    return {(value["low"]["value"], value["high"]["value"])} if kind == "Range" else None


def told(kind, found):
    """The rows of one result, as the table of the parameter's type says; None where no table does."""
    of, value = found.type, found.value
    if kind == "token":
        return tokens(of, value, found.path)
    if kind == "uri":
        return {(None, value), (None, value.split("|")[0] if of == "canonical" else value)}
    if kind == "string":
        each = texts(of, value)
        return None if each is None else {(fold(text),) for text in each}
    read = {"date": dates, "quantity": amounts, "reference": references, "number": numbers}[kind]
    return read(of, value)


LISTS = {"token": "tokens", "uri": "tokens", "string": "strings", "date": "dates", "quantity": "quantities",
         "reference": "references", "number": "numbers"}  # fmt: skip


@pytest.fixture(scope="module")
def every(examples, taiwan):
    return [row for row in [*examples.values(), *taiwan] if not check(row)]


def evaluate(expression, item, of, **given):
    found = fhirpath.compile(expression, of).located(item, resolver=Stub(), **given)
    return [each for each in found if each.value is not None]


def parted(resource):
    """Of each parameter with an expression: it, the rows in the index, the rows by the expression; and what has no
    form, (parameter type, data type)."""
    kind = resource["resourceType"]
    extractor = extract(kind)
    index = extractor(resource)
    for code, parameter in extractor.parameters.items():
        if parameter.type in {"composite", "special"} or code in {*OWN_COLUMNS, *ELSEWHERE, "phonetic"}:
            continue
        expected, formless = set(), set()
        for found in evaluate(parameter.expression, resource, kind):
            inside = (
                "where(resolve() is" in parameter.expression and found.value.get("reference", "#")[0] == "#"
            )
            other = found.type in definitions.resource_types() and found.type not in parameter.target
            more = set() if inside or other else told(parameter.type, found)
            formless |= {(parameter.type, found.type)} if more is None else set()
            expected |= more or set()
        own = {row[1:] for row in getattr(index, LISTS[parameter.type]) if row[0] == code}
        if parameter.type == "quantity":
            own, expected = near(own), near(expected)
        yield parameter, own, expected, formless


def test_each_parameter_gives_what_its_expression_gives(every):
    compared, without, different = Counter(), set(), set()
    for resource in every:
        kind = resource["resourceType"]
        for parameter, own, expected, formless in parted(resource):
            if own > expected:
                different.add((kind, parameter.code))
            else:
                assert own == expected, (kind, resource.get("id"), parameter.code)
            without |= formless
            compared[parameter.type] += bool(expected)
    assert different == DIFFERENT.keys()
    assert without <= WITHOUT_A_FORM.keys()
    assert {kind for kind, count in compared.items() if count > 5} == LISTS.keys()
    assert sum(compared.values()) > 1_700


@given(resources())
def test_each_parameter_gives_what_its_expression_gives_of_any_resource(resource):
    for parameter, own, expected, formless in parted(resource):
        if (resource["resourceType"], parameter.code) not in DIFFERENT:
            assert own == expected, parameter.code
        assert formless <= WITHOUT_A_FORM.keys()


def near(rows):
    """Quantities with amounts to twelve digits: the code above counts in doubles."""
    return {(unit, f"{low:.12g}", f"{high:.12g}") for unit, low, high in rows}


def test_the_words_kinds_and_sounds_beside_a_parameter(every):
    compared = Counter()
    for resource in every:
        kind = resource["resourceType"]
        index = extract(kind)(resource)
        for code, parameter in extract(kind).parameters.items():
            if parameter.type not in {"token", "string"} or code in {*OWN_COLUMNS, *ELSEWHERE}:
                continue
            results = evaluate(parameter.expression, resource, kind)
            both = {text for each in results for text in texts(each.type, each.value) or ()}
            expected = {
                "text": {fold(text) for each in results for text in said(each.type, each.value) if text},
                "exact": both if parameter.type == "string" and code != "phonetic" else set(),
                "of-type": {
                    (row.get("system"), f"{row['code']}|{each.value['value']}")
                    for each in results if each.type == "Identifier" and "value" in each.value
                    for row in each.value.get("type", {}).get("coding", ())
                },
            }  # fmt: skip
            if parameter.type == "string":
                expected["text"] = set()
            own = {
                "text": {text for name, text in index.strings if name == f"{code}:text"},
                "exact": {text for name, _, text in index.tokens if name == f"{code}:exact"},
                "of-type": {row[1:] for row in index.tokens if row[0] == f"{code}:of-type"},
            }
            assert own == expected, (kind, resource.get("id"), code)
            compared.update(name for name, rows in expected.items() if rows)
            if code == "phonetic":
                assert {text for name, text in index.strings if name == code} == {
                    sound for text in both for sound in sounds(text)
                }
                compared["phonetic"] += bool(both)
    assert min(compared[name] for name in ("text", "exact", "of-type", "phonetic")) > 5


def combined(resource):
    """Of each composite: its code, the rows in the index, the rows by its expressions."""
    kind = resource["resourceType"]
    extractor = extract(kind)
    index = extractor(resource)
    for code, parameter in extractor.parameters.items():
        if parameter.type != "composite":
            continue
        said_by = CROSSED.get(parameter.url) or [each.expression for each in parameter.components]
        said_by = [text.replace("DateTime", "dateTime") for text in said_by]
        kinds = [each.type for each in extractor.components[code]]
        expected = set()
        for element in evaluate(parameter.expression, resource, kind):
            of = kind if element.type == kind else re.sub(r"\[\d+\]", "", element.path)
            of = element.type if element.type == "UsageContext" else of
            values = [
                {(each, *row) for found in evaluate(text, element.value, of, resource=resource)
                 for row in told(each, placed(found, element.path)) or ()}
                for each, text in zip(kinds, said_by, strict=True)
            ]  # fmt: skip
            expected |= set(itertools.product(*values))
        yield code, {row for name, row in index.composites if name == code}, expected


def test_each_composite_gives_the_combinations_inside_one_element(every):
    compared = Counter()
    for resource in every:
        for code, own, expected in combined(resource):
            assert own == expected, (resource["resourceType"], resource.get("id"), code)
            compared[code] += bool(expected)
    assert {code for code, count in compared.items() if count} >= {
        "code-value-concept", "code-value-quantity", "combo-code-value-quantity", "component-code-value-concept",
        "component-code-value-quantity", "context-type-value", "referenceseqid-variant-coordinate",
        "referenceseqid-window-coordinate", "relationship",
    }  # fmt: skip


COMPOSED = [kind for kind in sorted(definitions.resource_types()) if extract(kind).components]


@given(st.sampled_from(COMPOSED).flatmap(resources))
def test_each_composite_gives_the_combinations_of_any_resource(resource):
    for code, own, expected in combined(resource):
        assert own == expected, code


def placed(found, path):
    """A component's result with the path from the resource, by which its code system is known."""
    if found.path and path and not found.path.startswith(path.partition(".")[0] + "."):
        return found._replace(path=f"{path}.{found.path.partition('.')[2]}")
    return found


def test_a_position_is_found(every):
    places = [row for row in every if row["resourceType"] == "Location" and "position" in row]
    assert places
    for row in places:
        spot = row["position"]
        assert extract("Location")(row).positions == [("near", spot["latitude"], spot["longitude"])]
