"""Checking the log from its files and a public key alone: every line, every head, every signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from camphora.audit.heads import follows, holds, key_after, key_begun, key_id, last_key, public_keys
from camphora.audit.merkle import Tree, leaf_hash, verify_inclusion
from camphora.audit.receipt import fields_of, is_receipt, salted_digest

DisagreementKind = Literal[
    "line", "cut", "unsigned", "key", "lost", "signature", "gap", "size", "root", "rolled"
]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One place where the log does not agree. `first` and `last`: numbers of receipts (of `signature`, `gap`, `lost`,
    `size`: the line of heads.log); `heads`: how many signed heads after it disagree because of it; `named`, `held`:
    what a head says it covers, and what is there; `key`: the one that begins where another was `lost`."""

    kind: DisagreementKind
    first: int = 0
    last: int = 0
    heads: int = 0
    named: int = 0
    held: int = 0
    key: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "line":
                said = f"receipts.log: {self.first + 1}: not a receipt"
            case "cut":
                said = f"receipts.log: {self.first + 1}: cut short"
            case "unsigned":
                said = f"receipts.log: {self.first + 1}: {self.held} receipts under no signed head"
            case "key":
                said = "heads.pub: not an Ed25519 public key"
            case "lost":
                said = f"heads.log: {self.first}: the key was lost, and nobody vouches for the new one, {self.key}"
            case "gap":
                said = (
                    f"heads.log: {self.first}: does not follow the head above it: one was taken out or moved"
                )
            case "signature":
                said = f"heads.log: {self.first}: signature does not match"
            case "size":
                said = f"heads.log: {self.first}: names {self.named} receipts, the log holds {self.held}"
            case "rolled":
                said = f"receipts.log: {self.held} receipts, but the store knows of {self.named} that were on disk"
            case "root":
                changed = (
                    f"{self.first}" if self.first == self.last else f"one of {self.first} to {self.last}"
                )
                said = f"receipts.log: receipt {changed} was changed: root over {self.named} receipts does not match"
        return f"{said}; {self.heads} later heads disagree because of it" if self.heads else said


@dataclass(frozen=True, slots=True)
class Loss:
    """A key was lost, and one that whoever checks was told of began: at a line of heads.log, over so many receipts."""

    line: int
    receipts: int
    key: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: `found` is empty where every line, head and signature agrees. `losses`: where that rests on
    a key which nothing in the log leads to."""

    receipts: int
    heads: int
    found: tuple[Disagreement, ...]
    losses: tuple[Loss, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(str(each) for each in self.found)

    @property
    def sound(self) -> bool:
        return not self.found


def verify(folder: Path, keys: Sequence[Ed25519PublicKey] = (), known: int = 0) -> Verdict:
    """Read the log from disk alone and check every line, every head and every signature, under the keys that are given
    (the first, and each that began after a loss) or else those that lie beside the log. `known`: how many receipts are
    known elsewhere to have been on disk: fewer are a log that was put back to an older state."""
    verdict = Verifier(folder, keys).verdict()
    if verdict.receipts >= known:
        return verdict
    return replace(
        verdict, found=(Disagreement("rolled", named=known, held=verdict.receipts), *verdict.found)
    )


class Verifier:
    """`verify`, gone on with: each verdict reads only the lines and heads that were added since the one before.

    What was found sound is taken as unchanged; begin a new one to read the whole log again. After a fault, a file
    that became shorter or another key, the next verdict begins anew by itself."""

    def __init__(self, folder: Path, keys: Sequence[Ed25519PublicKey] = ()) -> None:
        self.folder = folder
        self._given = tuple(keys)
        self._begin(())

    def _begin(self, keys: tuple[Ed25519PublicKey, ...]) -> None:
        self._keys, self._public = keys, next(iter(keys), None)
        self._last: Mapping[str, Any] | None = {}
        self._losses: list[Loss] = []
        self._tree = Tree()
        self._ends = {"receipts.log": 0, "heads.log": 0}
        self._heads = self._lines = self._signed = 0
        self._faults: list[Disagreement] = []

    def verdict(self) -> Verdict:
        """What `verify` would find now. Not to be called by two threads at once."""
        keys = self._given or public_keys(self.folder)
        if self._faults or keys != self._keys or self._is_shorter():
            self._begin(keys)
        self._take_receipts()
        self._take_heads()
        faults = list(self._faults)
        if self._is_cut("receipts.log"):
            faults.insert(0, Disagreement("cut", len(self._tree)))
        changed = any(each.kind in {"line", "root"} and each.heads for each in faults)
        if self._signed < len(self._tree) and not changed:
            faults.append(Disagreement("unsigned", self._signed, held=len(self._tree) - self._signed))
        return Verdict(len(self._tree), self._heads, tuple(faults), tuple(self._losses))

    def _take_receipts(self) -> None:
        for line in self._added("receipts.log"):
            number = self._tree.append(leaf_hash(line))
            if not is_receipt(line):
                self._faults.append(Disagreement("line", number, number))

    def _take_heads(self) -> None:
        if self._public is None:
            if (self.folder / "heads.log").exists():
                self._faults.append(Disagreement("key"))
            return
        for line in self._added("heads.log"):
            self._lines += 1
            self._take_head(line, self._public)

    def _take_head(self, line: bytes, public: Ed25519PublicKey) -> None:
        """A head that its key signed counts as the one before the next, and for its key, whatever it says."""
        try:
            signed = orjson.loads(line)
            size, root = int(signed["head"]["size"]), str(signed["head"]["root"])
            begun = key_begun(signed, public)
            following = key_after(signed, begun)
            genuine = holds(signed, begun)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            genuine = False
        if not genuine:
            self._last = None
            self._faults.append(Disagreement("signature", self._lines))
            return
        if begun != public:
            self._take_loss(size, begun)
        if self._last is not None and not follows(signed, self._last):
            self._faults.append(Disagreement("gap", self._lines))
        self._last, self._public = signed, following
        fault = self._coverage_fault(size, root)
        if fault:
            self._keep(fault)
        else:
            self._heads, self._signed = self._heads + 1, size

    def _take_loss(self, size: int, begun: Ed25519PublicKey) -> None:
        if begun in self._keys:
            self._losses.append(Loss(self._lines, size, key_id(begun)))
        else:
            self._faults.append(Disagreement("lost", self._lines, named=size, key=key_id(begun)))

    def _keep(self, fault: Disagreement) -> None:
        """A receipt that was changed makes every head after it wrong: told once, with how many."""
        if fault.kind == "root":
            for at, before in enumerate(self._faults):
                if before.kind in {"line", "root"} and before.first < fault.named:
                    self._faults[at] = replace(before, heads=before.heads + 1)
                    return
        self._faults.append(fault)

    def _coverage_fault(self, size: int, root: str) -> Disagreement | None:
        if not self._signed <= size <= len(self._tree):
            return Disagreement("size", self._lines, named=size, held=len(self._tree))
        if self._tree.root(size).hex() == root:
            return None
        return Disagreement("root", self._signed, max(self._signed, size - 1), named=size)

    def _added(self, name: str) -> Iterator[bytes]:
        """The whole lines of a file that were not read yet."""
        path = self.folder / name
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._ends[name])
            for line in file:
                if line.endswith(b"\n"):
                    self._ends[name] += len(line)
                    yield line[:-1]

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0

    def _is_shorter(self) -> bool:
        return any(self._size(name) < end for name, end in self._ends.items())

    def _is_cut(self, name: str) -> bool:
        return self._size(name) > self._ends[name]


def check_proof(proof: Mapping[str, Any]) -> bool:
    """Whether a proof holds on its own: the line stands under the root, and a head with that root is signed by the
    proof's key or by one that follows from it.

    Raises KeyError, TypeError or ValueError where `proof` is not of the form that `Log.proof` gives."""
    return _stands(proof) and signer_of(proof) is not None


def signer_of(proof: Mapping[str, Any]) -> Ed25519PublicKey | None:
    """The key that signed a proof's head: its own first key or one that follows from it; None where none did."""
    first = Ed25519PublicKey.from_public_bytes(bytes.fromhex(proof["key"]))
    public = last_key(first, proof.get("rotations", []))
    return public if public is not None and holds(proof, public) else None


def is_vouched_for(proof: Mapping[str, Any], trusted: Ed25519PublicKey) -> bool:
    """Whether a trusted key, the log's first or the one in use, stands behind the signature of a proof that holds."""
    return trusted in (Ed25519PublicKey.from_public_bytes(bytes.fromhex(proof["key"])), signer_of(proof))


def check_written(proof: Mapping[str, Any]) -> bool | None:
    """Whether what lies beside a proof is what its receipt was left over: the texts under `written` give, with the
    salt, the digest that the line names, and each says what stands under `consents`. None where nothing lies beside it.

    Raises KeyError, TypeError or ValueError where `proof` is not of the form that a certificate has."""
    if not proof.keys() & {"salt", "consents", "written"}:
        return None
    texts = [str(text).encode() for text in proof["written"]]
    said = fields_of(proof["entry"].encode())
    digest = salted_digest(bytes.fromhex(proof["salt"]), texts, said["form"])
    return bool(digest == said["result"]) and [orjson.loads(text) for text in texts] == proof["consents"]


def _stands(proof: Mapping[str, Any]) -> bool:
    path = [bytes.fromhex(node) for node in proof["path"]]
    root, leaf = bytes.fromhex(proof["root"]), leaf_hash(proof["entry"].encode())
    head = proof["head"]
    same = (head["size"], head["root"]) == (proof["size"], proof["root"])
    return same and verify_inclusion(leaf, proof["index"], proof["size"], path, root)
