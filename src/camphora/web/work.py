"""`/tasks`: an officer's own work, the ledger of each signal, and what may be done with it next.

`on_signal` and `on_signals` lay the work over the pages of a watch, for readers who are at work; others see the page as
it is.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.catalogue import System
from camphora.errors import CamphoraError, Conflict, Forbidden, Invalid, NotFound
from camphora.pages import Action, Block, Link, Ranked, View
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words
from camphora.policy import Access, Purpose, Reader, Role
from camphora.policy import work as places
from camphora.web import work_forms as forms
from camphora.web.areas import townships
from camphora.web.contexts import WorkPage
from camphora.web.population import TABLE, tallied
from camphora.web.reading.desk import Desk
from camphora.web.showing import Kept
from camphora.web.site import Site, get, post, see_other
from camphora.web.work_forms import HERE, Naming, Offered
from camphora.work import Asking, Judgement, Ledger, Work, attached
from camphora.work.attachments import MOST
from camphora.work.ledger import actor, could_do
from camphora.work.tasks import place_of, signal_id

if TYPE_CHECKING:
    from camphora.engines.watch import Watch, Watched

ALL = "all"
POINTS = "township_point"
"""The table that has the English names of townships."""
DONE = (
    *("take", "ask", "judge", "comment", "attach", "close", "reopen", "hand-over", "answer", "withdraw"),
    *("receive", "all"),
)


def routes(site: Site) -> list[BaseRoute]:
    """`/tasks` and its acts. Nothing here is about a person: Tasks of work name none."""
    pages = WorkPages(site)
    acts = ("ask", "judge", "comment", "close", "reopen", "hand-over", "answer", "withdraw")
    return [
        get(HERE, pages.page, "work", "nothing"),
        post(f"{HERE}/take", pages.take, "work.take", site),
        post(f"{HERE}/hand-over-all", pages.hand_over_all, "work.hand-over-all", site),
        *(post(f"{HERE}/{act}", pages.act(act), f"work.{act}", site) for act in acts),
        post(f"{HERE}/attach", pages.attach, "work.attach", site, drafts=False, files=1),
        get(f"{HERE}/{{id}}", pages.one, "work.one", "nothing"),
        get(f"{HERE}/{{id}}/files/{{file}}", pages.file, "work.file", "nothing"),
    ]


class _Refused(NamedTuple):
    """An act that was refused, what was written for it, and why."""

    act: str
    written: Mapping[str, str]
    error: CamphoraError | None


NOTHING_REFUSED = _Refused("", {}, None)


class WorkPages(Desk):
    """The officer's own work, one piece of work with its ledger, and every act on it."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.ledger = Ledger(site.installation.store)
        self._townships: Kept[dict[str, str]] = Kept(2)
        self._town_names: Kept[dict[tuple[str, str], str]] = Kept(2)

    # What stands

    def page(self, request: Request) -> Response:
        """My work, what is overdue first; what waits to be taken here; the work of colleagues."""
        access, naming = self._access(request), self.naming(request)
        words, reader = naming.words, access.reader
        every = self.ledger.open(access)
        late = {each.id for each in every if each.overdue(forms.today())}
        mine = [each for each in every if _is_of(each, reader)]
        mine.sort(key=lambda each: each.id not in late)
        waiting = [each for each in every if each.state == "sent" and "take" in each.acts(actor(reader))]
        others = [each for each in every if each not in mine and each not in waiting]
        titles = {
            "mine": words("work.mine", n=len(mine)),
            "waiting": words("work.waiting"),
            "others": words("work.others"),
        }
        lists = {"mine": mine, "waiting": waiting, "others": others}
        done = request.query_params.get("done", "")
        offered = self._offered(naming, mine) if mine else Offered()
        context = WorkPage(
            title=words("work.title"),
            lead=words("work.lead", n=len(mine), late=sum(each.id in late for each in mine)),
            done=words(f"work.done.{done}") if done in DONE else "",
            lines=() if mine else [words("work.none")],
            before=[
                forms.works_table(naming, name, titles[name], found) for name, found in lists.items() if found
            ],
            folded=True,
            next=[forms.all_over(words, offered)] if offered.officers else (),
            next_title=words("work.next") if offered.officers else "",
            actions=self._signals(naming),
            why=self.why(request, Purpose.SURVEILLANCE),
        )
        return self.site.page(request, context)

    def _signals(self, naming: Naming) -> list[Action]:
        """The signals of each system that watches by the week."""
        systems = {system.name: system for system, _, _ in self._watches()}
        lang = naming.words.lang
        return [
            Action(naming.words("work.signals_of", title=one.title[lang]), f"/systems/{name}")
            for name, one in systems.items()
        ]

    def one(self, request: Request) -> Response:
        """One piece of work: what stands, its ledger, what was asked, and what may be done next."""
        return self._shown(request, str(request.path_params["id"]))

    def _shown(self, request: Request, task_id: str, refused: _Refused | None = None) -> Response:
        access, naming = self._access(request), self.naming(request)
        words, work = naming.words, self.ledger.one(access, task_id)
        act, written, error = refused or NOTHING_REFUSED
        steps = self.ledger.course(access, work)
        blocks: list[Block] = [forms.ledger_table(naming, steps)]
        if files := self.ledger.files(access, work):
            blocks.append(forms.files_table(words, work, files))
        if asked := self.ledger.requests(access, work):
            blocks.insert(0, forms.requests_table(naming, asked, steps))
        links = [Action(words("work.see_signal"), page)] if (page := self.address(work.key)) else []
        if work.part_of and places.reaches(access.scope, str(places.place_of(work.part_of))):
            links.append(Action(words("work.see_parent"), f"{HERE}/{quote(work.part_of)}"))
        done = request.query_params.get("done", "")
        state = forms.chip(words, work)
        acts = forms.acts(words, work, actor(access.reader), self._offered(naming, [work]), {act: written})
        context = WorkPage(
            title=forms.titled(naming, work),
            chip=state.text,
            tone=state.tone,
            lines=forms.lines(naming, work),
            done=words(f"work.done.{done}") if done in DONE else "",
            error=_told(words, error),
            crumbs=[Link(words("work.title"), HERE)],
            blocks=blocks,
            next=acts,
            opened=words(f"work.act.{act}") if refused else "",
            next_title=words("work.next"),
            empty=words("work.nothing_next"),
            actions=links,
            why=self.why(request, Purpose.SURVEILLANCE),
        )
        return self.site.page(request, context, status=error.status if error else 200)

    # What is done

    def take(self, request: Request, form: FormData) -> Response:
        """Take a signal by its key, or a request by its id."""
        access, key = self._access(request), str(form.get("key", ""))
        if not key:
            return self._done(request, form, "take", "receive")
        self._require_signal(request, key)
        self._require_told(access, key)
        try:
            work = self.ledger.take(access, key)
        except Conflict as error:
            return self._shown(request, signal_id(key), _Refused("take", {}, error))
        return see_other(f"{forms.address(work)}?done=take")

    def act(self, name: str) -> Callable[[Request, FormData], Response]:
        """The handler of one act."""

        def handled(request: Request, form: FormData) -> Response:
            return self._done(request, form, name, name)

        return handled

    def attach(self, request: Request, form: FormData) -> Response:
        """Put a file beside a piece of work."""
        access, task_id = self._access(request), str(form.get("id", ""))
        try:
            brought = form.get("file")
            if not isinstance(brought, UploadFile):
                raise Invalid("work-file-empty")
            file = attached(brought.filename or "", brought.file.read(MOST + 1))
            self.ledger.attach(access, task_id, file, _text(form))
        except NotFound:
            raise
        except CamphoraError as error:
            return self._shown(request, task_id, _Refused("attach", {"text": _text(form)}, error))
        return see_other(f"{HERE}/{quote(task_id)}?done=attach")

    def file(self, request: Request) -> Response:
        """A file as it was brought, to be kept and not shown: a browser runs nothing of it."""
        access, params = self._access(request), request.path_params
        found, content = self.ledger.file(access, str(params["id"]), str(params["file"]))
        named = f"attachment; filename*=UTF-8''{quote(found.name)}"
        digest = base64.b64encode(bytes.fromhex(found.digest)).decode("ascii")
        headers = {"content-disposition": named, "repr-digest": f"sha-256=:{digest}:"}
        return Response(content, media_type=found.kind, headers=headers)

    def hand_over_all(self, request: Request, form: FormData) -> Response:
        access = self._access(request)
        self.ledger.hand_over_all(access, self._officer(form), _text(form))
        return see_other(f"{HERE}?done=all")

    def _done(self, request: Request, form: FormData, act: str, said: str) -> Response:
        """Do it and show it; where it is refused, show what stands now, with what was written kept."""
        access, task_id = self._access(request), str(form.get("id", ""))
        try:
            self._do(access, act, task_id, form)
        except NotFound:
            raise
        except CamphoraError as error:
            written = {name: str(value) for name, value in form.multi_items()}
            return self._shown(request, task_id, _Refused(act, written, error))
        return see_other(f"{HERE}/{quote(task_id)}?done={said}")

    def _do(self, access: Access, act: str, task_id: str, form: FormData) -> Work:
        version, text, ledger = _version(form), _text(form), self.ledger
        match act:
            case "take":
                return ledger.receive(access, task_id, version)
            case "ask":
                return ledger.ask(access, task_id, version, _asking(form))
            case "judge":
                judgement = cast("Judgement", str(form.get("judgement", "")))
                return ledger.judge(access, task_id, version, judgement, text)
            case "comment":
                return ledger.comment(access, task_id, text)
            case "close":
                return ledger.close(access, task_id, version, text)
            case "reopen":
                return ledger.reopen(access, task_id, version, text)
            case "hand-over":
                return ledger.hand_over(access, task_id, version, self._officer(form), text)
            case "answer":
                return ledger.answer(access, task_id, version, text)
            case _:
                return ledger.withdraw(access, task_id, version, text)

    # Who and what is named

    def _access(self, request: Request) -> Access:
        """The Access of an officer at work; `Forbidden` for everybody else."""
        self.site.access(request)
        return self.site.installation.gate.worker(self.site.reader(request))

    def _officer(self, form: FormData) -> Reader:
        """The account to which work goes, as it stands now; one that is none is refused like one that cannot do it."""
        gate = self.site.installation.gate
        user = gate.identity.user(str(form.get("to", "")))
        if user is None or user.role is not Role.OFFICER:
            raise Forbidden("work-receiver-outside")
        return gate.standing_of(user.reader())

    def _offered(self, naming: Naming, works: Iterable[Work]) -> Offered:
        """The places that may be asked about the first of these, and the officers who could do all of them."""
        gate, given = self.site.installation.gate, list(works)
        users = (user for user in gate.identity.users() if user.role is Role.OFFICER)
        found = [gate.standing_of(user.reader()) for user in users]
        officers = [
            (each.id, each.name)
            for each in found
            if all(could_do(each, work) and not _is_of(work, each) for work in given)
        ]
        return Offered(self._places(naming, given[0].place) if given else (), officers)

    def _places(self, naming: Naming, place: str) -> list[tuple[str, str]]:
        """A county and its townships; of the whole country the counties."""
        if place == places.NATION:
            return [(code, naming.place(code)) for code in BY_CODE]
        inside = [code for code in townships() if code.startswith(place) and code != place]
        return [(code, naming.place(code)) for code in (place, *inside)]

    def naming(self, request: Request) -> Naming:
        """How signals and places are called in the reader's language."""
        words = self.site.words(request)
        watches = {name: one for _, name, one in self._watches()}
        titles = {name: one.title[words.lang] for name, one in watches.items()}
        groups = {
            (name, key): label[words.lang]
            for name, one in watches.items()
            for key, label in one.groups.items()
        }
        return Naming(words, titles, self._township_names(), groups, self._english())

    def _english(self) -> dict[tuple[str, str], str]:
        """English names of townships by county and name, where the installation has them."""
        access, installation = self.site.open_access(), self.site.installation
        digests = tuple(batch.digest for batch in installation.store.batches(access, POINTS))
        if not digests:
            return {}

        def make() -> dict[tuple[str, str], str]:
            rows = installation.lake.rows(access, POINTS).rows
            return {(str(row["county_name"]), str(row["township_name"])): str(row["name_en"]) for row in rows}

        return self._town_names.get(digests, make)

    def _township_names(self) -> dict[str, str]:
        access, installation = self.site.open_access(), self.site.installation
        digests = tuple(batch.digest for batch in installation.store.batches(access, TABLE))
        if not digests:
            return {}

        def make() -> dict[str, str]:
            counted = tallied(installation.lake.rows(access, TABLE).rows).townships
            return {code: one.name for code, one in sorted(counted.items())}

        return self._townships.get(digests, make)

    def address(self, key: str) -> str:
        """The page of a signal; empty where no system watches it."""
        wanted = place_of(key).watch
        found = (system.name for system, name, _ in self._watches() if name == wanted)
        return next((f"/systems/{name}/signal/{quote(key)}" for name in found), "")

    def with_cases(self, name: str) -> Watch | None:
        """The watch of this name that says which cases are behind its signals; None where none does."""
        return next((one for _, each, one in self._watches() if each == name and one.conditions), None)

    def _watches(self) -> Iterator[tuple[System, str, Watch]]:
        """Every watch of every system, with its name."""
        for system in self.site.installation.catalogue.systems.values():
            for name, watch in system.weekly.items():
                yield system, name, watch

    def is_own(self, access: Access, key: str) -> bool:
        """Whether a signal lies in the reader's areas, and its watch declares that they are told of it."""
        return reaches(access, key) and self._is_told(access, key)

    def _is_told(self, access: Access, key: str) -> bool:
        found, reader = place_of(key), access.reader
        watch = next((one for _, name, one in self._watches() if name == found.watch), None)
        return watch is None or watch.told.reaches(reader.role, reader.organisation, found.place)

    def _require_told(self, access: Access, key: str) -> None:
        """Refuse a signal of which the reader is not told."""
        if not self._is_told(access, key):
            raise Forbidden("watch-not-told", watch=place_of(key).watch)

    def _require_signal(self, request: Request, key: str) -> None:
        """Refuse a key of a series or a week that nobody watches."""
        found = place_of(key)
        for system, name, _ in self._watches():
            if name == found.watch and (system.public or self.site.reader(request).role in system.readers):
                access = self.site.open_access() if system.public else self.site.access(request)
                watched = self.site.watching.of(self.site.installation, system, access, [name])
                area = "" if found.area == places.NATION else found.area
                group = "" if found.group == ALL else found.group
                if any(_has(cast("Watched", one), area, group, found.week) for one in watched.values()):
                    return
        raise Invalid("work-no-signal")


def with_work(pages: WorkPages, request: Request, view: View, key: str = "") -> View:
    """A page of a watch with the work on its signals: the state of each that it lists, and, where it is about one
    (`key`), its ledger and what may be done next. As it is for who is not at work, and of signals of other areas."""
    reader = pages.site.reader(request)
    if reader.role is not Role.OFFICER:
        return view
    access, words = pages.site.installation.gate.worker(reader), pages.site.words(request)
    listed = [item.key for block in view.blocks if isinstance(block, Ranked) for item in block.items]
    own = {each for each in (*listed, *([key] if key else [])) if pages.is_own(access, each)}
    if key in own and pages.with_cases(place_of(key).watch):
        behind = Action(words("lines.behind"), f"/surveillance/cases?{urlencode({'signal': key})}")
        view = replace(view, actions=[*view.actions, behind])
    if key in own:  # one act alone stands out: what is to be done with the signal
        view = replace(view, actions=[replace(each, primary=False) for each in view.actions])
    works = pages.ledger.of(access, own)
    blocks = [
        _chipped(words, block, own, works) if isinstance(block, Ranked) else block for block in view.blocks
    ]
    if key not in own:
        return replace(view, blocks=blocks)
    work = works.get(key)
    if work is None:
        take = Action(words("work.button.take"), f"{HERE}/take", primary=True, post=True, fields={"key": key})
        return replace(view, blocks=blocks, actions=[take, *view.actions], act=take)
    go_on = "work.go_on" if work.acts(actor(access.reader)) else "work.open"
    more = Action(words(go_on, state=forms.chip(words, work).text), forms.address(work), primary=True)
    table = forms.ledger_table(pages.naming(request), pages.ledger.course(access, work))
    return replace(view, blocks=[*blocks, table], actions=[more, *view.actions], act=more)


def _chipped(words: Words, block: Ranked, own: Container[str], works: Mapping[str, Work]) -> Ranked:
    items = [
        replace(item, chips=[*item.chips, forms.chip(words, works.get(item.key))])
        if item.key in own
        else item
        for item in block.items
    ]
    return replace(block, items=items)


def reaches(access: Access, key: str) -> bool:
    """Whether a signal lies in the reader's areas."""
    try:
        return places.reaches(access.scope, place_of(key).place)
    except Invalid:
        return False  # a user's own watch may name places that are no codes


def _has(watched: Watched, area: str, group: str, week: str) -> bool:
    return (area, group) in watched.series.keys and week in set(watched.series.label)


def _told(words: Words, error: CamphoraError | None) -> str:
    if error is None:
        return ""
    return words("emergency.refused", text=error.text(words.lang), remedy=error.remedy(words.lang))


def _is_of(work: Work, reader: Reader) -> bool:
    return work.owner is not None and work.owner.account == reader.id


def _asking(form: FormData) -> Asking:
    try:
        due = date.fromisoformat(str(form.get("due", "")))
    except ValueError:
        raise Invalid("work-due") from None
    organisation = str(form.get("organisation", "")).strip() or None
    return Asking(str(form.get("place", "")), _text(form), due, organisation)


def _text(form: FormData) -> str:
    return str(form.get("text", ""))


def _version(form: FormData) -> int:
    """The version that the officer saw; 0, which nothing has, where the form names none."""
    text = str(form.get("version", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else 0
