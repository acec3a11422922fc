"""The routes of the FHIR API. Each is named after the read path that it is, and answers every error as an
OperationOutcome; all but the capability statement ask for the reader's Access first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from camphora.errors import Busy, CamphoraError, Invalid, NotFound, TooMany
from camphora.policy.paths import read_path
from camphora.web.fhir import codes, interactions, transaction
from camphora.web.fhir.bodies import read_body
from camphora.web.fhir.call import MIB, Answer, Api, Call
from camphora.web.fhir.capability import capability
from camphora.web.fhir.negotiation import (
    FHIR_JSON,
    Wish,
    decode_pairs,
    etag,
    http_date,
    language,
    require_form,
    require_json,
    wish,
)
from camphora.web.fhir.outcomes import ours, outcome_bytes, status_of
from camphora.web.fhir.places import placed

CONTENT_TYPE = f"{FHIR_JSON}; charset=utf-8"
LARGEST_FORM = MIB
SECONDS_OF_BUSY = 5
VERSIONS_SPOKEN = orjson.dumps(
    {
        "resourceType": "Parameters",
        "parameter": [{"name": "version", "valueCode": "4.0"}, {"name": "default", "valueCode": "4.0"}],
    }
)
Act = Callable[[Call], Answer]
Bodied = Callable[[Call, bytes], Answer]
Handler = Callable[[Api, Request], Awaitable[Response]]

READ = read_path("fhir.read", "route", "persons")
VREAD = read_path("fhir.vread", "route", "persons")
HISTORY = read_path("fhir.history", "route", "persons")
SEARCH = read_path("fhir.search", "route", "persons")
SEARCH_POST = read_path("fhir.search-post", "route", "persons")
CREATE = read_path("fhir.create", "route", "persons")
UPDATE = read_path("fhir.update", "route", "persons")
DELETE = read_path("fhir.delete", "route", "persons")
BUNDLE = read_path("fhir.bundle", "route", "persons")
VALIDATE = read_path("fhir.validate", "route", "nothing")
CODES = read_path("fhir.codes", "route", "nothing")
VERSIONS = read_path("fhir.versions", "route", "nothing")
METADATA = read_path("fhir.metadata", "route", "nothing")
UNKNOWN = read_path("fhir.unknown", "route", "nothing")


def fhir_routes(api: Api) -> list[Route]:
    """Every route of the API, to be mounted under one path; the last one answers what none of them knows."""
    known = [
        _route("/metadata", "GET", METADATA.name, api, _metadata),
        _route("/$versions", "GET", VERSIONS.name, api, _versions),
        _route("/{type}/$validate", "POST", VALIDATE.name, api, _validate),
        *(_operation(name, api) for name in (api.desk.operations if api.desk else ())),
        _route("/{type}/{id}", "GET", READ.name, api, _read),
        _route("/{type}", "GET", SEARCH.name, api, _search),
        _route("/{type}/_search", "POST", SEARCH_POST.name, api, _search_form),
        _route("/{type}/{id}/_history", "GET", HISTORY.name, api, _history),
        _route("/{type}/{id}/_history/{version}", "GET", VREAD.name, api, _read),
        _route("/{type}", "POST", CREATE.name, api, _create),
        _route("/{type}/{id}", "PUT", UPDATE.name, api, _update),
        _route("/{type}/{id}", "DELETE", DELETE.name, api, _delete),
        _route("/", "POST", BUNDLE.name, api, _bundle),
    ]
    unknown = Route("/{path:path}", _guarded(api, partial(_unknown, known)), name=UNKNOWN.name)
    unknown.methods = set()
    return [*known, unknown]


def _route(path: str, method: str, name: str, api: Api, handler: Handler) -> Route:
    return Route(path, _guarded(api, handler), methods=[method], name=name)


def _operation(name: str, api: Api) -> Route:
    """A terminology operation, asked by GET with plain parameters or by POST with Parameters."""
    endpoint = _guarded(api, partial(_codes, name))
    return Route(f"/{name}", endpoint, methods=["GET", "POST"], name=CODES.name)


def _guarded(api: Api, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The handler, with every error said as an OperationOutcome in the reader's language."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(api, request)
        except Exception as error:  # noqa: BLE001 - the edge: nothing passes it unsaid
            return refused(request, ours(error))

    return endpoint


async def _acted(api: Api, request: Request, act: Act) -> Response:
    """Do one interaction in a thread of ours, with the Access asked for in the same thread."""

    def work() -> Response:
        access = api.access(request)
        wished = wish(request.headers, request.scope["query_string"])
        return _response(act(Call(api, access, api.base_of(request), wished)), wished)

    return await asyncio.get_running_loop().run_in_executor(api.calls, copy_context().run, work)


async def _bodied(
    api: Api, request: Request, act: Bodied, most: int, require: Callable[[str], None] = require_json
) -> Response:
    """The same with a body, which is read only once the reader is known and the form is right."""
    loop = asyncio.get_running_loop()
    access = await loop.run_in_executor(api.calls, api.access, request)
    wished = wish(request.headers, request.scope["query_string"])
    require(request.headers.get("content-type", ""))
    body = await read_body(request, most)
    call = Call(api, access, api.base_of(request), wished)

    def work() -> Response:
        try:
            return _response(act(call, body), wished)
        except Invalid as error:
            raise (placed(error, body) if require is require_json else error) from None

    return await loop.run_in_executor(api.calls, copy_context().run, work)


async def _codes(operation: str, api: Api, request: Request) -> Response:
    accepted = request.headers.get("accept-language", "")
    if request.method == "GET":
        return await _acted(api, request, lambda call: codes.ask(call, operation, None, accepted))
    return await _bodied(
        api, request, lambda call, body: codes.ask(call, operation, body, accepted), api.largest_resource
    )


async def _validate(api: Api, request: Request) -> Response:
    path = request.path_params
    return await _bodied(
        api,
        request,
        lambda call, body: interactions.validate(call, path["type"], body),
        _largest(api, path["type"]),
    )


async def _metadata(api: Api, request: Request) -> Response:
    wished = wish(request.headers, request.scope["query_string"])
    if api.desk and ("mode", "terminology") in wished.pairs:
        return _response(Answer(200, codes.capabilities(api.desk, api.started)), wished)
    loop = asyncio.get_running_loop()
    body = await loop.run_in_executor(
        api.calls, capability, api.base_of(request), api.started, wished.lang, api.operations
    )
    return _response(Answer(200, body), wished)


async def _versions(_: Api, request: Request) -> Response:
    """`GET /$versions`: the releases of FHIR that are spoken (https://hl7.org/fhir/capabilitystatement-operation-versions.html)."""
    return _response(Answer(200, VERSIONS_SPOKEN), wish(request.headers, request.scope["query_string"]))


async def _read(api: Api, request: Request) -> Response:
    path = request.path_params
    return await _acted(
        api, request, lambda call: interactions.read(call, path["type"], path["id"], path.get("version"))
    )


async def _history(api: Api, request: Request) -> Response:
    path = request.path_params
    return await _acted(api, request, lambda call: interactions.history(call, path["type"], path["id"]))


async def _search(api: Api, request: Request) -> Response:
    path = request.path_params
    return await _acted(api, request, lambda call: interactions.search(call, path["type"], call.wish.pairs))


async def _search_form(api: Api, request: Request) -> Response:
    path = request.path_params

    def act(call: Call, body: bytes) -> Answer:
        return interactions.search(call, path["type"], call.wish.pairs + decode_pairs(body.strip()))

    return await _bodied(api, request, act, LARGEST_FORM, require_form)


async def _create(api: Api, request: Request) -> Response:
    path = request.path_params
    return await _bodied(
        api,
        request,
        lambda call, body: interactions.create(call, path["type"], body),
        _largest(api, path["type"]),
    )


async def _update(api: Api, request: Request) -> Response:
    path = request.path_params
    return await _bodied(
        api,
        request,
        lambda call, body: interactions.update(call, path["type"], path["id"], body),
        _largest(api, path["type"]),
    )


async def _delete(api: Api, request: Request) -> Response:
    path = request.path_params
    return await _acted(api, request, lambda call: interactions.delete(call, path["type"], path["id"]))


async def _bundle(api: Api, request: Request) -> Response:
    return await _bodied(api, request, transaction.process, api.largest_bundle)


async def _unknown(known: list[Route], api: Api, request: Request) -> Response:
    """What no route knows: an address that is not there, or a method that is not given at one that is."""
    await asyncio.get_running_loop().run_in_executor(api.calls, api.access, request)
    matched = [route for route in known if route.matches(request.scope)[0] is not Match.NONE]
    first = request.path_params["path"].split("/")[0]
    if not matched:
        raise NotFound("web-fhir-no-route")
    if matched[0].name == METADATA.name:
        matched = matched[:1]
    elif first:
        interactions.require_type(first)
    if request.method in {"PUT", "DELETE"} and request.scope["query_string"]:
        raise Invalid("web-fhir-conditional")
    allowed = ", ".join(sorted({method for route in matched for method in route.methods or ()}))
    raise NotFound("web-fhir-method", method=request.method, allowed=allowed)


def _largest(api: Api, record_type: str) -> int:
    return api.largest_bundle if record_type == "Bundle" else api.largest_resource


def _response(answer: Answer, wished: Wish) -> Response:
    headers: dict[str, str] = {}
    if answer.version is not None and answer.updated is not None:
        headers |= {"etag": etag(answer.version), "last-modified": http_date(answer.updated)}
    if answer.location is not None:
        headers["location"] = answer.location
    body = answer.body
    if body is None:
        return Response(status_code=answer.status, headers=headers)
    if wished.pretty:
        body = msgspec.json.format(body, indent=2)
    return Response(body, answer.status, headers, CONTENT_TYPE)


def refused(request: Request, error: CamphoraError) -> Response:
    """An error as an OperationOutcome in the language that the request asks for."""
    status, lang = status_of(error), language(request.headers.get("accept-language", ""))
    headers: dict[str, str] = {"content-language": lang}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="Camphora"'
    if status == 405:
        headers["allow"] = str(error.facts.get("allowed", "DELETE, GET, HEAD"))
    if status == 413:
        headers["connection"] = "close"
    if isinstance(error, Busy):
        headers["retry-after"] = str(
            error.facts["seconds"] if isinstance(error, TooMany) else SECONDS_OF_BUSY
        )
    return Response(outcome_bytes(error, lang), status, headers, CONTENT_TYPE)
