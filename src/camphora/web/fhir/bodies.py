"""A request's body, counted while it is read: what is too large or swells is refused at the byte that shows it."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable

from starlette.requests import ClientDisconnect, Request

from camphora.errors import Busy, Invalid, TooLarge
from camphora.formats.limits import Limits, megabytes
from camphora.web.heads import headers_of

RATIO, FREE = Limits().ratio, Limits().free
"""How many times larger than packed a body may become, once it has more bytes than are free."""


HELD = "camphora.body"


class Bodies:
    """The bytes of all bodies that are here at once, from their first part until they are answered: at most `most`.
    For the event loop's thread alone."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    def take(self, request: Request, size: int) -> None:
        """Raises `Busy` web-fhir-bodies-full where there is no room for so many more."""
        if self.held + size > self.most:
            raise Busy("web-fhir-bodies-full")
        self.held += size
        request.scope[HELD] = request.scope.get(HELD, 0) + size

    def give_back(self, request: Request) -> None:
        """The request is answered."""
        self.held -= request.scope.pop(HELD, 0)


async def read_body(request: Request, most: int, bodies: Bodies) -> bytes:
    """The body, unpacked where it came as gzip; at most `most` bytes, which are counted among `bodies`.

    Raises `TooLarge` before the rest is read, `Busy` where all bodies together are too large, `Invalid` for another
    encoding, a broken one, or a lost connection.
    """
    headers = headers_of(request.scope)
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise TooLarge("web-fhir-too-large", most=megabytes(most))
    encoding = headers.get("content-encoding", "identity").lower()
    parts: AsyncIterator[bytes] = request.stream()
    if encoding == "gzip":
        parts = _unpacked(parts, most)
    elif encoding != "identity":
        raise Invalid("web-fhir-encoding")
    try:
        return await _gathered(parts, most, lambda size: bodies.take(request, size))
    except ClientDisconnect:
        raise Invalid("web-fhir-cut-off") from None


async def _gathered(parts: AsyncIterator[bytes], most: int, take: Callable[[int], None]) -> bytes:
    found, size = [], 0
    async for part in parts:
        size += len(part)
        if size > most:
            raise TooLarge("web-fhir-too-large", most=megabytes(most))
        take(len(part))
        found.append(part)
    return b"".join(found)


async def _unpacked(parts: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    """The bytes of one gzip member, never more than one step beyond the limits."""
    member = zlib.decompressobj(wbits=31)
    packed = size = 0
    async for part in parts:
        packed += len(part)
        left = part
        while left:
            try:
                plain = member.decompress(left, FREE)
            except zlib.error:
                raise Invalid("web-fhir-gzip") from None
            size += len(plain)
            if size > max(FREE, packed * RATIO):
                raise TooLarge("web-fhir-swells", most=megabytes(most))
            yield plain
            left = member.unconsumed_tail
        if member.unused_data:
            raise Invalid("web-fhir-gzip")
    yield member.flush()
    if not member.eof:
        raise Invalid("web-fhir-gzip")
