"""What a search asks, as immutable values: the clauses, and the `Query` that holds them.

Source: https://hl7.org/fhir/R4/search.html. A clause speaks about one resource of the searched type; all that is needed
to answer it stands in it, so that a store can compile it and an oracle can weigh it resource by resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["token", "reference", "date", "string", "number", "quantity", "uri", "composite", "special"]
Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "co"]
"""`co` comes from `_filter` alone: the record's own range contains the whole of the range asked for."""
Mode = Literal["start", "exact", "contains", "end", "gt", "lt", "ge", "le"]
"""How a folded text is compared; `end` and the orders by code point come from `_filter` alone."""
Direction = Literal["above", "below"]
Summary = Literal["true", "text", "data", "count", "false"]
Total = Literal["none", "estimate", "accurate"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that can be searched. `targets`: the types that a reference may name; `components`: the parameters
    of a composite by their order, each as a `Parameter` of the kind that its value has."""

    code: str
    kind: Kind
    url: str = ""
    targets: tuple[str, ...] = ()
    components: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenClause:
    """Any of (system, code): system None is any, "" none at all; code None is any code of the system.

    The exact spelling of a string is asked as a token of `PARAM:exact`, a reference by identifier as one of
    `PARAM:identifier`, an identifier with its type as one of `PARAM:of-type` (the type's system; code
    `TYPE|VALUE`).
    """

    param: str
    alternatives: tuple[tuple[str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class MemberClause:
    """A code of the parameter is in one of these value sets (canonical addresses, or `ValueSet/id` of this server)."""

    param: str
    value_sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubsumedClause:
    """A code of the parameter is one of these (system, code) or lies above (is more general) or below it in its code
    system. system None: whichever system has the code. A MIME type lies above the same one with parameters: `text/xml`
    above `text/xml; charset=UTF-8`."""

    param: str
    direction: Direction
    alternatives: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True, slots=True)
class ReferenceClause:
    """Any of (type, id): type None is any type, "" an address that stands in place of the id, as does
    `Type/id/_history/n` for that version alone. `direction`: along a hierarchy of records (Location.partOf) or of
    canonical versions."""

    param: str
    alternatives: tuple[tuple[str | None, str], ...]
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class DateClause:
    """Any of (prefix, first, last millisecond UTC, both inclusive) against the span that a record holds.

    `eq` the record's span lies within, `ne` it does not, `gt`/`lt` it reaches beyond the end/start, `ge`/`le`
    the same or `eq`, `sa`/`eb` it lies wholly after/before, `ap` it overlaps (the span is already widened; of `po` in
    `_filter` it is not), `co` it contains the whole span asked for.
    """

    param: str
    alternatives: tuple[tuple[Prefix, int, int], ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as asked: the `value` itself and the ends `low` and `high` of the range that its digits imply (`ap`: the
    widened range). `eq`/`ne` weigh the range (low <= x < high), `gt lt ge le sa eb` the value; `co`: the value lies in
    the range that the record holds."""

    prefix: Prefix
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class NumberClause:
    """Any of these amounts against the range low..high that a record holds (a plain number: low = high)."""

    param: str
    alternatives: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class QuantityClause:
    """Any of (amount, unit) against the quantities that a record holds.

    A unit is written as the index writes it (`fhir.amounts`): "" any unit at all; `SYSTEM|CODE`, where for UCUM code
    and amount are the canonical ones; `|TEXT` a unit whose code or human text is this, whatever its system.
    """

    param: str
    alternatives: tuple[tuple[Amount, str], ...]


@dataclass(frozen=True, slots=True)
class StringClause:
    """Any of the folded texts: the record's folded text starts with it, contains it, is it, ends with it, or stands
    before or after it. A token asked by `:text` is the string parameter `PARAM:text`."""

    param: str
    mode: Mode
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UriClause:
    """Any of these addresses, exactly; `below` those that begin with it, `above` those that it begins with."""

    param: str
    alternatives: tuple[str, ...]
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class CompositeClause:
    """Any of these groups: one clause for each component, in order, with one alternative each, that hold of the same
    element together."""

    param: str
    alternatives: tuple[tuple[Clause, ...], ...]


@dataclass(frozen=True, slots=True)
class NearClause:
    """Any of (latitude, longitude, metres): a position not farther than this (WGS 84)."""

    param: str
    alternatives: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class MissingClause:
    """The record has no value of the parameter (`missing`), or has one."""

    param: str
    kind: Kind
    missing: bool


@dataclass(frozen=True, slots=True)
class TextClause:
    """Full text: `_text` the narrative, `_content` all text of the record. Any of the alternatives, each of them words
    and phrases that all occur."""

    param: Literal["_text", "_content"]
    alternatives: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class IdClause:
    """The record's own id is one of these."""

    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UpdatedClause:
    """`_lastUpdated`: as a date of the record's own row."""

    alternatives: tuple[tuple[Prefix, int, int], ...]


@dataclass(frozen=True, slots=True)
class ChainClause:
    """A reference of the parameter names a record of this type of which all the clauses hold."""

    param: str
    type: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class HasClause:
    """`_has`: some record of this type names the searched one by this parameter, and the clauses hold of it."""

    type: str
    param: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class ListClause:
    """`_list`: an entry, not deleted, of one of these Lists names the record. A functional list stands as `$name`, and
    is each that is current of these patients."""

    alternatives: tuple[str, ...]
    patients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotClause:
    """The clause does not hold (`:not`, `:not-in`, `not` and `ne` of `_filter`); so also where there is no value."""

    clause: Clause


@dataclass(frozen=True, slots=True)
class AnyClause:
    """One of the clauses holds; of none, nothing holds."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class AllClause:
    """All of the clauses hold; of none, everything does."""

    clauses: tuple[Clause, ...]


Clause = (
    TokenClause
    | MemberClause
    | SubsumedClause
    | ReferenceClause
    | DateClause
    | NumberClause
    | QuantityClause
    | StringClause
    | UriClause
    | CompositeClause
    | NearClause
    | MissingClause
    | TextClause
    | IdClause
    | UpdatedClause
    | ChainClause
    | HasClause
    | ListClause
    | NotClause
    | AnyClause
    | AllClause
)


@dataclass(frozen=True, slots=True)
class Sort:
    """A key of the order: `_id`, `_lastUpdated` or a parameter; by its least value ascending, its greatest descending.
    What has no value comes last either way."""

    param: str
    kind: Kind
    down: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` (records that a found one names) or, `reverse`, `_revinclude` (records that name a found one). `param`
    None: every reference parameter of `source` (`*`); `source` None as well: of every type. `target` keeps one type;
    `iterate` goes on from what was included."""

    source: str | None
    param: str | None
    target: str | None = None
    iterate: bool = False
    reverse: bool = False


class Ignored(NamedTuple):
    """A parameter that was left out, as it was given; `part` is what in it is not known, "" where it has no value."""

    name: str
    value: str
    part: str


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched. `clauses` all hold together; `ignored` is what was left out.

    `types` are the types searched at once (`GET [base]?_type=`), of which `type` is the first; a parameter then stands
    in all of them. `compartment` (type, id): only what lies in that compartment.
    """

    type: str
    clauses: tuple[Clause, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int | None = None
    page: str | None = None
    """The token of a page as the store gave it; not interpreted here."""
    total: Total = "none"
    summary: Summary = "false"
    elements: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    includes: tuple[Include, ...] = ()
    compartment: tuple[str, str] | None = None
    types: tuple[str, ...] = ()
