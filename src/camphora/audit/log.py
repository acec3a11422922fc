"""The append-only log of receipts on disk.

Three files in one folder: `receipts.log` holds one line of JSON per receipt, `heads.log` signed tree heads,
`heads.pub` the first Ed25519 public key (the private half of the one in use lies in `heads.key`, readable by the
owner only). A receipt names the reader, the purpose and what kind of act it was in clear, and each person only by a
salted commitment, so that the log may be shown to anybody. Whoever holds a person's salt, which is kept in the
store, can find that person's receipts; destroying the salt makes them unlinkable.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camphora.audit.checkpoints import Checkpoint, origin_of
from camphora.audit.heads import append_head, chained, history, key_id, public_key, signed_head
from camphora.audit.keys import signing_key, write_secret
from camphora.audit.merkle import EMPTY, Tree, leaf_hash, leaf_hashes
from camphora.audit.receipt import Receipt, fields_of, is_receipt
from camphora.errors import Fault, NotFound

told = logging.getLogger("camphora.audit")
GROUP = 0.02
"""Seconds that a receipt lies at most before the sync of its group begins, where none is running."""
HEAD_EVERY = 1.0
"""Seconds after which receipts come under a signed head, where nothing asks for one before."""
REST = 1.0
"""Seconds until the next try after a sync that failed."""
RESERVE = 4 << 20
"""Bytes kept free for receipts of care when the disk is full: some 7,000 of them."""


class Log:
    """Appends receipts and proves them. One process writes; every method may be called from any thread.

    A line is written before `append` returns, so that a killed process loses none; one that is kept elsewhere until it
    is written may be given to `take` instead, which waits for no call of the system. A thread of the log's own writes
    those and forces all to disk in groups: each lies `GROUP` seconds at most, then waits for one sync, or two where one
    is running. Whatever reads the log has them written first.
    """

    def __init__(self, folder: Path, known: int = 0) -> None:
        """`known`: how many receipts are known elsewhere to have been on disk. Raises Fault `audit-shorter-than-head`
        and `audit-rolled-back` where the files hold fewer than their heads say, or than that, `audit-key-lost` and
        `audit-key-other` where the key that signs is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._taken: list[bytes] = []
        self._given_way = False
        self.failing = False
        """Whether the last try of the log's own thread to write or to sync has failed."""
        self.after_group: Callable[[], None] = lambda: None
        """Called by that thread behind each group, and for a second behind the last."""
        self._tree = Tree()
        self._starts = array("Q")
        self._key, self._said = signing_key(folder)
        self.first_key = self._said.first
        self._end = self._open_lines(known)
        self.next = len(self._tree)
        """The number of the receipt that is taken or written next."""
        self._file = os.open(folder / "receipts.log", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._durable = 0
        self.keep_space()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        with suppress(OSError):
            self.write_out()
        return len(self._tree)

    @property
    def durable(self) -> int:
        """How many receipts are on disk for certain."""
        return self._durable

    def in_place(self) -> bool:
        """Whether the file that is written to still lies at its place, as long as it was left."""
        try:
            there, written = (self.folder / "receipts.log").stat(), os.fstat(self._file)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (
            written.st_dev,
            written.st_ino,
        ) and written.st_size >= self._end

    # Writing

    def append(self, receipt: Receipt) -> int:
        """Write one receipt; returns its number. It survives a killed process at once, a power cut after `flush`."""
        return self.write([receipt.line()])

    def extend(self, receipts: Sequence[Receipt]) -> int:
        """Write receipts by one write, all or none; returns the number of the first. Raises OSError."""
        return self.write([receipt.line() for receipt in receipts])

    def write(self, lines: Sequence[bytes]) -> int:
        """The same of their lines."""
        with self._writing, self._lock:
            self._add(*self._written([*self._taken, *lines]))
            self._taken.clear()
            first, self.next = self.next, len(self._tree)
        self._wake_up()
        return first

    def take(self, lines: Sequence[bytes]) -> int:
        """Take lines that somebody keeps until they are written; returns the number of the first."""
        with self._lock:
            first, self.next = self.next, self.next + len(lines)
            self._taken += lines
        self._wake_up()
        return first

    def write_out(self) -> None:
        """Write what was taken until now. Raises OSError; then it is tried again with whatever comes next."""
        if not self._taken:
            return
        with self._writing:
            lines = self._taken[:]
            written = self._written(lines)
            with self._lock:
                self._add(*written)
                del self._taken[: len(lines)]

    def _written(self, lines: Sequence[bytes]) -> tuple[list[int], bytes]:
        """Write lines behind the last; returns where each ends, and their hashes."""
        leaves = leaf_hashes(lines)
        self._write(b"\n".join([*lines, b""]))
        return list(accumulate(len(line) + 1 for line in lines)), leaves

    def _add(self, ends: list[int], leaves: bytes) -> None:
        """Lines that were written have their places."""
        if ends:
            start = self._end
            self._end += ends.pop()
            self._starts.append(start)
            self._starts.extend([start + end for end in ends])
        self._tree.extend(leaves)

    def _wake_up(self) -> None:
        """See to it that what was written or taken is forced to disk."""
        if not self._wake.is_set():
            self._wake.set()

    def _write(self, content: bytes) -> None:
        try:
            written = os.write(self._file, content)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        if written != len(content):
            os.ftruncate(self._file, self._end)
            raise OSError(errno.ENOSPC, "receipts.log")

    def give_way(self) -> bool:
        """Give the kept space of a full disk to the receipts of care; False where it was given already."""
        reserve = self.folder / "reserve"
        if not reserve.exists():
            return False
        reserve.unlink()
        self._given_way = True
        return True

    def keep_space(self) -> None:
        """Keep some space for a full disk, where there is enough now."""
        aside, reserve = self.folder / "reserve.new", self.folder / "reserve"
        self._given_way = False
        if reserve.exists():
            return
        try:
            with aside.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE)
            aside.rename(reserve)
        except OSError:
            aside.unlink(missing_ok=True)
            self._given_way = True

    # Syncing and signing

    def flush(self) -> None:
        """Force all receipts to disk. Those who wait together share one sync; appending goes on meanwhile."""
        self.write_out()
        wanted = len(self._tree)
        with self._syncing:
            if self._durable >= wanted:
                return
            size = len(self._tree)
            os.fdatasync(self._file)
            self._durable = size

    def sync(self) -> None:
        """Force all receipts to disk and sign the tree head over them."""
        self.flush()
        with self._syncing:
            self._sign(self._durable)

    def _sign(self, size: int, **more: str) -> None:
        """Sign the head over the first `size` receipts, which are on disk. Its time never goes back."""
        last = self.head()
        before = last.get("head", {"size": 0, "at": 0})
        if size == before["size"] and last and not more:
            return
        with self._lock:
            root = self._tree.root(size).hex()
        at = max(int(time.time() * 1000), before["at"])
        signed = signed_head(self._key, chained(last, {"size": size, "root": root, "at": at, **more}))
        append_head(self.folder / "heads.log", signed)
        self._said = self._said.after(signed)

    def rotate(self) -> str:
        """Begin a new key: the old one signs a head that names it. Returns the new public key in hex.

        The new private key is on disk before the head that names it; a crash between leaves the old one in use."""
        self.flush()
        new = Ed25519PrivateKey.generate()
        with self._syncing:
            aside = self.folder / "heads.key.next"
            write_secret(aside, new.private_bytes_raw())
            self._sign(self._durable, next=key_id(new.public_key()))
            aside.rename(self.folder / "heads.key")
            self._key = new
        return key_id(new.public_key())

    def _run(self) -> None:
        """Sync groups as they come, and sign a head over them now and then. While receipts come it looks for them by
        itself: to be woken for each group would cost those who read more than the rest of keeping a receipt."""
        signed = time.monotonic()
        while not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(GROUP)
            try:
                if not self._closing.is_set() and self._go_on(signed):
                    signed = time.monotonic()
            except OSError as error:
                self.failing = True
                if self._taken and self.give_way():
                    continue
                told.error("receipts are not on disk: %s", errno.errorcode.get(error.errno or 0, "?"))
                self._closing.wait(REST)

    def _go_on(self, signed: float) -> bool:
        """Sync what has come, and sign a head where the last is old enough; whether one was signed. Rests until it is
        woken where nothing is left to sign."""
        self.flush()
        self.failing = False
        self.after_group()
        if time.monotonic() - signed < HEAD_EVERY:
            return False
        before = self.head()
        self.sync()
        if self._given_way:
            self.keep_space()
        if self.head() is before and not self._taken:
            self._wake.clear()
            if self._taken or len(self._tree) > self._durable:  # it came in between
                self._wake.set()
        return True

    # Reading and proving

    def entry(self, number: int) -> bytes:
        """The exact line of a receipt."""
        if number >= len(self._starts):
            with suppress(OSError):
                self.write_out()
        with self._lock:
            if not 0 <= number < len(self._starts):
                raise NotFound("audit-no-receipt", number=number)
            start = self._starts[number]
            end = self._starts[number + 1] if number + 1 < len(self._starts) else self._end
        return os.pread(self._file, end - start - 1, start)

    def receipt(self, number: int) -> dict[str, Any]:
        """What a receipt says; fields that an old line lacks have the value of nothing said."""
        return fields_of(self.entry(number))

    def proof(self, number: int, *, first: bool = False) -> dict[str, Any]:
        """An inclusion proof under the newest signed head: checkable offline, with `camphora audit check`. `first`:
        under the first head that covers the receipt, so that every proof of it is the same.

        Fields: index, size, path, root, entry (the line itself), head (as signed), signature, key (the first Ed25519
        public key of the log) and rotations (the signed heads by which later keys follow from it)."""
        self.sync()
        said = history(self.folder, self.first_key, over=number) if first else self._said
        signed = said.head
        size = int(signed["head"]["size"]) if signed else 0
        with self._lock:
            if not 0 <= number < size:
                raise NotFound("audit-no-receipt", number=number)
            path = [node.hex() for node in self._tree.inclusion(number, size)]
        return {
            "index": number,
            "size": size,
            "path": path,
            "root": signed["head"]["root"],
            "entry": self.entry(number).decode(),
            **signed,
            **said.keys(),
        }

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the first `new` receipts begin with the first `old`. Raises NotFound where there are fewer."""
        self.write_out()
        with self._lock:
            if not 0 < old <= new <= len(self._tree):
                raise NotFound("audit-no-receipt", number=max(old, new))
            return self._tree.consistency(old, new)

    def head(self) -> Mapping[str, Any]:
        """The newest signed head: {"head": {size, root, at, before}, "signature"}; empty where nothing was signed."""
        return self._said.head

    def checkpoint(self) -> Checkpoint:
        """The newest head as a signed note, over everything that was left until now."""
        self.sync()
        with self._syncing:
            head = self.head().get("head", {"size": 0, "root": EMPTY.hex()})
            bare = Checkpoint(origin_of(self.first_key), int(head["size"]), bytes.fromhex(head["root"]))
            return bare.signed(self._key)

    def keys(self) -> dict[str, Any]:
        """The key to be told of: the first, or the last that began after a loss; and the heads that name those after
        it, but for the newest head itself."""
        return self._said.keys()

    def newest(self, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(len(self) - 1, max(-1, len(self) - 1 - count), -1):
            yield number, self.receipt(number)

    def close(self) -> None:
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self.sync()
        os.close(self._file)

    def numbers(self, lines: Collection[bytes]) -> dict[bytes, int]:
        """Which of these lines are in the log, each with its number. Reads the whole of it."""
        with (self.folder / "receipts.log").open("rb") as written:
            return {line: number for number, each in enumerate(written) if (line := each[:-1]) in lines}

    # Opening

    def _open_lines(self, known: int) -> int:
        """Rebuild the tree from the file. What a crash left broken behind the last signed head was never relied on: it
        is cut off and kept aside, in `torn.log`."""
        path = self.folder / "receipts.log"
        head = self.head()
        signed = int(head["head"]["size"]) if head else 0
        if known and lines_of(path) < known:
            raise Fault("audit-rolled-back", size=lines_of(path), known=known)
        end = 0
        if path.exists():
            with path.open("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n") or (len(self._tree) >= signed and not is_receipt(line)):
                        break
                    self._starts.append(end)
                    end += len(line)
                    self._tree.append(leaf_hash(line[:-1]))
            _cut(path, end)
            self._tree.fill()
        if signed > len(self._tree):
            raise Fault("audit-shorter-than-head", size=len(self._tree), signed=signed)
        return end


def lines_of(path: Path) -> int:
    """How many whole lines a file has; 0 where there is none."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def newest_checkpoint(folder: Path) -> Checkpoint:
    """The newest head of a log on disk as a signed note; nothing is written. NotFound `audit-no-key` in a copy without
    the private key."""
    if not (folder / "heads.key").exists():
        raise NotFound("audit-no-key")
    key = Ed25519PrivateKey.from_private_bytes((folder / "heads.key").read_bytes())
    said = history(folder, public_key(folder) or key.public_key())
    head = said.head.get("head", {"size": 0, "root": EMPTY.hex()})
    return Checkpoint(origin_of(said.first), int(head["size"]), bytes.fromhex(head["root"])).signed(key)


def _cut(path: Path, end: int) -> None:
    if path.stat().st_size == end:
        return
    with path.open("rb") as lines, (path.parent / "torn.log").open("ab") as torn:
        lines.seek(end)
        torn.write(lines.read())
    os.truncate(path, end)
