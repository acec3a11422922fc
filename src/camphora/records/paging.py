"""Page tokens: where a search goes on, sealed and bound to the Access, the query and the policy version.

A token is encrypted, since a record's inner number in clear would tell of the records between that are hidden.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from camphora.errors import Invalid
from camphora.fhir.search import Query
from camphora.policy import Access
from camphora.records.histories import Versions
from camphora.records.remembering import by_access

Value = int | float | str | None
"""One of the sort keys of a record."""
NONCE = 12
BLOCK = 48


def issue(secret: bytes, access: Access, query: Query | Versions, keys: Sequence[Value]) -> str:
    """A token that goes on after the record with these sort keys; its length says nothing of them."""
    body = orjson.dumps(list(keys))
    body += b" " * (-len(body) % BLOCK)
    nonce = secrets.token_bytes(NONCE)
    sealed = nonce + AESGCM(secret).encrypt(nonce, body, _bound(access, query))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def redeem(secret: bytes, access: Access, query: Query | Versions, token: str) -> list[Value]:
    """The sort keys in a token. Any token not issued for this reader and query is refused."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{24,9000}", token):
        raise Invalid("records-page-token")
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    try:
        body = AESGCM(secret).decrypt(raw[:NONCE], raw[NONCE:], _bound(access, query))
    except InvalidTag:
        raise Invalid("records-page-token") from None
    keys: list[Value] = orjson.loads(body)
    return keys


def _bound(access: Access, query: Query | Versions) -> bytes:
    return repr((_digest(access), replace(query, page=None))).encode()


@by_access
def _digest(access: Access) -> str:
    return access.digest()
