"""Page tokens: where a search goes on, signed and bound to the Access, the query and the policy version."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace

import orjson

from camphora.errors import Invalid
from camphora.fhir.search import Query
from camphora.policy import Access

SIGNATURE = 16


def issue(secret: bytes, access: Access, query: Query, keys: list[int | str]) -> str:
    """A token that goes on after the record with these sort keys."""
    body = orjson.dumps(keys)
    return base64.urlsafe_b64encode(_sign(secret, access, query, body) + body).rstrip(b"=").decode()


def redeem(secret: bytes, access: Access, query: Query, token: str) -> list[int | str]:
    """The sort keys that a token names. Any token not issued for this reader and query is refused."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{24,600}", token):
        raise Invalid("records-page-token")
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    signature, body = raw[:SIGNATURE], raw[SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(secret, access, query, body)):
        raise Invalid("records-page-token")
    keys: list[int | str] = orjson.loads(body)
    return keys


def _sign(secret: bytes, access: Access, query: Query, body: bytes) -> bytes:
    bound = repr((access.digest(), replace(query, page=None))).encode()
    return hmac.new(secret, hashlib.sha256(bound).digest() + body, hashlib.sha256).digest()[:SIGNATURE]
