"""Marks of versions: what may be shown of a number that would count changes."""

from __future__ import annotations

import hashlib
from functools import lru_cache


@lru_cache(64)
def mark(secret: bytes, *versions: int) -> str:
    """Equal for equal versions, and telling nothing else of how many changes there were. Who holds the installation's
    secret can find the versions again."""
    text = "/".join(str(version) for version in versions).encode()
    return hashlib.blake2b(text, key=secret, digest_size=10).hexdigest()
