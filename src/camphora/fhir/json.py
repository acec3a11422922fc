"""FHIR JSON in and out (https://hl7.org/fhir/R4/json.html).

Bytes that came in are what is kept: decimals such as 1.00 keep their precision there. `parse` gives Python
floats, which know 1.0 and 1.00 as one number: it serves checking, indexing and display, not storage.
`split_bundle` therefore gives each entry's resource as bytes. Where a resource is read, changed and written
again (another form, a patch), `parse(data, exact=True)` gives decimals as `Written`, which `write` puts back
with the very digits that came.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Self

import msgspec
import orjson

from camphora.errors import Invalid, Place

DEEPEST = 64
"""Levels of nesting; the deepest of HL7's R4 examples has 22."""
LONGEST_NUMBER = 400
LARGEST_EXPONENT = 308
_BOM = b"\xef\xbb\xbf"


class Written(Decimal):
    """A decimal that keeps its digits as they were written (`text`): 1.00, 1e2, 0.0000001.

    It computes and compares as the Decimal of that value. ValueError for what is longer than `LONGEST_NUMBER`
    characters or beyond 10 to the power of ±`LARGEST_EXPONENT`.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        if len(text) > LONGEST_NUMBER:
            raise ValueError
        made = super().__new__(cls, text)
        if abs(made.adjusted()) > LARGEST_EXPONENT:
            raise ValueError
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.text,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any], /) -> Self:
        return self


class Request(msgspec.Struct, rename="camel"):
    """What a transaction asks for one entry."""

    method: str = ""
    url: str = ""
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_none_exist: str | None = None


class Entry(msgspec.Struct, rename="camel"):
    """One entry of a bundle; `resource` holds the bytes as they came, empty where there is none."""

    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()
    request: Request | None = None


class Bundle(msgspec.Struct, rename="camel"):
    resource_type: str
    type: str = ""
    entry: list[Entry] = []


def parse(
    data: bytes | bytearray | memoryview, *, file: str | None = None, exact: bool = False
) -> dict[str, Any]:
    """The JSON object in `data` as Python values; a byte-order mark is passed over.

    With `exact`, decimals are `Written`, and so are whole numbers beyond 64 bits; without it both are floats.
    Raises `Invalid`, located by line and column: no content, not UTF-8 (naming the likely encoding), not JSON,
    cut off, nested deeper than `DEEPEST`, or not an object. NaN and Infinity are not JSON.
    """
    value: dict[str, Any] = _parsed(data, dict, file, exact)
    return value


def parse_list(
    data: bytes | bytearray | memoryview, *, file: str | None = None, exact: bool = False
) -> list[Any]:
    """The JSON array in `data`, as `parse` reads an object."""
    value: list[Any] = _parsed(data, list, file, exact)
    return value


def unmarked(data: bytes | bytearray | memoryview) -> bytes:
    """The text without a byte-order mark, which editors on Windows put before it (RFC 8259, 8.1: may be ignored)."""
    return bytes(data).removeprefix(_BOM)


def number(text: str, *, exact: bool = False) -> int | float | Written:
    """A number as `parse` gives it, from its text in JSON. ValueError where it is too long or too large."""
    if text.lstrip("-").isdecimal():
        whole = int(text) if len(text) <= LONGEST_NUMBER else 2**64
        if -(2**63) <= whole < 2**64:
            return whole
    return Written(text) if exact else float(text)


def write(resource: dict[str, Any], *, pretty: bool = False) -> bytes:
    """Compact UTF-8 JSON, properties in the order that they have; `pretty`: on lines, indented by two.

    Decimals (`Written`, Decimal) are written as numbers with all their digits.
    """
    return _dumped(resource, orjson.OPT_INDENT_2 if pretty else 0)


def canonical(resource: dict[str, Any]) -> bytes:
    """Compact UTF-8 JSON with sorted properties: equal resources give equal bytes."""
    return _dumped(resource, orjson.OPT_SORT_KEYS)


def split_bundle(data: bytes, *, file: str | None = None) -> Bundle:
    """A Bundle with each entry's resource as the very bytes that came.

    Raises `Invalid` as `parse` does, or where the bundle or an entry's frame is malformed.
    """
    text = unmarked(data)
    try:
        bundle = msgspec.json.decode(text, type=Bundle)
    except (msgspec.DecodeError, RecursionError):
        parse(text, file=file)
        raise Invalid("fhir-json-bundle", place=Place(file=file, path="Bundle")) from None
    except UnicodeDecodeError:
        raise _misread(text, file) from None
    if bundle.resource_type != "Bundle":
        raise Invalid("fhir-json-bundle", place=Place(file=file, path="Bundle"))
    return bundle


_LONG_DIGITS = re.compile(rb"\d{19}")
_exact_decoder = msgspec.json.Decoder(float_hook=Written)


def _parsed(data: bytes | bytearray | memoryview, kind: type, file: str | None, exact: bool) -> Any:
    text = unmarked(data)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _broken(text, error, file) from None
    if type(value) is not kind:
        code = "fhir-json-object" if kind is dict else "fhir-json-array"
        raise Invalid(code, place=Place(file=file, line=1, column=1))
    _shallow(text, value, file)
    return _exactly(text, file) if exact else value


def _exactly(text: bytes, file: str | None) -> Any:
    """The same value with exact numbers; that it is right JSON is known."""
    try:
        value = _exact_decoder.decode(text)
        return _without_long(value) if _LONG_DIGITS.search(text) else value
    except (msgspec.DecodeError, ValueError, ArithmeticError):
        raise Invalid("fhir-json-number", place=Place(file=file), most=LONGEST_NUMBER) from None


def _without_long(value: Any) -> Any:
    """Whole numbers beyond 64 bits as `Written`, since JSON writers take no longer ones."""
    if type(value) is dict:
        return {key: _without_long(item) for key, item in value.items()}
    if type(value) is list:
        return [_without_long(item) for item in value]
    if type(value) is int and not -(2**63) <= value < 2**64:
        return Written(str(value))
    return value


def _dumped(resource: dict[str, Any], option: int) -> bytes:
    return orjson.dumps(resource, default=_digits, option=option)


def _digits(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError


def _broken(text: bytes, error: orjson.JSONDecodeError, file: str | None) -> Invalid:
    if not text.strip():
        return Invalid("fhir-json-empty", place=Place(file=file))
    try:
        text.decode()
    except UnicodeDecodeError:
        return _misread(text, file)
    if "depth limit" in error.msg:
        return Invalid("fhir-json-deep", place=Place(file=file), most=DEEPEST)
    cut = error.pos >= len(error.doc.rstrip()) or "end of data" in error.msg
    code = "fhir-json-truncated" if cut else _spoken(error.msg)
    return Invalid(code, place=Place(file=file, line=error.lineno, column=error.colno))


def _spoken(said: str) -> str:
    """The code of what the parser says."""
    if "surrogate" in said:
        return "fhir-json-surrogate"
    return "fhir-json-control" if "control character" in said else "fhir-json-broken"


def _misread(text: bytes, file: str | None) -> Invalid:
    try:
        text.decode()
        at = 0
    except UnicodeDecodeError as error:
        at = error.start
    before = text[:at]
    column = len(before.rpartition(b"\n")[2].decode(errors="replace")) + 1
    place = Place(file=file, line=before.count(b"\n") + 1, column=column)
    return Invalid("fhir-json-encoding", place=place, encoding=likely_encoding(text))


def likely_encoding(data: bytes) -> str:
    """The encoding that bytes which are not UTF-8 most probably have, as people call it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:200].count(0) > len(data[:200]) // 4:
        return "UTF-16"
    for name, codec in (("Big5", "cp950"), ("GB 18030", "gb18030")):
        try:
            data.decode(codec)
        except UnicodeDecodeError:
            continue
        return name
    return "Windows-1252"


def _shallow(text: bytes, value: object, file: str | None) -> None:
    """Refuses what is nested too deep; counted only where the number of brackets makes it possible."""
    if text.count(b"{") + text.count(b"[") <= DEEPEST:
        return
    level, nodes = 0, [value]
    while nodes:
        level += 1
        if level > DEEPEST:
            raise Invalid("fhir-json-deep", place=Place(file=file), most=DEEPEST)
        nodes = [
            item
            for node in nodes
            for item in (node.values() if type(node) is dict else node)  # type: ignore[attr-defined]
            if type(item) in {dict, list}
        ]
