"""`camphora demo`: a living system of synthetic people and real open data, in one command."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.serving import LOOPBACK, listen, open_browser, serve
from camphora.cli.terminal import Terminal
from camphora.errors import CamphoraError, Conflict
from camphora.installation import Installation
from camphora.installation.seeding import Plan, Seeding, require_enough

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("demo", run)
    made.add_argument("--people", type=int, default=1000, metavar="N", help=tree.words("demo.people"))
    made.add_argument("--keep", type=Path, metavar="FOLDER", help=tree.words("demo.keep"))
    made.add_argument("--port", type=int, default=8080, metavar="P", help=tree.words("demo.port"))
    made.add_argument("--seed", type=int, default=1, metavar="S", help=tree.words("demo.seed"))
    made.add_argument("--no-browser", action="store_true", help=tree.words("demo.no_browser"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    require_enough(given.people)
    listening = listen(given.port)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="camphora-demo-"))
    try:
        _live(given, terminal, folder, listening)
    finally:
        listening.close()
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    terminal.say(
        terminal.words("demo.kept", folder=str(folder)) if given.keep else terminal.words("demo.ended")
    )
    return 0


def _live(given: argparse.Namespace, terminal: Terminal, folder: Path, listening: object) -> None:
    _require_demo(folder)
    terminal.say(terminal.words("demo.opening"))
    installation = Installation.open(folder, make=True)
    installation.demo = True
    seeding = Seeding(installation, Plan.of(folder, given.people, given.seed))
    background = threading.Thread(target=_go_on, args=(seeding, terminal), name="seeding", daemon=True)
    try:
        with terminal.progress("demo.tables") as shown:
            installation.load_tables(shown)
        with terminal.progress("demo.first") as shown:
            seeding.begin(shown)
        installation.lake.catch_up()
        installation.lake.start()
        address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"  # type: ignore[attr-defined]
        background.start()
        serve(installation, listening, terminal.lang, lambda: _ready(given, terminal, seeding, address))  # type: ignore[arg-type]
    finally:
        seeding.stopped.set()
        if background.is_alive():
            background.join()
        installation.close()


def _require_demo(folder: Path) -> None:
    """A demo goes into a new or empty folder, or on in one of its own; nothing of somebody's is mixed with it."""
    if not folder.is_dir() or (folder / "demo").exists():
        return
    if (folder / "records.sqlite").exists():
        raise Conflict("installation-not-a-demo", folder=folder.name)
    if any(folder.iterdir()):
        raise Conflict("installation-foreign-folder", folder=folder.name)


def _ready(given: argparse.Namespace, terminal: Terminal, seeding: Seeding, address: str) -> None:
    links = {
        name: f"{address}{path}"
        for name, path in (
            ("public", "/"),
            ("citizen", "/sign-in/as?next=/me"),
            ("clinician", "/sign-in/as?next=/patients"),
            ("api", "/fhir/metadata"),
        )
    }
    lines = [
        terminal.words("demo.ready"),
        *(f"  {terminal.words(f'demo.{name}')}  {link}" for name, link in links.items()),
    ]
    terminal.result({"ready": True, "people": seeding.plan.people, **links}, "\n".join(lines))
    terminal.say(terminal.words("demo.stop"))
    if not given.no_browser:
        open_browser(address)


def _go_on(seeding: Seeding, terminal: Terminal) -> None:
    """The rest of the people, while serving, saying how far."""
    if seeding.finished:
        return
    try:
        with terminal.progress("demo.people_bar") as shown:
            seeding.go_on(shown)
    except CamphoraError as error:
        terminal.error(error)
        return
    if not seeding.stopped.is_set():
        terminal.say(terminal.words("demo.all", n=seeding.plan.people))
