"""`/implementers/search/TYPE`: a search asked in a form and answered as the API answers it, with the reasons for its
speed. The page's own parameters are the search's, so that its address says what to ask of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError, Faults, Forbidden
from camphora.fhir.registry import Registry
from camphora.fhir.search import parse_query
from camphora.pages import Action, Block, Cell, Column, Link, Prose, Table, Tone
from camphora.pages.words import Words
from camphora.policy import Access
from camphora.records.registering import DECLARING
from camphora.web.contexts import Field, ForImplementers, Form
from camphora.web.fhir import interactions
from camphora.web.fhir.forms import given
from camphora.web.fhir.negotiation import Pairs
from camphora.web.implementers.asked import Spread, asked, spread
from camphora.web.implementers.desk import HOME, Asking, ways
from camphora.web.implementers.parameters import Told, told
from camphora.web.implementers.reasons import Account, account
from camphora.web.reading import Reading, is_synthetic
from camphora.web.reading.titles import kind, title

As = Literal["table", "json", "xml"]
FORMS: tuple[As, ...] = ("table", "json", "xml")
FIRST = ("_id", "identifier", "name", "patient", "subject", "code", "date", "status", "category", "birthdate")
"""What stands first in the form, where the type has it; the others follow in a part that opens."""
TONES = {"list": "good", "wide": "notice", "rows": "alert"}
TOTALS = ("accurate", "none")
RESULTS = frozenset({"_sort", "_count", "_total"})
"""What has a field of its own, beside the parameters of the type."""
USUAL_COUNT = "20"


class Found(NamedTuple):
    """What the API answered, and why it was fast or slow."""

    bundle: dict[str, Any]
    body: bytes
    account: Account

    @property
    def resources(self) -> list[dict[str, Any]]:
        return [each["resource"] for each in self.bundle.get("entry", ())]

    @property
    def next(self) -> str:
        links = self.bundle.get("link", ())
        return next((urlsplit(each["url"]).query for each in links if each["relation"] == "next"), "")


class SearchPages(Asking):
    """The form, and the answer once something is asked. Reading leaves the same receipts as through the API."""

    def page(self, request: Request) -> Response:
        name, words = self.type_of(request), self.site.words(request)
        access = self.site.access(request)
        pairs = asked(request.query_params)
        found, error = None, None
        if pairs:
            try:
                found = self._found(request, access, name, _counted(pairs))
            except Forbidden:
                raise
            except CamphoraError as refused:
                error = refused
        form: As = next((each for each in FORMS if each == request.query_params.get("as")), "table")
        called = kind(self.reading(request), name)
        rows = told(name, self.store.registry, self._described(access, name))
        first = [each for code in FIRST for each in rows if each.code == code]
        others = [each for each in rows if each not in first and each.written == each.code]
        held = spread(pairs, {each.code for each in (*first, *others)} | RESULTS)
        context = ForImplementers(
            title=words("implementers.search", type=name),
            lead=words("implementers.search_lead", called=called, type=name),
            ways=ways(words, name),
            way=1,
            crumbs=[Link(words("implementers.title"), HOME), Link(name, f"{HOME}/types/{name}")],
            error=_said(words, error) if error else "",
            form=Form(
                f"{HOME}/search/{name}",
                [*(_field(words, each, held) for each in first), *_results(words, held, form, bool(pairs))],
                words("search.go"),
                post=False,
            ),
            more=[_field(words, each, held) for each in others],
            more_title=words("implementers.more_parameters", n=len(others)),
            opened=any(each.code in held.fields for each in others),
            tabs=_tabs(words, name, pairs) if found else (),
            current=FORMS.index(form),
            blocks=_blocks(words, self.reading(request), _request(name, _counted(pairs)), found, form)
            if found
            else (),
            raw=given(found.body, form, pretty=True).decode() if found and form != "table" else "",
            raw_label=form.upper(),
            last=_reasons(words, found.account) if found else (),
            actions=_following(words, name, found) if found else (),
        )
        synthetic = bool(found) and is_synthetic(found.resources if found else ())
        return self.site.page(request, context, synthetic=synthetic, status=error.status if error else 200)

    def _described(self, access: Access, name: str) -> dict[str, str]:
        """What the definitions say of themselves that were brought for this type and that the reader may see."""
        known = self.store.registry.parameters
        if all(each in Registry.bundled().parameters for each in known):
            return {}
        asked_for = parse_query(
            DECLARING, [("status", "active"), ("base", name), ("_count", "200")], strict=True
        )
        try:
            rows = self.store.search(access, asked_for).rows
        except Forbidden:
            return {}
        found = [orjson.loads(row.body or b"{}") for row in rows]
        return {each.get("url", ""): each.get("description", "") for each in found}

    def _found(self, request: Request, access: Access, name: str, pairs: Pairs) -> Found:
        call = self.call(request, access, pairs)
        body = interactions.search(call, name, pairs).body or b"{}"
        told_of = tuple(pair for pair in pairs if pair[0] != "_page")
        return Found(orjson.loads(body), body, account(interactions.asked(call, name, told_of).query))


def _counted(pairs: Pairs) -> Pairs:
    """What the page asks: the total as well, where the reader says nothing of it."""
    return pairs if "_total" in dict(pairs) else (*pairs, ("_total", "accurate"))


def _said(words: Words, error: CamphoraError) -> str:
    several = error.faults[:5] if isinstance(error, Faults) else [error]
    return " ".join(
        words("emergency.refused", text=each.text(words.lang), remedy=each.remedy(words.lang))
        for each in several
    )


def _field(words: Words, each: Told, held: Spread) -> Field:
    hint = words(
        "implementers.hint",
        kind=words(f"implementers.kind.{each.kind}"),
        how=words(f"implementers.how.{each.how}"),
        looks=each.expression or words(f"implementers.own.{each.code}"),
        example=each.example,
    )
    if each.description:
        hint = words("implementers.described", hint=hint, description=each.description.rstrip(". "))
    return Field(each.code, each.code, "text", held.fields.get(each.code, ""), hint=hint, autocomplete="off")


def _results(words: Words, held: Spread, form: As, asked_for: bool) -> Sequence[Field]:
    """What comes back, and how. A page size is offered where nothing is asked yet, and never put upon what is."""
    count, total = held.fields.get("_count", "" if asked_for else USUAL_COUNT), held.fields.get("_total")
    totals = [(each, words(f"implementers.total.{each}")) for each in TOTALS]
    if total not in {None, *TOTALS}:
        totals.append((str(total), str(total)))
    more_hint = words("implementers.more_hint")
    return [
        Field("more", words("implementers.more"), value=held.more, hint=more_hint, autocomplete="off"),
        Field("_sort", "_sort", value=held.fields.get("_sort", ""), hint=words("implementers.sort_hint")),
        Field("_count", "_count", value=count, hint=words("implementers.count_hint")),
        Field("_total", "_total", "select", total or TOTALS[0], options=totals),
        Field("as", "", "hidden", form),
    ]


def _tabs(words: Words, name: str, pairs: Pairs) -> Sequence[Link]:
    return [
        Link(words(f"implementers.as.{form}"), f"{HOME}/search/{name}?{urlencode([*pairs, ('as', form)])}")
        for form in FORMS
    ]


def _blocks(words: Words, reading: Reading, request: str, found: Found, form: As) -> Sequence[Block]:
    total = found.bundle.get("total")
    said = [
        words("implementers.request", address=request),
        words("implementers.found", n=total) if total is not None else words("implementers.not_counted"),
    ]
    blocks: list[Block] = [Prose(words("implementers.answer"), said)]
    return [*blocks, _table(words, reading, found)] if form == "table" else blocks


def _request(name: str, pairs: Pairs) -> str:
    """What a program would ask."""
    rest = [pair for pair in pairs if pair[0] != "_page"]
    return f"GET /fhir/{name}?{urlencode(rest, safe='|,:/$')}"


def _table(words: Words, reading: Reading, found: Found) -> Table:
    rows: list[dict[str, Cell]] = [
        _row(words, reading, entry["resource"], entry.get("search", {}).get("mode", "match"))
        for entry in found.bundle.get("entry", ())
    ]
    columns = [
        Column(key, words(f"implementers.row.{key}")) for key in ("id", "title", "version", "updated", "mode")
    ]
    title_ = words("implementers.shown", n=len(rows))
    return Table(
        "found",
        title_,
        columns,
        rows,
        link={"id": "href"},
        note=words("implementers.history_note"),
        stacked=True,
    )


def _row(words: Words, reading: Reading, resource: dict[str, Any], mode: str) -> dict[str, Cell]:
    kind_, id_, meta = resource["resourceType"], resource.get("id", ""), resource.get("meta", {})
    return {
        "id": f"{kind_}/{id_}" if id_ else kind_,
        "href": f"{HOME}/history/{kind_}/{id_}" if id_ else None,
        "title": title(reading, resource),
        "version": str(meta.get("versionId", "")) or None,
        "updated": reading.moment(meta["lastUpdated"]) if "lastUpdated" in meta else None,
        "mode": words(f"implementers.mode.{mode}"),
    }


def _reasons(words: Words, told_of: Account) -> Sequence[Block]:
    said = [_driven(words, told_of), words(f"implementers.order.{told_of.order}")]
    if told_of.counted:
        said.append(words("implementers.why.counted"))
    if told_of.beside:
        said.append(words("implementers.why.beside"))
    rows: list[dict[str, Cell]] = [
        {
            "param": step.param,
            "way": words(f"implementers.step.{step.way}"),
            "cost": words(f"implementers.cost.{step.cost}"),
            "tone": TONES[step.cost],
        }
        for step in told_of.steps
    ]
    columns = [Column(key, words(f"implementers.plan.{key}")) for key in ("param", "way", "cost")]
    table = Table(
        "plan", words("implementers.plan.title"), columns, rows, chip={"cost": "tone"},
        note=words("implementers.plan.note"), stacked=True,
    )  # fmt: skip
    tone: Tone = "notice" if told_of.slow else "plain"
    return [Prose(words("implementers.why.title"), said, tone), *([table] if rows else [])]


def _driven(words: Words, told_of: Account) -> str:
    if not told_of.steps:
        return words("implementers.why.all")
    if told_of.slow:
        return words("implementers.why.slow")
    if len(told_of.drivers) == 1:
        return words("implementers.why.one", param=told_of.drivers[0])
    return words("implementers.why.rarest", params=words("mark.comma").join(told_of.drivers))


def _following(words: Words, name: str, found: Found) -> Sequence[Action]:
    return [Action(words("implementers.next"), f"{HOME}/search/{name}?{found.next}")] if found.next else []
