"""An installation: opened, filled with the bundled tables, backed up, closed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from camphora.catalogue import Catalogue
from camphora.errors import Busy, CamphoraError, Invalid
from camphora.fhir.packages import Guides
from camphora.formats.declaration import TableDeclaration
from camphora.gate import Gate, Identity
from camphora.gate.state import State
from camphora.installation.exporting import Exports
from camphora.installation.importing import Imports
from camphora.installation.packages import guides
from camphora.installation.sensitivity import Sensitivity
from camphora.installation.standard import Standard
from camphora.lake import Lake
from camphora.policy.installed import installed
from camphora.policy.internal import loading
from camphora.policy.labels.own import rules_in
from camphora.records import SQLiteStore
from camphora.terminology import Terminology

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""
LOCK = "camphora.lock"


@dataclass(slots=True)
class Installation:
    """Everything that serving needs. `demo`: persons are synthetic and anybody may sign in as one of them."""

    folder: Path
    store: SQLiteStore
    gate: Gate
    terminology: Terminology
    lake: Lake
    catalogue: Catalogue
    standard: Standard
    exports: Exports
    demo: bool
    _lock: int
    imports: Imports = field(init=False)
    sensitivity: Sensitivity = field(init=False)

    def __post_init__(self) -> None:
        self.imports = Imports(self)
        self.sensitivity = Sensitivity(self.folder, self.store)

    @classmethod
    def open(cls, folder: Path, *, make: bool = False) -> Installation:
        """Open the installation in `folder`, or make one there. Only one process may hold it at a time."""
        if not make and not (folder / "records.sqlite").exists():
            raise Invalid("installation-none", folder=folder.name)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = hold(folder)
            _for_the_owner_only(folder)
        except OSError as error:
            raise Busy("installation-read-only", folder=folder.name) from error
        try:
            policy, rules = installed(folder), rules_in(folder)
            store = SQLiteStore(folder, policy, rules=rules)
        except CamphoraError:
            os.close(lock)
            raise
        identity = Identity(folder / "gate.sqlite")
        catalogue = Catalogue.scan(folder)
        terminology = Terminology.ready(folder / "terminology.sqlite")
        standard = Standard.of(folder, terminology)
        store.coding = standard.terms
        gate = Gate(identity, store, State(folder / "gate.sqlite"), policy)
        return cls(
            folder,
            store,
            gate,
            terminology,
            Lake(folder / "lake", store, tables=catalogue.tables().values(), policy=policy),
            catalogue,
            standard,
            Exports(folder / "exports", store, gate),
            demo=(folder / "demo").exists(),
            _lock=lock,
        )

    def close(self) -> None:
        self.sensitivity.close()
        self.imports.close()
        self.exports.close()
        self.lake.close()
        self.gate.close()
        self.terminology.close()
        self.store.close()
        os.close(self._lock)

    @property
    def guides(self) -> Guides:
        """The FHIR packages that are known here: those that Camphora carries and those that were added."""
        return guides(self.folder)

    def tables(self) -> Iterator[TableDeclaration]:
        """Every declared table: the base tables and those of all systems."""
        yield from self.catalogue.tables().values()

    def load_tables(self, progress: Progress | None = None) -> None:
        """Keep the rows that come with each declaration, where none are kept that speak to that day or a later one."""
        declared = list(self.tables())
        access = loading("bundled tables")
        for number, table in enumerate(declared, 1):
            if not any(batch.as_of >= str(table.as_of) for batch in self.store.batches(access, table.name)):
                rows = table.bundled()
                source = table.source["zh-TW"]
                self.store.add_batch(
                    access, table.name, rows, source=source, as_of=str(table.as_of), public=table.public
                )
            if progress:
                progress(number, len(declared))


def _for_the_owner_only(folder: Path) -> None:
    """Make the files of a new installation before anything is in them, so that nobody else may read them."""
    if not (folder / "records.sqlite").exists():
        folder.chmod(0o700)
    for name in ("records.sqlite", "gate.sqlite"):
        (folder / name).touch(mode=0o600)


def hold(folder: Path) -> int:
    """An exclusive lock on the folder, released when the process ends however it ends."""
    import fcntl

    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Busy("installation-held", folder=folder.name) from error
    return descriptor
