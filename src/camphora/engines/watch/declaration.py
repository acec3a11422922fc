"""What a system watches (`watch/*.toml`): the table, its columns, the weeks, the methods, the budget.

A setting may be changed later by a recorded decision (`retuning`), from a week on: weeks before it are judged as they
were."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from camphora.engines.watch.evidence import WEIGHED
from camphora.engines.watch.retuning import Retuning
from camphora.errors import Faults, Invalid
from camphora.formats.declaration import TableDeclaration
from camphora.formats.toml_lines import Document, Key, check_shape, read_toml
from camphora.methods.weeks import SYSTEMS

WORKING = ("officer",)
"""The roles that take signals."""
NATION_CODE = "tw"
_NAME = r"[a-z][a-z0-9_]*"
GROUP_KEYS = {"key": Key(means="the value in the table"), "label": Key("texts")}
METHOD_KEYS = {
    "name": Key(pattern=rf"({_NAME}\.)+{_NAME}", means="a method of camphora.methods, as detection.ears.c2"),
    "label": Key("texts", means="as officers call it"),
    "parameters": Key("free", required=False, means="every one that is not the method's own default"),
}
BUDGET_KEYS = {
    "weekly": Key("integer", means="so many signals a week at most"),
    "q": Key("number", required=False, means="rate of false discoveries along the hierarchy; 1: none"),
}
SUPPRESSION_KEYS = {
    "silence": Key("integer", means="weeks in which a signal shown is not shown again"),
    "own": Key("number", means="a count that is by itself less unlikely than this is no signal"),
    "least": Key("integer", means="fewer cases in the last four weeks are no signal"),
}
TOLD_KEYS = {
    "roles": Key(
        "list",
        choices=WORKING,
        means="to whom its signals are work to be taken; empty: to nobody, they are to be seen",
    ),
    "areas": Key(
        "list",
        pattern=r"tw|\d{5}|\d{8}",
        means="of which places: codes, each with all below it, `tw` the nation's own; empty: of all",
    ),
    "organisations": Key(
        "list",
        pattern=r"[A-Za-z0-9\-.]{1,64}",
        means="ids of the organisations whose accounts are told; empty: of any",
    ),
}
WATCH_KEYS = {
    "name": Key(pattern=_NAME, means="equal to the file's name"),
    "title": Key("texts"),
    "unit": Key("texts", means="what is counted"),
    "table": Key(pattern=_NAME, means="whose rows are counted"),
    "count": Key(pattern=_NAME, means="the column with the count"),
    "area": Key(pattern=_NAME, means="the column with the place"),
    "group": Key(required=False, pattern=_NAME, means="the column that parts a place's counts, as age"),
    "groups": Key("tables", required=False, keys=GROUP_KEYS, means="its values in order"),
    "year": Key(required=False, pattern=_NAME, means="the column with the year, where weeks are numbered"),
    "week": Key(required=False, pattern=_NAME, means="the column with the week"),
    "day": Key(required=False, pattern=_NAME, means="the column with the day, in place of year and week"),
    "weeks": Key(choices=SYSTEMS, means="how weeks are numbered"),
    "absent": Key(
        choices=("zero", "missing"), means="what a week without a row is, once a place has reported"
    ),
    "conditions": Key(
        "list",
        required=False,
        pattern=r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?",
        means="ICD-10-CM codes of the cases behind its signals, for officers who may read them",
    ),
    "ended": Key("date", required=False, means="the day on which the publisher ended the series"),
    "methods": Key(
        "tables",
        keys=METHOD_KEYS,
        means="the first that can say how unusual a count is ranks it; all are shown",
    ),
    "budget": Key("table", keys=BUDGET_KEYS),
    "suppression": Key("table", keys=SUPPRESSION_KEYS),
    "told": Key(
        "table", keys=TOLD_KEYS, means="whose work its signals are, among those who may see work of the place"
    ),
}


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    label: Mapping[str, str]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many signals a week may show, and which are suppressed."""

    weekly: int
    silence: int = 2
    q: float = 0.05
    own: float = 0.01
    least: int = 5


@dataclass(frozen=True, slots=True)
class Told:
    """Whose work the signals are. It narrows whom the law lets see work of a place, and never widens it."""

    roles: tuple[str, ...] = WORKING
    areas: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()

    def reaches(self, role: str, organisation: str | None, place: str) -> bool:
        """Whether somebody is told of a signal of a place, the nation's being `tw`."""
        there = any(place == each if each == NATION_CODE else place.startswith(each) for each in self.areas)
        of_them = not self.organisations or organisation in self.organisations
        return role in self.roles and of_them and (there or not self.areas)


@dataclass(frozen=True, slots=True)
class Watch:
    """One declared watch. `groups`: labels by value, in order; empty where places are not parted."""

    name: str
    title: Mapping[str, str]
    unit: Mapping[str, str]
    table: str
    count: str
    area: str
    weeks: str
    absent: Literal["zero", "missing"]
    methods: tuple[Method, ...]
    budget: Budget
    told: Told = Told()
    group: str = ""
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    year: str = ""
    week: str = ""
    day: str = ""
    ended: dt.date | None = None
    conditions: tuple[str, ...] = ()
    retunings: tuple[Retuning, ...] = ()

    @classmethod
    def load(cls, path: Path, table: TableDeclaration | None = None) -> Watch:
        """The declaration in a TOML file. Raises Faults with every fault of it, each with its line."""
        document = read_toml(path)
        if faults := check_watch(document, path.stem, table):
            raise Faults(faults)
        return cls.of(document.data)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Watch:
        made = {
            "methods": tuple(Method(**each) for each in data["methods"]),
            "budget": Budget(**data["budget"], **data["suppression"]),
            "told": Told(**{key: tuple(value) for key, value in data["told"].items()}),
            "groups": {each["key"]: each["label"] for each in data.get("groups", ())},
            "conditions": tuple(data.get("conditions", ())),
        }
        rest = {key: value for key, value in data.items() if key != "suppression"}
        return cls(**{**rest, **made})

    def retuned(self, decisions: tuple[Retuning, ...]) -> Watch:
        """The same watch with what was decided about it later."""
        own = (each for each in decisions if each.watch == self.name)
        return replace(self, retunings=tuple(sorted(own, key=lambda one: (one.week, one.day, one.setting))))

    def decided(self, week: str) -> tuple[Retuning, ...]:
        """The decisions that are in force in a week, the latest last."""
        return tuple(each for each in self.retunings if each.week <= week)

    def as_in(self, week: str) -> Watch:
        """The watch with the settings that are in force in a week, and no decision left to come."""
        budget, methods = self.budget, self.methods
        for each in self.decided(week):
            if each.of_budget:
                budget = Budget(**{**asdict(budget), each.setting: each.number})
            else:
                methods = tuple(
                    replace(one, parameters={**one.parameters, each.parameter: each.number})
                    if one.name == each.method
                    else one
                    for one in methods
                )
        return replace(self, budget=budget, methods=methods, retunings=())

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that it reads."""
        named = (self.year, self.week, self.day, self.area, self.group, self.count)
        return tuple(each for each in named if each)


def check_watch(document: Document, name: str, table: TableDeclaration | None = None) -> list[Invalid]:
    """Every fault of a declaration: keys, translations, names of columns and methods that do not exist."""
    faults = check_shape(document, WATCH_KEYS)
    if faults:
        return faults
    return [*_named(document, name), *_timed(document), *_methods(document), *_columns(document, table)]


def _named(document: Document, name: str) -> Iterator[Invalid]:
    if document.data["name"] != name:
        yield Invalid("watch-name", place=document.place("name"), name=document.data["name"], file=name)


def _timed(document: Document) -> Iterator[Invalid]:
    given = {key for key in ("year", "week", "day") if key in document.data}
    if given not in ({"day"}, {"year", "week"}):
        yield Invalid("watch-time", place=document.place("weeks"))
    if ("group" in document.data) != ("groups" in document.data):
        yield Invalid("watch-groups", place=document.place("group"))


def _methods(document: Document) -> Iterator[Invalid]:
    for index, each in enumerate(document.data["methods"]):
        if each["name"] not in WEIGHED:
            place = document.place("methods", index, "name")
            yield Invalid("watch-method", place=place, method=each["name"], known="、".join(WEIGHED))


def _columns(document: Document, table: TableDeclaration | None) -> Iterator[Invalid]:
    if table is None:
        return
    known = {column.key for column in table.columns}
    for key in ("count", "area", "group", "year", "week", "day"):
        named = document.data.get(key)
        if named and named not in known:
            yield Invalid("watch-column", place=document.place(key), column=named, table=table.name)
