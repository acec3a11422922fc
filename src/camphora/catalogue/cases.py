"""Case tables: each rule of a system as a few rows that anybody can read, run against its functions.

`tests/FUNCTION.csv` (or `tests/MODULE.FUNCTION.csv`) has one row per case: `case` says it in words, the columns named
like the function's parameters are given to it, `expect` is what must come out, or `expect.KEY` a value of a mapping
or attribute that comes out. An empty cell is None where the parameter allows it. A parameter called `rules` is given
the folder's statutory figures.
"""

from __future__ import annotations

import csv
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camphora.catalogue.folder import System
from camphora.errors import CamphoraError, Lang

YES = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: where it stands, what it says, whether it holds, and where not, what came instead of what."""

    file: str
    line: int
    case: str
    holds: bool
    found: str = ""
    expected: str = ""


def run(system: System) -> list[CaseResult]:
    """Every case of the folder, in order; then every page drawn from the bundled rows in both languages."""
    files = sorted((system.folder / "tests").glob("*.csv"))
    return [result for file in files for result in _file(system, file)] + list(_pages(system))


def _file(system: System, file: Path) -> Iterator[CaseResult]:
    function = system.function(file.name.removesuffix(".csv"))
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        for row in reader:
            yield _case(system, function, row, (file.name, reader.line_num))


def _case(
    system: System, function: Callable[..., Any], row: Mapping[str, str], at: tuple[str, int]
) -> CaseResult:
    given, expected = (
        _given(system, function, row),
        {key: row[key] for key in row if key.startswith("expect")},
    )
    try:
        came = function(**given)
    except CamphoraError as error:
        came = error.code
    found = {key: said(_part(came, key)) for key in expected}
    wanted = {key: cell.strip() for key, cell in expected.items()}
    return CaseResult(*at, row["case"], found == wanted, _shown(found), _shown(wanted))


def _given(system: System, function: Callable[..., Any], row: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "rules":
            given[name] = system.rules
        elif name in row:
            given[name] = typed(row[name].strip(), str(parameter.annotation))
    return given


def typed(cell: str, annotation: str) -> Any:
    """A cell as the annotation says: str, int, float, bool (yes or no), each perhaps `| None`."""
    kinds = [kind.strip() for kind in annotation.split("|")]
    if not cell and "None" in kinds:
        return None
    if "bool" in kinds:
        return YES[cell]
    return float(cell) if "float" in kinds else int(cell) if "int" in kinds else cell


def said(value: Any) -> str:
    """A value as a case table writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _part(value: Any, key: str) -> Any:
    for name in key.split(".")[1:]:
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return value


def _shown(values: Mapping[str, str]) -> str:
    return "、".join(value if key == "expect" else f"{key[7:]}={value}" for key, value in values.items())


def _pages(system: System) -> Iterator[CaseResult]:
    """A page holds when its view is made in both languages and names itself."""
    langs: tuple[Lang, ...] = ("zh-TW", "en")
    rows = {name: table.bundled() for name, table in system.tables.items()}
    watched = (
        system.watched(tuple(system.watches), rows) if any(page.watch for page in system.pages) else None
    )
    for page in system.pages:
        given = {one.name: one.example for one in page.parameters if one.example}
        for lang in langs:
            try:
                found = system.view(page, rows, lang, given, watched if page.watch else None).name
            except CamphoraError as error:
                found = error.code
            case = f"the page “{page.name}” is drawn in {lang}"
            yield CaseResult(f"pages/{page.name}.toml", 1, case, found == page.name, found, page.name)
