"""`Patient/$match` (https://hl7.org/fhir/R4/patient-operation-match.html): who may be the person that is described.

Candidates, scores and grades come of those alone whom the reader may see; a store with others hidden answers alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from camphora.errors import Invalid, NotFound, Place
from camphora.fhir import structure
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import parse
from camphora.records.identity import Match, match
from camphora.web.fhir import bundles
from camphora.web.fhir.call import Answer, Call

TYPES = ("Patient",)
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
USUAL, MOST = 20, 100
Json = dict[str, Any]


def matched(call: Call, record_type: str, body: bytes) -> Answer:
    """A searchset, best first, each with its score and grade. `onlyCertainMatches`: the one who is certain, and nobody
    where two are."""
    if record_type not in TYPES:
        raise NotFound("web-fhir-no-route")
    described, only, count = _asked(body)
    found = match(call.store, call.access, described)
    if only:
        certain = [each for each in found if each.weighed.grade == "certain"]
        found = certain if len(certain) == 1 else []
    rows = [(each.row, each.row.body or b"{}") for each in found[:count]]
    links = [("self", f"{call.base}/Patient/$match")]
    return Answer(200, _graded(bundles.searchset(call.base, rows, links, len(found), None), found))


def _graded(bundle: bytes, found: Sequence[Match]) -> bytes:
    """The searchset with a score and a grade in the search of each entry."""
    made: Json = orjson.loads(bundle)
    for entry, each in zip(made.get("entry", ()), found, strict=False):
        grade = [{"url": GRADE, "valueCode": each.weighed.grade}]
        entry["search"] |= {"extension": grade, "score": round(each.weighed.score, 4)}
    return orjson.dumps(made)


def _asked(body: bytes) -> tuple[Json, bool, int]:
    """The Patient described, whether only a certain match is wanted, and how many at most."""
    sent = parse(body)
    require_distinct(body, sent)
    if not isinstance(sent, dict) or sent.get("resourceType") != "Parameters":
        raise Invalid("web-fhir-not-parameters")
    rows = [row for row in sent.get("parameter") or () if isinstance(row, dict)]
    named = {row.get("name"): row for row in rows}
    described = named.get("resource", {}).get("resource")
    if not isinstance(described, dict) or described.get("resourceType") != "Patient":
        raise Invalid("persons-match-patient", place=Place(path="Parameters.parameter"))
    structure.require(sent)
    only = bool(named.get("onlyCertainMatches", {}).get("valueBoolean", False))
    count = int(named.get("count", {}).get("valueInteger", USUAL))
    return described, only, max(0, min(count, MOST))
