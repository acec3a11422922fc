"""The terminology operations: codes are public knowledge, so that nothing about a person can be read here.

A question comes as a Parameters resource, or as names and values of the address; the answer is that of
`terminology.operations.Desk`. Source: https://hl7.org/fhir/R4/terminology-service.html.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from camphora import __version__
from camphora.errors import CamphoraError, Invalid, NotFound
from camphora.fhir.json import parse
from camphora.terminology.operations import as_fhir
from camphora.terminology.operations.capabilities import terminology_capabilities
from camphora.terminology.operations.requests import Desk
from camphora.web.fhir.call import Answer, Call
from camphora.web.fhir.negotiation import Pairs
from camphora.web.fhir.outcomes import status_of

FORMS = {"_format", "_pretty"}


def ask(call: Call, operation: str, body: bytes | None, accept_language: str) -> Answer:
    """The answer to one operation (`ValueSet/$expand`); errors of codes say their place in the question as HL7's
    terminology ecosystem has it."""
    desk = _desk(call)
    question = _asked(body) if body else {}
    layers = (question, named(call.wish.pairs)) if question else (named(call.wish.pairs),)
    try:
        answer = desk.ask(operation, *layers, accept_language=accept_language, lang=call.wish.lang)
    except CamphoraError as error:
        outcome = as_fhir.outcome_of(error, call.wish.lang)
        if outcome is None:
            raise
        return Answer(status_of(error), orjson.dumps(outcome))
    return Answer(200, orjson.dumps(answer))


def capabilities(desk: Desk, started: datetime) -> bytes:
    """`GET /metadata?mode=terminology`: the code systems that are held, and what an expansion may ask."""
    date = started.isoformat(timespec="seconds")
    return orjson.dumps(terminology_capabilities(desk.library, version=__version__, date=date))


def named(pairs: Pairs) -> dict[str, Any]:
    """The parameters of an address as Parameters."""
    rows = [{"name": name, "valueString": value} for name, value in pairs if name not in FORMS]
    return {"resourceType": "Parameters", "parameter": rows}


def _asked(body: bytes) -> dict[str, Any]:
    question = parse(body)
    if question.get("resourceType") != "Parameters":
        raise Invalid("web-fhir-not-parameters")
    return question


def _desk(call: Call) -> Desk:
    if call.api.desk is None:
        raise NotFound("web-fhir-no-route")
    return call.api.desk
