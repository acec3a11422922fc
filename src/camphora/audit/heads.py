"""Signed tree heads: one line of JSON each, and the chain of keys by which they are checked.

A head is `{"head": {"size", "root", "at"}, "signature"}`. When the key changes, the last head under the old one also
names the `next` public key, so that whoever knows the first key can follow to every later one and needs no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
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


def key_after(signed: Mapping[str, Any], public: Ed25519PublicKey) -> Ed25519PublicKey:
    """The key under which the head after this one stands."""
    following = signed["head"].get("next")
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(following)) if following else public


def key_id(public: Ed25519PublicKey) -> str:
    return public.public_bytes_raw().hex()


def last_key(first: Ed25519PublicKey, rotations: list[Mapping[str, Any]]) -> Ed25519PublicKey | None:
    """The key to which these changes lead from the first one; None where one of them does not hold."""
    public = first
    for signed in rotations:
        if not holds(signed, public):
            return None
        public = key_after(signed, public)
    return public


def public_key(folder: Path) -> Ed25519PublicKey | None:
    """The first key of the log in this folder; None where its file is missing or changed."""
    try:
        text = (folder / "heads.pub").read_bytes()
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.decode("ascii")))
    except (OSError, ValueError):
        return None
    return key if text == key_id(key).encode() else None


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
