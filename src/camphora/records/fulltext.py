"""Full text as the store keeps it, where it does: the narrative of a record, and all that is said in it.

The tokenizer parts words at spaces; a Chinese, Japanese or Korean character is a word of its own, so that a phrase
finds them wherever they stand.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import apsw

from camphora.fhir.words import words

SHORT = 80
"""Characters of a line that is remembered: records say the same short things again and again."""
SETTING, KEPT = "full text", "kept"
CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")


def spaced(text: str) -> str:
    """Folded text with each character that is a word by itself set apart: as it is kept, and as it is asked for."""
    if text.isascii():
        return text
    return "\n".join(
        _line(line) if len(line) <= SHORT else _line.__wrapped__(line) for line in text.split("\n")
    )


@lru_cache(maxsize=16_384)
def _line(text: str) -> str:
    return CJK.sub(r" \g<0> ", text)


def kept(connection: apsw.Connection) -> bool:
    """Whether this store keeps full text."""
    return _setting(connection) == KEPT


def settled(connection: apsw.Connection) -> bool:
    """Whether it was ever said whether full text is kept."""
    return _setting(connection) is not None


def _setting(connection: apsw.Connection) -> str | None:
    row = next(connection.execute("SELECT value FROM setting WHERE name = ?", (SETTING,)), None)
    return None if row is None else str(row[0])


def texts(resource: dict[str, Any]) -> tuple[str, str]:
    """Narrative and content of a record as they are kept."""
    said = words(resource)
    return spaced(said["_text"]), spaced(said["_content"])


def put(
    connection: apsw.Connection, number: int, resource: dict[str, Any], made: tuple[str, str] | None = None
) -> None:
    """Keep the words of a record that has none; `made`: its `texts`, where they were made before."""
    values = (number, *(made or texts(resource)))
    connection.execute("INSERT INTO fulltext (rowid, narrative, content) VALUES (?, ?, ?)", values)


def take(connection: apsw.Connection, number: int) -> None:
    connection.execute("DELETE FROM fulltext WHERE rowid = ?", (number,))


def set_kept(connection: apsw.Connection, *, kept: bool) -> None:
    """Note whether full text is kept from now on. What was kept goes at once where it is not."""
    values = (SETTING, KEPT if kept else "not kept")
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", values)
    if not kept:
        connection.execute("INSERT INTO fulltext (fulltext) VALUES ('delete-all')")
