"""`camphora watch list | sweep | signals | replay | bulletin | retune`: what the systems watch, without a browser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from camphora.cli.terminal import Terminal
from camphora.errors import Conflict, Invalid, NotFound
from camphora.policy.choices import TAIPEI

if TYPE_CHECKING:
    from camphora.catalogue import System
    from camphora.cli.parser import Tree
    from camphora.engines.watch import Watched
    from camphora.engines.watch.sweep import Signal
    from camphora.installation import Installation


def add(tree: Tree) -> None:
    verbs, words = tree.noun("watch"), tree.words
    for verb, run in (
        ("list", run_list),
        ("sweep", run_sweep),
        ("signals", run_signals),
        ("replay", run_replay),
        ("bulletin", run_bulletin),
        ("retune", run_retune),
        ("arrivals", run_arrivals),
    ):
        made = verbs.command(verb, run, f"watch_{verb}", "tables")
        if verb == "replay":
            made.add_argument("key", metavar="KEY", help=words("watch_replay.key"))
        elif verb == "retune":
            _retuned(made, tree)
        elif verb != "list":
            made.add_argument("watch", nargs="?", metavar="WATCH", help=words("watch.name"))
        if verb in {"signals", "bulletin"}:
            made.add_argument("--week", metavar="YYYY-WW", help=words("watch.week"))
        if verb == "bulletin":
            made.add_argument("--area", default="", metavar="CODE", help=words("watch_bulletin.area"))
            made.add_argument("--out", type=Path, metavar="FILE", help=words("watch_bulletin.out"))
            made.add_argument("--no-forecast", action="store_true", help=words("watch_bulletin.no_forecast"))
        made.add_argument(
            "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=words("top.folder")
        )


def _retuned(made: argparse.ArgumentParser, tree: Tree) -> None:
    words = tree.words
    made.add_argument("watch", metavar="WATCH", help=words("watch.name"))
    made.add_argument("setting", metavar="SETTING", help=words("watch_retune.setting"))
    made.add_argument("value", type=float, metavar="VALUE", help=words("watch_retune.value"))
    made.add_argument("--by", required=True, metavar="WHO", help=words("watch_retune.by"))
    made.add_argument("--why", required=True, metavar="TEXT", help=words("watch_retune.why"))
    made.add_argument("--from", dest="week", metavar="YYYY-WW", help=words("watch_retune.week"))


class _One(NamedTuple):
    """One watch of a system over what lies in the installation."""

    system: System
    name: str
    watched: Watched


class _Desk:
    """What the public systems of an installation watch, with the Access of anybody."""

    def __init__(self, installation: Installation) -> None:
        from camphora.gate.gate import ANYBODY
        from camphora.policy import Purpose
        from camphora.web.watching import FOLDER, Watches

        self.installation = installation
        self.folder = installation.folder / FOLDER
        self._access = installation.gate.access(ANYBODY, Purpose.OPEN)
        self._watches = Watches()

    def all(self) -> Iterator[_One]:
        """Every watch by week that has rows."""
        for system in self.installation.catalogue.systems.values():
            if system.public and system.weekly:
                found = self._watches.of(self.installation, system, self._access, system.weekly)
                yield from (_One(system, name, one) for name, one in found.items())  # type: ignore[arg-type]

    def some(self, name: str | None) -> list[_One]:
        """Those of a name, all without one. NotFound `watch-unknown` where there is none."""
        every = list(self.all())
        found = [one for one in every if name in {None, one.name}]
        if not found:
            known = "、".join(one.name for one in every)
            raise NotFound("watch-unknown", name=name or "", known=known)
        return found

    def swept(self, one: _One) -> None:
        """The sweep of it, and of all that shares its budget, from the kept file, or made and kept."""
        from camphora.engines.watch.keeping import keep, kept_before, kept_sweep, name_of
        from camphora.engines.watch.sweep import swept

        for each in one.watched.sharing:
            name = name_of(each.watch, each.series)
            made = kept_sweep(self.folder, name, each.watch, each.series)
            if made is None:
                made = swept(each.watch, each.series, kept_before(self.folder, each.watch))
                keep(self.folder, "sweep", name, made)
            each.take(sweep=made)

    def foreseen(self, one: _One) -> None:
        """Its forecasts likewise."""
        from camphora.engines.watch.keeping import keep, kept_forecasts, name_of

        name = name_of(one.watched.watch, one.watched.series)
        made = kept_forecasts(self.folder, name)
        if made is None:
            keep(self.folder, "forecasts", name, one.watched.forecasts)
        else:
            one.watched.take(forecasts=made)


@contextmanager
def _desk(given: argparse.Namespace) -> Iterator[_Desk]:
    from camphora.installation import Installation

    installation = Installation.open(given.folder)
    try:
        installation.lake.catch_up()
        yield _Desk(installation)
    finally:
        installation.close()


def run_list(given: argparse.Namespace, terminal: Terminal) -> int:
    with _desk(given) as desk:
        rows = [
            {
                "watch": one.name,
                "system": one.system.name,
                "title": one.watched.watch.title[terminal.lang],
                "series": len(one.watched.series.keys),
                "first": str(one.watched.series.label[0]),
                "last": str(one.watched.series.label[-1]),
                "as_of": one.watched.as_of,
                "editions": len(one.watched.editions),
                "decisions": len(one.watched.watch.retunings),
            }
            for one in desk.all()
        ]
    columns = [(key, terminal.words(f"watch_list.{key}")) for key in rows[0]] if rows else []
    terminal.table(columns, rows)
    if not rows:
        terminal.say(terminal.words("watch_list.none"))
    return 0


def run_sweep(given: argparse.Namespace, terminal: Terminal) -> int:
    with _desk(given) as desk:
        for one in desk.some(given.watch):
            desk.swept(one)
            series, shown = one.watched.series, one.watched.sweep.shown.shown
            facts = {
                "watch": one.name,
                "series": len(series.keys),
                "weeks": len(series.label),
                "signals": int(shown.sum()),
                "week": str(series.label[-1]),
                "now": int(shown[:, -1].sum()),
            }
            terminal.result(facts, terminal.words("watch_sweep.did", **facts))
    return 0


def run_signals(given: argparse.Namespace, terminal: Terminal) -> int:
    with _desk(given) as desk:
        rows = []
        for one in desk.some(given.watch):
            desk.swept(one)
            week = given.week or str(one.watched.series.label[-1])
            rows += [_told(signal, terminal) for signal in one.watched.sweep.signals(week)]
    keys = ("rank", "place", "group", "observed", "expected", "p", "methods", "key")
    terminal.table([(key, terminal.words(f"watch_signals.{key}")) for key in keys], rows)
    if not rows:
        terminal.say(terminal.words("watch_signals.none"))
    return 0


def _told(signal: Signal, terminal: Terminal) -> dict[str, object]:
    from camphora.pages.counties import BY_CODE

    known = BY_CODE.get(signal.area)
    place = known.name(terminal.lang) if known else signal.area or terminal.words("watch_signals.nation")
    return {
        "rank": signal.rank,
        "place": place,
        "group": signal.group,
        "observed": round(signal.observed),
        "expected": round(signal.expected, 1),
        "p": f"{signal.p:.2g}",
        "methods": f"{signal.alarms}/{sum(each.upper is not None for each in signal.said)}",
        "key": signal.key,
    }


def run_replay(given: argparse.Namespace, terminal: Terminal) -> int:
    """Make a signal again from the counts up to its week alone. Conflict `watch-replay-differs` where it is another."""
    from dataclasses import replace

    from camphora.engines.watch.pages.asked import asked
    from camphora.engines.watch.sweep import swept
    from camphora.engines.watch.together import together

    with _desk(given) as desk:
        (one, *_) = desk.some(given.key.partition("-")[0])
        desk.swept(one)
        here = asked({one.name: one.watched}, {"key": given.key})
        first, series, end = one.watched.sweep.signal(here.row, here.at), one.watched.series, here.at + 1
        cut = replace(
            series, counts=series.counts[:, :end], first=series.first[:end], label=series.label[:end]
        )
        others = {each.watch.name: each.alone for each in one.watched.sharing}
        again = together({**others, one.name: swept(one.watched.watch, cut)})[one.name]
        shown = bool(one.watched.sweep.shown.shown[here.row, here.at])
        same = repr(again.signal(here.row, here.at)) == repr(first)
        same = same and bool(again.shown.shown[here.row, here.at]) == shown
    if not same:
        raise Conflict("watch-replay-differs", key=given.key)
    facts = {"name": first.key, "data": first.data, "code": first.code}
    said = terminal.words(f"watch_replay.{'shown' if shown else 'not_shown'}", **facts)
    terminal.result({**_told(first, terminal), **facts, "same": True, "shown": shown}, said)
    return 0


def run_arrivals(given: argparse.Namespace, terminal: Terminal) -> int:
    """What came of each file of a watch's table, the newest first."""
    from camphora.installation.arrivals import arrivals

    with _desk(given) as desk:
        tables = {one.watched.watch.table for one in desk.some(given.watch)}
        found = [each for each in reversed(arrivals(desk.installation.folder)) if each.table in tables]
    keys = ("at", "table", "file", "as_of", "new", "changed", "same", "gone", "doubled", "faults", "kinds")
    rows = [{key: getattr(each, key) for key in keys} for each in found]
    for row in rows:
        row["kinds"] = "、".join(terminal.words(f"watch_arrivals.kind.{kind}") for kind in row["kinds"])
    terminal.table([(key, terminal.words(f"watch_arrivals.{key}")) for key in keys], rows)
    if not rows:
        terminal.say(terminal.words("watch_arrivals.none"))
    return 0


def run_bulletin(given: argparse.Namespace, terminal: Terminal) -> int:
    from camphora.engines.watch.bulletin import cut, digest_of, weeks_of
    from camphora.engines.watch.narrowing import narrowed
    from camphora.engines.watch.pages.bulletin import bulletin
    from camphora.web.alone import alone

    with _desk(given) as desk:
        found = desk.some(given.watch)
        for one in found:
            desk.swept(one)
            if not given.no_forecast:
                desk.foreseen(one)
        watched = {one.name: one.watched for one in found if one.system is found[0].system}
        week = given.week or weeks_of(watched)[-1]
        words = found[0].system.words(terminal.lang)
        view = bulletin(watched, words, {"week": week, "area": given.area})
        page = alone(view, terminal.lang)
        own = {name: narrowed(one, given.area) if given.area else one for name, one in watched.items()}
        digests = {
            name: digest_of(one.watch, one.series, one.series.at(week), cut(one, week))
            for name, one in own.items()
            if week in one.series.label
        }
    file = given.out or Path(f"bulletin-{week}{'-' + given.area if given.area else ''}.{terminal.lang}.html")
    file.write_text(page, "utf-8")
    said = ", ".join(f"{name} {digest}" for name, digest in digests.items())
    facts = {"file": str(file), "week": week, "digests": digests}
    terminal.result(facts, terminal.words("watch_bulletin.did", file=str(file), week=week, digests=said))
    return 0


def run_retune(given: argparse.Namespace, terminal: Terminal) -> int:
    """Record a decision. It counts from a week that nobody has seen: the one after the last that is known."""
    from camphora.engines.watch.retuning import Retuning, require_ahead, require_known, row_of
    from camphora.installation.retuning import kept

    today = datetime.now(TAIPEI).date().isoformat()
    with _desk(given) as desk:
        (one, *_) = desk.some(given.watch)
        following = str(one.watched.series.labels(1)[-1])
        week = given.week or following
        made = Retuning(given.watch, week, given.setting, given.value, given.by, today, given.why)
        require_ahead(made, following)
        require_known(made, [each.name for each in one.watched.watch.methods])
        row = row_of(made)
        report = kept(desk.installation, made)
    for fault in report.faults:
        terminal.error(fault)
    if not report.faults:
        facts = {key: row[key] for key in ("watch", "setting", "value", "week")}
        terminal.result({**row}, terminal.words("watch_retune.did", **facts))
    return Invalid.exit_code if report.faults else 0
