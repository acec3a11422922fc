"""Full text: words and phrases in the narrative, or in all text of a record."""

from __future__ import annotations

from camphora.errors import Invalid
from camphora.fhir.search.asking import TextClause
from camphora.records.fulltext import spaced
from camphora.records.planning.conditions import NEVER, Condition, Listing
from camphora.records.planning.work import Level

COLUMNS = {"_text": "narrative", "_content": "content"}


def text(level: Level, clause: TextClause) -> Condition:
    """Raises Invalid records-no-full-text where the store keeps none."""
    (kept,) = next(
        level.work.connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'fulltext'")
    )
    if not kept:
        raise Invalid("records-no-full-text", param=clause.param)
    groups = [
        " AND ".join(quoted for each in group if (quoted := _quoted(each))) for group in clause.alternatives
    ]
    asked = " OR ".join(f"({group})" for group in groups if group)
    if not asked:
        return NEVER._replace(told=clause.param)
    values = (f"{COLUMNS[clause.param]} : ({asked})",)
    sql = "SELECT rowid AS record FROM fulltext WHERE fulltext MATCH ?"
    test = f"{level.row}.no IN ({sql})"
    return Condition(test, values, level.counted(sql, values), Listing(sql, values), told=clause.param)


def _quoted(phrase: str) -> str:
    """A phrase as FTS5 reads it: its words together, in this order."""
    words = spaced(phrase).replace('"', " ").split()
    return f'"{" ".join(words)}"' if words else ""
