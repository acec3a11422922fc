"""The append-only log of receipts on disk.

Three files in one folder: `receipts.log` holds one line of JSON per receipt, `heads.log` one signed tree head
per sync, `heads.pub` the Ed25519 public key (its private half lies in `heads.key`, readable by the owner only).
A receipt names the reader, the purpose and what kind of act it was in clear, and each person only by a salted
commitment, so that the log may be shown to anybody. Whoever holds a person's salt, which is kept in the
store, can find that person's receipts; destroying the salt makes them unlinkable.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from camphora.audit.merkle import Tree, leaf_hash, verify_inclusion
from camphora.errors import Fault, NotFound


@dataclass(frozen=True, slots=True)
class Receipt:
    """One act of reading. `persons` are commitments to each person, or `members` is one to their set."""

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

    def line(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)


def commitment(salt: bytes, nonce: str) -> str:
    """The name of a person inside one receipt: meaningless without the person's salt."""
    return hmac.new(salt, nonce.encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: `faults` is empty where every line, head and signature agrees."""

    receipts: int
    heads: int
    faults: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.faults


class Log:
    """Appends receipts and proves them. One process writes; `append` may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.Lock()
        self._tree = Tree()
        self._starts: list[int] = []
        self._key = _private_key(folder)
        self._end = self._open_lines()
        self._head = self._last_head()
        self._file = os.open(folder / "receipts.log", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)

    def __len__(self) -> int:
        return len(self._tree)

    def append(self, receipt: Receipt) -> int:
        """Write one receipt; returns its number. It survives a killed process at once, a power cut after `sync`."""
        line = receipt.line()
        with self._lock:
            written = os.write(self._file, line + b"\n")
            if written != len(line) + 1:
                os.ftruncate(self._file, self._end)
                raise OSError(28, "receipts.log")
            self._starts.append(self._end)
            self._end += written
            return self._tree.append(leaf_hash(line))

    def sync(self) -> None:
        """Force all receipts to disk and sign the tree head over them."""
        with self._lock:
            size = len(self._tree)
            if self._head and size == self._head["head"]["size"]:
                return
            os.fdatasync(self._file)
            head = {"size": size, "root": self._tree.root().hex(), "at": int(time.time() * 1000)}
            body = orjson.dumps(head, option=orjson.OPT_SORT_KEYS)
            signed: dict[str, Any] = {"head": head, "signature": self._key.sign(body).hex()}
            self._write_head(orjson.dumps(signed) + b"\n")
            self._head = signed

    def _write_head(self, line: bytes) -> None:
        """One whole line or none: half a line would be glued to the next."""
        path = self.folder / "heads.log"
        with path.open("ab") as heads:
            end = heads.tell()
            try:
                heads.write(line)
                heads.flush()
                os.fdatasync(heads.fileno())
            except OSError:
                os.truncate(path, end)
                raise

    def entry(self, number: int) -> bytes:
        """The exact line of a receipt."""
        with self._lock:
            if not 0 <= number < len(self._starts):
                raise NotFound("audit-no-receipt", number=number)
            start = self._starts[number]
            end = self._starts[number + 1] if number + 1 < len(self._starts) else self._end
        return os.pread(self._file, end - start - 1, start)

    def receipt(self, number: int) -> dict[str, Any]:
        entry: dict[str, Any] = orjson.loads(self.entry(number))
        return entry

    def proof(self, number: int) -> dict[str, Any]:
        """An inclusion proof under the newest signed head: checkable offline, with `camphora audit check`.

        Fields: index, size, path, root, entry (the line itself), head (as signed), signature, key (Ed25519 public)."""
        self.sync()
        signed = self.head()
        with self._lock:
            size = int(signed["head"]["size"]) if signed else 0
            if not 0 <= number < size:
                raise NotFound("audit-no-receipt", number=number)
            path = [node.hex() for node in self._tree.inclusion(number, size)]
            root = self._tree.root(size).hex()
        return {
            "index": number,
            "size": size,
            "path": path,
            "root": root,
            "entry": self.entry(number).decode(),
            **signed,
            "key": self._key.public_key().public_bytes_raw().hex(),
        }

    def head(self) -> dict[str, Any]:
        """The newest signed head: {"head": {size, root, at}, "signature"}; empty where nothing was signed yet."""
        with self._lock:
            return self._head

    def newest(self, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(len(self) - 1, max(-1, len(self) - 1 - count), -1):
            yield number, self.receipt(number)

    def close(self) -> None:
        self.sync()
        os.close(self._file)

    def _open_lines(self) -> int:
        """Rebuild the tree from the file. A line cut short by a crash was never answered for: it is cut off."""
        path = self.folder / "receipts.log"
        if not path.exists():
            return 0
        end = 0
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._starts.append(end)
                end += len(line)
                self._tree.append(leaf_hash(line[:-1]))
        if path.stat().st_size != end:
            os.truncate(path, end)
        return end

    def _last_head(self) -> dict[str, Any]:
        _cut_to_lines(self.folder / "heads.log")
        heads = _heads(self.folder)
        signed = int(heads[-1]["head"]["size"]) if heads else 0
        if signed > len(self._tree):
            raise Fault("audit-shorter-than-head", size=len(self._tree), signed=signed)
        return heads[-1] if heads else {}


def _cut_to_lines(path: Path) -> None:
    """Cut off a last line that a crash left half written."""
    if path.exists():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.truncate(path, whole)


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


def _private_key(folder: Path) -> Ed25519PrivateKey:
    path = folder / "heads.key"
    if not path.exists():
        write_secret(path, Ed25519PrivateKey.generate().private_bytes_raw())
    key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    if not (folder / "heads.pub").exists():
        (folder / "heads.pub").write_text(key.public_key().public_bytes_raw().hex())
    return key


def _heads(folder: Path) -> list[dict[str, Any]]:
    """The signed heads. A last line cut short by a crash was never relied on and is left out."""
    path = folder / "heads.log"
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [orjson.loads(line) for line in lines[:-1]]


def verify(folder: Path) -> Verdict:
    """Read the log from disk alone and check every line, every head and every signature."""
    faults: list[str] = []
    tree = Tree()
    path = folder / "receipts.log"
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    if lines[-1]:
        faults.append(f"receipts.log: {len(lines)}: cut short")
    for number, line in enumerate(lines[:-1], 1):
        tree.append(leaf_hash(line))
        if _receipt_fields(line) is None:
            faults.append(f"receipts.log: {number}: not a receipt")
    heads = _checked_heads(folder, tree, faults)
    signed = heads[-1] if heads else 0
    if signed < len(tree):
        faults.append(f"receipts.log: {signed + 1}: {len(tree) - signed} receipts under no signed head")
    return Verdict(len(tree), len(heads), tuple(faults))


def check_proof(proof: dict[str, Any]) -> bool:
    """Whether a proof holds on its own: the line stands under the root, and the key signed a head with that root.

    Raises KeyError, TypeError or ValueError where `proof` is not of the form that `Log.proof` gives."""
    path = [bytes.fromhex(node) for node in proof["path"]]
    root, leaf = bytes.fromhex(proof["root"]), leaf_hash(proof["entry"].encode())
    head = proof["head"]
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(proof["key"]))
    try:
        public.verify(bytes.fromhex(proof["signature"]), orjson.dumps(head, option=orjson.OPT_SORT_KEYS))
    except InvalidSignature:
        return False
    same = (head["size"], head["root"]) == (proof["size"], proof["root"])
    return same and verify_inclusion(leaf, proof["index"], proof["size"], path, root)


def _receipt_fields(line: bytes) -> dict[str, Any] | None:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return fields if isinstance(fields, dict) and "reader" in fields else None


def _checked_heads(folder: Path, tree: Tree, faults: list[str]) -> list[int]:
    sizes: list[int] = []
    if not (folder / "heads.log").exists():
        return sizes
    public = _public_key(folder)
    if public is None:
        faults.append("heads.pub: not an Ed25519 public key")
        return sizes
    for number, line in enumerate((folder / "heads.log").read_bytes().split(b"\n")[:-1], 1):
        fault = _head_fault(line, tree, public, sizes[-1] if sizes else 0)
        if fault:
            faults.append(f"heads.log: {number}: {fault}")
        else:
            sizes.append(int(orjson.loads(line)["head"]["size"]))
    return sizes


def _public_key(folder: Path) -> Ed25519PublicKey | None:
    try:
        text = (folder / "heads.pub").read_bytes()
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.decode("ascii")))
    except (OSError, ValueError):
        return None
    return key if text == key.public_bytes_raw().hex().encode() else None


def _head_fault(line: bytes, tree: Tree, public: Ed25519PublicKey, before: int) -> str | None:
    try:
        signed = orjson.loads(line)
        head = signed["head"]
        public.verify(bytes.fromhex(signed["signature"]), orjson.dumps(head, option=orjson.OPT_SORT_KEYS))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, InvalidSignature):
        return "signature does not match"
    size = int(head["size"])
    if not before <= size <= len(tree):
        return f"names {size} receipts, the log holds {len(tree)}"
    return None if tree.root(size).hex() == head["root"] else f"root over {size} receipts does not match"


class Verifier:
    """`verify`, gone on with: each verdict reads only the lines and heads that were added since the one before.

    What was found sound is taken as unchanged; begin a new one to read the whole log again. After a fault, a file
    that became shorter or another key, the next verdict begins anew by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begin(b"")

    def _begin(self, key: bytes) -> None:
        self._key = key
        self._tree = Tree()
        self._ends = {"receipts.log": 0, "heads.log": 0}
        self._heads = self._signed = 0
        self._faults: list[str] = []

    def verdict(self) -> Verdict:
        """What `verify` would find now. Not to be called by two threads at once."""
        public = _public_key(self.folder)
        key = public.public_bytes_raw() if public else b""
        if self._faults or key != self._key or self._is_shorter():
            self._begin(key)
        self._take_receipts()
        self._take_heads(public)
        faults = list(self._faults)
        if self._is_cut("receipts.log"):
            faults.insert(0, f"receipts.log: {len(self._tree) + 1}: cut short")
        if self._signed < len(self._tree):
            unsigned = len(self._tree) - self._signed
            faults.append(f"receipts.log: {self._signed + 1}: {unsigned} receipts under no signed head")
        return Verdict(len(self._tree), self._heads, tuple(faults))

    def _take_receipts(self) -> None:
        for line in self._added("receipts.log"):
            number = self._tree.append(leaf_hash(line)) + 1
            if _receipt_fields(line) is None:
                self._faults.append(f"receipts.log: {number}: not a receipt")

    def _take_heads(self, public: Ed25519PublicKey | None) -> None:
        if public is None:
            if (self.folder / "heads.log").exists():
                self._faults.append("heads.pub: not an Ed25519 public key")
            return
        for line in self._added("heads.log"):
            fault = _head_fault(line, self._tree, public, self._signed)
            if fault:
                number = self._heads + sum(each.startswith("heads.log") for each in self._faults) + 1
                self._faults.append(f"heads.log: {number}: {fault}")
            else:
                self._heads += 1
                self._signed = int(orjson.loads(line)["head"]["size"])

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
