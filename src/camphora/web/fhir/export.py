"""`$export` (Bulk Data Access STU2, https://hl7.org/fhir/uv/bulkdata/STU2/export.html): asked for, answered later.

The kick-off answers 202 with the address at which the job tells how far it is; DELETE there ends it. What is exported,
and for whom, is `camphora.installation.exporting`.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError, Fault, Forbidden, Invalid, NotFound, Place
from camphora.fhir import definitions, structure
from camphora.fhir.dates import span
from camphora.fhir.json import parse
from camphora.installation.exporting import Asked, Exports, File, Job
from camphora.installation.exporting.asked import Filter, Level, filter_of
from camphora.policy.paths import read_path
from camphora.records.prepare import instant
from camphora.web.fhir import interactions, jobs, sweeps
from camphora.web.fhir.call import Answer, Api, Call
from camphora.web.fhir.negotiation import Pairs, decode_pairs

STATUS, FILE = "/$export-job/{job}", "/$export-job/{job}/{file}"
STATUS_PATH = read_path("fhir.export.status", "route", "persons")
CANCEL_PATH = read_path("fhir.export.cancel", "route", "nothing")
FILE_PATH = read_path("fhir.export.file", "download", "persons")
NDJSON = "application/fhir+ndjson"
FORMATS = frozenset({NDJSON, "application/ndjson", "ndjson"})
KNOWN = frozenset({"_outputFormat", "_since", "_type", "_typeFilter", "patient"})
PASSED = frozenset({"_format", "_pretty", "basis"})
SECONDS = 2
"""After so long a client may ask again."""
CHOICES = "https://camphora.tw/fhir/export-choices"
MOST_PATIENTS = 10_000
_NEXT_FILTER = re.compile(r",(?=[A-Z][A-Za-z]*\?)")


def kick_off(call: Call, record_type: str | None, record_id: str | None, body: bytes) -> Answer:
    """Take an export on: of everything, of `Patient`s, or of the patients of a `Group`."""
    exports = call.api.exports
    level: Level = "system" if record_type is None else "group" if record_id else "patient"
    if exports is None or record_type not in {None, "Patient" if level == "patient" else "Group"}:
        raise NotFound("web-fhir-no-route")
    if "respond-async" not in call.wish.prefer:
        raise Invalid("bulk-not-async")
    pairs = call.wish.pairs + (_parameters(body) if body else ())
    asked = _asked(call, level, record_id, pairs)
    if level == "group":
        asked = replace(asked, patients=_members(call, str(record_id), asked.patients))
    job = exports.begin(call.access, asked, _basis(pairs))
    return Answer(202, headers={"content-location": f"{call.base}/$export-job/{job.id}"})


def _asked(call: Call, level: Level, record_id: str | None, pairs: Pairs) -> Asked:
    lenient = "handling=lenient" in call.wish.prefer.replace(" ", "")
    for name, value in pairs:
        if name not in KNOWN | PASSED and not lenient:
            raise Invalid("web-fhir-parameter", param=name)
        if name == "_outputFormat" and value.replace(" ", "+") not in FORMATS:
            raise Invalid("bulk-format")
    types = _types(call, level, [value for name, value in pairs if name == "_type"])
    filters = _filters([value for name, value in pairs if name == "_typeFilter"], types)
    sinces = [value for name, value in pairs if name == "_since"]
    patients = tuple(dict.fromkeys(_patient(value) for name, value in pairs if name == "patient"))
    if len(patients) > MOST_PATIENTS or (patients and level == "system"):
        raise Invalid("web-fhir-parameter", param="patient")
    return Asked(
        url=_url(call, level, record_id),
        level=level,
        types=types,
        filters=filters,
        since=_since(sinces[-1]) if sinces else None,
        until=_now(),
        patients=patients or None,
    )


def _types(call: Call, level: Level, named: list[str]) -> tuple[str, ...]:
    """The types to be read: those that are named, else all that the level holds and the Access covers."""
    held = (
        sorted(name for name in definitions.resource_types() if interactions.is_kept(name))
        if level == "system"
        else sorted({"Patient", *sweeps.in_compartment("Patient")})
    )
    asked = tuple(dict.fromkeys(name.strip() for text in named for name in text.split(",")))
    for name in asked:
        if name not in held:
            raise Invalid("web-fhir-value", param="_type")
        if not call.access.covers(name):
            raise Forbidden("records-type-refused", type=name, role=call.access.reader.role)
    return asked or tuple(name for name in held if call.access.covers(name))


def _filters(texts: list[str], types: tuple[str, ...]) -> tuple[Filter, ...]:
    found: list[Filter] = []
    for text in (each for given in texts for each in _NEXT_FILTER.split(given)):
        made = filter_of(text, decode_pairs(text.partition("?")[2].encode("ascii", "replace")))
        if made.type not in types:
            raise Invalid("bulk-filter", param=made.type)
        found.append(made)
    return tuple(found)


def _since(text: str) -> int:
    try:
        return span(text.replace(" ", "+"))[0]
    except ValueError:
        raise Invalid("fhir-format", type="instant", place=Place(path="_since")) from None


def _patient(text: str) -> str:
    name = text.removeprefix("Patient/")
    if not re.fullmatch(r"[A-Za-z0-9.\-]{1,64}", name):
        raise Invalid("web-fhir-parameter", param="patient")
    return name


def _parameters(body: bytes) -> Pairs:
    """The parameters of a Parameters resource; a patient is named by a reference."""
    sent = parse(body)
    structure.require(sent)
    if sent["resourceType"] != "Parameters":
        raise Invalid("web-fhir-not-parameters")
    rows: list[dict[str, Any]] = sent.get("parameter", [])
    references = tuple(
        (row["name"], str(row["valueReference"].get("reference", "")))
        for row in rows
        if "valueReference" in row
    )
    return interactions.named(body) + references


def _members(call: Call, name: str, among: tuple[str, ...] | None) -> tuple[str, ...]:
    """The patients of a Group that the reader may read, without those who have left it."""
    group = parse(call.store.read(call.access, "Group", name).body or b"{}")
    named = [
        str(member["entity"]["reference"])
        for member in group.get("member", ())
        if not member.get("inactive") and "reference" in member.get("entity", {})
    ]
    members = dict.fromkeys(each[8:] for each in named if each.startswith("Patient/"))
    return tuple(each for each in members if among is None or each in among)


def _basis(pairs: Pairs) -> int | None:
    number = dict(pairs).get("basis", "")
    return int(number) if number.isdecimal() and len(number) < 16 else None


def _url(call: Call, level: Level, record_id: str | None) -> str:
    """The whole address that was asked (Bulk Data: without what a POST brought in its body)."""
    path = {"system": "$export", "patient": "Patient/$export", "group": f"Group/{record_id}/$export"}[level]
    query = urlencode(call.wish.pairs, quote_via=quote, safe="/:,")
    return f"{call.base}/{path}" + (f"?{query}" if query else "")


async def status(api: Api, request: Request) -> Response:
    """How far an export is: 202 with its progress, 200 with the manifest, or why it failed."""
    job = await jobs.asked(
        api, request, _exports, lambda exports, access: exports.job(access, jobs.name(request))
    )
    if job.state == "failed":
        raise _failure(job)
    if job.state == "running":
        done = f"{job.part} of {job.parts}, {sum(file.count for file in job.files)} records"
        return Response(status_code=202, headers={"x-progress": done, "retry-after": str(SECONDS)})
    exports = _exports(api)
    expires = formatdate(exports.expires(job) / 1000, usegmt=True)
    return Response(
        orjson.dumps(_manifest(job, api.base_of(request))), 200, {"expires": expires}, "application/json"
    )


def _failure(job: Job) -> CamphoraError:
    return Fault("bulk-failed-by", reason=job.fault)


def _manifest(job: Job, base: str) -> dict[str, Any]:
    def listed(files: list[File]) -> list[dict[str, Any]]:
        return [
            {"type": file.type, "url": f"{base}/$export-job/{job.id}/{file.name}", "count": file.count}
            for file in files
        ]

    deleted = [replace(file, type="Bundle") for file in job.files if file.deleted]
    return {
        "transactionTime": instant(job.begun),
        "request": job.asked.url,
        "requiresAccessToken": True,
        "output": listed([file for file in job.files if not file.deleted]),
        "deleted": listed(deleted),
        "error": [],
        "extension": {CHOICES: job.choices},
    }


async def cancel(api: Api, request: Request) -> Response:
    """End an export and take its files away."""
    await jobs.asked(
        api, request, _exports, lambda exports, access: exports.cancel(access, jobs.name(request))
    )
    return Response(status_code=202)


async def file(api: Api, request: Request) -> Response:
    """A file of an export, weighed once more under what holds now."""
    number = str(request.path_params["file"])
    _, data = await jobs.asked(
        api, request, _exports, lambda exports, access: exports.file(access, jobs.name(request), number)
    )
    return Response(data, 200, media_type=NDJSON)


def _exports(api: Api) -> Exports:
    if api.exports is None:
        raise NotFound("web-fhir-no-route")
    return api.exports


def _now() -> int:
    return int(time.time() * 1000)
