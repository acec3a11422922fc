"""What a registrar decides about two Patients: the same person, different persons, or no more one; with its history.

To be one is Patient.link (`replaces`, `replaced-by`), so that every choice of either holds for both
(docs/rulings.md). A decision is one transaction: both Patients, a Provenance of each that names that one
alone, and the decision itself, a Basic with a version for every time it was decided. The Basic names both by identifier
and refers to nobody, so that it belongs to no person and none of the two reads of the other.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import orjson

from camphora.errors import Conflict, Invalid
from camphora.fhir.search import parse_query
from camphora.policy import Access
from camphora.records.derived import reference
from camphora.records.identity.duplicates import Duplicates, Pair, find, pair_of
from camphora.records.identity.traits import traits
from camphora.records.prepare import instant
from camphora.records.sqlite import SQLiteStore
from camphora.records.store import Put

Json = dict[str, Any]
Word = Literal["same", "split", "different"]
DECISION = "https://camphora.tw/person-decision"
PERSON = "urn:camphora:person"
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
ACTIVITY: dict[Word, str] = {"same": "merge", "split": "unmerge"}
LINKS = {"replaces", "replaced-by"}
LEAST_REASON, LONGEST_REASON = 4, 1000
AT_ONCE = 2000


class Decided(NamedTuple):
    """One decision. `at` milliseconds UTC; `kept`: of two who became one, the Patient that stays in use."""

    pair: Pair
    word: Word
    at: int
    by: str
    reason: str
    kept: str


class Register:
    """The person index of a store, for those who keep it: what is proposed, decided and was decided."""

    def __init__(self, store: SQLiteStore) -> None:
        self.store = store
        self._kept: tuple[int, Duplicates] | None = None

    def duplicates(self, access: Access) -> Duplicates:
        """The proposals over all Patients whom the Access sees, kept until a record changes. Whoever shows them leaves
        the receipt."""
        last = self.store.last_change()
        if self._kept is None or self._kept[0] != last:
            query, place = parse_query("Patient", [], strict=True), None
            persons, begun = [], False
            while not begun or place is not None:
                gathered = self.store.gather(access, query, place, AT_ONCE)
                persons += [traits(orjson.loads(row.body)) for row in gathered.rows if row.body]
                begun, place = True, gathered.next
            self._kept = last, find(persons, self._different(access))
        return self._kept[1]

    def merge(self, access: Access, kept: str, gone: str, reason: str) -> None:
        """Two Patients are one person; `kept` stays in use. Conflict persons-one-already where they are linked."""
        said, bodies = _said(reason), self._both(access, kept, gone)
        if _links(bodies[kept], gone) or _links(bodies[gone], kept):
            raise Conflict("persons-one-already")
        bodies[kept] = _linked(bodies[kept], gone, "replaces")
        bodies[gone] = {**_linked(bodies[gone], kept, "replaced-by"), "active": False}
        self._write(access, bodies, Decided(pair_of(kept, gone), "same", 0, access.reader.name, said, kept))

    def split(self, access: Access, one: str, other: str, reason: str) -> None:
        """Two who were linked as one are two again: each with their own records, which nothing ever moved, and in use
        as before. Conflict persons-not-one where no link stands between them."""
        said, bodies = _said(reason), self._both(access, one, other)
        if not (_links(bodies[one], other) or _links(bodies[other], one)):
            raise Conflict("persons-not-one")
        for name, with_whom in ((one, other), (other, one)):
            bodies[name] = self._unlinked(access, bodies[name], with_whom)
        self._write(access, bodies, Decided(pair_of(one, other), "split", 0, access.reader.name, said, ""))

    def differ(self, access: Access, one: str, other: str, reason: str) -> None:
        """Two Patients are different persons, and not proposed again. Conflict persons-one-already where linked."""
        said, bodies = _said(reason), self._both(access, one, other)
        if _links(bodies[one], other) or _links(bodies[other], one):
            raise Conflict("persons-one-already")
        self._write(access, {}, Decided(pair_of(one, other), "different", 0, access.reader.name, said, ""))

    def history(self, access: Access, patient: str | None = None) -> list[Decided]:
        """Every decision about a Patient, or about all, newest first."""
        asked = [("code", f"{DECISION}|"), ("_count", "1000")]
        if patient is not None:
            asked.append(("identifier", f"{PERSON}|{patient}"))
        found, page = [], ""
        while True:
            more = [("_page", page)] if page else []
            rows = self.store.search(access, parse_query("Basic", [*asked, *more], strict=True))
            for row in rows.rows:
                if not _is_decision(orjson.loads(row.body or b"{}")):
                    continue
                versions = self.store.history(access, "Basic", row.id)
                found += [_read(orjson.loads(each.body), each.updated) for each in versions if each.body]
            if rows.next is None:
                return sorted(found, key=lambda each: (-each.at, each.pair))
            page = rows.next

    def of(self, access: Access, patient: str) -> Json:
        """The Patient as they stand, by a read that leaves a receipt; NotFound where there is none."""
        body: Json = orjson.loads(self.store.read(access, "Patient", patient).body or b"{}")
        return body

    def _different(self, access: Access) -> set[Pair]:
        """Pairs of whom the last word is that they are two."""
        last: dict[Pair, Decided] = {}
        for each in self.history(access):
            last.setdefault(each.pair, each)
        return {pair for pair, each in last.items() if each.word != "same"}

    def _both(self, access: Access, one: str, other: str) -> dict[str, Json]:
        if one == other:
            raise Invalid("persons-one-patient")
        return {name: self.of(access, name) for name in (one, other)}

    def _unlinked(self, access: Access, patient: Json, other: str) -> Json:
        """A Patient without the link, and in use as before it came."""
        left = [each for each in patient.get("link", ()) if not _is_to(each, other)]
        found = {name: value for name, value in patient.items() if name != "link"}
        if left:
            found["link"] = left
        if not _links(patient, other):
            return found
        versions = self.store.history(access, "Patient", patient["id"])
        bodies = (orjson.loads(each.body) for each in versions if each.body)
        before = next((body for body in bodies if not _links(body, other)), None)
        if before is not None and not any(each.get("type") == "replaced-by" for each in left):
            found.pop("active", None)
            found |= {"active": before["active"]} if "active" in before else {}
        return found

    def _write(self, access: Access, bodies: dict[str, Json], decided: Decided) -> None:
        changes = [
            Put(body, expect="present", if_match=int(body["meta"]["versionId"])) for body in bodies.values()
        ]
        changes += [Put(_provenance(name, access, decided), expect="new") for name in bodies]
        changes.append(Put(_decision(decided, access)))
        self.store.write(access, changes)


def _said(reason: str) -> str:
    text = " ".join(reason.split())
    if not LEAST_REASON <= len(text) <= LONGEST_REASON:
        raise Invalid("persons-reason", least=LEAST_REASON, most=LONGEST_REASON)
    return text


def _is_to(link: Json, other: str) -> bool:
    return link.get("type") in LINKS and reference(link.get("other")) == f"Patient/{other}"


def _links(patient: Json, other: str) -> bool:
    return any(_is_to(each, other) for each in patient.get("link", ()))


def _linked(patient: Json, other: str, kind: str) -> Json:
    link = {"other": {"reference": f"Patient/{other}"}, "type": kind}
    return {**patient, "link": [*patient.get("link", ()), link]}


def _provenance(patient: str, access: Access, decided: Decided) -> Json:
    """Why one of the two was changed; it names that one alone."""
    return {
        "resourceType": "Provenance",
        "target": [{"reference": f"Patient/{patient}"}],
        "recorded": _now(),
        "reason": [{"text": decided.reason}],
        "activity": {"coding": [{"system": LIFECYCLE, "code": ACTIVITY[decided.word]}]},
        "agent": [
            {
                "who": {
                    "identifier": {"system": "urn:camphora:account", "value": access.reader.id},
                    "display": access.reader.name,
                }
            }
        ],
    }


def _decision(decided: Decided, access: Access) -> Json:
    told = {"at": _now(), "by": access.reader.name, "reason": decided.reason, "kept": decided.kept}
    return {
        "resourceType": "Basic",
        "id": _id_of(decided.pair),
        "extension": [
            {
                "url": DECISION,
                "extension": [{"url": key, "valueString": value} for key, value in told.items() if value],
            }
        ],
        "identifier": [{"system": PERSON, "value": name} for name in decided.pair],
        "code": {"coding": [{"system": DECISION, "code": decided.word}]},
    }


def _id_of(pair: Sequence[str]) -> str:
    named = "\n".join(pair)
    return f"persons-{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def _is_decision(basic: Json) -> bool:
    """Whether a registrar wrote it: whoever treats somebody may write a Basic too, but of a patient and under an id of
    the server's."""
    names = [each.get("value", "") for each in basic.get("identifier", ())]
    return "subject" not in basic and basic.get("id") == _id_of(names)


def _read(basic: Json, at: int) -> Decided:
    told = {each["url"]: each["valueString"] for each in basic["extension"][0]["extension"]}
    names: Sequence[str] = [each["value"] for each in basic["identifier"]]
    word: Word = basic["code"]["coding"][0]["code"]
    return Decided((names[0], names[1]), word, at, told["by"], told["reason"], told.get("kept", ""))


def _now() -> str:
    return instant(int(time.time() * 1000))
