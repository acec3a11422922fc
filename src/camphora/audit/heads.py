"""Signed tree heads: one line of JSON each, and the chain of keys by which they are checked.

A head is `{"head": {"size", "root", "at", "before"}, "signature"}`; `before` is the digest of the head before it, so
that none can be taken out or put elsewhere without the key. When the key changes, the last head under the old one also
names the `next` public key, so that whoever knows the first key can follow to every later one and needs no other. Where
a key was lost, a head names the one that was `lost` and the `key` that signs it: nothing but `heads.pub`, or the
operator's word, leads there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def body_of(head: Mapping[str, Any]) -> bytes:
    """The bytes that a head's signature is over."""
    return orjson.dumps(head, option=orjson.OPT_SORT_KEYS)


def signed_head(key: Ed25519PrivateKey, head: Mapping[str, Any]) -> dict[str, Any]:
    return {"head": head, "signature": key.sign(body_of(head)).hex()}


def holds(signed: Mapping[str, Any], public: Ed25519PublicKey) -> bool:
    """Whether the key signed this head, and the signature is written in the one way in which `signed_head` writes it.
    Raises KeyError, TypeError or ValueError where it is no signed head."""
    signature = bytes.fromhex(signed["signature"])
    try:
        public.verify(signature, body_of(signed["head"]))
    except InvalidSignature:
        return False
    return bool(signed["signature"] == signature.hex())


def digest_of(signed: Mapping[str, Any]) -> str:
    """By which the next head names this one; empty for none."""
    if not signed:
        return ""
    return hashlib.sha256(body_of(signed["head"]) + bytes.fromhex(signed["signature"])).hexdigest()


def chained(last: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    """What is signed behind `last`."""
    return {**head, "before": digest_of(last)}


def follows(signed: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether a head names the one before it, or stands where heads did not name any yet."""
    before = signed["head"].get("before")
    return before == digest_of(last) if before is not None else "before" not in last.get("head", {})


def key_after(signed: Mapping[str, Any], public: Ed25519PublicKey) -> Ed25519PublicKey:
    """The key under which the head after this one stands."""
    following = signed["head"].get("next")
    return key_of(following) if following else public


def key_begun(signed: Mapping[str, Any], public: Ed25519PublicKey) -> Ed25519PublicKey:
    """The key that signs this head: the one in use, or, where it says that this is lost, the one that it begins."""
    head = signed["head"]
    return key_of(head["key"]) if head.get("lost") == key_id(public) else public


def key_id(public: Ed25519PublicKey) -> str:
    return public.public_bytes_raw().hex()


def key_of(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))


@dataclass(frozen=True, slots=True)
class History:
    """What the heads of a log say of its keys. `since`: the first, or the last that began after a loss; `rotations`:
    the heads by which `public`, the one in use, follows from it; `head`: the newest, empty where there is none."""

    first: Ed25519PublicKey
    since: Ed25519PublicKey
    public: Ed25519PublicKey
    rotations: tuple[dict[str, Any], ...] = ()
    head: Mapping[str, Any] = field(default_factory=dict)

    def after(self, signed: dict[str, Any]) -> History:
        """With one head more. No signature is checked: the log trusts its own folder."""
        since, rotations = self.since, self.rotations
        begun = key_begun(signed, self.public)
        if begun != self.public:
            since, rotations = begun, ()
        if "next" in signed["head"]:
            rotations = (*rotations, signed)
        return History(self.first, since, key_after(signed, begun), rotations, signed)

    def keys(self) -> dict[str, Any]:
        """The key from which the newest head is checked, and the heads that lead to the one which signed it."""
        return {
            "key": key_id(self.since),
            "rotations": [each for each in self.rotations if each != self.head],
        }


def history(folder: Path, first: Ed25519PublicKey, over: int | None = None) -> History:
    """What the heads in a folder say; `over`: up to the first head that covers the receipt of this number."""
    said = History(first, first, first)
    for signed in signed_heads(folder / "heads.log"):
        said = said.after(signed)
        if over is not None and signed["head"]["size"] > over:
            break
    return said


def last_key(first: Ed25519PublicKey, rotations: list[Mapping[str, Any]]) -> Ed25519PublicKey | None:
    """The key to which these changes lead from the first one; None where one of them does not hold."""
    public = first
    for signed in rotations:
        if not holds(signed, public):
            return None
        public = key_after(signed, public)
    return public


def public_keys(folder: Path) -> tuple[Ed25519PublicKey, ...]:
    """The keys that one has to be told of: the first of the log in this folder, and each that began after a loss. None
    where their file is missing or changed."""
    try:
        text = (folder / "heads.pub").read_text("ascii")
        keys = tuple(map(key_of, text.split("\n")))
    except (OSError, ValueError):
        return ()
    return keys if text == "\n".join(map(key_id, keys)) else ()


def public_key(folder: Path) -> Ed25519PublicKey | None:
    """The first key of the log in this folder."""
    return next(iter(public_keys(folder)), None)


def signed_heads(path: Path) -> Iterator[dict[str, Any]]:
    """The heads of a file, whole lines only."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


def cut_to_lines(path: Path) -> None:
    """Cut off a last line that a crash left half written."""
    if not path.exists():
        return
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        whole, step = end, 4096
        while whole > 0:
            start = max(0, whole - step)
            file.seek(start)
            found = file.read(whole - start).rfind(b"\n")
            if found >= 0:
                whole = start + found + 1
                break
            whole = start
    if whole != end:
        os.truncate(path, whole)


def append_head(path: Path, signed: Mapping[str, Any]) -> None:
    """One whole line or none: half a line would be glued to the next."""
    with path.open("ab") as heads:
        end = heads.tell()
        try:
            heads.write(orjson.dumps(signed) + b"\n")
            heads.flush()
            os.fdatasync(heads.fileno())
        except OSError:
            os.truncate(path, end)
            raise
