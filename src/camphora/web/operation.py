"""`/operation`: what is kept, how far the followers are, the state of the log. Totals only, no person."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute

from camphora.pages import Block, Cell, Column, Figure, Figures, Table, View
from camphora.pages.words import Words
from camphora.policy import Access, Purpose
from camphora.web.showing import Shown, view_routes
from camphora.web.site import Site
from camphora.web.uses import moment


def routes(site: Site) -> list[BaseRoute]:
    """`/operation` with its files, for administrators."""
    return view_routes(site, "/operation", Operation(site).shown, "operation", "nothing", nav="")


class Operation:
    def __init__(self, site: Site) -> None:
        self.site = site

    def shown(self, request: Request) -> Shown:
        access = self.site.access(request, Purpose.OPERATION)
        words = self.site.words(request)
        blocks: list[Block] = [self._figures(words), self._records(words), self._tables(access, words)]
        view = View(
            "operation", words("own.operation"), blocks, lead=words("operation.lead"), downloads="records"
        )
        return Shown(view)

    def _figures(self, words: Words) -> Figures:
        installation = self.site.installation
        store, log = installation.store, installation.store.audit
        last, head = store.last_change(), log.head().get("head")
        signed = words("operation.signed", when=moment(head["at"], words)) if head else words("uses.never")
        return Figures(
            [
                Figure(words("operation.count"), f"{sum(store.counts().values()):,}"),
                Figure(words("operation.change"), f"{last:,}"),
                self._follower(last, words),
                Figure(words("uses.size"), f"{len(log):,}", signed),
            ]
        )

    def _follower(self, last: int, words: Words) -> Figure:
        place = self.site.installation.store.place("lake")
        behind = max(0, last - place)
        note = words("operation.behind", n=behind) if behind else words("operation.level")
        return Figure(words("operation.follower"), f"{place:,}", note, "notice" if behind else "good")

    def _records(self, words: Words) -> Table:
        counts = sorted(self.site.installation.store.counts().items(), key=lambda item: (-item[1], item[0]))
        rows: list[dict[str, Cell]] = [{"type": kind, "count": count} for kind, count in counts]
        columns = [
            Column("type", words("operation.type")),
            Column("count", words("operation.count"), "integer"),
        ]
        return Table("records", words("operation.records"), columns, rows)

    def _tables(self, access: Access, words: Words) -> Table:
        installation = self.site.installation
        rows: list[dict[str, Cell]] = [
            {
                "table": table.title[words.lang],
                "rows": batch.rows,
                "as_of": batch.as_of,
                "kept": moment(batch.at, words),
                "digest": batch.digest[:16],
            }
            for table in installation.tables()
            for batch in installation.store.batches(access, table.name)
        ]
        columns = [
            Column("table", words("operation.table")),
            Column("rows", words("operation.rows"), "integer"),
            Column("as_of", words("open.as_of"), "date"),
            Column("kept", words("operation.kept")),
            Column("digest", words("operation.digest")),
        ]
        return Table("batches", words("operation.tables"), columns, rows)
