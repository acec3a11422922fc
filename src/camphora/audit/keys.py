"""The private key of a log: made once, never again in silence.

A log that has begun and whose key is gone signs nothing until the operator says that it is lost. A new key then signs
a head which names both, and stands in `heads.pub` below the first: nothing of the old key can vouch for it, so whoever
checks the log has to be told of it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camphora.audit.heads import (
    History,
    append_head,
    chained,
    cut_to_lines,
    history,
    key_id,
    public_key,
    public_keys,
    signed_head,
)
from camphora.audit.merkle import EMPTY
from camphora.errors import Conflict, Fault


def signing_key(folder: Path) -> tuple[Ed25519PrivateKey, History]:
    """The key that signs, and what the heads say of it; both are made where the log has not begun.

    Raises Fault `audit-key-lost` where it is gone, `audit-key-other` where the heads stand under another."""
    if not _begun(folder):
        write_secret(folder / "heads.key", Ed25519PrivateKey.generate().private_bytes_raw())
    cut_to_lines(folder / "heads.log")
    key = _key_in(folder / "heads.key")
    if key is not None and not (folder / "heads.pub").exists():
        (folder / "heads.pub").write_text(key_id(key.public_key()))
    first = public_key(folder) or (key.public_key() if key else None)
    said = history(folder, first) if first else None
    key = _take_up(folder, said) or key
    if key is None or said is None:
        raise Fault("audit-key-lost")
    if key.public_key() != said.public:
        raise Fault("audit-key-other")
    return key, said


def begin_after_loss(folder: Path) -> str:
    """Begin a new key where the old one is lost; returns it in hex. The break is a head over no more than the last one,
    signed by the new key, which names both.

    Raises Conflict `audit-key-not-lost` where the key is there, Fault `audit-no-first-key` where `heads.pub` is not."""
    first = public_key(folder)
    if first is None:
        raise Fault("audit-no-first-key")
    cut_to_lines(folder / "heads.log")
    said = history(folder, first)
    there = _take_up(folder, said) or _key_in(folder / "heads.key")
    if there is not None and there.public_key() == said.public:
        raise Conflict("audit-key-not-lost")
    new = Ed25519PrivateKey.generate()
    named = key_id(new.public_key())
    last = said.head.get("head", {"size": 0, "root": EMPTY.hex(), "at": 0})
    head = {
        "size": last["size"],
        "root": last["root"],
        "at": max(int(time.time() * 1000), last["at"]),
        "lost": key_id(said.public),
        "key": named,
    }
    aside = folder / "heads.key.next"
    write_secret(aside, new.private_bytes_raw())
    (folder / "heads.pub").write_text("\n".join([*map(key_id, public_keys(folder)), named]))
    append_head(folder / "heads.log", signed_head(new, chained(said.head, head)))
    aside.rename(folder / "heads.key")
    return named


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read: whole, or not at all."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)


def _begun(folder: Path) -> bool:
    """Whether anything was signed here: then a missing key is a loss."""
    return any((folder / name).exists() for name in ("heads.key", "heads.pub", "heads.log"))


def _key_in(path: Path) -> Ed25519PrivateKey | None:
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _take_up(folder: Path, said: History | None) -> Ed25519PrivateKey | None:
    """A crash between the head that names a new key and the key's own place is gone on with here."""
    aside = folder / "heads.key.next"
    following = _key_in(aside)
    if following is None or said is None:
        return None
    if following.public_key() == said.public:
        aside.rename(folder / "heads.key")
        return following
    aside.unlink()
    return None
