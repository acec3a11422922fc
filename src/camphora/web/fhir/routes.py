"""The routes of the FHIR API. Each is named after the read path that it is, and answers every error as an
OperationOutcome; all but the capability statement ask for the reader's Access first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple, overload

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from camphora.errors import Busy, CamphoraError, Invalid, NotFound, TooMany
from camphora.policy.paths import read_path
from camphora.web.fhir import binary, codes, interactions, patching
from camphora.web.fhir.addresses import KIND
from camphora.web.fhir.bodies import read_body
from camphora.web.fhir.call import MIB, Answer, Api, Call, Sent
from camphora.web.fhir.capability import capability
from camphora.web.fhir.forms import CONTENT_TYPES, as_json, given, placed
from camphora.web.fhir.later import Later
from camphora.web.fhir.negotiation import (
    FHIR_JSON,
    FORM,
    JSON_PATCH,
    JSON_TYPES,
    XML_PATCH,
    XML_TYPES,
    Form,
    Wish,
    decode_pairs,
    etag,
    form_of,
    form_of_body,
    http_date,
    language,
    media_of,
    require_form,
    wish,
)
from camphora.web.fhir.openapi import openapi
from camphora.web.fhir.outcomes import ours, outcome_bytes, status_of
from camphora.web.fhir.table import INTERACTIONS, STEPS, Body, Interaction
from camphora.web.heads import headers_of

LARGEST_FORM = MIB
SMALL = 64 * 1024
"""Bytes of a body that may wait for its commit beside many others."""
SECONDS_OF_BUSY = 5
CHALLENGE = 'Bearer realm="Camphora"'
VERSIONS_SPOKEN = orjson.dumps(
    {
        "resourceType": "Parameters",
        "parameter": [{"name": "version", "valueCode": "4.0"}, {"name": "default", "valueCode": "4.0"}],
    }
)
MEDIA: dict[Form, bytes] = {form: name.encode() for form, name in CONTENT_TYPES.items()}
Handler = Callable[[Api, Request], Awaitable[Response]]

CODES = read_path("fhir.codes", "route", "nothing")
VERSIONS = read_path("fhir.versions", "route", "nothing")
METADATA = read_path("fhir.metadata", "route", "nothing")
OPENAPI = read_path("fhir.openapi", "route", "nothing")
UNKNOWN = read_path("fhir.unknown", "route", "nothing")


def fhir_routes(api: Api) -> list[Route]:
    """Every route of the API, to be mounted under one path; the last one answers what none of them knows."""
    known = [
        _route("/metadata", "GET", METADATA.name, api, _metadata),
        _route("/openapi.json", "GET", OPENAPI.name, api, _openapi),
        _route("/$versions", "GET", VERSIONS.name, api, _versions),
        *(_route(one.address, one.method, one.reads.name, api, one.handler) for one in STEPS),
        *(_operation(name, api) for name in (api.desk.operations if api.desk else ())),
        *(
            _route(one.address, one.method, one.reads.name, api, partial(_interaction, one))
            for one in INTERACTIONS
        ),
    ]
    unknown = Route("/{path:path}", _guarded(api, partial(_unknown, known)), name=UNKNOWN.name)
    unknown.methods = set()
    return [*known, unknown]


def _route(path: str, method: str, name: str, api: Api, handler: Handler) -> Route:
    made = Route(path.replace("{type}", KIND), _guarded(api, handler), methods=[method], name=name)
    made.path = path
    return made


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
        finally:
            api.bodies.give_back(request)

    return endpoint


async def _interaction(one: Interaction, api: Api, request: Request) -> Response:
    """Do one interaction in a thread of ours. A body is read only once the reader is known and its form is right."""
    if one.body == "nothing":
        return await api.calls.do_in_turn(_done, one, api, request)
    if one.handed_in and _is_small(request):
        return await _handed_in(one, api, request)
    access = await api.calls.do_in_turn(api.access, request)
    wished = _wished(one, request)
    content_type = headers_of(request.scope).get("content-type", "")
    taken = _taken(one, request.path_params, content_type, empty=_is_empty(request))
    body = await read_body(request, _largest(api, one, request), api.bodies)
    call = Call(api, access, api.base_of(request), wished)
    made = await api.calls.do(_written, one, request, call, taken, body)
    if isinstance(made, Response):
        return made
    await made.wait()
    return _said(made.answer, call, taken, body)


async def _handed_in(one: Interaction, api: Api, request: Request) -> Response:
    """One small write, made ready by one turn behind the others, as reads are. Its bytes are here before the reader is
    known: so many the server takes from the network unasked."""
    body = await read_body(request, _largest(api, one, request), api.bodies)

    def act() -> Response | tuple[Call, Taken, Later]:
        call = Call(api, api.access(request), api.base_of(request), _wished(one, request))
        content_type = headers_of(request.scope).get("content-type", "")
        taken = _taken(one, request.path_params, content_type, empty=not body)
        made = _written(one, request, call, taken, body)
        return made if isinstance(made, Response) else (call, taken, made)

    made = await api.calls.do_in_turn(act)
    if isinstance(made, Response):
        return made
    call, taken, later = made
    await later.wait()
    return _said(later.answer, call, taken, body)


def _is_small(request: Request) -> bool:
    """Whether a write says that it is small, plain and without a condition, for which it would have to search."""
    headers = headers_of(request.scope)
    declared = headers.get("content-length", "")
    plain = "content-encoding" not in headers and "if-none-exist" not in headers
    return plain and declared.isdecimal() and int(declared) <= SMALL


def _done(one: Interaction, api: Api, request: Request) -> Response:
    """An interaction without a body, with the Access asked for in the same thread."""
    access = api.access(request)
    wished = _wished(one, request)
    made = one.act(Call(api, access, api.base_of(request), wished), request.path_params, Sent())
    return response(made.now() if isinstance(made, Later) else made, wished)


def _written(one: Interaction, request: Request, call: Call, taken: Taken, body: bytes) -> Response | Later:
    """The answer, or what waits for its commit and is small enough for many of it to wait at once."""

    def act() -> Answer | Later:
        plain = body
        if taken.form is not None and (body or one.body != "parameters"):
            plain = as_json(body, taken.form)
        made = one.act(call, request.path_params, Sent(plain, taken.media))
        if isinstance(made, Later) and (len(body) > SMALL or call.wish.returns == "OperationOutcome"):
            return made.now()
        return made

    return _said(act, call, taken, body)


@overload
def _said(act: Callable[[], Answer], call: Call, taken: Taken, body: bytes) -> Response: ...
@overload
def _said(act: Callable[[], Answer | Later], call: Call, taken: Taken, body: bytes) -> Response | Later: ...
def _said(act: Callable[[], Answer | Later], call: Call, taken: Taken, body: bytes) -> Response | Later:
    """What an act answers, as a response; a fault of the body is put at its place there."""
    try:
        made = act()
        return made if isinstance(made, Later) else response(made, call.wish)
    except Invalid as error:
        if taken.form is None:
            raise
        raise placed(error, body, taken.form) from None


class Taken(NamedTuple):
    """How a body comes: as FHIR in a form, or (None) as something else of a media type."""

    form: Form | None
    media: str


def _taken(one: Interaction, path: Mapping[str, str], content_type: str, *, empty: bool) -> Taken:
    """What a body says it is. Refuses what the interaction does not take."""
    if one.body == "form":
        if not (empty and not content_type):
            require_form(content_type)
        return Taken(None, FORM)
    if one.body == "parameters" and empty and not content_type:
        return Taken("json", FHIR_JSON)
    if path.get("type") == binary.TYPE and one.code in {"create", "update"}:
        media = content_type.partition(";")[0].strip().lower()
        if binary.is_raw(binary.TYPE, media):
            return Taken(None, content_type.strip())
    if one.body == "patch":
        media = media_of(content_type)
        if media in {JSON_PATCH, XML_PATCH}:
            return Taken(None, media)
        if media not in JSON_TYPES | XML_TYPES:
            raise Invalid("web-fhir-media-of-patch", wanted=", ".join(patching.PATCHES))
    return Taken(form_of_body(content_type), FHIR_JSON)


def _is_empty(request: Request) -> bool:
    """Whether a request says that it has no body."""
    headers = headers_of(request.scope)
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers


def _wished(one: Interaction, request: Request) -> Wish:
    raw = request.path_params.get("type") == binary.TYPE and one.code in {"read", "vread"}
    return wish(headers_of(request.scope), request.scope["query_string"], raw=raw)


async def _codes(operation: str, api: Api, request: Request) -> Response:
    """A terminology operation, asked by GET or by POST."""
    accepted = request.headers.get("accept-language", "")

    def act(call: Call, _: Mapping[str, str], sent: Sent) -> Answer:
        return codes.ask(call, operation, sent.body or None, accepted)

    body: Body = "nothing" if request.method in {"GET", "HEAD"} else "resource"
    one = Interaction(f"${operation}", "type", request.method, "", CODES, act, {}, body)
    return await _interaction(one, api, request)


async def _metadata(api: Api, request: Request) -> Response:
    wished = wish(request.headers, request.scope["query_string"])
    if api.desk and ("mode", "terminology") in wished.pairs:
        return response(Answer(200, codes.capabilities(api.desk, api.started)), wished)
    of = (api.base_of(request), api.started, wished.lang, api.operations, api.store.registry)
    body = await api.calls.do(capability, *of)
    return response(Answer(200, body), wished)


async def _versions(_: Api, request: Request) -> Response:
    """`GET /$versions`: the releases of FHIR that are spoken (https://hl7.org/fhir/capabilitystatement-operation-versions.html)."""
    return response(
        Answer(200, VERSIONS_SPOKEN), wish(headers_of(request.scope), request.scope["query_string"])
    )


async def _openapi(api: Api, request: Request) -> Response:
    """`GET /openapi.json`: the same interactions for those who make clients from a description."""
    lang = language(request.headers.get("accept-language", ""))
    body = await api.calls.do(openapi, api.base_of(request), lang, api.operations)
    return Response(body, media_type="application/vnd.oai.openapi+json;version=3.1")


async def _unknown(known: list[Route], api: Api, request: Request) -> Response:
    """What no route knows: an address that is not there, or a method that is not given at one that is."""
    await api.calls.do(api.access, request)
    matched = [route for route in known if route.matches(request.scope)[0] is not Match.NONE]
    first = request.path_params["path"].split("/")[0]
    if not matched:
        raise NotFound("web-fhir-no-route")
    if matched[0].name == METADATA.name:
        matched = matched[:1]
    elif any("{type}" in route.path for route in matched):
        interactions.require_type(first)
    allowed = ", ".join(sorted({method for route in matched for method in route.methods or ()}))
    raise NotFound("web-fhir-method", method=request.method, allowed=allowed)


def _largest(api: Api, one: Interaction, request: Request) -> int:
    if one.body == "form":
        return LARGEST_FORM
    is_bundle = one.body == "bundle" or request.path_params.get("type") == "Bundle"
    return api.largest_bundle if is_bundle else api.largest_resource


def response(answer: Answer, wished: Wish) -> Response:
    """An answer in the form that is wished, with the headers of its version."""
    if answer.body is not None and answer.media is None and not answer.headers and _is_plain(answer.location):
        return _usual(answer, answer.body, wished)
    headers: dict[str, str] = dict(answer.headers)
    if answer.version is not None and answer.updated is not None:
        headers |= {"etag": etag(answer.version), "last-modified": http_date(answer.updated)}
    if answer.location is not None:
        headers["location"] = answer.location
    body = answer.body
    if body is None:
        return Response(status_code=answer.status, headers=headers)
    if answer.media is not None:
        raw = Response(body, answer.status, headers | binary.HEADERS)
        raw.headers["content-type"] = answer.media
        return raw
    given_body = given(body, wished.form, pretty=wished.pretty)
    return Response(given_body, answer.status, headers, CONTENT_TYPES[wished.form])


def _is_plain(location: str | None) -> bool:
    """Whether an address may go out as it is: the name of the host that was asked stands in it."""
    return location is None or (location.isascii() and location.isprintable())


def _usual(answer: Answer, body: bytes, wished: Wish) -> Response:
    """An answer with nothing but its version and place beside its body, made without the ways round by dictionaries."""
    headers = []
    if answer.version is not None and answer.updated is not None:
        headers.append((b"etag", etag(answer.version).encode()))
        headers.append((b"last-modified", http_date(answer.updated).encode()))
    if answer.location is not None:
        headers.append((b"location", answer.location.encode()))
    if wished.form != "json" or wished.pretty:
        body = given(body, wished.form, pretty=wished.pretty)
    return Whole(body, answer.status, headers, MEDIA[wished.form])


class Whole(Response):
    """A Response of bytes and raw headers."""

    def __init__(self, body: bytes, status: int, headers: list[tuple[bytes, bytes]], kind: bytes) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [*headers, (b"content-length", b"%d" % len(body)), (b"content-type", kind)]


def refused(request: Request, error: CamphoraError) -> Response:
    """An error as an OperationOutcome in the language and form that the request asks for."""
    status, lang = status_of(error), language(request.headers.get("accept-language", ""))
    headers: dict[str, str] = {"content-language": lang}
    if status == 401:
        headers["www-authenticate"] = CHALLENGE
    if status == 405:
        headers["allow"] = str(error.facts.get("allowed", "DELETE, GET, HEAD, PATCH"))
    if status == 413:
        headers["connection"] = "close"
    if isinstance(error, Busy):
        headers["retry-after"] = str(
            error.facts["seconds"] if isinstance(error, TooMany) else SECONDS_OF_BUSY
        )
    form = _form_of_refusal(request)
    body = given(outcome_bytes(error, lang), form, pretty=False)
    return Response(body, status, headers, CONTENT_TYPES[form])


def _form_of_refusal(request: Request) -> Form:
    """The form of an error, whatever else is wrong with the request: JSON where none can be told."""
    try:
        named = dict(decode_pairs(request.scope["query_string"])).get("_format")
    except Invalid:
        named = None
    return form_of(named, request.headers.get("accept", "")) or "json"
