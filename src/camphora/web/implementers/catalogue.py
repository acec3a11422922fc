"""`/implementers`: the types that are kept, and what each supports. No person is read."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Forbidden
from camphora.fhir import definitions
from camphora.fhir.search import parse_query
from camphora.gate.gate import ANYBODY
from camphora.pages import Action, Cell, Column, Link, Prose, Table
from camphora.pages.words import Words
from camphora.records.registering import DECLARING, declares_nothing
from camphora.web.contexts import ForImplementers, Seeking
from camphora.web.fhir.capability import profiles
from camphora.web.fhir.interactions import is_kept
from camphora.web.fhir.table import INTERACTIONS
from camphora.web.implementers.desk import HOME, Implementing, ways
from camphora.web.implementers.parameters import Told, told
from camphora.web.reading.titles import kind

MOST = "200"


class CataloguePages(Implementing):
    def types(self, request: Request) -> Response:
        """Every type with the number of its parameters and profiles; those of a word where one is asked for."""
        words, reading = self.site.words(request), self.reading(request)
        asked = request.query_params.get("q", "").strip()
        rows: list[dict[str, Cell]] = []
        for name in sorted(filter(is_kept, definitions.resource_types())):
            called = kind(reading, name)
            if asked.lower() not in f"{name} {called}".lower():
                continue
            rows.append(
                {
                    "type": name,
                    "href": f"{HOME}/types/{name}",
                    "called": called if called != name else None,
                    "parameters": len(told(name, self.store.registry)),
                    "profiles": len(profiles().get(name, ())),
                }
            )
        columns = [
            Column("type", words("implementers.type")),
            Column("called", words("implementers.called")),
            Column("parameters", words("implementers.parameters"), "integer"),
            Column("profiles", words("implementers.profiles"), "integer"),
        ]
        title = words("implementers.types", n=len(rows))
        context = ForImplementers(
            title=words("implementers.title"),
            lead=words("implementers.lead"),
            ways=ways(words),
            way=0,
            finder=Seeking(HOME, asked, words("implementers.find"), words("implementers.find_hint")),
            blocks=[
                Table("types", title, columns, rows, link={"type": "href"}, absent="", stacked=True),
                Prose(words("implementers.programs"), [words("implementers.programs_text")]),
            ],
            actions=[
                Action("CapabilityStatement", "/fhir/metadata?_pretty=true"),
                Action("OpenAPI", "/fhir/openapi.json"),
            ],
        )
        return self.site.page(request, context)

    def one(self, request: Request) -> Response:
        """One type: its parameters, what can be done with it, its profiles."""
        words, name = self.site.words(request), self.type_of(request)
        called = kind(self.reading(request), name)
        rows = told(name, self.store.registry)
        context = ForImplementers(
            title=name if called == name else words("implementers.named", type=name, called=called),
            lead=words("implementers.one_lead"),
            ways=ways(words, name),
            crumbs=[Link(words("implementers.title"), HOME)],
            blocks=[
                parameters_table(words, name, rows),
                *self._idle(request, words, name),
                kinds_table(words, rows),
                _interactions(words, name),
                *_profiles(words, name),
            ],
            actions=[Action(words("implementers.try", type=name), f"{HOME}/search/{name}", primary=True)],
        )
        return self.site.page(request, context)

    def _idle(self, request: Request, words: Words, name: str) -> list[Table]:
        """The definitions that the reader may see and that declare nothing for this type, each with the reason."""
        if self.site.reader(request) is ANYBODY:
            return []
        asked = parse_query(DECLARING, [("status", "active"), ("base", name), ("_count", MOST)], strict=True)
        try:
            found = self.store.search(self.site.access(request), asked)
        except Forbidden:
            return []
        lines: list[dict[str, Cell]] = []
        for row in found.rows:
            resource = orjson.loads(row.body or b"{}")
            why = declares_nothing(self.store.registry, resource)
            if why is not None:
                url = str(resource.get("url", ""))
                lines.append({"code": str(why.facts["param"]), "url": url, "why": why.text(words.lang)})
        columns = [Column(key, words(f"implementers.column.{key}")) for key in ("code", "url", "why")]
        title = words("implementers.idle", n=len(lines))
        return [Table("idle", title, columns, lines, stacked=True)] if lines else []


def parameters_table(words: Words, name: str, rows: list[Told]) -> Table:
    """The parameters of a type, each with an example."""
    lines: list[dict[str, Cell]] = [
        {
            "code": each.code,
            "kind": words(f"implementers.kind.{each.kind}"),
            "targets": words("mark.comma").join(each.targets)
            if len(each.targets) < 20
            else words("implementers.any"),
            "looks": each.expression or words(f"implementers.own.{each.code}"),
            "example": f"{name}?{each.written}={each.example}",
        }
        for each in rows
    ]
    columns = [
        Column(key, words(f"implementers.column.{key}"))
        for key in ("code", "kind", "targets", "looks", "example")
    ]
    title = words("implementers.its_parameters", n=len(rows))
    note = words("implementers.examples_note")
    return Table("parameters", title, columns, lines, absent="", note=note, stacked=True)


def kinds_table(words: Words, rows: list[Told]) -> Table:
    """How a value of each kind that occurs is written, and which modifiers it takes."""
    kinds = sorted({each.kind for each in rows if each.how == each.kind})
    lines: list[dict[str, Cell]] = [
        {"kind": words(f"implementers.kind.{each}"), "how": words(f"implementers.how.{each}")}
        for each in kinds
    ]
    columns = [Column(key, words(f"implementers.column.{key}")) for key in ("kind", "how")]
    return Table("kinds", words("implementers.kinds"), columns, lines, stacked=True)


def _interactions(words: Words, name: str) -> Table:
    lines: list[dict[str, Cell]] = [
        {
            "what": each.text[words.lang],
            "method": each.method,
            "address": f"/fhir{each.address.replace('{type}', name)}",
        }
        for each in INTERACTIONS
        if each.level != "system" and (each.types is None or name in each.types)
    ]
    columns = [Column(key, words(f"implementers.column.{key}")) for key in ("what", "method", "address")]
    return Table(
        "interactions", words("implementers.interactions", n=len(lines)), columns, lines, stacked=True
    )


def _profiles(words: Words, name: str) -> list[Table]:
    found = profiles().get(name, ())
    lines: list[dict[str, Cell]] = [{"profile": url.rpartition("/")[2], "url": url} for url in found]
    columns = [Column(key, words(f"implementers.column.{key}")) for key in ("profile", "url")]
    title = words("implementers.its_profiles", n=len(lines))
    return [Table("profiles", title, columns, lines, stacked=True)] if lines else []
