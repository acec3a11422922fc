"""Tree heads as others exchange them: C2SP tlog-checkpoint, which is a signed note, and what witnesses do with them.

A checkpoint is three lines (the log's name, its size, the root in base64), an empty line and signatures, each
`— NAME BASE64` over a key id of four bytes and the signature. A log's name is `camphora/` and the first 16 hex digits
of its first public key, so that two logs never share one; every key that follows signs under that name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from camphora.audit.heads import key_id
from camphora.audit.merkle import SIZE
from camphora.errors import Invalid

NOTE, COSIGNATURE = 0x01, 0x04
"""Kinds of Ed25519 signatures on a note: the log's own, and a witness's with its time."""
DASH = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: `blob` is what follows the key id."""

    name: str
    key: bytes
    blob: bytes

    def line(self) -> str:
        return f"{DASH}{self.name} {base64.b64encode(self.key + self.blob).decode()}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head under a log's name, with its signatures."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...] = ()

    def body(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    def text(self) -> str:
        return self.body().decode() + "\n" + "".join(one.line() for one in self.signatures)

    def signed(self, key: Ed25519PrivateKey) -> Checkpoint:
        """With the log's own signature."""
        one = Signature(self.origin, note_key(self.origin, key.public_key(), NOTE), key.sign(self.body()))
        return Checkpoint(self.origin, self.size, self.root, (*self.signatures, one))

    def witnessed(self, name: str, key: Ed25519PrivateKey, at: int) -> Checkpoint:
        """With a witness's cosignature at a time in seconds: it has seen the log grow to this head, and no other."""
        blob = at.to_bytes(8) + key.sign(self._cosigned(at))
        one = Signature(name, note_key(name, key.public_key(), COSIGNATURE), blob)
        return Checkpoint(self.origin, self.size, self.root, (*self.signatures, one))

    def _cosigned(self, at: int) -> bytes:
        return f"cosignature/v1\ntime {at}\n".encode() + self.body()

    def is_signed_by(self, public: Ed25519PublicKey, name: str | None = None) -> bool:
        """Whether the log's key, or a witness's under its `name`, signed this."""
        kind, who = (NOTE, self.origin) if name is None else (COSIGNATURE, name)
        wanted = note_key(who, public, kind)
        return any(
            one.name == who and one.key == wanted and self._holds(one, public, kind)
            for one in self.signatures
        )

    def _holds(self, one: Signature, public: Ed25519PublicKey, kind: int) -> bool:
        at, signature = (None, one.blob) if kind == NOTE else (int.from_bytes(one.blob[:8]), one.blob[8:])
        try:
            public.verify(signature, self.body() if at is None else self._cosigned(at))
        except InvalidSignature:
            return False
        return True


def origin_of(first: Ed25519PublicKey) -> str:
    """The name of the log that began with this key."""
    return f"camphora/{key_id(first)[:16]}"


def note_key(name: str, public: Ed25519PublicKey, kind: int) -> bytes:
    """The four bytes by which a signature says whose it is (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public.public_bytes_raw()).digest()[:4]


def verifier_key(name: str, public: Ed25519PublicKey, kind: int = NOTE) -> str:
    """A public key as tools for signed notes take it: NAME+KEYID+BASE64."""
    encoded = base64.b64encode(bytes([kind]) + public.public_bytes_raw()).decode()
    return f"{name}+{note_key(name, public, kind).hex()}+{encoded}"


def read_checkpoint(text: str) -> Checkpoint:
    """Read a signed note. Raises Invalid `audit-not-a-checkpoint` for anything else."""
    body, gap, rest = text.partition("\n\n")
    lines = body.split("\n")
    if not gap or len(lines) < 3 or not lines[0] or not rest.endswith("\n"):
        raise Invalid("audit-not-a-checkpoint")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit() and str(int(size)) == size):
        raise Invalid("audit-not-a-checkpoint")
    try:
        made = Checkpoint(
            origin,
            int(size),
            base64.b64decode(root, validate=True),
            tuple(map(_signature, rest[:-1].split("\n"))),
        )
    except (binascii.Error, ValueError) as error:
        raise Invalid("audit-not-a-checkpoint") from error
    if len(made.root) != SIZE or len(lines) > 3:
        raise Invalid("audit-not-a-checkpoint")
    return made


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    blob = base64.b64decode(encoded, validate=True)
    if not line.startswith(DASH) or not name or len(blob) <= 4:
        raise ValueError(line)
    return Signature(name, blob[:4], blob[4:])
