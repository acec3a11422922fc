"""Whether a resource sent along with a request has the shape that the operations read; R4 and R5 alike.

Only what is read is looked at, so that this is no validation: it makes sure that nothing sent can break an operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from camphora.errors import Invalid, Place

ANY = object()
NUMBER = (int, float, Decimal)
CODING = {"system": str, "version": str, "code": str, "display": str}
EXTENSION: dict[str, Any] = {"url": str}
EXTENSION["extension"] = [EXTENSION]
DESIGNATION = {"language": str, "use": CODING, "value!": str, "extension": [EXTENSION]}
PROPERTY = {
    "code!": str, "valueCode": str, "valueString": str, "valueCoding": CODING, "valueInteger": int,
    "valueBoolean": bool, "valueDateTime": str, "valueDecimal": NUMBER,
}  # fmt: skip
CONCEPT: dict[str, Any] = {
    "code!": str, "display": str, "definition": str, "designation": [DESIGNATION], "property": [PROPERTY],
    "extension": [EXTENSION],
}  # fmt: skip
CONCEPT["concept"] = [CONCEPT]
DECLARED = {"code!": str, "uri": str, "type": str, "description": str}
CODE_SYSTEM = {
    "url": str, "version": str, "language": str, "caseSensitive": bool, "content": str, "supplements": str,
    "versionNeeded": bool, "hierarchyMeaning": str, "name": str, "status": str, "experimental": bool,
    "property": [DECLARED], "concept": [CONCEPT], "extension": [EXTENSION],
}  # fmt: skip
CLAUSE = {
    "system": str, "version": str, "valueSet": [str], "extension": [EXTENSION],
    "concept": [{"code!": str, "display": str, "designation": [DESIGNATION], "extension": [EXTENSION]}],
    "filter": [{"property": str, "op": str, "value": str}],
}  # fmt: skip
CONTAINS: dict[str, Any] = {"system": str, "version": str, "code": str, "display": str, "abstract": bool}
CONTAINS["contains"] = [CONTAINS]
VALUE_SET: dict[str, Any] = {
    "url": str, "version": str, "language": str, "status": str, "experimental": bool, "extension": [EXTENSION],
    "compose": {"inactive": bool, "include": [CLAUSE], "exclude": [CLAUSE], "extension": [EXTENSION]},
    "expansion": {"contains": [CONTAINS]},
}  # fmt: skip
VALUE_SET["contained"] = [{"id": str, **VALUE_SET}]
DEPENDENT = {"property": str, "attribute": str, "system": str, "value": ANY, "valueCoding": CODING}
TARGET = {
    "code": str, "display": str, "equivalence": str, "relationship": str, "comment": str,
    "dependsOn": [DEPENDENT], "product": [DEPENDENT],
}  # fmt: skip
UNMAPPED = {"mode": str, "code": str, "display": str, "relationship": str}
GROUP = {
    "source": str, "target": str, "unmapped": UNMAPPED,
    "element": [{"code": str, "display": str, "target": [TARGET]}],
}  # fmt: skip
SCOPES = ("sourceUri", "sourceCanonical", "targetUri", "targetCanonical", "sourceScopeUri", "sourceScopeCanonical",
          "targetScopeUri", "targetScopeCanonical")  # fmt: skip
CONCEPT_MAP = {"url": str, "version": str, "group": [GROUP], **dict.fromkeys(SCOPES, str)}
SHAPES: Mapping[str, Any] = {
    "CodeSystem": CODE_SYSTEM,
    "ValueSet": VALUE_SET,
    "ConceptMap": CONCEPT_MAP,
    "Coding": CODING,
    "CodeableConcept": {"coding": [CODING], "text": str},
    "Parameters": {"parameter": [{"name!": str}]},
}


def shaped(value: Any, kind: str) -> Any:
    """The value, where it has the shape of its kind (a resource type, Coding or CodeableConcept).

    Raises Invalid terminology-resource-shape, which says where.
    """
    if not isinstance(value, Mapping):
        raise _fault(kind, "object")
    _check(value, SHAPES[kind], kind)
    return value


def _fault(path: str, expected: str) -> Invalid:
    return Invalid("terminology-resource-shape", place=Place(path=path), path=path, expected=expected)


def _check(value: Any, shape: Any, path: str) -> None:
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            raise _fault(path, "object")
        for key, inner in shape.items():
            name = key.removesuffix("!")
            if name in value:
                _check(value[name], inner, f"{path}.{name}")
            elif name != key:
                raise _fault(f"{path}.{name}", "string")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise _fault(path, "array")
        for at, item in enumerate(value):
            _check(item, shape[0], f"{path}[{at}]")
    elif shape is not ANY and (
        not isinstance(value, shape) or (shape is not bool and isinstance(value, bool))
    ):
        raise _fault(path, shape.__name__ if isinstance(shape, type) else "number")
