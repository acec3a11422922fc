"""`camphora serve FOLDER`: open an installation again; everything but the public pages asks for sign-in."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from camphora.cli.collecting import set_apart, take_back
from camphora.cli.serving import LOOPBACK, listen, serve
from camphora.cli.terminal import Terminal
from camphora.errors import Invalid
from camphora.installation import Installation
from camphora.installation.service import MOST_WORKERS, Service

if TYPE_CHECKING:
    from camphora.cli.parser import Tree


def add(tree: Tree) -> None:
    made = tree.command("serve", run)
    made.add_argument("folder", type=Path, metavar="FOLDER", help=tree.words("serve.folder"))
    made.add_argument("--port", type=int, default=8080, metavar="P", help=tree.words("demo.port"))
    made.add_argument("--host", default=LOOPBACK, metavar="ADDRESS", help=tree.words("serve.host"))
    made.add_argument("--workers", type=int, metavar="N", help=tree.words("serve.workers"))


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    if not (given.folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=given.folder.name)
    if given.workers is not None and not 1 <= given.workers <= MOST_WORKERS:
        raise Invalid("cli-workers", most=MOST_WORKERS)
    _warn(given, terminal)
    listening = listen(given.port, given.host)
    try:
        installation = Installation.open(given.folder)
        installation.demo = False
        installation.gate.identity.end_sessions()
        address = f"http://{given.host}:{listening.getsockname()[1]}"
        loading = threading.Thread(target=_load, args=(installation,), name="tables")
        loading.start()
        installation.lake.start()
        try:
            serve(installation, listening, terminal.lang, lambda: _ready(terminal, address), given.workers)
        finally:
            loading.join()
            take_back()
            installation.close()
    finally:
        listening.close()
    return 0


def _load(installation: Installation) -> None:
    installation.load_tables()
    set_apart()


def _warn(given: argparse.Namespace, terminal: Terminal) -> None:
    """Without an address in `service.toml` every host name is answered: links could be made to lead elsewhere."""
    if not given.host.startswith("127.") and not Service.of(given.folder).address:
        terminal.say(terminal.words("serve.no_address"))


def _ready(terminal: Terminal, address: str) -> None:
    terminal.result({"ready": True, "address": address}, terminal.words("serve.ready", address=address))
