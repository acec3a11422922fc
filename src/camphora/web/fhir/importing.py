"""`$import`: NDJSON sent in the body, or files of the installation's inbox named in a Parameters resource.

There is no standard of HL7 for it beyond drafts; the form is that of the Bulk Data Import proposal ("ping and pull"),
without the pull: this server fetches nothing from the network.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Fault, Invalid, NotFound
from camphora.errors.sentences import filled
from camphora.fhir import structure
from camphora.fhir.json import parse
from camphora.installation.importing import INBOX, Import, Imports, Input, Told, require_importer
from camphora.policy.paths import read_path
from camphora.web.fhir import jobs
from camphora.web.fhir.bodies import read_body
from camphora.web.fhir.call import MIB, Api
from camphora.web.fhir.forms import as_json
from camphora.web.fhir.negotiation import form_of_body

START, STATUS, BAD = "/$import", "/$import-job/{job}", "/$import-job/{job}/bad"
START_PATH = read_path("fhir.import", "route", "nothing")
STATUS_PATH = read_path("fhir.import.status", "route", "nothing")
CANCEL_PATH = read_path("fhir.import.cancel", "route", "nothing")
BAD_PATH = read_path("fhir.import.bad", "download", "nothing")
NDJSON = frozenset({"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"})
LARGEST = 128 * MIB
SECONDS = 2
PROGRESS = "{done} of {files} {files:file|files}, {read} {read:record|records}"


async def start(api: Api, request: Request) -> Response:
    """Take an import on: 202 with the address at which it tells how far it is."""
    access = await api.calls.do(api.access, request)
    require_importer(access)
    if "respond-async" not in request.headers.get("prefer", ""):
        raise Invalid("bulk-not-async")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    sent = media in NDJSON
    form = None if sent else form_of_body(request.headers.get("content-type", ""))
    body = await read_body(request, LARGEST if sent else api.largest_resource, api.bodies)

    def begun() -> Import:
        if form is None:
            return _imports(api).begin(access, [Input("sent.ndjson", inbox=False)], body)
        return _imports(api).begin(access, _inputs(as_json(body, form)))

    one = await api.calls.do(begun)
    place = f"{api.base_of(request)}/$import-job/{one.id}"
    return Response(status_code=202, headers={"content-location": place})


def _inputs(body: bytes) -> list[Input]:
    """The files that a Parameters names: `input` with `url` (`inbox/NAME`), by as many as there are."""
    sent = parse(body)
    structure.require(sent)
    if sent["resourceType"] != "Parameters":
        raise Invalid("web-fhir-not-parameters")
    found: list[Input] = []
    for row in sent.get("parameter", ()):
        parts: dict[str, Any] = {
            part["name"]: next((value for key, value in part.items() if key.startswith("value")), None)
            for part in row.get("part", ())
        }
        if row["name"] == "input":
            url = str(parts.get("url", ""))
            if not url.startswith(f"{INBOX}/"):
                raise Invalid("bulk-input", name=url[:200])
            found.append(Input(url.removeprefix(f"{INBOX}/"), inbox=True))
    if not found:
        raise Invalid("bulk-input", name="-")
    return found


async def status(api: Api, request: Request) -> Response:
    """How far an import is: 202 with its progress, 200 with what became of each file, or why it failed."""
    one = await jobs.asked(
        api, request, _imports, lambda imports, access: imports.one(access, jobs.name(request))
    )
    if one.state == "failed":
        raise Fault("bulk-failed-by", reason=one.fault)
    if one.state == "running":
        read = sum(each.read for each in one.inputs)
        facts = {"done": sum(each.done for each in one.inputs), "files": len(one.inputs), "read": read}
        return Response(
            status_code=202, headers={"x-progress": filled(PROGRESS, facts), "retry-after": str(SECONDS)}
        )
    told = {
        "request": f"{api.base_of(request)}/$import",
        "output": [
            {"inputUrl": each.name, "count": each.written + each.unchanged, "unchanged": each.unchanged}
            for each in one.inputs
        ],
        "error": [
            {"inputUrl": each.name, "count": each.faults, "faults": [_fault(fault) for fault in each.told]}
            for each in one.inputs
            if each.faults
        ],
        "warning": [
            {"inputUrl": each.name, "code": code, "count": warned.count, "places": warned.places}
            for each in one.inputs
            for code, warned in each.warned.items()
        ],
    }
    return Response(orjson.dumps(told), 200, media_type="application/json")


def _fault(told: Told) -> dict[str, str]:
    return {
        "code": told.code,
        "place": told.place,
        "text": told.zh,
        "textEnglish": told.en,
        "remedy": told.remedy_zh,
        "remedyEnglish": told.remedy_en,
    }


async def cancel(api: Api, request: Request) -> Response:
    """End an import: what is written stays."""
    await jobs.asked(
        api, request, _imports, lambda imports, access: imports.cancel(access, jobs.name(request))
    )
    return Response(status_code=202)


async def bad(api: Api, request: Request) -> Response:
    """The bad rows of an import, as they were sent, to be mended and sent again."""
    data = await jobs.asked(
        api, request, _imports, lambda imports, access: imports.bad(access, jobs.name(request))
    )
    return Response(data, 200, media_type="application/fhir+ndjson")


def _imports(api: Api) -> Imports:
    if api.imports is None:
        raise NotFound("web-fhir-no-route")
    return api.imports
