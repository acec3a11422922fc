"""Which column of a line list is which field: a TOML that a person has looked through.

name = "tainan"                  # whose list: case numbers are told apart by it
[columns]
"身分證字號" = "national_id"
"備註" = ""                      # passed over
[diseases]
"DF" = "A90"                     # words of this list beside the usual names
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camphora.errors import Faults, Invalid
from camphora.formats.line_list.fields import IDENTIFYING, Disease, diseases, fields, same
from camphora.formats.toml_lines import Document, Key, check_shape, read_toml

ICD = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
MAPPING_KEYS = {
    "name": Key(
        pattern=r"[a-z][a-z0-9_]{0,39}", means="whose list this is; tells its case numbers from others'"
    ),
    "disease": Key(
        required=False, pattern=ICD.pattern, means="where a list is of one disease: its ICD-10-CM code"
    ),
    "columns": Key("free", means="column = field, or empty for a column that is passed over"),
    "diseases": Key("free", required=False, means="words of this list = ICD-10-CM code"),
}


@dataclass(frozen=True, slots=True)
class Mapping:
    """`columns`: field → column; `passed`: columns that are known and not read; `diseases`: own words, folded."""

    name: str
    columns: Dict[str, str]
    passed: frozenset[str] = frozenset()
    disease: str = ""
    diseases: Dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Mapping:
        """The mapping in a TOML file. Raises Faults with every fault of it, each with its line."""
        document = read_toml(path)
        if faults := [*check_shape(document, MAPPING_KEYS)] or [*_faults(document)]:
            raise Faults(faults)
        data = document.data
        return cls(
            data["name"],
            {key: column for column, key in data["columns"].items() if key},
            frozenset(column for column, key in data["columns"].items() if not key),
            data.get("disease", ""),
            {same(word): code for word, code in data.get("diseases", {}).items()},
        )

    def fits(self, header: Collection[str]) -> bool:
        """Whether a file has all columns that are mapped, and none that nobody has decided upon."""
        known = {*self.columns.values(), *self.passed}
        return set(self.columns.values()) <= set(header) <= known

    def disease_of(self, word: str) -> Disease | None:
        """The disease that a cell names, in this list's own words or the usual ones, or by its code."""
        usual, key = diseases(), same(word)
        if code := self.diseases.get(key) or (
            word.strip().upper() if ICD.fullmatch(word.strip().upper()) else ""
        ):
            return usual.get(same(code)) or Disease(
                code, word.strip() if key in self.diseases else code, code
            )
        return usual.get(key)


def _faults(document: Document) -> Iterator[Invalid]:
    """Fields that are none, that two columns have, or that are missing."""
    columns: Dict[str, Any] = document.data["columns"]
    taken: dict[str, str] = {}
    for column, key in columns.items():
        place = document.place("columns", column)
        if key and key not in fields():
            yield Invalid("line-list-field", place=place, known="、".join(fields()))
        elif key and key in taken:
            yield Invalid("line-list-field-twice", place=place, field=key)
        taken[key] = column
    if "disease" not in taken and "disease" not in document.data:
        yield Invalid("line-list-no-disease", place=document.place("columns"))
    if not any(key in taken for key in IDENTIFYING):
        yield Invalid("line-list-nobody", place=document.place("columns"))
    for word, code in document.data.get("diseases", {}).items():
        if not isinstance(code, str) or not ICD.fullmatch(code):
            yield Invalid("line-list-code", place=document.place("diseases", word))


def proposed(header: Sequence[str], name: str) -> str:
    """A mapping for these column names as TOML, to be looked through: a column whose name is a field's, or holds it,
    is taken for it; every other one is passed over."""
    found = guessed(header)
    said = {key: f"{one.label['zh-TW']} {one.label['en']}" for key, one in fields().items()}
    lines = [
        "# 請逐欄核對：左為檔案欄名，右為欄位（空白為不讀取）。核對後以 --mapping 載入，即記住此對應。",
        "# Look through each line: left the column, right the field (empty: passed over). Load it with --mapping.",
        f"name = {json.dumps(name)}",
        ""
        if "disease" in found.values()
        else '# disease = "A90"   # 全檔為同一疾病時 where all rows are one disease',
        "",
        "[columns]",
    ]
    for column in header:
        key = found.get(column, "")
        lines.append(
            f"{json.dumps(column, ensure_ascii=False)} = {json.dumps(key)}"
            + (f"   # {said[key]}" if key else "")
        )
    lines += [
        "",
        "# 欄位 fields: " + "、".join(f"{key}（{text}）" for key, text in said.items()),
        "",
        "[diseases]",
    ]
    lines.append('# "DF" = "A90"   # 本清單對疾病的稱呼 words of this list for a disease')
    return "\n".join(lines) + "\n"


def guessed(header: Sequence[str]) -> dict[str, str]:
    """Column → field: whole names first, then names that a column's holds, each field once."""
    found: dict[str, str] = {}
    free = dict(fields())
    for whole in (True, False):
        for column in (each for each in header if each not in found):
            said = same(column)
            key = next(
                (k for k, one in free.items() if any(_is(n, said, whole=whole) for n in one.names)), None
            )
            if key:
                found[column] = key
                del free[key]
    return found


def _is(name: str, said: str, *, whole: bool) -> bool:
    return said == name if whole else len(name) > 2 and name in said
