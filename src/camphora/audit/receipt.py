"""One act of reading as a leaf of the log, and how the persons, the result and a written reason stand in it.

The line is JSON with its fields in one order; its form is settled in docs/decisions/0008-leaves.md. Lines of the first
form, which had fewer fields, stay as they are: `fields_of` reads both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

import msgspec
import orjson

FORM = 2
Ruling = Literal["permit", "deny", "emergency", "override"]
"""How the act was decided; `emergency` and `override` are permits that stand on a declaration or a named basis."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """One act of reading; no clinical content, and no person in clear.

    `persons` are commitments to each person, or `members` is one to their set. `purposes` are codes, `ground` why the
    reader was let in, `basis` the named legal basis or emergency and `reason` a salted digest of what was written for
    it. `policy` is a version, `choices` a mark of one; `result` is a salted digest of what was answered. `at` in
    milliseconds UTC.
    """

    at: int
    reader: str
    name: str
    role: str
    organisation: str | None
    purpose: str
    act: str
    types: tuple[str, ...]
    persons: tuple[str, ...] = ()
    members: str | None = None
    nonce: str = ""
    purposes: tuple[str, ...] = ()
    ground: str = ""
    basis: str | None = None
    reason: str | None = None
    decision: Ruling = "permit"
    policy: int = 0
    choices: str = ""
    result: str | None = None
    form: int = FORM

    def line(self) -> bytes:
        """The fields in their order, as compact JSON in UTF-8."""
        return _LINES.encode(self)


_LINES = msgspec.json.Encoder()

FIRST_FORM: dict[str, Any] = {
    "purposes": [],
    "ground": "",
    "basis": None,
    "reason": None,
    "decision": "permit",
    "policy": 0,
    "choices": "",
    "result": None,
    "form": 1,
}
"""What lines of the first form do not say."""


def fields_of(line: bytes) -> dict[str, Any]:
    """What a line says, of whichever form. Raises `orjson.JSONDecodeError` where it is no JSON."""
    fields: dict[str, Any] = orjson.loads(line)
    return fields if "form" in fields else {**FIRST_FORM, **fields}


def from_line(line: bytes) -> Receipt:
    """The receipt that a line was written from."""
    fields = fields_of(line)
    lists = {key: tuple(fields[key]) for key in ("types", "persons", "purposes")}
    return Receipt(**{**fields, **lists})


INNER, OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


_sha256 = hashlib.sha256


def _hmac(key: bytes, said: bytes) -> str:
    """HMAC-SHA-256 (RFC 2104), cut to 128 bits, by two plain hashes: a quarter of the time of `hmac`."""
    block = (key if len(key) <= 64 else _sha256(key).digest()).ljust(64, b"\0")
    inner = _sha256(block.translate(INNER) + said).digest()
    return _sha256(block.translate(OUTER) + inner).hexdigest()[:32]


def commitment(salt: bytes, nonce: str) -> str:
    """The name of a person inside one receipt: meaningless without the person's salt."""
    return _hmac(salt, nonce.encode())


def salt_of(secret: bytes, nonce: str) -> bytes:
    """The salt of one receipt's digests: it may be given to somebody without opening any other receipt."""
    inner, outer = (each.copy() for each in _begun(secret))
    inner.update(nonce.encode())
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(16)
def _begun(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """The two hashes of an HMAC by a key of the installation, begun with it."""
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    return hashlib.sha256(block.translate(INNER)), hashlib.sha256(block.translate(OUTER))


def salted_digest(salt: bytes, parts: Iterable[bytes]) -> str:
    """A digest of parts in order, each with its length, that nobody can guess without the salt."""
    return _hmac(salt, b"".join([piece for part in parts for piece in (len(part).to_bytes(8), part)]))


def is_receipt(line: bytes) -> bool:
    """Whether a line is a receipt, of whichever form."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(fields, dict) and "reader" in fields
