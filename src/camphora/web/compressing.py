"""Answers compressed where the reader takes that, by Starlette's own responders.

Starlette's middleware reads its list of types that are compressed already anew for each request, twice; here it is
read once. A whole answer that is not to be compressed passes by them all."""

from __future__ import annotations

from functools import lru_cache

from starlette.middleware.gzip import (
    DEFAULT_EXCLUDED_CONTENT_TYPES,
    GZipMiddleware,
    GZipResponder,
    IdentityResponder,
)
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

ENCODED = frozenset({b"content-encoding", b"vary"})


class Compressed(GZipMiddleware):
    """GZipMiddleware, with the same answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        responder: IdentityResponder
        if takes_gzip(scope):
            responder = GZipResponder(
                self.app,
                self.minimum_size,
                self.compresslevel,
                thread_minimum_size=self.thread_minimum_size,
                exclude_content_types=(),
            )
        else:
            responder = IdentityResponder(self.app, self.minimum_size, exclude_content_types=())
        responder.exclude_content_types = self.exclude_content_types
        await responder(scope, receive, send)


def takes_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


def as_it_is(answer: Response, scope: Scope, minimum_size: int) -> list[tuple[bytes, bytes]] | None:
    """The headers of an answer whose whole body goes out as it is; None where compression has more to say of it."""
    headers, body = answer.raw_headers, answer.body
    if len(body) < minimum_size:
        return headers
    if takes_gzip(scope) or answer.status_code == 206:
        return None
    kind = b""
    for name, value in headers:
        if name in ENCODED:
            return None
        if name == b"content-type":
            kind = value
    return headers if _is_excluded(kind) else [*headers, (b"vary", b"Accept-Encoding")]


@lru_cache(64)
def _is_excluded(content_type: bytes) -> bool:
    """Whether what has this type is compressed already."""
    kind = content_type.decode("latin-1").partition(";")[0].strip().lower()
    named = {kind, kind.partition("/")[0] + "/*"}
    if kind.startswith("application/grpc+"):
        named.add("application/grpc")
    return not named.isdisjoint(DEFAULT_EXCLUDED_CONTENT_TYPES)
