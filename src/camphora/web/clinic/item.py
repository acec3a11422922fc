"""`/records/TYPE/ID`: any record in four readings: readable, timeline, table, raw JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import NotFound
from camphora.fhir import definitions
from camphora.fhir.search import MOST_ALTERNATIVES
from camphora.pages import Action, Block, Column, Link, Moment, Table, Timeline
from camphora.policy import Access, Purpose
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.labels import Found
from camphora.records import Version
from camphora.web.contexts import RecordItem
from camphora.web.reading import Chart, Json, Reading, course, elements, is_synthetic
from camphora.web.reading.chart import name_of, names
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import moment_of, references_of
from camphora.web.reading.titles import date_of, kind, place, title

View = Literal["readable", "timeline", "table", "json"]
VIEWS: tuple[View, ...] = ("readable", "timeline", "table", "json")
SIMILAR = {
    "Observation": "code", "Condition": "code", "Procedure": "code", "DiagnosticReport": "code",
    "MedicationRequest": "code", "MedicationDispense": "code", "Immunization": "vaccine-code",
    "AllergyIntolerance": "code",
}  # fmt: skip
"""The search parameter by which other records of the same thing are found."""
CODED = {
    "Immunization": "vaccineCode", "MedicationRequest": "medicationCodeableConcept",
    "MedicationDispense": "medicationCodeableConcept",
}  # fmt: skip
"""The element that holds it, where it is not `code`."""
INSIDE = ("Condition", "Observation", "MedicationRequest", "Procedure")
"""What is listed under a visit."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A record that was read: the resource, its bytes' owner, and what stays on every address."""

    resource: Json
    version: Version
    access: Access
    person: str
    suffix: str
    view: View

    @property
    def type(self) -> str:
        return self.version.type

    @property
    def address(self) -> str:
        return f"/records/{self.type}/{quote(self.version.id)}"


class ItemPages(Desk):
    """Opens one record with the reader's own Access."""

    def page(self, request: Request) -> Response:
        opened = self._opened(request)
        reading = self.reading(request)
        found = names(self.store, opened.access, references_of(opened.resource))
        reading = reading.named(found)
        chart = self.chart(opened.access, opened.person)
        patient = chart.patient() if opened.person and opened.type != "Patient" else opened.resource
        reading = reading.named({f"Patient/{opened.person}": name_of(patient)} if opened.person else {})
        closed = bool(opened.person) and self.store.has_closed_part(opened.access, opened.person)
        context = RecordItem(
            title=title(reading, opened.resource),
            kind=kind(reading, opened.type),
            tabs=_tabs(reading, opened),
            current=VIEWS.index(opened.view),
            blocks=self._blocks(reading, opened, chart),
            json=_pretty(opened.resource) if opened.view == "json" else "",
            crumbs=_crumbs(reading, opened, patient),
            as_of=reading.moment(moment_of(opened.version.updated)),
            source=place(reading, opened.resource),
            why=self.why(request, opened.access.purpose, opened.person or None),
            closed=reading.words("clinic.closed") if closed else "",
            actions=_choices(reading, opened),
        )
        return self.site.page(request, context, synthetic=is_synthetic([opened.resource]))

    def _opened(self, request: Request) -> Opened:
        record_type, key = request.path_params["type"], request.path_params["id"]
        if record_type not in definitions.resource_types():
            raise NotFound("web-no-page")
        whose = request.query_params.get("for") or None
        purpose = self.purpose(request)
        if purpose is Purpose.SELF:
            access = self.site.access(request, purpose, whose)
            version = self.store.read(access, record_type, key)
        else:
            access, version = self._read_for_care(request, record_type, key)
        resource: Json = orjson.loads(version.body or b"{}")
        asked = request.query_params.get("as", "readable")
        view: View = next((known for known in VIEWS if known == asked), "readable")
        suffix = f"?{urlencode({'for': whose})}" if whose and purpose is Purpose.SELF else ""
        return Opened(resource, version, access, _person(resource), suffix, view)

    def _read_for_care(self, request: Request, record_type: str, key: str) -> tuple[Access, Version]:
        """Read under the emergency that the reader has declared for the record's person, otherwise as usual."""
        usual = self.site.access(request, Purpose.CARE)
        for declared in self.site.installation.gate.emergencies.open_of(usual.reader.id):
            access = self.site.access(request, Purpose.CARE, declared.person)
            try:
                return access, self.store.read(access, record_type, key)
            except NotFound:
                continue
        return usual, self.store.read(usual, record_type, key)

    def _blocks(self, reading: Reading, opened: Opened, chart: Chart) -> list[Block]:
        match opened.view:
            case "readable":
                return self._readable(reading, opened, chart)
            case "timeline":
                return self._timeline(reading, opened, chart)
            case "table":
                labels = self._labels(reading, opened, named=True)
                return [*([labels] if labels.rows else []), elements.flat(reading, opened.resource)]
        return []

    def _readable(self, reading: Reading, opened: Opened, chart: Chart) -> list[Block]:
        blocks: list[Block] = [elements.readable(reading, opened.resource)]
        if opened.type == "Observation":
            blocks = [
                course.figure(reading, opened.resource),
                *course.chart(reading, _similar(chart, opened)),
                *blocks,
            ]
        if opened.type == "Encounter":
            blocks += [_inside(reading, chart, opened, name) for name in INSIDE]
        if opened.type == "DiagnosticReport":
            blocks.append(_reported(reading, chart, opened))
        blocks.append(self._labels(reading, opened))
        return [block for block in blocks if not isinstance(block, Table) or block.rows]

    def _labels(self, reading: Reading, opened: Opened, *, named: bool = False) -> Table:
        """The sensitivity labels: those that the record says itself, then those by rule. `named`: with the rule's name,
        which tells the code."""
        by_rule = self.store.rules_of(opened.access, opened.type, opened.version.id)
        return _labels(reading, opened, [one if named else one._replace(rule="") for one in by_rule])

    def _timeline(self, reading: Reading, opened: Opened, chart: Chart) -> list[Block]:
        """Other records of the same thing, then this one's versions."""
        similar = _similar(chart, opened) if opened.type in SIMILAR and opened.person else []
        rows = sorted(similar, key=date_of, reverse=True)
        moments = [_moment(reading, row, opened) for row in rows]
        told = Timeline("similar", reading.words("item.similar"), moments, reading.words("item.no_similar"))
        history = self.store.history(opened.access, opened.type, opened.version.id)
        versions = elements.versions(reading, _changes(reading, history))
        return [*course.chart(reading, similar), *([told] if opened.type in SIMILAR else []), versions]


def _choices(reading: Reading, opened: Opened) -> list[Action]:
    """What the person herself may choose about this one record."""
    if opened.access.ground != "own-record" or opened.type in {"Patient", "Consent"} or not opened.person:
        return []
    record = urlencode({"record": f"{opened.type}/{opened.version.id}"})
    return [Action(reading.words("choice.record.do"), f"/me/choices/close?{record}")]


def _person(resource: Json) -> str:
    """The Patient id that a record is about; empty where it is about nobody."""
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    if resource["resourceType"] in SHARED_TYPES:
        return ""
    for name in ("subject", "patient", "beneficiary", "for", "individual"):
        reference = resource.get(name)
        if isinstance(reference, dict) and str(reference.get("reference", "")).startswith("Patient/"):
            return str(reference["reference"]).removeprefix("Patient/")
    return ""


def _tabs(reading: Reading, opened: Opened) -> list[Link]:
    mark = "&" if opened.suffix else "?"
    return [
        Link(reading.words(f"item.view.{view}"), f"{opened.address}{opened.suffix}{mark}as={view}")
        for view in VIEWS
    ]


def _crumbs(reading: Reading, opened: Opened, patient: Json) -> list[Link]:
    words = reading.words
    if opened.access.purpose is Purpose.SELF:
        own = opened.access.ground == "own-record"
        href = "/me" if own else f"/family/{quote(opened.person)}"
        return [Link(words("citizen.record") if own else words("citizen.relative"), href)]
    crumbs = [Link(words("clinic.patients"), "/patients")]
    if opened.person:
        crumbs.append(Link(name_of(patient), f"/patients/{quote(opened.person)}"))
    return crumbs


def _pretty(resource: Json) -> str:
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2).decode()


def _similar(chart: Chart, opened: Opened) -> list[Json]:
    """Records of the same thing about the same person, this one among them."""
    resource, name = opened.resource, SIMILAR[opened.type]
    codings = resource.get(CODED.get(opened.type, "code"), {}).get("coding", ())
    first = next((coding for coding in codings if coding.get("code") and coding.get("system")), None)
    if first is None or not chart.person:
        return [resource]
    value = "|".join(re.sub(r"([\\,|$])", r"\\\1", str(first[key])) for key in ("system", "code"))
    return chart.ask(opened.type, (name, value), count=300).rows


def _inside(reading: Reading, chart: Chart, opened: Opened, record_type: str) -> Table:
    rows = chart.ask(record_type, ("encounter", f"Encounter/{opened.version.id}"), count=100).rows
    return _listed(reading, record_type.lower(), kind(reading, record_type), rows, opened.suffix)


def _reported(reading: Reading, chart: Chart, opened: Opened) -> Table:
    named = (ref.partition("/") for ref in references_of(opened.resource.get("result", ())))
    wanted = [key for type_, _, key in named if type_ == "Observation" and key][:MOST_ALTERNATIVES]
    rows = chart.ask("Observation", ("_id", ",".join(wanted)), count=100).rows if wanted else []
    return _listed(reading, "observation", kind(reading, "Observation"), rows, opened.suffix)


def _listed(reading: Reading, name: str, heading: str, rows: list[Json], suffix: str) -> Table:
    """Records in short: what, its value or dose, how it compares with what is usual."""
    words = reading.words
    columns = [
        Column("title", words("item.name")),
        Column("value", words("item.value")),
        Column("flag", words("item.flag")),
    ]
    lines = [
        {
            "title": title(reading, row),
            "href": f"/records/{row['resourceType']}/{row['id']}{suffix}",
            "value": reading.value(row) or reading.dosage(row.get("dosageInstruction", ())),
            "flag": reading.flag(row) or None,
            "tone": "notice",
        }
        for row in rows
    ]
    shown = [column for column in columns if any(line.get(column.key) for line in lines)]
    return Table(name, heading, shown, lines, link={"title": "href"}, chip={"flag": "tone"}, absent="")


def _labels(reading: Reading, opened: Opened, by_rule: Sequence[Found]) -> Table:
    words = reading.words
    security = opened.resource.get("meta", {}).get("security", ())
    rows = [(str(one["code"]), words("item.label_written")) for one in security if "code" in one]
    rows += [(one.label, words("item.label_rule", rule=one.rule).strip()) for one in by_rule]
    lines = [{"label": _label(reading, label), "because": because} for label, because in dict.fromkeys(rows)]
    columns = [Column("label", words("item.label")), Column("because", words("item.label_because"))]
    return Table("labels", words("item.labels"), columns, lines, note=words("item.labels_note"))


def _label(reading: Reading, label: str) -> str:
    """A label in words, where it has any; else its code. Without a code it is the mark of a notifiable disease."""
    if not label:
        return reading.words("item.notifiable")
    return reading.words(f"label.{label}") if f"label.{label}" in reading.words else label


def _moment(reading: Reading, row: Json, opened: Opened) -> Moment:
    here = row["id"] == opened.version.id
    text = reading.value(row) or reading.dosage(row.get("dosageInstruction", ()))
    return Moment(
        when=reading.when(date_of(row)) if date_of(row) else "",
        title=title(reading, row),
        place=reading.words("item.here") if here else place(reading, row),
        text=reading.words("reading.noted", text=text, note=reading.flag(row)) if reading.flag(row) else text,
        href="" if here else f"/records/{row['resourceType']}/{row['id']}{opened.suffix}",
        tone="notice" if reading.flag(row) else "plain",
    )


def _changes(reading: Reading, history: list[Version]) -> list[tuple[int, str, bool, str]]:
    """(number, moment, deleted, what changed) of each version, newest first."""
    bodies: list[Json | None] = [
        orjson.loads(each.body) if each.body is not None else None for each in history
    ]
    told = []
    for number, (each, body) in enumerate(zip(history, bodies, strict=True)):
        before = bodies[number + 1] if number + 1 < len(bodies) else None
        changed = elements.changed_between(reading, before, body) if before and body else ""
        told.append((each.version, moment_of(each.updated), each.deleted, changed))
    return told
