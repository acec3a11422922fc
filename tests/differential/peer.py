"""fhirpathpy, asked as Camphora is asked, and answers brought to one form."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from camphora.fhir import fhirpath
from differential.expressions import Trial

UCUM = "http://unitsofmeasure.org"


@cache
def _compiled(text: str) -> Any:
    return fhirpathpy.compile(text, models["r4"], {"traceFn": lambda *_: None})


def theirs(trial: Trial) -> Any:
    """Their answer in plain form; the kind of exception where they raise one."""
    item = trial.item if trial.item is trial.resource else ResourceNode.create_node(trial.item, trial.type)
    given = {"resource": trial.resource, "rootResource": trial.resource, "context": item, "ucum": UCUM}
    try:
        return plain(_compiled(trial.text)(item, given))
    except Exception as error:  # noqa: BLE001 (whatever a peer raises is an answer too)
        return f"raises {type(error).__name__}"


def ours(trial: Trial) -> Any:
    """Our answer in plain form."""
    expression = fhirpath.compile(trial.text, trial.type)
    return plain(expression(trial.item, resource=trial.resource, root=trial.resource))


def plain(values: list[Any]) -> list[str]:
    """The results as JSON, numbers written one way, names in order, and the results sorted: `|` promises no order."""
    return sorted(json.dumps(_even(value), sort_keys=True) for value in values)


def _even(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _even(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_even(item) for item in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{Decimal(str(value)).normalize():f}"
    return value if isinstance(value, bool | str | None) else str(value)
