"""A piece of work as a value, and as a FHIR Task."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, cast

from camphora.errors import Invalid
from camphora.policy import work as places
from camphora.records.prepare import instant
from camphora.work.states import ENDED, Act, Actor, Holders, Judgement, Kind, State, acts

SIGNAL = "https://camphora.tw/signal"
ACCOUNT = "https://camphora.tw/account"
CODES = "https://camphora.tw/fhir/CodeSystem/work"
STATUS: dict[State, str] = {
    "taken": "accepted",
    "asked": "on-hold",
    "judged": "in-progress",
    "closed": "completed",
    "sent": "requested",
    "answered": "completed",
    "withdrawn": "cancelled",
}
"""The Task's status in each state; the state itself is its business status."""
OPEN = ("requested", "accepted", "on-hold", "in-progress")
KEY = re.compile(
    r"(?P<watch>[a-z][a-z0-9_]*)-(?P<week>\d{4}-\d\d(-\d\d)?)-(?P<area>tw|\d{5}|\d{8}|\d{11})-(?P<group>.{1,60})"
)
LONGEST_KEY = 200


class Place(NamedTuple):
    """What the key of a signal names."""

    watch: str
    week: str
    area: str
    group: str

    @property
    def place(self) -> str:
        """Whose work it is: a village's is its township's."""
        return self.area[:8]


class Person(NamedTuple):
    """An account and the name that it shows."""

    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work at one version. `place`: `tw`, or the code of the county or township whose officers see it;
    `due`: the last day on which it is in time; `asked`: what is asked, in words; `updated` in milliseconds UTC."""

    id: str
    version: int
    kind: Kind
    key: str
    place: str
    state: State
    owner: Person | None
    asker: Person | None
    due: date | None
    updated: int
    organisation: str | None = None
    judgement: Judgement | None = None
    part_of: str | None = None
    asked: str = ""
    notes: int = 0

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def holders(self) -> Holders:
        return Holders(
            self.owner.account if self.owner else None,
            self.asker.account if self.asker else None,
            self.organisation,
        )

    def overdue(self, today: date) -> bool:
        """Whether its last day has passed and it has not ended."""
        return not self.ended and self.due is not None and self.due < today

    def acts(self, actor: Actor) -> tuple[Act, ...]:
        """What somebody who sees it may do now."""
        return acts(self.kind, self.state, actor, self.holders)


def place_of(key: str) -> Place:
    """What a signal's key names. Raises Invalid `work-no-signal` for what is no key."""
    found = KEY.fullmatch(key) if len(key) <= LONGEST_KEY else None
    if found is None:
        raise Invalid("work-no-signal")
    return Place(found["watch"], found["week"], found["area"], found["group"])


def signal_id(key: str) -> str:
    """The id of the one Task about a signal."""
    return places.work_id(place_of(key).place, _digest(key))


def request_id(place: str, parent: str, step: int) -> str:
    """The id of what was asked at one step of a signal's Task."""
    return places.work_id(place, _digest(f"{parent}/{step}"))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def read(resource: Mapping[str, Any], version: int, updated: int) -> Work:
    """The value of a Task as `task` makes it."""
    outputs = resource.get("output", ())
    restriction = resource.get("restriction", {})
    period = restriction.get("period", {})
    return Work(
        id=resource["id"],
        version=version,
        kind=_code(resource["code"]),
        key=resource["identifier"][0]["value"],
        place=str(places.place_of(resource["id"])),
        state=_code(resource["businessStatus"]),
        owner=_person(resource.get("owner")),
        asker=_person(resource.get("requester")),
        due=date.fromisoformat(period["end"]) if period else None,
        updated=updated,
        organisation=_organisation(restriction),
        judgement=cast("Judgement", outputs[0]["valueCode"]) if outputs else None,
        part_of=resource["partOf"][0]["reference"].partition("/")[2] if "partOf" in resource else None,
        asked=resource.get("description", ""),
        notes=len(resource.get("note", ())),
    )


def made(kind: Kind, task_id: str, key: str, asker: Person, at: int) -> dict[str, Any]:
    """A Task in which nothing has been done yet: no state, no owner."""
    return {
        "resourceType": "Task",
        "id": task_id,
        "identifier": [{"system": SIGNAL, "value": key}],
        "intent": "order",
        "code": coded(kind),
        "authoredOn": instant(at),
        "requester": reference(asker),
    }


def in_state(resource: Mapping[str, Any], state: State, at: int) -> dict[str, Any]:
    """The Task moved to a state."""
    said = {"status": STATUS[state], "businessStatus": coded(state), "lastModified": instant(at)}
    return {**resource, **said}


def noted(resource: Mapping[str, Any], text: str, who: Person, at: int) -> dict[str, Any]:
    """The Task with what was written at this step; the same where nothing was."""
    if not text:
        return dict(resource)
    note = {"authorString": who.name or who.account, "time": instant(at), "text": text}
    return {**resource, "note": [*resource.get("note", ()), note]}


def judged(judgement: Judgement) -> list[dict[str, Any]]:
    """The output of a Task that was judged."""
    return [{"type": coded("judgement"), "valueCode": judgement}]


def restricted(last: date, organisation: str | None = None) -> dict[str, Any]:
    """The restriction of a Task to be done by a day, and to be done by one institution."""
    period = {"period": {"end": last.isoformat()}}
    if organisation is None:
        return period
    return {**period, "recipient": [{"reference": f"Organization/{organisation}"}]}


def provenance(task_id: str, version: int, act: Act, who: Person, at: int) -> dict[str, Any]:
    """Who did which step, when: of the version of the Task that it made."""
    return {
        "resourceType": "Provenance",
        "id": provenance_id(task_id, version),
        "target": [{"reference": f"Task/{task_id}/_history/{version}"}],
        "recorded": instant(at),
        "activity": coded(act),
        "agent": [{"who": reference(who)}],
    }


def provenance_id(task_id: str, version: int) -> str:
    return f"{task_id}.{version}"


def coded(code: str) -> dict[str, Any]:
    return {"coding": [{"system": CODES, "code": code}]}


def reference(who: Person) -> dict[str, Any]:
    """An account by its name; accounts are no Practitioners of the store."""
    found = {"type": "Practitioner", "identifier": {"system": ACCOUNT, "value": who.account}}
    return {**found, "display": who.name} if who.name else found


def act_of(resource: Mapping[str, Any]) -> Act:
    """The act of a Provenance."""
    return cast("Act", _code(resource["activity"]))


def agent_of(resource: Mapping[str, Any]) -> Person:
    """Who did the step of a Provenance."""
    return _person(resource["agent"][0]["who"]) or Person("", "")


def _code(concept: Mapping[str, Any]) -> Any:
    return concept["coding"][0]["code"]


def _person(found: Mapping[str, Any] | None) -> Person | None:
    return Person(found["identifier"]["value"], found.get("display", "")) if found else None


def _organisation(restriction: Mapping[str, Any]) -> str | None:
    asked = restriction.get("recipient", ())
    return str(asked[0]["reference"]).partition("/")[2] if asked else None
