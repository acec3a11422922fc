"""Strings (https://hl7.org/fhirpath/N1/#string-manipulation)."""

from __future__ import annotations

import base64
import binascii
import html
import json
from collections.abc import Callable

from camphora.errors import Invalid
from camphora.fhir.fhirpath import patterns
from camphora.fhir.fhirpath.functions.registry import function, several
from camphora.fhir.fhirpath.functions.taking import integer, text
from camphora.fhir.fhirpath.running import Collection, Frame


def _of_two(answer: Callable[[str, str], bool | int]) -> Callable[..., Collection]:
    """A function of a string and another one; empty where either is."""

    def run(frame: Frame, source: Collection, argument: Collection) -> Collection:
        whole, part = text(source), text(argument)
        if whole is None or part is None:
            return []
        frame.run.length(len(whole))
        return [answer(whole, part)]

    return run


several(
    {
        "startsWith": _of_two(str.startswith),
        "endsWith": _of_two(str.endswith),
        "contains": _of_two(lambda whole, part: part in whole),
    },
    arguments=(1, 1), takes="String", gives="Boolean",
)  # fmt: skip
several(
    {"indexOf": _of_two(str.find), "lastIndexOf": _of_two(str.rfind)},
    arguments=(1, 1), takes="String", gives="Integer",
)  # fmt: skip


@function("matches", (1, 1), takes="String", gives="Boolean")
def matches(frame: Frame, source: Collection, argument: Collection) -> Collection:
    whole, pattern = text(source), text(argument)
    if whole is None or pattern is None:
        return []
    return [patterns.compiled(pattern).found_in(whole, frame.run.spend)]


@function("matchesFull", (1, 1), takes="String", gives="Boolean")
def matches_full(frame: Frame, source: Collection, argument: Collection) -> Collection:
    whole, pattern = text(source), text(argument)
    if whole is None or pattern is None:
        return []
    return [patterns.compiled(pattern).fits(whole, frame.run.spend)]


@function("replaceMatches", (2, 2), takes="String", gives="String")
def replace_matches(
    frame: Frame, source: Collection, argument: Collection, substitute: Collection
) -> Collection:
    whole, pattern, new = text(source), text(argument), text(substitute)
    if whole is None or pattern is None or new is None:
        return []
    if not pattern:
        return [whole]
    return [frame.run.text(patterns.compiled(pattern).replaced(whole, new, frame.run.spend))]


def _changed(change: Callable[[str], str]) -> Callable[..., Collection]:
    def run(frame: Frame, source: Collection) -> Collection:
        whole = text(source)
        return [] if whole is None else [frame.run.text(change(whole))]

    return run


several(
    {"upper": _changed(str.upper), "lower": _changed(str.lower), "trim": _changed(str.strip)},
    takes="String", gives="String",
)  # fmt: skip


@function("substring", (1, 2), takes="String", gives="String")
def substring(
    _: Frame, source: Collection, start: Collection, length: Collection | None = None
) -> Collection:
    whole, at = text(source), integer(start)
    if whole is None or at is None or not 0 <= at < len(whole):
        return []
    size = None if length is None else integer(length)
    return [whole[at:] if size is None else whole[at : at + max(0, size)]]


@function("replace", (2, 2), takes="String", gives="String")
def replace(frame: Frame, source: Collection, old: Collection, new: Collection) -> Collection:
    whole, part, substitute = text(source), text(old), text(new)
    if whole is None or part is None or substitute is None:
        return []
    frame.run.length(len(whole) + (whole.count(part) + 1) * max(0, len(substitute) - len(part)))
    return [whole.replace(part, substitute)]


@function("length", takes="String", gives="Integer")
def length(_: Frame, source: Collection) -> Collection:
    whole = text(source)
    return [] if whole is None else [len(whole)]


@function("toChars", takes="String", gives="String", many=True)
def to_chars(frame: Frame, source: Collection) -> Collection:
    whole = text(source)
    frame.run.spend(len(whole or ""))
    return [] if whole is None else list(whole)


@function("split", (1, 1), takes="String", gives="String", many=True)
def split(frame: Frame, source: Collection, argument: Collection) -> Collection:
    whole, separator = text(source), text(argument)
    if whole is None or separator is None:
        return []
    parts: Collection = [*(whole.split(separator) if separator else whole)]
    frame.run.spend(len(parts))
    return parts


@function("join", (0, 1), takes="String", gives="String")
def join(frame: Frame, source: Collection, argument: Collection | None = None) -> Collection:
    separator = "" if argument is None else text(argument) or ""
    parts = [part for thing in source if (part := text([thing])) is not None]
    frame.run.length(sum(map(len, parts)) + len(separator) * len(parts))
    return [separator.join(parts)] if parts else []


ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode, "urlbase64": base64.urlsafe_b64encode, "hex": binascii.hexlify
}  # fmt: skip
DECODED: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64decode, "urlbase64": base64.urlsafe_b64decode, "hex": binascii.unhexlify
}  # fmt: skip
ESCAPED: dict[str, Callable[[str], str]] = {
    "html": html.escape, "json": lambda whole: json.dumps(whole, ensure_ascii=False)[1:-1]
}  # fmt: skip


def _by_name(table: dict[str, Callable[..., object]]) -> Callable[..., Collection]:
    """A function whose argument names how; unknown names give empty, text that cannot be read too."""

    def run(frame: Frame, source: Collection, argument: Collection) -> Collection:
        whole, name = text(source), text(argument)
        if whole is None or name not in table:
            return []
        frame.run.length(len(whole) * 2)
        try:
            return [frame.run.text(str(table[name](whole)))]
        except (ValueError, RecursionError):
            return []

    return run


def _unescaped(whole: str) -> str:
    found = json.loads('"' + _quotes_escaped(whole) + '"', strict=False)
    if not isinstance(found, str):
        raise Invalid("fhirpath-type", expected="String", found="System.Any")
    return found


def _quotes_escaped(whole: str) -> str:
    """A quotation mark that stands for itself written as JSON asks."""
    parts = whole.split("\\\\")
    return "\\\\".join(part.replace('\\"', '"').replace('"', '\\"') for part in parts)


several(
    {
        "encode": _by_name({n: lambda w, f=f: f(w.encode()).decode() for n, f in ENCODED.items()}),
        "decode": _by_name({n: lambda w, f=f: f(w.encode()).decode() for n, f in DECODED.items()}),
        "escape": _by_name({**ESCAPED}),
        "unescape": _by_name({"html": html.unescape, "json": _unescaped}),
    },
    arguments=(1, 1), takes="String", gives="String",
)  # fmt: skip
