"""`/me/download`: everything that is kept about the person, as one FHIR Bundle or as a list to read."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.fhir import definitions
from camphora.fhir.search import Query
from camphora.pages import Badge, Cell, Column, Table
from camphora.policy.admission import SHARED_TYPES
from camphora.records import Version
from camphora.web import downloads
from camphora.web.citizen.looked import attachment
from camphora.web.contexts import Download, Format
from camphora.web.reading import Chart, Json, Reading, is_synthetic
from camphora.web.reading.chart import parsed
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import moment_of, references_of, today
from camphora.web.reading.titles import date_of, kind, place, title

PAGE = 1000


def everything(chart: Chart) -> Iterator[Version]:
    """All records about the person, the Patient first, through as many pages as there are."""
    personal = definitions.resource_types() - SHARED_TYPES
    for record_type in sorted(personal, key=lambda name: (name != "Patient", name)):
        if not chart.access.covers(record_type):
            continue
        following: str | None = ""
        while following is not None:
            page = chart.store.search(chart.access, Query(record_type, count=PAGE, page=following or None))
            yield from page.rows
            following = page.next


class Downloads(Desk):
    """The page that offers everything, and the files."""

    def page(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        words = reading.words
        rows = list(everything(chart))
        context = Download(
            formats=[
                Format(words("take_away.bundle"), words("take_away.bundle_text"), "/me/download/record.json"),
                Format(words("take_away.list"), words("take_away.list_text"), "/me/download/record.csv"),
            ],
            counts=_counts(reading, rows),
            synthetic=is_synthetic(parsed(rows[:1])),
        )
        return self.site.page(request, context, synthetic=context.synthetic)

    def bundle(self, request: Request) -> Response:
        """A Bundle of type collection; each resource's bytes as they are kept."""
        rows = list(everything(self.own(request)))
        return attachment(bundle(rows, str(request.base_url)), "application/fhir+json", _name(rows, "json"))

    def rows(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        found = list(everything(chart))
        resources = parsed(found)
        reading = reading.named(chart.names({ref for row in resources for ref in references_of(row)}))
        table = listed(reading, resources)
        badge: Badge | None = "synthetic" if is_synthetic(resources) else None
        origin = downloads.Origin(title=table.title, badge=badge, as_of=today().isoformat())
        return attachment(
            downloads.encode("csv", table, origin, reading.lang), downloads.MEDIA["csv"], _name(found, "csv")
        )


def bundle(rows: list[Version], base: str) -> bytes:
    """A FHIR Bundle (R4, type collection) around the bytes of each resource."""
    at = moment_of(max((row.updated for row in rows), default=0))
    entries = b",".join(
        b'{"fullUrl":%s,"resource":%s}' % (orjson.dumps(f"{base}fhir/{row.type}/{row.id}"), row.body)
        for row in rows
        if row.body is not None
    )
    tag = b""
    if is_synthetic(parsed(rows[:1])):
        tag = '"meta":{"tag":[{"system":"urn:camphora:data-kind","code":"synthetic","display":"合成資料"}]},'.encode()
    head = b'{"resourceType":"Bundle",%s"type":"collection","timestamp":%s,"entry":[' % (
        tag,
        orjson.dumps(at),
    )
    return head + entries + b"]}"


def listed(reading: Reading, resources: list[Json]) -> Table:
    """Every record in one line: day, kind, title, what it says, where."""
    words = reading.words
    columns = [
        Column("date", words("take_away.date"), "date"),
        Column("kind", words("take_away.kind")),
        Column("title", words("take_away.title")),
        Column("value", words("take_away.value")),
        Column("place", words("take_away.place")),
    ]
    rows = [_line(reading, row) for row in resources]
    return Table(
        "record",
        words("take_away.table"),
        columns,
        sorted(rows, key=lambda row: str(row["date"]), reverse=True),
    )


def _line(reading: Reading, row: Json) -> dict[str, Cell]:
    doses = row.get("dosageInstruction")
    return {
        "date": date_of(row)[:10],
        "kind": kind(reading, row["resourceType"]),
        "title": title(reading, row),
        "value": reading.dosage(doses) if doses else reading.value(row),
        "place": place(reading, row),
    }


def _counts(reading: Reading, rows: list[Version]) -> Table:
    found: dict[str, int] = {}
    for row in rows:
        found[row.type] = found.get(row.type, 0) + 1
    words = reading.words
    columns = [Column("kind", words("take_away.kind")), Column("count", words("take_away.count"), "integer")]
    lines: list[dict[str, Cell]] = [
        {"kind": kind(reading, name), "count": count} for name, count in found.items()
    ]
    return Table("counts", words("take_away.counts"), columns, lines)


def _name(rows: list[Version], form: str) -> str:
    return f"camphora-record{'-synthetic' if is_synthetic(parsed(rows[:1])) else ''}.{form}"
