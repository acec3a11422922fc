"""The catalogue: every system that the plans name, and the folders that serve them.

A system's state (可使用, 部分可用, 規劃中) is computed from the folders, never kept by hand. Folders are found by
scanning the package and an installation's own `systems/`; adding one touches no other.

    catalogue = Catalogue.scan()
    catalogue.entries()          # all 276, by the plans' chapters, each with its state
    catalogue.available()        # what can be tried now
    catalogue.systems["nurse_ratio"].pages
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from camphora.catalogue.cases import CaseResult, run
from camphora.catalogue.check import check
from camphora.catalogue.clauses import STATES, Chapter, Clause, State, chapters, clauses
from camphora.catalogue.folder import PACKAGED, Demo, Page, Parameter, Serves, System, system_of
from camphora.errors import Conflict, Invalid, Lang, NotFound
from camphora.formats.declaration import TableDeclaration, base_tables
from camphora.formats.fold import fold
from camphora.formats.toml_lines import read_toml

__all__ = [
    "CaseResult",
    "Catalogue",
    "Chapter",
    "Clause",
    "Demo",
    "Entry",
    "Page",
    "Parameter",
    "Serves",
    "State",
    "System",
    "chapters",
    "check",
    "check_system",
    "clauses",
    "demo_system",
    "list_systems",
    "new_system",
    "test_system",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """A clause of the plans with its state and the systems that serve it."""

    clause: Clause
    state: State
    served_by: tuple[tuple[System, Serves], ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """All systems that were found. A folder that cannot be read is left out and stands in `faults`."""

    systems: Mapping[str, System]
    faults: Mapping[str, Sequence[Invalid]]

    @classmethod
    def scan(cls, installation: Path | None = None, package: Path = PACKAGED) -> Catalogue:
        """Every system folder of the package and of an installation's own `systems/`.

        Those of an installation are checked first, since nobody else has; those of the package by its own tests."""
        systems: dict[str, System] = {}
        faults: dict[str, list[Invalid]] = {}
        for folder in _folders(package):
            systems[folder.name] = system_of(read_toml(folder / "system.toml"), folder)
        for folder in _folders(installation / "systems") if installation else []:
            taken = [Invalid("catalogue-name-taken", name=folder.name)] if folder.name in systems else []
            if found := taken or check(folder):
                faults[folder.name] = found
            else:
                systems[folder.name] = system_of(read_toml(folder / "system.toml"), folder)
        return cls(systems, faults)

    def system(self, name: str) -> System:
        """Raises NotFound catalogue-unknown-system."""
        if name not in self.systems:
            raise NotFound("catalogue-unknown-system", name=name, known="、".join(self.systems))
        return self.systems[name]

    @cached_property
    def _served(self) -> Mapping[int, tuple[tuple[System, Serves], ...]]:
        served: dict[int, tuple[tuple[System, Serves], ...]] = {}
        for system in self.systems.values():
            for one in system.serves:
                served[one.id] = (*served.get(one.id, ()), (system, one))
        return served

    def entry(self, number: int) -> Entry:
        """Raises NotFound catalogue-unknown-clause."""
        if number not in clauses():
            raise NotFound("catalogue-unknown-clause", id=number)
        served = self._served.get(number, ())
        return Entry(
            clauses()[number],
            min((one.state for _, one in served), key=STATES.index, default="planned"),
            served,
        )

    def entries(
        self,
        *,
        query: str = "",
        engine: str | None = None,
        state: State | None = None,
        lang: Lang | None = None,
    ) -> list[Entry]:
        """The plans' systems in the plans' order; those whose names or words hold every word of `query`, of one
        engine, in one state. `lang` searches only the names of one language."""
        words = fold(query).split()
        found = [
            self.entry(number) for number, clause in clauses().items() if engine in (None, clause.engine)
        ]
        return [one for one in found if state in (None, one.state) and _says(one.clause, words, lang)]

    def by_chapter(self, entries: Sequence[Entry] | None = None) -> list[tuple[Chapter, list[Entry]]]:
        """Entries (all of them where none are given) under their chapters, in the plans' order."""
        shown = self.entries() if entries is None else entries
        grouped = [
            (chapter, [one for one in shown if one.clause.chapter == chapter.name]) for chapter in chapters()
        ]
        return [(chapter, found) for chapter, found in grouped if found]

    def counts(self) -> dict[State, int]:
        """How many clauses are in each state."""
        states = [self.entry(number).state for number in clauses()]
        return {state: states.count(state) for state in STATES}

    def engines(self) -> dict[str, int]:
        """How many clauses stand on each engine, the most used first."""
        names = [clause.engine for clause in clauses().values()]
        return {
            name: names.count(name) for name in sorted(set(names), key=lambda one: (-names.count(one), one))
        }

    def available(self) -> list[System]:
        """What can be tried now: systems with something to open, those that work first."""
        found = [system for system in self.systems.values() if system.pages or system.links]
        return sorted(found, key=lambda one: (STATES.index(one.state), one.kind, one.name))

    def tables(self) -> dict[str, TableDeclaration]:
        """Every declared table: the base tables and those of all systems."""
        own = {name: table for system in self.systems.values() for name, table in system.own_tables.items()}
        return {**base_tables(), **own}

    def test(self, name: str) -> list[CaseResult]:
        """Run the cases of a system."""
        return run(self.system(name))

    def demo(self, name: str) -> Demo:
        """What to load and open in order to try a system."""
        return self.system(name).demo


def _folders(parent: Path) -> list[Path]:
    return sorted(path.parent for path in parent.glob("*/system.toml")) if parent.is_dir() else []


def _says(clause: Clause, words: Sequence[str], lang: Lang | None) -> bool:
    both = (clause.zh, clause.en, clause.quote, clause.chapter, clause.does)
    text = fold(" ".join(both) if lang is None else clause.name(lang))
    return all(word in text for word in words)


def list_systems(installation: Path | None = None) -> list[System]:
    """Every system there is, what can be tried first."""
    catalogue = Catalogue.scan(installation)
    return [
        *catalogue.available(),
        *(one for one in catalogue.systems.values() if not one.pages and not one.links),
    ]


def check_system(which: str, installation: Path | None = None) -> list[Invalid]:
    """Every fault of a system, named by its name or its folder. Raises NotFound catalogue-unknown-system."""
    if "/" in which or Path(which, "system.toml").is_file():
        return check(Path(which).resolve())
    catalogue = Catalogue.scan(installation)
    if which in catalogue.faults:
        return list(catalogue.faults[which])
    return check(catalogue.system(which).folder)


def test_system(name: str, installation: Path | None = None) -> list[CaseResult]:  # noqa: PT028 - no test
    """Run the cases of a system."""
    return Catalogue.scan(installation).test(name)


def demo_system(name: str, installation: Path | None = None) -> Demo:
    """What to load and open in order to try a system."""
    return Catalogue.scan(installation).demo(name)


def new_system(name: str, parent: Path) -> Path:
    """Write a small working system into `parent/name`, to be changed into a real one; returns its folder.

    It passes `check` and its own cases as it stands. Raises Invalid catalogue-bad-name, Conflict catalogue-folder.
    """
    if not name.isidentifier() or name != name.lower() or not name.isascii() or name.startswith("_"):
        raise Invalid("catalogue-bad-name", name=name)
    folder = parent / name
    if folder.exists() or (PACKAGED / name).exists():
        raise Conflict("catalogue-folder", name=name)
    toy = Path(str(files("camphora"))) / "catalogue" / "toy"
    shutil.copytree(toy, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_text(file.read_text("utf-8").replace("toy", name), "utf-8")
            file.rename(file.with_name(file.name.replace("toy", name)))
    return folder
