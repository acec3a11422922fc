"""Answers of the operations as FHIR resources: Parameters, ValueSet and OperationOutcome, of R4 or R5.

R4 has no properties in an expansion; there they are the extensions that FHIR defines for using R5's elements in R4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from camphora.errors import CamphoraError, Lang
from camphora.terminology.operations import issues as remarks
from camphora.terminology.operations.canonicals import Canonical
from camphora.terminology.operations.checking import Validation
from camphora.terminology.operations.entries import Entry
from camphora.terminology.operations.expansion import Expansion
from camphora.terminology.operations.issues import Issue
from camphora.terminology.operations.languages import PREFERRED
from camphora.terminology.operations.lookup import Found, Relation
from camphora.terminology.operations.mapping import CONVERSES, EQUIVALENCES
from camphora.terminology.operations.translation import Translation
from camphora.terminology.systems import Coding, Designation, Mapped, Property

Release = Literal["R4", "R5"]
Resource = dict[str, Any]
TX_ISSUE = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type"
MESSAGE_ID = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"
UNCLOSED = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"
IN_R4 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion"
HEAD = ("language", "id", "contained", "url", "version", "name", "title", "status", "experimental", "date")
"""What an expansion keeps of its value set unless the definition is asked for."""
DROPPED = ("text", "meta", "expansion")


def coding(item: Coding) -> Resource:
    named = {"system": item.system, "version": item.version, "code": item.code, "display": item.display}
    return {key: value for key, value in named.items() if value}


def issue(item: Issue, lang: Lang = "en") -> Resource:
    """An issue of an OperationOutcome, with its tx-issue-type and FHIR's id of the message."""
    kind = item.kind
    found: Resource = {}
    if kind.message_id:
        found["extension"] = [{"url": MESSAGE_ID, "valueString": kind.message_id}]
    found |= {"severity": item.weight, "code": kind.code, "details": {"text": item.text(lang)}}
    if kind.tx:
        found["details"]["coding"] = [{"system": TX_ISSUE, "code": kind.tx}]
    if item.at:
        found["expression"] = [item.at]
    return found


def outcome(items: Iterable[Issue], lang: Lang = "en") -> Resource:
    return {"resourceType": "OperationOutcome", "issue": [issue(item, lang) for item in items]}


def outcome_of(error: CamphoraError, lang: Lang = "en") -> Resource | None:
    """The OperationOutcome of an operation's error; None for errors of other kinds."""
    found = remarks.of(error)
    return None if found is None else outcome([found], lang)


def _number(value: object) -> object:
    """A decimal as JSON writes it: whole numbers without a point."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def parameter(name: str, kind: str, value: object) -> Resource:
    return {"name": name, f"value{kind}": _number(value)}


def _parameters(rows: Sequence[Resource]) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(rows)}


def validation(answer: Validation, lang: Lang = "en") -> Resource:
    """Parameters of $validate-code."""
    rows = [parameter("result", "Boolean", answer.result)]
    plain = (
        ("system", "Uri", answer.system),
        ("code", "Code", answer.code),
        ("version", "String", answer.version),
        ("display", "String", answer.display),
        ("normalized-code", "Code", answer.normalized),
        ("status", "Code", answer.status),
    )
    if answer.codeable_concept is None or answer.code is not None:
        rows += [parameter(name, kind, value) for name, kind, value in plain if value]
    if answer.inactive:
        rows.append(parameter("inactive", "Boolean", True))
    if answer.codeable_concept is not None:
        rows.append({"name": "codeableConcept", "valueCodeableConcept": answer.codeable_concept})
    for text in dict.fromkeys(answer.unknown_systems):
        rows.append(parameter("x-unknown-system", "Canonical", text))
    for text in dict.fromkeys(answer.caused_by):
        rows.append(parameter("x-caused-by-unknown-system", "Canonical", text))
    message = remarks.message(answer.issues, lang)
    if message:
        rows.append(parameter("message", "String", message))
    if answer.issues:
        rows.append({"name": "issues", "resource": outcome(answer.issues, lang)})
    return _parameters(rows)


def _designation(item: Designation) -> Resource:
    found: Resource = {"extension": list(item.extensions)} if item.extensions else {}
    if item.language:
        found["language"] = item.language
    if item.use:
        found["use"] = coding(item.use)
    return {**found, "value": item.value}


def property_value(item: Property) -> tuple[str, object]:
    """(element, value): `valueCode`, `old`."""
    value = coding(item.value) if isinstance(item.value, Coding) else _number(item.value)
    return f"value{item.kind[0].upper()}{item.kind[1:]}", value


def expansion(answer: Expansion, release: Release = "R4") -> Resource:
    """The ValueSet of $expand."""
    source = answer.value_set
    if answer.with_definition:
        found = {key: item for key, item in source.items() if key not in DROPPED}
    else:
        found = {"resourceType": "ValueSet"} | {key: source[key] for key in HEAD if key in source}
    inside: Resource = {
        "identifier": answer.identifier,
        "timestamp": answer.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    extensions = _unclosed(answer.unclosed)
    defined = [{"code": code, **({"uri": uri} if uri else {})} for code, uri in answer.properties]
    if release == "R4":
        extensions += [_as_extension("property", row) for row in defined]
    elif defined:
        inside["property"] = defined
    if extensions:
        inside["extension"] = extensions
    if answer.total is not None:
        inside["total"] = answer.total
    if answer.offset is not None:
        inside["offset"] = answer.offset
    inside["parameter"] = [parameter(*row) for row in answer.parameters]
    if answer.entries:
        inside["contains"] = [_entry(entry, release) for entry in answer.entries]
    return {**found, "expansion": inside}


def _unclosed(urls: Sequence[str]) -> list[Resource]:
    found: list[Resource] = [{"url": UNCLOSED, "valueBoolean": True}] if urls else []
    for url in urls:
        text = f"This extension is based on a fragment of the code system {url}"
        found.append({"url": f"{UNCLOSED}-reason", "valueString": text})
    return found


def _as_extension(element: str, row: Resource) -> Resource:
    parts = [{"url": key, ("valueUri" if key == "uri" else "valueCode"): item} for key, item in row.items()]
    return {"url": f"{IN_R4}.{element}", "extension": parts}


def _entry(entry: Entry, release: Release) -> Resource:
    extensions = [dict(item) for item in entry.extensions]
    properties = [_property(item) for item in entry.properties]
    found: Resource = {"system": entry.system}
    if entry.abstract:
        found["abstract"] = True
    if entry.inactive:
        found["inactive"] = True
    if entry.version:
        found["version"] = entry.version
    found["code"] = entry.code
    if entry.display is not None:
        found["display"] = entry.display
    if entry.designations:
        found["designation"] = [_designation(item) for item in entry.designations]
    if release == "R4":
        for row in properties:
            code, (element, value) = row.pop("code"), row.popitem()
            parts = [{"url": "code", "valueCode": code}, {"url": "value", element: value}]
            extensions.append({"url": f"{IN_R4}.contains.property", "extension": parts})
    elif properties:
        found["property"] = properties
    if entry.children:
        found["contains"] = [_entry(child, release) for child in entry.children]
    return {"extension": extensions, **found} if extensions else found


def _property(item: Property) -> Resource:
    element, value = property_value(item)
    return {"code": item.code, element: value}


def found(answer: Found) -> Resource:
    """Parameters of $lookup."""
    system, concept = answer.system, answer.concept
    rows = [
        ("name", "String", system.about.get("name")),
        ("system", "Uri", system.url),
        ("version", "String", system.version),
        ("code", "Code", concept.code),
        ("display", "String", answer.display),
        ("definition", "String", concept.definition),
    ]
    parameters = [parameter(name, kind, value) for name, kind, value in rows if value]
    parameters.append(parameter("abstract", "Boolean", concept.abstract))
    parameters += [{"name": "designation", "part": _names(item)} for item in answer.designations]
    for told in answer.properties:
        element, value = property_value(told.property)
        part = [parameter("code", "Code", told.property.code), {"name": "value", element: value}]
        if told.description:
            part.append(parameter("description", "String", told.description))
        parameters.append({"name": "property", "part": part})
    used = (Canonical(item.url, item.version) for item in answer.supplements)
    return _parameters(
        [*parameters, *(parameter("used-supplement", "Canonical", str(item)) for item in used)]
    )


def _names(item: Designation) -> list[Resource]:
    part = [parameter("language", "Code", item.language)] if item.language else []
    if item.use:
        part.append({"name": "use", "valueCoding": coding(item.use)})
    part.append(parameter("value", "String", item.value))
    if item.source:
        part.append(parameter("source", "Canonical", item.source))
    return part


def subsumption(answer: Relation) -> Resource:
    """Parameters of $subsumes."""
    return _parameters([parameter("outcome", "Code", answer)])


def translation(answer: Translation, release: Release = "R4") -> Resource:
    """Parameters of $translate."""
    rows = [parameter("result", "Boolean", answer.result)]
    rows += [{"name": "match", "part": _match(match, answer.backward, release)} for match in answer.matches]
    return _parameters(rows)


def _match(match: Mapped, backward: bool, release: Release) -> list[Resource]:
    """In R4 a reverse translation gives the source as the concept found; in R5 both sides."""
    here, there = (
        (match.source, match.target) if backward and release == "R4" else (match.target, match.source)
    )
    relation = match.relationship
    if release == "R4":
        relation = CONVERSES.get(relation, relation) if backward else relation
        part = [parameter("equivalence", "Code", EQUIVALENCES.get(relation, "relatedto"))]
    else:
        part = [parameter("relationship", "Code", relation)]
    if here.code:
        part.append({"name": "concept", "valueCoding": coding(here)})
    if backward and release == "R5":
        part.append({"name": "source", "valueCoding": coding(there)})
    if match.origin:
        origin = ("source", "Uri") if release == "R4" else ("originMap", "Canonical")
        part.append(parameter(*origin, match.origin))
    for name, extra in match.products:
        inside = [
            parameter("element" if release == "R4" else "attribute", "Uri", name),
            {"name": "concept" if release == "R4" else "value", "valueCoding": coding(extra)},
        ]
        part.append({"name": "product", "part": inside})
    return part


def batch(answers: Iterable[Mapping[str, Any]]) -> Resource:
    """Parameters of $batch-validate-code: a Parameters or an OperationOutcome for each question, in order."""
    return _parameters([{"name": "validation", "resource": dict(answer)} for answer in answers])


__all__ = [
    "PREFERRED",
    "Release",
    "batch",
    "expansion",
    "found",
    "outcome",
    "outcome_of",
    "subsumption",
    "translation",
    "validation",
]
