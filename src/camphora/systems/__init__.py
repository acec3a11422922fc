"""The named systems of the plans, one folder each. What a folder holds is said in `camphora.catalogue`.

A system's `logic.py` is pure: rows in, rows or a view out. A page function takes

    (tables, rules, words, parameters) -> View

tables: rows by table name, each row typed by column key; rules: the folder's statutory figures; words: its strings
in the reader's language; parameters: the page's declared parameters, all present, checked against their choices.
It opens no file and no socket; who may read the rows was decided before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
Parameters = Mapping[str, str]
