"""What each page is filled with: one dataclass per template, in words of one language and values of `pages`.

`Renderer.show(context, chrome)` draws a context with the template it names. Every text here is already in the
reader's language; words that never change lie in `strings/`. Dates are text in the reader's form (`pages.dates`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from camphora.pages import Action, Badge, Block, CountyMap, LineChart, Link, Table, Timeline, Tone, View

State = Literal["works", "partly", "planned"]
"""可使用, 部分可用, 規劃中."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `options` holds (value, label) of a select or of radio buttons, and of a text what is
    offered while it is typed; of a file the endings (value) that are taken."""

    name: str
    label: str
    kind: Literal[
        "text", "search", "password", "date", "select", "radio", "checkbox", "hidden", "long", "file"
    ] = "text"
    value: str = ""
    options: Sequence[tuple[str, str]] = ()
    hint: str = ""
    error: str = ""
    required: bool = False
    autocomplete: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form with its one filled button. `post` forms carry the CSRF token of the chrome."""

    action: str
    fields: Sequence[Field]
    button: str
    post: bool = True

    @property
    def encoding(self) -> str:
        """How a form is sent that brings a file; empty for others."""
        return "multipart/form-data" if any(each.kind == "file" for each in self.fields) else ""


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow a list; `href` sets it, or takes it away where `chosen`."""

    label: str
    href: str
    count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system of the plans: name, its page, the plan's own words, state, engine."""

    name: str
    href: str
    quote: str
    state: State
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the plans with its systems; `open` shows them at once."""

    name: str
    systems: Sequence[SystemRow]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    total: int
    works: int
    partly: int
    planned: int


@dataclass(frozen=True, slots=True)
class Card:
    """What works now: a small picture above name, badges and one sentence."""

    title: str
    text: str
    href: str
    state: State
    badge: Badge | None = None
    picture: LineChart | CountyMap | Timeline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """`/`. `search` is where the search box leads (GET, `q`)."""

    template: ClassVar[str] = "home.html"
    cards: Sequence[Card]
    counts: Counts
    chapters: Sequence[Chapter]
    engines: Sequence[Facet] = ()
    states: Sequence[Facet] = ()
    search: str = "/systems"
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """`/systems`. The list alone (for htmx, header HX-Request) is the fragment `catalogue_rows.html`."""

    template: ClassVar[str] = "catalogue.html"
    chapters: Sequence[Chapter]
    counts: Counts
    found: int
    engines: Sequence[Facet] = ()
    states: Sequence[Facet] = ()
    search: str = "/systems"
    query: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPage:
    """`/systems/ID`: one system, the plan's words, what can be tried."""

    template: ClassVar[str] = "system.html"
    name: str
    state: State
    chapter: str
    quotes: Sequence[str]
    does: str
    engine: str = ""
    users: str = ""
    source: str = ""
    badge: Badge | None = None
    inferred: bool = False
    pages: Sequence[Link] = ()
    related: Sequence[Link] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`/sign-in`. `as_href` leads to the demo's choice of persons; `ended` says that idleness ended the session."""

    template: ClassVar[str] = "sign_in.html"
    form: Form
    error: str = ""
    ended: Sequence[str] = ()
    as_href: str = ""


@dataclass(frozen=True, slots=True)
class DraftKept:
    """`/sign-in` after signing in again: the form that was not sent, what was written in it, and the way not to."""

    template: ClassVar[str] = "draft.html"
    written: Sequence[str]
    form: Form
    drop: Form


@dataclass(frozen=True, slots=True)
class Persona:
    """A person of the demo that one may sign in as."""

    value: str
    name: str
    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAs:
    """`/sign-in/as`, demo only. Posts `person` = value and `next`."""

    template: ClassVar[str] = "sign_in_as.html"
    action: str
    personas: Sequence[Persona]
    next: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """Any error: its code, sentence and remedy (`CamphoraError.text`, `.remedy`)."""

    template: ClassVar[str] = "error.html"
    status: int
    code: str
    text: str
    remedy: str
    place: str = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class Now:
    """What matters now; `strong` for the first."""

    label: str
    value: str
    text: str = ""
    href: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """One act of reading: who, what for, when, what, on which basis; `proof` leads to its receipt."""

    who: str
    purpose: str
    when: str
    what: str
    basis: str = ""
    proof: str = ""
    urgent: bool = False
    ruling: str = ""
    """A mark where it was refused or stood before the person's choices."""
    together: str = ""
    """How many looks stand in this one line, where there are several."""
    receipts: Sequence[Link] = ()
    """The receipt of each of them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice with its present state as a sentence (`state` the word set strong) and one button."""

    name: str
    text: str
    state: str
    effect: str
    action: Action
    more: Sequence[Action] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MyRecord:
    """`/me`, and a relative's record (`subject` is then that person's name and relation)."""

    template: ClassVar[str] = "record.html"
    now: Sequence[Now]
    recent: Timeline
    looks: Sequence[Look]
    choices: Sequence[Choice]
    told: Sequence[Link] = ()
    """Looks in an emergency or by an override of her choices that the person has not seen yet."""
    number: str = ""
    """Her own national number, masked, and `full_number`, shown when asked for."""
    full_number: str = ""
    subject: str = ""
    more: str = ""
    looked: str = "/me/looked"
    download: str = "/me/download"
    family: str = "/me/family"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`/me/looked`. The next part alone is the fragment `looks.html`."""

    template: ClassVar[str] = "looked.html"
    looks: Sequence[Look]
    total: int
    refused: int = 0
    """How many of them were refused."""
    more: str = ""
    checked: str = ""
    """A sentence when the log was last proven whole; empty: not said."""
    own: str = ""
    """The address that shows the person's own reading too; empty where it is shown."""
    urgent: Sequence[str] = ()
    """The emergencies that opened the record, each as a sentence."""
    events: str = ""
    """Where all of it can be had as AuditEvents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """`/me/choices`. `restrict` adds an institution to those that may not look."""

    template: ClassVar[str] = "choices.html"
    choices: Sequence[Choice]
    restrict: Form | None = None
    done: str = ""
    """What was just changed, as a sentence."""
    certificate: Link | None = None
    """The 受理證明 of what was just changed."""
    certificates: Link | None = None
    subject: str = ""
    """Whose choices these are, where somebody acts for them, and until when, as a sentence."""
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Before a choice is changed: what will follow, one button, and the way back."""

    template: ClassVar[str] = "confirm.html"
    title: str
    text: str
    effects: Sequence[str]
    form: Form
    back: Link
    subject: str = ""
    """For whom somebody else makes the choice."""


@dataclass(frozen=True, slots=True)
class Format:
    label: str
    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """`/me/download`: everything, in the forms in which it can be taken away."""

    template: ClassVar[str] = "download.html"
    formats: Sequence[Format]
    counts: Table
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Relative:
    """A person let in, or whose record one may open (`href`)."""

    name: str
    relation: str
    until: str
    href: str = ""
    action: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """`/me/family`: who may look for me, whom I look for."""

    template: ClassVar[str] = "family.html"
    trusted: Sequence[Relative]
    trusting: Sequence[Relative]
    invite: Form | None = None
    done: str = ""
    """What was just changed, as a sentence."""


@dataclass(frozen=True, slots=True)
class PatientRow:
    name: str
    href: str
    sex: str
    age: str
    birth: str
    number: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients:
    """`/patients`. The rows alone are the fragment `patients_rows.html`. `results` None: nothing asked yet."""

    template: ClassVar[str] = "patients.html"
    query: str = ""
    results: Sequence[PatientRow] | None = None
    search: str = "/patients"
    more: str = ""
    opened: Sequence[Link] = ()
    """Persons whom the reader has opened in an emergency, whether or not the search finds them."""
    emergency: str = ""
    """Where a reader who may declare an emergency does so; empty for others."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A problem, a medicine, an allergy: name, its small line, since when."""

    title: str
    href: str
    text: str = ""
    when: str = ""
    chip: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Result:
    """A laboratory value with its trend, oldest first; `flag` says high or low in a word."""

    name: str
    href: str
    value: str
    when: str
    range: str = ""
    flag: str = ""
    trend: Sequence[float | None] = ()
    trend_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """`/patients/ID`: the summary for reading in a minute. `closed` is the notice of a part that is not shown,
    `emergency` where the reader may declare one."""

    template: ClassVar[str] = "patient.html"
    person: PatientRow
    problems: Sequence[Item]
    medicines: Sequence[Item]
    allergies: Sequence[Item]
    results: Sequence[Result]
    recent: Timeline
    closed: str = ""
    emergency: str = ""
    actions: Sequence[Action] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordItem:
    """`/records/TYPE/ID`: one item in four readings. `tabs` bear (label, href); `current` is the chosen one's place."""

    template: ClassVar[str] = "item.html"
    title: str
    kind: str
    tabs: Sequence[Link]
    current: int
    blocks: Sequence[Block] = ()
    json: str = ""
    crumbs: Sequence[Link] = ()
    as_of: str = ""
    source: str = ""
    why: str = ""
    closed: str = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`/ask`: a question and, once asked, its answer with the notes of disclosure control."""

    template: ClassVar[str] = "ask.html"
    form: Form
    answer: View | None = None
    notes: Sequence[str] = ()
    certificate: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """The state of the receipt log: number of receipts, root, when signed, the first public key; `holds` None: not
    checked now."""

    size: int
    root: str
    when: str
    key: str
    holds: bool | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """`/uses`: the public log of every use of data."""

    template: ClassVar[str] = "uses.html"
    table: Table
    proof: Proof
    check: Form
    purposes: Sequence[Facet] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands over every page of a reader for a time, with how it is opened and ended: an emergency."""

    title: str
    text: str
    open: Action
    end: Action


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to be judged or decided, or that was: its facts as lines, and forms for what may be done."""

    title: str
    lines: Sequence[str]
    forms: Sequence[Form] = ()
    chip: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A page of a duty: what to know before, a form, cases, and what came of it."""

    template: ClassVar[str] = "duty.html"
    title: str
    lead: str = ""
    done: str = ""
    error: str = ""
    before: Sequence[Block] = ()
    form: Form | None = None
    form_title: str = ""
    cases: Sequence[Case] = ()
    cases_title: str = ""
    empty: str = ""
    blocks: Sequence[Block] = ()
    actions: Sequence[Action] = ()
    crumbs: Sequence[Link] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Next:
    """An act that may be done now: what it is called, what it does, and its form."""

    title: str
    text: str
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage:
    """`/tasks` and `/tasks/ID`: what stands, what may be done next, what came of it. The first act stands open unless
    all are `folded`."""

    template: ClassVar[str] = "work.html"
    title: str
    chip: str = ""
    tone: Tone = "plain"
    lead: str = ""
    lines: Sequence[str] = ()
    done: str = ""
    error: str = ""
    before: Sequence[Block] = ()
    folded: bool = False
    next: Sequence[Next] = ()
    opened: str = ""
    """The title of the act whose form was refused: it stands open."""
    next_title: str = ""
    empty: str = ""
    blocks: Sequence[Block] = ()
    actions: Sequence[Action] = ()
    crumbs: Sequence[Link] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """`/patterns`: every component once."""

    template: ClassVar[str] = "patterns.html"
    view: View
    card: Card
    chapter: Chapter
    form: Form
    facets: Sequence[Facet]
    choice: Choice
    look: Look
    item: Item
    result: Result
    now: Sequence[Now]


@dataclass(frozen=True, slots=True)
class Seeking:
    """A search box (GET, `q`)."""

    action: str
    query: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class FaultTold:
    """One fault of a pasted resource: its line (0: of the whole), its place in FHIRPath, what to do."""

    severity: str
    line: int
    path: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class LineTold:
    """One line of a pasted resource with its faults; `after_gap`: lines before it are left out."""

    number: int
    text: str
    faults: Sequence[FaultTold]
    after_gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForImplementers:
    """`/implementers`: a catalogue, a search, a history or a validation. `way` is the place of the present one among
    `ways`, -1 for none; `more` are fields in a part that opens (`opened`: at once), `raw` is text as it is sent."""

    template: ClassVar[str] = "implementers.html"
    title: str
    lead: str = ""
    error: str = ""
    crumbs: Sequence[Link] = ()
    ways: Sequence[Link] = ()
    way: int = -1
    finder: Seeking | None = None
    verdict: str = ""
    verdict_tone: Tone = "plain"
    faults: Sequence[FaultTold] = ()
    lines: Sequence[LineTold] = ()
    before: Sequence[Block] = ()
    form: Form | None = None
    more: Sequence[Field] = ()
    more_title: str = ""
    opened: bool = False
    tabs: Sequence[Link] = ()
    current: int = 0
    blocks: Sequence[Block] = ()
    raw: str = ""
    raw_label: str = ""
    last: Sequence[Block] = ()
    actions: Sequence[Action] = ()


Context = (
    Home | Catalogue | SystemPage | SignIn | SignInAs
    | DraftKept | ErrorPage | MyRecord | Looked | Choices | Confirm
    | Download | Family | Patients | Patient | RecordItem | Ask | Uses | Patterns | Duty | WorkPage | ForImplementers
)  # fmt: skip
