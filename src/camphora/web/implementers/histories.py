"""`/implementers/history/TYPE/ID`: the versions of a record that the reader may see, and what each changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import NotFound
from camphora.pages import Block, Cell, Column, Link, Prose, Table
from camphora.pages.words import Words
from camphora.records import Version
from camphora.web.contexts import ForImplementers
from camphora.web.fhir.interactions import require_record
from camphora.web.implementers.desk import HOME, Implementing, ways
from camphora.web.implementers.differences import between, parsed
from camphora.web.reading import Reading, elements, is_synthetic
from camphora.web.reading.plain import local, moment_of

View = Literal["changes", "readable", "raw"]
VIEWS: tuple[View, ...] = ("changes", "readable", "raw")
TONES = {"added": "good", "removed": "alert", "changed": "notice"}


class HistoryPages(Implementing):
    def page(self, request: Request) -> Response:
        name, key = self.type_of(request), str(request.path_params["id"])
        require_record(name, key)
        words, reading = self.site.words(request), self.reading(request)
        versions = self.store.history(self.site.access(request), name, key)
        place = _chosen(versions, request.query_params.get("version"), name)
        one, before = versions[place], versions[place + 1] if place + 1 < len(versions) else None
        view: View = next((each for each in VIEWS if each == request.query_params.get("as")), "changes")
        address = f"{HOME}/history/{name}/{quote(key)}"
        context = ForImplementers(
            title=words("implementers.history", record=f"{name}/{key}"),
            lead=words("implementers.version_of", version=str(one.version), n=len(versions)),
            ways=ways(words, name),
            crumbs=[Link(words("implementers.title"), HOME), Link(name, f"{HOME}/search/{name}")],
            before=[_versions(words, reading, versions, place, (address, view))],
            tabs=[
                Link(words(f"implementers.view.{each}"), f"{address}?version={one.version}&as={each}")
                for each in VIEWS
            ],
            current=VIEWS.index(view),
            blocks=_blocks(words, reading, one, before, view),
            raw=msgspec.json.format(one.body, indent=2).decode() if view == "raw" and one.body else "",
            raw_label="JSON",
        )
        bodies = [orjson.loads(each.body) for each in versions if each.body]
        return self.site.page(request, context, synthetic=is_synthetic(bodies))


def _chosen(versions: Sequence[Version], asked: str | None, name: str) -> int:
    """The place of the version that is asked for; the newest where none is."""
    if asked is None:
        return 0
    found = next((place for place, each in enumerate(versions) if str(each.version) == asked), None)
    if found is None:
        raise NotFound("records-not-found", type=name)
    return found


def _versions(
    words: Words, reading: Reading, versions: Sequence[Version], place: int, to: tuple[str, View]
) -> Table:
    """The versions, each leading to itself in the view that is open; the one that is shown is marked."""
    address, view = to
    rows: list[dict[str, Cell]] = [
        {
            "version": words("implementers.version_named", version=str(each.version)),
            "href": f"{address}?version={each.version}&as={view}",
            "when": reading.moment(local(moment_of(each.updated))),
            "what": words("implementers.deleted" if each.deleted else "implementers.kept"),
            "shown": words("implementers.shown_below") if at == place else None,
        }
        for at, each in enumerate(versions)
    ]
    columns = [Column(key, words(f"implementers.past.{key}")) for key in ("version", "when", "what", "shown")]
    return Table(
        "versions",
        words("implementers.versions"),
        columns,
        rows,
        link={"version": "href"},
        absent="",
        stacked=True,
    )


def _blocks(
    words: Words, reading: Reading, one: Version, before: Version | None, view: View
) -> Sequence[Block]:
    if one.body is None:
        return [Prose("", [words("implementers.deleted_text")], "notice")]
    if view == "readable":
        return [elements.readable(reading, orjson.loads(one.body))]
    return [_changes(words, one.body, before)] if view == "changes" else []


def _changes(words: Words, body: bytes, before: Version | None) -> Block:
    if before is None or before.body is None:
        return Prose(words("implementers.differences"), [words("implementers.first_version")])
    found = between(parsed(before.body), parsed(body))
    rows: list[dict[str, Cell]] = [
        {
            "path": each.path,
            "word": words(f"implementers.word.{each.word}"),
            "tone": TONES[each.word],
            "before": each.before or None,
            "after": each.after or None,
        }
        for each in found
        if not each.path.startswith(("meta.versionId", "meta.lastUpdated"))
    ]
    columns = [Column(key, words(f"implementers.past.{key}")) for key in ("path", "word", "before", "after")]
    title = words("implementers.against", version=str(before.version))
    return Table("differences", title, columns, rows, chip={"word": "tone"}, absent="", stacked=True)
