"""What a worker opens of an installation that its leader holds: the records, accounts and codes, for reading alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from camphora.fhir.packages import Guides
from camphora.gate import Gate, Identity
from camphora.gate.state import State
from camphora.policy.policy import Policy
from camphora.records.reading import ReadingStore
from camphora.records.relay import Relay
from camphora.terminology import Terminology
from camphora.terminology.operations.requests import Desk
from camphora.terminology.stored_library import Holdings
from camphora.terminology.terms import HeldTerms


@dataclass(slots=True)
class Reading:
    """The lock stays the leader's; nothing is migrated, made or written. `desk` is known for its addresses."""

    folder: Path
    store: ReadingStore
    gate: Gate
    desk: Desk
    _terminology: Terminology

    @classmethod
    def open(cls, folder: Path, policy: Policy, relay: Relay, known: Guides) -> Reading:
        """`policy` and `known`: the leader's, so that both decide and answer alike though a file has changed or a
        package was added since. Raises what opening raises where the leader has not made the files yet."""
        store = ReadingStore(folder, policy, relay)
        terminology = Terminology.open(folder / "terminology.sqlite")
        holdings = Holdings.of(terminology, known)
        store.coding = HeldTerms(holdings)
        gate_file = folder / "gate.sqlite"
        gate = Gate(Identity(gate_file, reading=True), store, State(gate_file, reading=True), policy)
        return cls(folder, store, gate, Desk(holdings), terminology)

    def close(self) -> None:
        self.gate.close()
        self._terminology.close()
        self.store.close()
