"""One act of reading as a leaf of the log, and how the persons, the result and a written reason stand in it.

The line is JSON with its fields in one order; its form is settled in docs/decisions/0008-leaves.md. Lines of the first
form, which had fewer fields, stay as they are: `fields_of` reads all. Digests are keyed BLAKE2b (RFC 7693), and of
the forms before HMAC-SHA-256, which took twice as long.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Literal

import msgspec
import orjson

FORM = KEYED = 3
"""The form that is written; the first whose digests are keyed BLAKE2b."""
DIGEST, SALT = 16, 32
"""Bytes of a digest of 128 bits, and of the salt of one line."""
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

    def pattern(self) -> bytes:
        """The line of all receipts that differ from this one in `VARYING` alone: it is filled in with these, in their
        order. Whoever reads much need not have the rest written anew each time."""
        said = []
        for name in self.__struct_fields__:
            value = VARYING.get(name) or _LINES.encode(getattr(self, name)).replace(b"%", b"%%")
            said.append(b'"%b":%b' % (name.encode(), value))
        return b"{%b}" % b",".join(said)


_LINES = msgspec.json.Encoder()
VARYING = {
    "at": b"%d",
    "persons": b"[%b]",
    "members": b"%b",
    "nonce": b'"%b"',
    "reason": b"%b",
    "decision": b'"%b"',
    "choices": b'"%b"',
    "result": b'"%b"',
}
"""What differs between acts of one kind under one Access, as it stands in a pattern: numbers, digests in hexadecimal
digits and a ruling, all of which JSON writes as they are."""

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


def commitment(salt: bytes, nonce: str, said: bytes = b"", form: int = FORM) -> str:
    """The name of a person inside one receipt, meaningless without the person's salt; or that of what is `said` under
    another salt."""
    if form < KEYED:
        return _hmac(salt + said, nonce.encode())
    return blake2b(said + nonce.encode(), key=salt, digest_size=DIGEST).hexdigest()


def salt_of(secret: bytes, nonce: str, form: int = FORM) -> bytes:
    """The salt of one receipt's digests: it may be given to somebody without opening any other receipt."""
    if form < KEYED:
        return hmac.digest(secret, nonce.encode(), "sha256")
    return blake2b(nonce.encode(), key=secret, digest_size=SALT).digest()


def salted_digest(salt: bytes, parts: Iterable[bytes], form: int = FORM) -> str:
    """A digest of parts in order, each with its length, that nobody can guess without the salt."""
    if form < KEYED:
        return _hmac(salt, b"".join([piece for part in parts for piece in (len(part).to_bytes(8), part)]))
    digest = blake2b(key=salt, digest_size=DIGEST)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def _hmac(key: bytes, said: bytes) -> str:
    """As the forms before say it: HMAC-SHA-256 (RFC 2104), cut to 128 bits."""
    return hmac.digest(key, said, "sha256")[:DIGEST].hex()


def is_receipt(line: bytes) -> bool:
    """Whether a line is a receipt, of whichever form."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(fields, dict) and "reader" in fields
