"""`/vectors`: the decision vectors as tables, with their format, so that others can hold a decision to them.

They are data about nobody: invented persons and records, and what the rules say of them.
"""

from __future__ import annotations

from dataclasses import asdict

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.errors import NotFound
from camphora.pages import Action, Block, Cell, Column, Figure, Figures, Link, Prose, Table, View
from camphora.pages.words import Words
from camphora.policy import vectors
from camphora.policy.vectors.telling import told
from camphora.web.about import paragraphs
from camphora.web.showing import Kept, Shown, view_routes
from camphora.web.site import Site, get

HOME = "/vectors"
ROWS = ("id", "title", "expected", "reasons", "asked", "whom", "record", "policy", "source")
HEADS = {"title": "about"}
LICENCES = {"ihe_pcf": "CC-BY-4.0, IHE International"}
LICENCE = "CC0-1.0"


def routes(site: Site) -> list[BaseRoute]:
    """`/vectors`, a page for each dimension, all as one JSON file, and the schema."""
    pages = Vectors(site)
    return [
        get(f"{HOME}/all.json", all_of_them, "vectors.all", "nothing", "download"),
        get(f"{HOME}/schema.json", schema, "vectors.schema", "nothing", "download"),
        get(f"{HOME}/rules.json", rules, "vectors.rules", "nothing", "download"),
        get(f"{HOME}/rules.schema.json", rules_schema, "vectors.rules-schema", "nothing", "download"),
        *view_routes(site, f"{HOME}/{{dimension}}", pages.dimension, "vectors.dimension", "nothing", nav=""),
        *view_routes(site, HOME, pages.index, "vectors", "nothing", nav=""),
    ]


class Vectors:
    def __init__(self, site: Site) -> None:
        self.site = site
        self._rows: Kept[list[dict[str, Cell]]] = Kept(2 * len(vectors.ORDER))

    def index(self, request: Request) -> Shown:
        """The dimensions, how many vectors each has, the format and the files."""
        words = self.site.words(request)
        rows: list[dict[str, Cell]] = []
        for dimension in vectors.dimensions():
            outcomes = [vector["expected"]["outcome"] for vector in dimension["vectors"]]
            rows.append(
                {
                    "dimension": dimension["title"][words.lang],
                    "count": len(outcomes),
                    "permit": outcomes.count("permit"),
                    "deny": outcomes.count("deny"),
                    "name": dimension["dimension"],
                    "address": f"{HOME}/{dimension['dimension']}",
                }
            )
        columns = [
            Column("dimension", words("vectors.dimension")),
            *(Column(key, words(f"vectors.{key}"), "integer") for key in ("count", "permit", "deny")),
            Column("name", words("vectors.name")),
        ]
        blocks: list[Block] = [
            Figures(self._figures(words)),
            Table("vectors", words("vectors.dimensions"), columns, rows, {"dimension": "address"}),
            *(
                Prose(words(f"vectors.{part}_title"), paragraphs(words, f"vectors.{part}"))
                for part in ("format", "use", "origin")
            ),
        ]
        actions = [
            Action(words("vectors.all"), f"{HOME}/all.json", primary=True),
            Action(words("vectors.schema"), f"{HOME}/schema.json"),
            Action(words("vectors.rules"), f"{HOME}/rules.json"),
            Action(words("vectors.rules_schema"), f"{HOME}/rules.schema.json"),
        ]
        view = View(
            "vectors",
            words("vectors.title"),
            blocks,
            lead=words("vectors.lead"),
            actions=actions,
            downloads="vectors",
        )
        return Shown(view, licence=LICENCE)

    def _figures(self, words: Words) -> list[Figure]:
        counts = (len(vectors.vectors()), len(vectors.ORDER))
        return [
            Figure(words(f"vectors.{key}"), f"{count:,}")
            for key, count in zip(("count", "dimensions"), counts, strict=True)
        ]

    def dimension(self, request: Request) -> Shown:
        """The vectors of one dimension; NotFound where there is none of that name."""
        name = request.path_params["dimension"]
        if name not in vectors.ORDER:
            raise NotFound("web-no-page")
        words = self.site.words(request)
        dimension = vectors.dimensions()[vectors.ORDER.index(name)]
        rows = self._rows.get(
            (name, words.lang), lambda: [asdict(told(vector, words.lang)) for vector in dimension["vectors"]]
        )
        shown = [key for key in ROWS if any(row[key] for row in rows)]
        table = Table(
            name,
            words("vectors.rows"),
            [Column(key, words(f"vectors.{HEADS.get(key, key)}")) for key in shown],
            rows,
        )
        view = View(
            name,
            dimension["title"][words.lang],
            [Prose(words("vectors.reading_title"), paragraphs(words, "vectors.reading")), table],
            lead=words("vectors.dimension_lead"),
            crumbs=[Link(words("vectors.title"), HOME)],
            downloads=name,
        )
        return Shown(view, licence=LICENCES.get(name, LICENCE), name=f"vectors-{name}")


def all_of_them(_: Request) -> Response:
    """Every vector in one JSON file, dimension by dimension."""
    return _json({"dimensions": vectors.dimensions()}, "decision-vectors.json")


def schema(_: Request) -> Response:
    """The JSON Schema of all vectors in one file, and of a dimension's file."""
    return _json(vectors.schema(), "decision-vectors.schema.json")


def rules(_: Request) -> Response:
    """What an evaluator needs beside the vectors: roles, purposes with what stands above them, parameters, bases."""
    return _json(vectors.rules(), "decision-rules.json")


def rules_schema(_: Request) -> Response:
    """The JSON Schema of `rules`."""
    return _json(vectors.rules_schema(), "decision-rules.schema.json")


def _json(value: object, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    return Response(body, media_type="application/json", headers={"content-disposition": disposition})
