"""What a request asks of the answer's form: language, format, Prefer, versions (R4 http.html, RFC 9110)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal, NamedTuple, cast
from urllib.parse import unquote

from camphora.errors import Invalid, Lang

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
JSON_TYPES = frozenset({FHIR_JSON, "application/json", "text/json", "json"})
XML_TYPES = frozenset({FHIR_XML, "application/xml", "text/xml", "xml"})
JSON_PATCH, XML_PATCH = "application/json-patch+json", "application/xml-patch+xml"
FORM = "application/x-www-form-urlencoded"
MOST_PAIRS = 200
ANY = -1
"""If-Match by `*`: whichever version is the present one (RFC 9110)."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
REMEMBERED = 128
"""So many different headers of a kind are remembered as they were understood; clients send the same ones always."""
LONGEST_REMEMBERED = 100
"""Characters of a text whose quoted or unquoted form is remembered: a form may send a megabyte in one."""
Returns = Literal["minimal", "representation", "OperationOutcome"]
Form = Literal["json", "xml"]
Pairs = tuple[tuple[str, str], ...]
WEIGHED = (
    "accept",
    "accept-language",
    "prefer",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-none-exist",
    "x-security-context",
)
"""The headers in which a wish stands."""
_Q = re.compile(r"\s*;\s*q\s*=\s*")
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')


class Wish(NamedTuple):
    """What is asked of the answer; `pairs` are the parameters of the query, in order."""

    lang: Lang = "zh-TW"
    form: Form = "json"
    pairs: Pairs = ()
    strict: bool = False
    returns: Returns | None = None
    pretty: bool = False
    if_match: int | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_none_exist: str | None = None
    accepted: str = ""
    """The Accept header itself, for what has a form of its own (Binary)."""
    prefer: str = ""
    """The Prefer header itself, for what is answered later."""
    security_context: str | None = None
    """The reference of X-Security-Context, which comes with the content of a Binary."""


def wish(headers: Mapping[str, str], query: bytes, *, raw: bool = False) -> Wish:
    """Read the headers (with names in lower case) and the query string. Raises `Invalid` where a form is asked for
    that is not given, or a header says nothing that can be held to. `raw`: what is asked for may have a form of its
    own, so that any Accept header will do."""
    pairs = decode_pairs(query)
    if any(name in {"_format", "_pretty"} for name, _ in pairs):
        return _wish(headers, pairs, raw=raw)
    plain = _plain(*map(headers.get, WEIGHED), raw=raw)
    return plain._replace(pairs=pairs) if pairs else plain


@lru_cache(REMEMBERED)
def _plain(*given: str | None, raw: bool) -> Wish:
    """The wish of headers alone, which clients send alike again and again."""
    return _wish(
        {name: value for name, value in zip(WEIGHED, given, strict=True) if value is not None}, (), raw=raw
    )


def _wish(headers: Mapping[str, str], pairs: Pairs, *, raw: bool) -> Wish:
    given = dict(pairs) if pairs else {}
    accepted = headers.get("accept", "")
    form = form_of(given.get("_format"), accepted)
    if form is None and not (raw and "_format" not in given):
        raise Invalid("web-fhir-format")
    returns, strict = _prefer(headers.get("prefer", ""))
    return Wish(
        lang=language(headers.get("accept-language", "")),
        form=form or "json",
        pairs=pairs,
        strict=strict,
        returns=returns,
        pretty=given.get("_pretty") == "true",
        if_match=version_of(headers.get("if-match")),
        if_none_match=headers.get("if-none-match"),
        if_modified_since=headers.get("if-modified-since"),
        if_none_exist=headers.get("if-none-exist"),
        accepted=accepted,
        prefer=headers.get("prefer", ""),
        security_context=headers.get("x-security-context"),
    )


@lru_cache(REMEMBERED)
def form_of(named: str | None, accepted: str) -> Form | None:
    """JSON or XML, as `_format` names it, else as Accept weighs them; JSON where they weigh alike or nothing is said.
    None where neither is acceptable."""
    choices = _weighed((accepted if named is None else named).replace("fhir ", "fhir+"))
    if not choices:
        return "json"
    json, xml = _wanted(choices, JSON_TYPES), _wanted(choices, XML_TYPES)
    if max(json, xml) <= 0:
        return None
    return "json" if json >= xml else "xml"


def _wanted(choices: list[tuple[str, float]], types: frozenset[str]) -> float:
    """How much one of these types is wanted: by its own weight where it is named, else by that of a wildcard."""
    named: list[float] = []
    wild = [0.0]
    for choice, weight in choices:
        media, *parameters = (part.strip() for part in choice.split(";"))
        if media in types and _of_r4(parameters):
            named.append(weight or -1.0)
        elif media in {"*/*", "application/*"}:
            wild.append(weight)
    return max(named, default=max(wild))


def fhir_asked(accepted: str) -> bool:
    """Whether an Accept header names a form of FHIR itself, and not merely anything."""
    names = {choice.split(";")[0].strip() for choice, weight in _weighed(accepted) if weight > 0}
    return bool(names & {FHIR_JSON, FHIR_XML, "application/json", "application/xml", "text/xml", "text/json"})


def decode_pairs(query: bytes) -> Pairs:
    """Names and values of a query string or a form, in order. Text beyond ASCII may stand as UTF-8 without percent
    signs, as people write it."""
    if not query:
        return ()
    try:
        text = query.decode()
        parts = text.split("&")
        if len(parts) > MOST_PAIRS:
            raise Invalid("web-fhir-query", most=MOST_PAIRS)
        split = (part.partition("=") for part in parts if part)
        return tuple([(_unquoted(name), _unquoted(value)) for name, _, value in split])
    except ValueError:
        raise Invalid("web-fhir-query", most=MOST_PAIRS) from None


def _unquoted(text: str) -> str:
    """A text of a query string as `urllib.parse.parse_qsl` reads it. Raises ValueError where it is no UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else unquote(text, errors="strict")


@lru_cache(4096)
def _remembered(text: str) -> str:
    return unquote(text, errors="strict")


@lru_cache(REMEMBERED)
def language(accepted: str) -> Lang:
    """zh-TW or en, by Accept-Language; zh-TW where it names neither."""
    for choice, _ in sorted(_weighed(accepted), key=lambda item: -item[1]):
        if choice.startswith("zh"):
            return "zh-TW"
        if choice.startswith("en"):
            return "en"
    return "zh-TW"


def _of_r4(parameters: list[str]) -> bool:
    stated = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("fhirversion=")]
    return all(version in {"4.0", "4.0.1"} for version in stated)


def _weighed(header: str) -> list[tuple[str, float]]:
    """The choices of an Accept header in lower case, each with its weight."""
    found: list[tuple[str, float]] = []
    for part in header.lower().split(","):
        text, _, weight = _Q.sub(";q=", part.strip()).partition(";q=")
        if text:
            found.append((text, float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 1.0))
    return found


@lru_cache(REMEMBERED)
def media_of(content_type: str) -> str:
    """The media type of a body, in lower case. Refuses another character set than UTF-8 and another release of FHIR."""
    media, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    if not _of_r4(parameters) or any(name != "utf-8" for name in charsets):
        raise Invalid("web-fhir-media-type", wanted=f"{FHIR_JSON}, {FHIR_XML}")
    return media


def form_of_body(content_type: str) -> Form:
    """JSON or XML, as a body's Content-Type has it; any other is refused."""
    media = media_of(content_type)
    if media in JSON_TYPES:
        return "json"
    if media in XML_TYPES:
        return "xml"
    raise Invalid("web-fhir-media-type", wanted=f"{FHIR_JSON}, {FHIR_XML}")


def require_form(content_type: str) -> None:
    """Refuse the body of a `_search` that is no form."""
    if content_type.lower().partition(";")[0].strip() != FORM:
        raise Invalid("web-fhir-media-type", wanted=FORM)


@lru_cache(REMEMBERED)
def _prefer(header: str) -> tuple[Returns | None, bool]:
    """`return` and `handling` of a Prefer header; what else it holds is left to others (RFC 7240)."""
    given = dict(part.strip().partition("=")[::2] for part in re.split("[,;]", header))
    returns = given.get("return", "").strip('"')
    known = returns in {"minimal", "representation", "OperationOutcome"}
    return cast("Returns", returns) if known else None, given.get("handling") == "strict"


def version_of(etag: str | None) -> int | None:
    """The version that If-Match names, `ANY` for `*`; None where there is no such header."""
    if etag is None:
        return None
    if etag.strip() == "*":
        return ANY
    found = _ETAG.fullmatch(etag.strip())
    if found is None:
        raise Invalid("web-fhir-etag")
    return int(found[1])


def version_held(if_match: int | None) -> int | None:
    """The one version that a write rests on; None where any will do."""
    return None if if_match == ANY else if_match


def etag(version: int) -> str:
    return f'W/"{version}"'


def http_date(milliseconds: int) -> str:
    return _date_of(milliseconds // 1000)


@lru_cache(REMEMBERED)
def _date_of(second: int) -> str:
    at = time.gmtime(second)
    day, month = DAYS[at.tm_wday], MONTHS[at.tm_mon - 1]
    clock = f"{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d}"
    return f"{day}, {at.tm_mday:02d} {month} {at.tm_year:04d} {clock} GMT"


def unmodified(wish: Wish, version: int, updated: int) -> bool:
    """Whether the reader already holds this version (R4 http.html#cread)."""
    if wish.if_none_match is not None:
        held = {text.strip().removeprefix("W/") for text in wish.if_none_match.split(",")}
        return f'"{version}"' in held or "*" in held
    if wish.if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(wish.if_modified_since).timestamp()
    except ValueError:
        return False
    return updated // 1000 <= since
