"""What has been read of a long file, laid aside on the disk, so that memory does not grow with the file.

It lies in a database without a name that goes when the process does. Whom and what a file names stands there as hashes
by a key that the process alone has: they tell one thing from another, and nobody who it is.
"""

from __future__ import annotations

import hashlib
import secrets
from types import TracebackType
from typing import Self

import apsw

PAGES = 8_000
"""Kilobytes of it that stay in memory."""


class Aside:
    """A database of one's own. `schema`: its tables."""

    def __init__(self, schema: str) -> None:
        self._key = secrets.token_bytes(32)
        self.disk = apsw.Connection("")
        self.disk.execute(
            f"PRAGMA cache_size = -{PAGES}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"
        )
        self.disk.execute(f"{schema}; BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disk.close()

    def name(self, text: str) -> bytes:
        """What stands for a text; the same for the same one, and in this process alone."""
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()
