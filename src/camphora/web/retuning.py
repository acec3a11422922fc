"""`/watches/NAME/retune`: a threshold is changed by a recorded decision, by who answers for all places of the watch.

First what it would have changed in the weeks that have passed; only then is it confirmed. The decision counts from a
week that nobody has seen, so that every older signal is made again as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.catalogue import System
from camphora.errors import CamphoraError, Faults, Forbidden, Invalid, NotFound
from camphora.pages import Block, Cell, Column, Figure, Figures, Link, Prose, Table, dates
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words
from camphora.policy import Access, Purpose, Reader, Role
from camphora.policy import work as places
from camphora.policy.choices import TAIPEI
from camphora.web.contexts import Duty, Field, Form
from camphora.web.site import Site, get, post, see_other
from camphora.web.work import WorkPages
from camphora.web.work_forms import Naming

if TYPE_CHECKING:
    from camphora.engines.watch import Watch, Watched
    from camphora.engines.watch.retuning import Retuning
    from camphora.engines.watch.sweep import Sweep

WEEKS = 52
"""So many of the last weeks are made again to show what a decision would have changed."""
LISTED, OPEN = 60, 12
"""So many signals are listed, and so many stand open."""
LONGEST = 500
ALPHA = "alpha"


def routes(site: Site) -> list[BaseRoute]:
    """The form with what it would have changed, and the decision."""
    pages = RetunePages(site)
    return [
        get("/watches/{watch}/retune", pages.page, "watch.retune", "tables"),
        post("/watches/{watch}/retune", pages.decide, "watch.retune.post", site),
    ]


def address(watch: str) -> str:
    """The page of a watch."""
    return f"/watches/{quote(watch)}/retune"


def may_retune(reader: Reader, watched: Watched) -> bool:
    """Whether an account answers for every place of a watch: a threshold holds for all of them."""
    areas = {area for area, _ in watched.series.keys if area} or {places.NATION}
    return reader.role is Role.OFFICER and all(places.reaches(reader.scope, area) for area in areas)


class _Here(NamedTuple):
    """One watch, of which system, and who asks."""

    system: System
    name: str
    watched: Watched
    access: Access

    @property
    def watch(self) -> Watch:
        return self.watched.watch

    @property
    def now(self) -> Watch:
        """By the settings that are in force in the next week."""
        return self.watch.as_in(self.following)

    @property
    def following(self) -> str:
        """The first week that nobody has seen."""
        return str(self.watched.series.labels(1)[-1])

    def value(self, setting: str) -> float | None:
        """What a setting is now; None where the method's own default is."""
        from camphora.engines.watch.retuning import OF_BUDGET

        if setting in OF_BUDGET:
            return float(getattr(self.now.budget, setting))
        method, _, parameter = setting.rpartition(".")
        found = (each.parameters.get(parameter) for each in self.now.methods if each.name == method)
        value = next(found, None)
        return None if value is None else float(value)


class RetunePages(WorkPages):
    """The form, what a decision would have changed, and its record."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._tried: dict[object, Sweep] = {}

    def page(self, request: Request) -> Response:
        """The form; where it names a value, also what that would have changed."""
        here = self._here(request)
        return self._filled(request, here, dict(request.query_params))

    def decide(self, request: Request, form: FormData) -> Response:
        """Record the decision; where it is refused, the form with the reason and what was written."""
        from camphora.installation.retuning import kept

        here, given = self._here(request), {name: str(value) for name, value in form.multi_items()}
        try:
            made = self._decision(here, given, needs_reason=True)
            report = kept(self.site.installation, made)
            if report.faults:
                raise Faults(report.faults)
        except CamphoraError as error:
            return self._filled(request, here, given, error)
        self.site.installation.lake.catch_up()
        return see_other(f"{address(here.name)}?done=decided")

    def _here(self, request: Request) -> _Here:
        access, name = self._access(request), str(request.path_params["watch"])
        for system, each, _ in self._watches():
            if each == name and system.public:
                found = self.site.watching.of(self.site.installation, system, self.site.open_access(), [name])
                if name in found:
                    watched = cast("Watched", found[name])
                    if not may_retune(access.reader, watched):
                        raise Forbidden("watch-retune-area")
                    return _Here(system, name, watched, access)
        raise NotFound("web-no-page")

    def _decision(self, here: _Here, given: Mapping[str, str], *, needs_reason: bool) -> Retuning:
        """What the form says. Invalid for a setting, a value, a week or a reason that cannot be."""
        from camphora.engines.watch.retuning import Retuning, require_ahead, require_known

        reader, why = here.access.reader, given.get("why", "").strip()
        try:
            value = float(given.get("value", ""))
        except ValueError:
            raise Invalid("watch-retune-value") from None
        week, setting = given.get("week") or here.following, given.get("setting", "")
        if needs_reason and not 0 < len(why) <= LONGEST:
            raise Invalid("watch-retune-why", most=LONGEST)
        if week not in _weeks(here):
            raise Invalid("watch-retune-past", week=week, first=here.following)
        day = datetime.now(TAIPEI).date().isoformat()
        made = Retuning(here.name, week, setting, value, reader.name or reader.id, day, why)
        require_ahead(made, here.following)
        require_known(made, [each.name for each in here.watch.methods])
        if setting not in _settings(here):
            raise Invalid("watch-setting", setting=setting, known="、".join(_settings(here)))
        if value == here.value(setting):
            raise Invalid("watch-retune-same")
        return made

    def _filled(
        self, request: Request, here: _Here, given: Mapping[str, str], error: CamphoraError | None = None
    ) -> Response:
        naming = self.naming(request)
        words, blocks = naming.words, list[Block]()
        made: Retuning | None = None
        if given.get("setting") and given.get("value"):
            try:
                made = self._decision(here, given, needs_reason=False)
                blocks += list(_changed(naming, here, self._sweep(here, made), self._judgements(here)))
            except CamphoraError as found:
                made, error = None, error or found
        blocks += [_standing(words, here), *_decided(words, here)]
        title = here.watch.title[words.lang]
        context = Duty(
            title=words("retune.title", what=title),
            lead=words("retune.lead"),
            done=words("retune.done") if given.get("done") == "decided" else "",
            error=_told(words, error),
            before=[*blocks] if made else (),
            form=_confirm(words, here, made, given) if made else _form(words, here, given),
            form_title=words("retune.confirm_title" if made else "retune.form"),
            blocks=() if made else blocks,
            crumbs=[Link(title, f"/systems/{here.system.name}/method?{urlencode({'watch': here.name})}")],
            why=self.why(request, Purpose.SURVEILLANCE),
        )
        return self.site.page(request, context, status=error.status if error else 200)

    def _sweep(self, here: _Here, made: Retuning) -> Sweep:
        """What the last weeks would have been, kept for who confirms it; the newest few."""
        from camphora.engines.watch.sweep import tried

        key = (here.watched.version, here.watch.retunings, here.name, made.setting, made.value)
        if key not in self._tried:
            if len(self._tried) >= 8:
                self._tried.pop(next(iter(self._tried)))
            self._tried[key] = tried(here.watched.alone, made, WEEKS)
        return self._tried[key]

    def _judgements(self, here: _Here) -> Mapping[str, str]:
        return self.ledger.judgements(here.access)


def _settings(here: _Here) -> list[str]:
    from camphora.engines.watch.retuning import OF_BUDGET

    methods = [each.name for each in here.watch.methods if ALPHA in each.parameters]
    return [*OF_BUDGET, *(f"{name}.{ALPHA}" for name in methods)]


def _weeks(here: _Here) -> list[str]:
    """The weeks from which a decision may count: the next, and a few after it."""
    return [str(label) for label in here.watched.series.labels(8)[-8:]]


def _label(words: Words, here: _Here, setting: str) -> str:
    if f"retune.setting.{setting}" in words:
        return words(f"retune.setting.{setting}")
    method = next(each for each in here.watch.methods if setting.startswith(f"{each.name}."))
    return words("retune.setting.of_method", method=method.label[words.lang], name=setting.rpartition(".")[2])


def _week(words: Words, week: str) -> str:
    year, number = week.split("-")
    return dates.week(int(year), int(number), words.lang)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _form(words: Words, here: _Here, given: Mapping[str, str]) -> Form:
    settings = [
        (each, words("retune.option", setting=_label(words, here, each), value=_number(here.value(each))))
        for each in _settings(here)
    ]
    weeks = [(each, _week(words, each)) for each in _weeks(here)]
    return Form(
        address(here.name),
        [
            Field("setting", words("retune.setting_of"), "select", given.get("setting", ""), settings, required=True),
            Field("value", words("retune.value"), "text", given.get("value", ""), required=True),
            Field("week", words("retune.week"), "select", given.get("week", here.following), weeks, required=True),
            Field("why", words("retune.why"), "long", given.get("why", ""), hint=words("retune.why_hint")),
        ],
        words("retune.try"),
        post=False,
    )  # fmt: skip


def _confirm(words: Words, here: _Here, made: Retuning, given: Mapping[str, str]) -> Form:
    hidden = {"setting": made.setting, "value": f"{made.value:.12g}", "week": made.week}
    fields = [Field(name, "", "hidden", value=value) for name, value in hidden.items()]
    why = Field(
        "why", words("retune.why"), "long", given.get("why", ""), hint=words("retune.why_hint"), required=True
    )
    facts = {"setting": _label(words, here, made.setting), "value": f"{made.value:g}"}
    button = words("retune.button", week=_week(words, made.week), **facts)
    return Form(address(here.name), [*fields, why], button)


def _standing(words: Words, here: _Here) -> Table:
    rows: list[dict[str, Cell]] = [
        {"setting": _label(words, here, each), "value": _number(here.value(each))} for each in _settings(here)
    ]
    columns = [Column("setting", words("retune.setting_of")), Column("value", words("retune.now"))]
    return Table("standing", words("retune.standing"), columns, rows, note=words("retune.standing_note"))


def _decided(words: Words, here: _Here) -> Iterator[Block]:
    rows: list[dict[str, Cell]] = [
        {
            "week": _week(words, each.week),
            "setting": _label(words, here, each.setting),
            "value": f"{each.number:g}",
            "by": each.by,
            "day": dates.day(each.day, words.lang),
            "why": each.why,
        }
        for each in reversed(here.watch.retunings)
    ]
    columns = [
        Column(key, words(f"retune.column.{key}")) for key in ("week", "setting", "value", "by", "day", "why")
    ]
    if rows:
        yield Table("decided", words("retune.decided"), columns, rows, stacked=True)


def _changed(naming: Naming, here: _Here, after: Sweep, judgements: Mapping[str, str]) -> Iterator[Block]:
    """How many signals there were, how many there would have been, and which."""
    words, before = naming.words, here.watched.alone
    start = max(len(before.series.label) - WEEKS, 0)
    was, would = before.shown.shown[:, start:], after.shown.shown[:, start:]
    lost, more = (list(zip(*found.nonzero(), strict=True)) for found in (was & ~would, would & ~was))
    span = {
        "first": _week(words, str(before.series.label[start])),
        "last": _week(words, str(before.series.label[-1])),
    }
    yield Figures(
        [
            Figure(words("retune.was"), f"{int(was.sum()):,}", words("retune.span", **span)),
            Figure(words("retune.would"), f"{int(would.sum()):,}", words("retune.span", **span)),
            Figure(words("retune.lost"), f"{len(lost):,}", tone="notice" if lost else "plain"),
            Figure(words("retune.more"), f"{len(more):,}", tone="notice" if more else "plain"),
        ]
    )
    if not lost and not more:
        yield Prose(words("retune.changes"), [words("retune.nothing")], "notice")
    for name, found in (("lost", lost), ("more", more)):
        if found:
            yield _signals(naming, here, name, [(row, start + at) for row, at in found], judgements)


def _signals(
    naming: Naming, here: _Here, name: str, found: Sequence[tuple[int, int]], judgements: Mapping[str, str]
) -> Table:
    """Signals, the newest first, each with what it was judged."""
    words, rows = naming.words, list[dict[str, Cell]]()
    newest = sorted(found, key=lambda one: (-one[1], one[0]))
    for row, at in newest[:LISTED]:
        signal = here.watched.sweep.signal(int(row), int(at))
        judged = judgements.get(signal.key, "")
        rows.append(
            {
                "week": _week(words, signal.week),
                "place": _place(words, here, signal.area, signal.group),
                "href": f"/systems/{here.system.name}/signal/{quote(signal.key)}",
                "observed": round(signal.observed),
                "expected": None if signal.expected != signal.expected else round(signal.expected, 1),
                "judged": words(f"work.judgement.{judged}") if judged else None,
                "tone": "alert" if judged == "real" and name == "lost" else "plain",
            }
        )
    columns = [
        Column("week", words("retune.column.signal_week")),
        Column("place", words("retune.column.place")),
        Column("observed", words("retune.column.observed"), "integer", here.watch.unit[words.lang]),
        Column("expected", words("retune.column.expected"), "decimal"),
        Column("judged", words("retune.column.judged")),
    ]
    note = words("retune.first", n=LISTED) if len(found) > LISTED else ""
    title = words(f"retune.table.{name}", n=len(found))
    return Table(
        name,
        title,
        columns,
        rows,
        {"place": "href"},
        {"judged": "tone"},
        note=note,
        stacked=True,
        folded=len(rows) > OPEN,
    )


def _place(words: Words, here: _Here, area: str, group: str) -> str:
    place = BY_CODE[area].name(words.lang) if area in BY_CODE else area or words("work.nation")
    label = here.watch.groups[group][words.lang] if group else ""
    return words("work.of_group", said=place, group=label) if label else place


def _told(words: Words, error: CamphoraError | None) -> str:
    if error is None:
        return ""
    return words("emergency.refused", text=error.text(words.lang), remedy=error.remedy(words.lang))
