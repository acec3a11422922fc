"""What a witness keeps of a log, and the note by which a log asks to be witnessed (C2SP tlog-witness).

A request is a line `old SIZE`, the hashes of a consistency proof in base64, an empty line and the checkpoint. A witness
takes a head only where it is signed by the log that it knows and grows from the head that it took before.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from camphora.audit.checkpoints import Checkpoint, read_checkpoint
from camphora.audit.keys import write_secret
from camphora.audit.merkle import Tree, verify_consistency
from camphora.errors import Conflict, Forbidden, Invalid


@dataclass(frozen=True, slots=True)
class Addition:
    """A head with the proof that it grows from one of `old` receipts."""

    old: int
    proof: tuple[bytes, ...]
    head: Checkpoint

    def text(self) -> str:
        hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in self.proof)
        return f"old {self.old}\n{hashes}\n{self.head.text()}"


def read_addition(text: str) -> Addition:
    """Read a request, or a bare checkpoint, which grows from nothing. Raises Invalid `audit-not-a-checkpoint`."""
    if not text.startswith("old "):
        return Addition(0, (), read_checkpoint(text))
    asked, _, note = text.partition("\n\n")
    first, *hashes = asked.split("\n")
    size = first.removeprefix("old ")
    try:
        proof = tuple(base64.b64decode(node, validate=True) for node in hashes)
        return Addition(int(size), proof, read_checkpoint(note))
    except (binascii.Error, ValueError) as error:
        raise Invalid("audit-not-a-checkpoint") from error


class Witness:
    """Keeps the heads of one log in a folder, each in a file of its own, and signs those that it took."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name = folder, name
        path = folder / "witness.key"
        if not path.exists():
            write_secret(path, Ed25519PrivateKey.generate().private_bytes_raw())
        self._key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    @property
    def public(self) -> Ed25519PublicKey:
        return self._key.public_key()

    def heads(self) -> list[Checkpoint]:
        """The heads that were taken, smallest first."""
        found = [read_checkpoint(path.read_text("utf-8")) for path in self.folder.glob("*.checkpoint")]
        return sorted(found, key=lambda head: head.size)

    def take(self, asked: Addition, key: Ed25519PublicKey) -> Checkpoint:
        """Sign a head and keep it.

        Raises Forbidden `audit-not-signed` where the key did not sign it, Invalid `audit-old-head` where the request
        does not begin at the newest head here, Conflict `audit-split-view` where the head contradicts it: that one is
        kept as evidence, in a file `split-SIZE-ROOT.note`.
        """
        if not asked.head.is_signed_by(key):
            raise Forbidden("audit-not-signed")
        before = self.heads()
        if before and not self._grows(before[-1], asked):
            (self.folder / f"split-{asked.head.size}-{asked.head.root.hex()[:8]}.note").write_text(
                asked.text(), "utf-8"
            )
            raise Conflict("audit-split-view", size=asked.head.size, kept=before[-1].size)
        taken = asked.head.witnessed(self.name, self._key, int(time.time()))
        (self.folder / f"{taken.size:012}.checkpoint").write_text(taken.text(), "utf-8")
        return taken

    def _grows(self, newest: Checkpoint, asked: Addition) -> bool:
        head = asked.head
        if newest.origin != head.origin or head.size < newest.size:
            return False
        if head.size == newest.size:
            return head.root == newest.root
        if newest.size == 0:
            return True
        if asked.old != newest.size:
            raise Invalid("audit-old-head", size=newest.size)
        return verify_consistency(newest.size, head.size, list(asked.proof), newest.root, head.root)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What is wrong with a head, or with two. `kind`: unsigned (no key of the log signed it), cut (the log in hand is
    shorter than a head that it signed), changed (the log in hand has another root at that size), split (two heads of
    one size with different roots, or of two logs), inconsistent (the larger does not begin with the smaller)."""

    kind: str
    head: Checkpoint
    other: Checkpoint | None = None


def contradictions(
    given: Sequence[Addition], keys: Sequence[Ed25519PublicKey], own: Tree | None = None
) -> tuple[list[Contradiction], int]:
    """What cannot be true of heads that several people keep, and how many neighbours no proof joins.

    `keys`: those of the log; `own`: the log in hand, which proves every head that it agrees with. Without it two heads
    are joined by the proof that came with the larger."""
    found: list[Contradiction] = []
    genuine: list[Addition] = []
    for one in given:
        kind = _against(one.head, keys, own)
        if kind is None:
            genuine.append(one)
        else:
            found.append(Contradiction(kind, one.head))
    genuine.sort(key=lambda one: (one.head.size, one.old))
    unproven = 0
    for older, newer in pairwise(genuine):
        joined = True if own is not None else _joined(older.head, newer)
        if joined is None:
            unproven += 1
        elif older.head.origin != newer.head.origin or not joined:
            same = older.head.size == newer.head.size
            kind = "split" if same or older.head.origin != newer.head.origin else "inconsistent"
            found.append(Contradiction(kind, newer.head, older.head))
    return found, unproven


def _against(head: Checkpoint, keys: Sequence[Ed25519PublicKey], own: Tree | None) -> str | None:
    if not any(head.is_signed_by(key) for key in keys):
        return "unsigned"
    if own is None:
        return None
    if head.size > len(own):
        return "cut"
    return None if own.root(head.size) == head.root else "changed"


def _joined(older: Checkpoint, newer: Addition) -> bool | None:
    """Whether the larger head grows from the smaller; None where nothing proves or refutes it."""
    head = newer.head
    if older.size == head.size:
        return older.root == head.root
    if older.size == 0:
        return True
    if newer.old != older.size:
        return None
    return verify_consistency(older.size, head.size, list(newer.proof), older.root, head.root)
