"""One demo of 300 residents in a process of its own, and Chromium, for all walks through it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from camphora.synth import Country, cast

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEOPLE = 300
PATIENCE = 300
WATCHES = 3
"""Watches by the week that the demo has swept before a page of them is opened."""
KEEPER, PASSWORD = "keeper", "camphor chest by the window"
COLLEAGUE, TOWNSHIP = "lee", "wang"
"""An officer of the county of the demo's officer, and one of a township of it."""
AREAS = {COLLEAGUE: "67000", TOWNSHIP: "67000710"}


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """The folder of the installation that the demo keeps."""
    return tmp_path_factory.mktemp("demo") / "kept"


@pytest.fixture(scope="session")
def demo(kept):
    """The address of a demo with all its people. It must say nothing of faults, and end at Ctrl-C."""
    said = kept.parent / "said"
    command = [sys.executable, "-m", "camphora", "demo", "--people", str(PEOPLE), "--keep", str(kept)]
    command += ["--port", "0", "--json", "--no-browser", "--lang", "en"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with said.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=kept.parent
        )
    overdue = threading.Timer(PATIENCE, process.kill)
    overdue.start()
    try:
        ready = json.loads(process.stdout.readline() or "{}")
        assert ready.get("ready"), said.read_text()
        wait_for_all(process, said)
        overdue.cancel()
        wait_for_sweeps(kept / "watched")
        address = ready["public"].rstrip("/")
        wait_until_read(f"{address}/systems/smart_epidemic_prevention")
        yield address
    finally:
        overdue.cancel()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert "fault" not in said.read_text().lower(), said.read_text()


def wait_for_all(process, said):
    until = time.monotonic() + PATIENCE
    while f"All {PEOPLE}" not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < until, said.read_text()
        time.sleep(0.25)


def wait_for_sweeps(folder):
    """Until what the pages of a watch show has been worked out, which the demo does in processes of its own."""
    until = time.monotonic() + PATIENCE
    while len(list(folder.glob("sweep-*.npz"))) < WATCHES:
        assert time.monotonic() < until, sorted(file.name for file in folder.glob("*"))
        time.sleep(0.25)


def wait_until_read(address):
    """Until a page of a watch, whose sweep is there, is no longer one in the making."""
    until = time.monotonic() + PATIENCE
    while "refresh" in urlopen(address).headers:
        assert time.monotonic() < until, address
        time.sleep(0.25)


@pytest.fixture(scope="session")
def characters():
    """The ids of the citizen, her daughter, her doctors and their hospitals."""
    return cast(Country.load(), 1, PEOPLE)


def wait_until_made(page, path):
    """Until the page is no longer one in the making, which would ask for itself again in the midst of a walk."""
    until = time.monotonic() + PATIENCE
    while "refresh" in page.request.get(path).headers:
        assert time.monotonic() < until, path
        time.sleep(0.25)


def open_made(page, path):
    """Open a page of a watch once what it shows, which is being read, is there."""
    wait_until_made(page, path)
    page.goto(path)


def sign_in_as(page, person, following="/"):
    """As a visitor of the demo does: the list of persons, then one button."""
    page.goto(f"/sign-in/as?next={following}")
    page.locator("li", has=page.locator(f"input[value={person}]")).get_by_role("button").click()


def sign_in_by_password(page, name):
    page.goto("/sign-in")
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button").click()


def command(kept, *words):
    """A command of the installation, given while the demo serves."""
    given = [sys.executable, "-m", "camphora", *words, "--in", str(kept)]
    subprocess.run(given, input=PASSWORD, text=True, check=True, capture_output=True)


@pytest.fixture(scope="session")
def keeper(demo, kept):
    """An administrator."""
    command(kept, "user", "add", KEEPER, "--role", "administrator")
    return KEEPER


@pytest.fixture(scope="session")
def officers(demo, kept):
    """Officers beside the one of the demo, each with an area."""
    for name, area in AREAS.items():
        command(kept, "user", "add", name, "--role", "officer")
        command(kept, "gate", "standing", name, "--area", area)
    return tuple(AREAS)


@pytest.fixture(scope="session")
def sessions(chromium, demo, keeper):
    """`sessions(person)`: what the browser keeps of one who signed in, made once."""
    kept = {}

    def of(person):
        if person and person not in kept:
            context = chromium.new_context(base_url=demo)
            sign_in = sign_in_by_password if person in (keeper, *AREAS) else sign_in_as
            sign_in(context.new_page(), person)
            kept[person] = context.storage_state()
            context.close()
        return kept.get(person)

    return of


@pytest.fixture
def opened(chromium, demo, sessions):
    """`opened(person, lang)`: a page in a browser of one's own, signed in where a person is named."""
    contexts = []

    def new(person="", lang="zh-TW", **settings):
        settings = {"base_url": demo, "locale": lang, "storage_state": sessions(person), **settings}
        contexts.append(chromium.new_context(**settings))
        contexts[-1].set_default_timeout(15_000)
        return contexts[-1].new_page()

    yield new
    for context in contexts:
        context.close()


@pytest.fixture
def citizen(opened):
    """The citizen's own page; what she chose in a test is ended after it."""
    page = opened("citizen", viewport={"width": 390, "height": 844})
    yield page
    page.goto("/me/choices?lang=zh-TW")
    while (ending := page.locator("a[href^='/me/choices/end']")).count():
        ending.first.click()
        page.locator("main form button").click()
        page.goto("/me/choices")


def spoken(page):
    """What the main part of a page says, as one line."""
    return re.sub(r"\s+", " ", page.locator("main").inner_text())
