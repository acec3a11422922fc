"""One evaluation: what is given to it, what it has defined, and what it may still spend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypedDict

from camphora.errors import Invalid
from camphora.fhir.fhirpath import dates
from camphora.fhir.fhirpath.dates import DateTime
from camphora.fhir.fhirpath.items import Thing
from camphora.fhir.protocols import Resolver, Terms

STEPS = 1_000_000
"""Things that one evaluation may touch or make; R4's heaviest invariant on its largest example takes 90,000."""
LONGEST_TEXT = 1_000_000
"""Letters of a string that an evaluation may make."""
LETTERS_PER_STEP = 16

Collection = list[Thing]
Conforms = Callable[[Any, str], bool | None]
Trace = Callable[[str, Collection], None]


class Environment(TypedDict, total=False):
    """What whoever evaluates may hand in beside the item; see `Expression`."""

    resource: Any
    root: Any
    variables: Mapping[str, Any] | None
    resolver: Resolver | None
    terms: Terms | None
    conforms: Conforms | None
    trace: Trace | None


@dataclass(slots=True)
class Given:
    """The environment as things."""

    resource: Thing | None = None
    root: Thing | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    resolver: Resolver | None = None
    terms: Terms | None = None
    conforms: Conforms | None = None
    trace: Trace | None = None


class Run:
    """The state of one evaluation on `context`."""

    def __init__(self, context: Thing, given: Given) -> None:
        self.context = context
        self.given = given
        self.steps = STEPS
        self.kept: dict[Any, Any] = {}
        """What functions remember for the length of one evaluation."""

    @cached_property
    def now(self) -> DateTime:
        return dates.now()

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise Invalid("fhirpath-steps", most=STEPS)

    def text(self, text: str) -> str:
        """A string that was made, paid for by its length."""
        self.length(len(text))
        return text

    def length(self, letters: int) -> None:
        """Pays for a string about to be made."""
        if letters > LONGEST_TEXT:
            raise Invalid("fhirpath-text", most=LONGEST_TEXT)
        self.spend(letters // LETTERS_PER_STEP)


class Frame:
    """Where an expression stands: `$this` as a collection, `$index`, `$total`, and the variables defined so far."""

    __slots__ = ("index", "names", "run", "this", "total")

    def __init__(
        self,
        run: Run,
        this: Collection,
        index: int | None = None,
        total: Collection | None = None,
        names: dict[str, Collection] | None = None,
    ) -> None:
        self.run = run
        self.this = this
        self.index = index
        self.total = total
        self.names = names

    def inner(self) -> Frame:
        """A frame for what is evaluated once per thing; `this` and `index` are to be set for each."""
        return Frame(self.run, [], None, self.total, self.names)


Evaluate = Callable[[Frame], Collection]
