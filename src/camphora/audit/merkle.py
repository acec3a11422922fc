"""A Merkle tree hashed as RFC 6962 section 2.1, with inclusion and consistency proofs.

Every complete node is kept, level by level, so that a root or a proof costs O(log n) hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

EMPTY = hashlib.sha256(b"").digest()
SIZE = 32
_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> bytes:
    """Those of many, one behind the other."""
    return b"".join([_sha256(b"\x00" + entry).digest() for entry in entries])


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Append leaf hashes; ask for the root and for proofs at any earlier size. The nodes above are hashed when they are
    first asked for, level by level: a third less of the processor than leaf by leaf, and none of whoever appends."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    def __len__(self) -> int:
        return len(self._levels[0]) // SIZE

    def append(self, leaf: bytes) -> int:
        """Add a leaf hash; returns its index."""
        leaves = self._levels[0]
        leaves += leaf
        return len(leaves) // SIZE - 1

    def extend(self, leaves: bytes) -> int:
        """Add leaf hashes, one behind the other; returns the first's index."""
        first = len(self)
        self._levels[0] += leaves
        return first

    def fill(self) -> None:
        """Hash the nodes that are whole and not there yet."""
        levels, level = self._levels, 0
        while True:
            below, level = levels[level], level + 1
            done = 2 * len(levels[level]) if level < len(levels) else 0
            pairs = range(done, len(below) - 2 * SIZE + 1, 2 * SIZE)
            if not pairs:
                return
            if level == len(levels):
                levels.append(bytearray())
            levels[level] += b"".join([_sha256(b"\x01" + below[at : at + 2 * SIZE]).digest() for at in pairs])

    def leaf(self, index: int) -> bytes:
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The head of the first `size` leaves (all of them by default)."""
        size = len(self) if size is None else size
        self.fill()
        return EMPTY if size == 0 else self._subtree(0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of a leaf in the tree of the first `size` leaves (RFC 6962 section 2.1.1)."""
        if not 0 <= index < size <= len(self):
            raise IndexError(index)
        self.fill()
        path: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._subtree(middle, high))
                high = middle
            else:
                path.append(self._subtree(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the first `new` leaves begin with the first `old` (RFC 6962 section 2.1.2)."""
        if not 0 < old <= new <= len(self):
            raise IndexError(old)
        self.fill()
        path: list[bytes] = []
        low, high, whole = 0, new, True
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self._subtree(middle, high))
                high = middle
            else:
                path.append(self._subtree(low, middle))
                low, whole = middle, False
        if not whole:
            path.append(self._subtree(low, high))
        return path[::-1]

    def _node(self, level: int, position: int) -> bytes:
        start = position * SIZE
        return bytes(self._levels[level][start : start + SIZE])

    def _subtree(self, low: int, high: int) -> bytes:
        """The hash of leaves low..high, where low is a multiple of the power of two that spans them."""
        count = high - low
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._node(level, low >> level)
        middle = low + _split(count)
        return node_hash(self._subtree(low, middle), self._subtree(middle, high))


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def verify_inclusion(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Whether `path` proves that the leaf hash stands at `index` of the tree with this root and size."""
    if not 0 <= index < size or len(leaf) != SIZE:
        return False
    node, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if position % 2 or position == last:
            node = node_hash(sibling, node)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old: int, new: int, path: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `path` proves that the tree of size `new` extends the tree of size `old` (RFC 9162 2.1.4.2)."""
    return old > 0 and verify_subtree_consistency((0, old), new, path, old_root, new_root)


def is_subtree(start: int, end: int) -> bool:
    """Whether leaves start to end (excluded) can be a subtree: they begin at a multiple of a power of two that spans
    them."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def verify_subtree_inclusion(
    leaf: bytes, index: int, span: tuple[int, int], path: list[bytes], root: bytes
) -> bool:
    """Whether `path` proves that the leaf hash stands at `index` of the subtree of a span (its end excluded)."""
    start, end = span
    return is_subtree(start, end) and verify_inclusion(leaf, index - start, end - start, path, root)


def verify_subtree_consistency(
    span: tuple[int, int], size: int, path: list[bytes], part: bytes, root: bytes
) -> bool:
    """Whether `path` proves that the subtree of a span (its end excluded) with the root `part` stands in the tree of
    this size and root (Merkle Tree Certificates, draft-ietf-plants-merkle-tree-certs, 4.4.3)."""
    start, end = span
    if 0 <= start == end <= size:
        return not path and part == EMPTY
    if not is_subtree(start, end) or end > size:
        return False
    low, high, last = start, end - 1, size - 1
    while low != high and (high == last or high % 2):
        low, high, last = low >> 1, high >> 1, last >> 1
    rest = list(path)
    if low == high:
        first = second = part
    elif rest:
        first = second = rest.pop(0)
    else:
        return False
    for sibling in rest:
        if last == 0:
            return False
        if high % 2 or high == last:
            if low < high:
                first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while high % 2 == 0 and high:
                low, high, last = low >> 1, high >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        low, high, last = low >> 1, high >> 1, last >> 1
    return last == 0 and first == part and second == root
