"""`camphora gate standing | project | projects | end-project | bases | labels | explain`: what the gate knows."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import orjson

from camphora.cli.terminal import Terminal
from camphora.cli.user import identity
from camphora.errors import Invalid, NotFound
from camphora.gate.bases import Bases
from camphora.gate.projects import Project, Projects
from camphora.gate.standing import Kind, Standing, Standings
from camphora.gate.state import State, now
from camphora.installation import Installation
from camphora.policy.choices import TAIPEI
from camphora.policy.installed import installed
from camphora.policy.labels import own
from camphora.policy.policy import PARAMETERS, Policy
from camphora.records.labelling import progress_in

if TYPE_CHECKING:
    from camphora.cli.parser import Tree

KINDS = get_args(Kind)


def add(tree: Tree) -> None:
    verbs = tree.noun("gate")
    standing = verbs.command("standing", run_standing, "gate_standing")
    standing.add_argument("name", metavar="NAME", help=tree.words("user_add.name"))
    for kind in KINDS:
        standing.add_argument(
            f"--{kind}", action="append", metavar="VALUE", help=tree.words(f"gate_standing.{kind}")
        )
    standing.add_argument(
        "--clear",
        action="append",
        default=[],
        choices=KINDS,
        metavar="KIND",
        help=tree.words("gate_standing.clear"),
    )
    _folder(standing, tree)
    made = verbs.command("project", run_project, "gate_project")
    made.add_argument("id", metavar="ID", help=tree.words("gate_project.id"))
    for name in ("title", "approver", "since", "until"):
        made.add_argument(f"--{name}", required=True, metavar="TEXT", help=tree.words(f"gate_project.{name}"))
    made.add_argument("--purpose", default="HRESCH", metavar="CODE", help=tree.words("gate_project.purpose"))
    made.add_argument(
        "--member", action="append", default=[], metavar="NAME", help=tree.words("gate_project.member")
    )
    _folder(made, tree)
    _folder(verbs.command("projects", run_projects, "gate_projects"), tree)
    ended = verbs.command("end-project", run_end_project, "gate_end_project")
    ended.add_argument("id", metavar="ID", help=tree.words("gate_project.id"))
    _folder(ended, tree)
    _folder(verbs.command("bases", run_bases, "gate_bases"), tree)
    _folder(verbs.command("policy", run_policy, "gate_policy"), tree)
    labels = verbs.command("labels", run_labels, "gate_labels")
    labels.add_argument(
        "--put", action="append", default=[], type=Path, metavar="FILE", help=tree.words("gate_labels.put")
    )
    labels.add_argument(
        "--remove", action="append", default=[], metavar="NAME", help=tree.words("gate_labels.remove")
    )
    _folder(labels, tree)
    told = verbs.command("explain", run_explain, "gate_explain", "persons")
    for name in ("reader", "purpose", "record"):
        told.add_argument(f"--{name}", required=True, metavar="TEXT", help=tree.words(f"gate_explain.{name}"))
    told.add_argument("--at", metavar="TEXT", help=tree.words("gate_explain.at"))
    told.add_argument("--basis", type=int, metavar="NUMBER", help=tree.words("gate_explain.basis"))
    told.add_argument("--by", metavar="NAME", help=tree.words("gate_explain.by"))
    _folder(told, tree)


def _folder(made: argparse.ArgumentParser, tree: Tree) -> None:
    made.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="FOLDER", help=tree.words("top.folder")
    )


@contextmanager
def gate_state(folder: Path) -> Iterator[State]:
    """The gate's state of an installation, which may be serving meanwhile."""
    if not (folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=folder.name or str(folder))
    opened = State(folder / "gate.sqlite")
    try:
        yield opened
    finally:
        opened.close()


def _require_accounts(folder: Path, names: list[str]) -> None:
    with identity(folder) as accounts:
        for name in names:
            if accounts.user(name) is None:
                raise NotFound("gate-no-user", name=name)


def run_standing(given: argparse.Namespace, terminal: Terminal) -> int:
    """Sets the kinds that are named; shows what holds then."""
    _require_accounts(given.folder, [given.name])
    with gate_state(given.folder) as state:
        kept = Standings(state)
        for kind in KINDS:
            values = getattr(given, kind.replace("-", "_"))
            if values or kind in given.clear:
                kept.set(given.name, kind, values or [])
        standing = kept.of(given.name)
    rows = [
        {"kind": kind, "values": " ".join(values) or terminal.words(f"gate_standing.none_{kind}")}
        for kind, values in _values(standing).items()
    ]
    if terminal.json:
        terminal.result({"name": given.name, **_values(standing)}, "")
    else:
        columns = [(key, terminal.words(f"gate_standing.{key}")) for key in ("kind", "values")]
        terminal.table(columns, rows)
    return 0


def _values(standing: Standing) -> dict[str, list[str]]:
    scope = standing.scope
    return {
        "area": sorted(scope.areas),
        "institution": sorted(scope.institutions),
        "ward": sorted(scope.wards),
        "membership": sorted(standing.memberships),
        "record": sorted(standing.records),
        "identifier": sorted(standing.identifiers),
        "organisation-kind": [standing.organisation_kind] if standing.organisation_kind else [],
    }


def run_project(given: argparse.Namespace, terminal: Terminal) -> int:
    since, until = _day(given.since), _day(given.until) + timedelta(days=1)
    _require_accounts(given.folder, given.member)
    project = Project(
        given.id, given.title, given.purpose, given.approver, _milliseconds(since), _milliseconds(until)
    )
    with gate_state(given.folder) as state:
        Projects(state).add(project, given.member)
    terminal.result(
        {"added": project.id, "purpose": project.code}, terminal.words("gate_project.done", code=project.code)
    )
    return 0


def _day(text: str) -> datetime:
    """The first moment of a day in Taiwan."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), TAIPEI)
    except ValueError:
        raise Invalid("gate-project") from None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _as_day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, TAIPEI).date().isoformat()


def run_projects(given: argparse.Namespace, terminal: Terminal) -> int:
    at = now()
    with gate_state(given.folder) as state:
        kept = Projects(state)
        rows = [
            {
                "id": each.id, "title": each.title, "purpose": each.purpose, "approver": each.approver,
                "since": _as_day(each.since), "until": _as_day(each.until - 1),
                "members": " ".join(kept.members(each.id)),
                "state": terminal.words(f"gate_projects.{'holds' if each.holds(at) else 'over'}"),
            }
            for each in kept.all()
        ]  # fmt: skip
    keys = ("id", "title", "purpose", "approver", "since", "until", "members", "state")
    terminal.table([(key, terminal.words(f"gate_projects.{key}")) for key in keys], rows)
    return 0


def run_end_project(given: argparse.Namespace, terminal: Terminal) -> int:
    with gate_state(given.folder) as state:
        Projects(state).end(given.id)
    terminal.result({"ended": given.id}, terminal.words("gate_end_project.done", id=given.id))
    return 0


def run_bases(given: argparse.Namespace, terminal: Terminal) -> int:
    at = now()
    with gate_state(given.folder) as state:
        kept = Bases(state)
        uses = kept.uses()
        rows = [
            {
                "no": each.no, "basis": each.basis, "applicant": each.applicant, "approver": each.approver,
                "since": _as_day(each.since), "until": _as_day(each.until - 1),
                "state": terminal.words(f"gate_bases.{each.state(at)}"), "uses": uses.get(each.no, 0),
            }
            for each in kept.all()
        ]  # fmt: skip
    keys = ("no", "basis", "applicant", "approver", "since", "until", "state", "uses")
    terminal.table([(key, terminal.words(f"gate_bases.{key}")) for key in keys], rows)
    return 0


def run_policy(given: argparse.Namespace, terminal: Terminal) -> int:
    """Each parameter with its value here, its default and why that is so; then the legal bases added here. The file is
    checked as at the start."""
    if not (given.folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=given.folder.name or str(given.folder))
    here, base, lang = installed(given.folder), Policy.taiwan(), terminal.lang
    rows = [
        {
            "name": name,
            "value": _shown(here[name]),
            "default": _shown(base[name]),
            "why": base.parameters[name].why[lang],
            "may_be": PARAMETERS[name].words(lang),
        }
        for name in sorted(PARAMETERS)
    ]
    added = [row for name, row in here.bases.items() if name not in base.bases]
    if terminal.json:
        whys = {name: base.parameters[name].why for name in PARAMETERS}
        parameters = [{**row, "why": dict(whys[row["name"]])} for row in rows]
        bases = [{"id": row.id, "title": dict(row.title), "law": row.law} for row in added]
        terminal.result({"policy": here.id, "parameters": parameters, "bases": bases}, "")
        return 0
    keys = ("name", "value", "default", "may_be", "why")
    terminal.table([(key, terminal.words(f"gate_policy.{key}")) for key in keys], rows)
    for row in added:
        terminal.result(
            {}, terminal.words("gate_policy.basis", id=row.id, title=row.title[lang], law=row.law)
        )
    return 0


def run_labels(given: argparse.Namespace, terminal: Terminal) -> int:
    """The value sets that hold, after those named were put or taken away; whoever serves follows the files."""
    if not (given.folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=given.folder.name or str(given.folder))
    for file in given.put:
        own.put(given.folder, file)
    for name in given.remove:
        own.remove(given.folder, name)
    words = terminal.words
    rows = [
        {
            "set": each.name,
            "source": words(
                f"gate_labels.{'replaces' if each.replaces else 'own' if each.own else 'bundled'}"
            ),
            "rows": len(each.rows),
            "labels": " ".join(sorted({label for row in each.rows for label in row.labels})),
        }
        for each in own.sets_in(given.folder)
    ]
    terminal.table([(key, words(f"gate_labels.{key}")) for key in ("set", "source", "rows", "labels")], rows)
    under_way = progress_in(given.folder / "records.sqlite")
    said = words("gate_labels.running", **under_way._asdict()) if under_way else words("gate_labels.done")
    terminal.say(said)
    return 0


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def run_explain(given: argparse.Namespace, terminal: Terminal) -> int:
    """The decision, its rule path and the receipt it would leave, told by the process that serves where one does.
    Leaves a receipt in the name of an administrator."""
    from camphora.cli.beside import ask, explained

    asked = {
        "reader": given.reader,
        "purposes": given.purpose.split(),
        "record": given.record,
        "at": _moment(given.at) if given.at else None,
        "basis": given.basis,
        "by": given.by,
    }
    told = ask(given.folder, asked)
    if told is None:
        installation = Installation.open(given.folder)
        try:
            told = explained(installation, asked)
        finally:
            installation.close()
    _say_explained(terminal, told, installed(given.folder))
    return 0


def _moment(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("gate-explain-moment") from None
    if found.tzinfo is None:
        raise Invalid("gate-explain-moment")
    return _milliseconds(found)


def _say_explained(terminal: Terminal, told: dict[str, Any], policy: Policy) -> None:
    words = terminal.words
    if terminal.json:
        terminal.result(told, "")
        return
    outcome, deciding = words(f"gate_explain.{told['outcome']}"), told["reasons"][-1]
    terminal.result({}, words("gate_explain.outcome", outcome=outcome, code=deciding["code"]))
    rows = [
        {
            **each,
            "permits": words("gate_explain.permit" if each["permits"] else "gate_explain.deny"),
            "source": policy.law(each["source"], terminal.lang),
        }
        for each in told["reasons"]
    ]
    keys = ("code", "permits", "source", "consent", "provision")
    terminal.table([(key, words(f"gate_explain.column_{key}")) for key in keys], rows)
    duties = " ".join(f"{each['kind']} {each['path'] or ''}".strip() for each in told["obligations"])
    if duties:
        terminal.result({}, words("gate_explain.duties", duties=duties))
    terminal.result({}, words("gate_explain.versions", policy=told["policy"], choices=told["choices"]))
    terminal.result({}, words("gate_explain.as_of"))
    terminal.result({}, words("gate_explain.would", receipt=orjson.dumps(told["receipt"]).decode()))
    if told["explained"] is not None:
        terminal.say(words("gate_explain.left", number=str(told["explained"])))
