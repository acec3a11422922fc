"""The wheel and the sdist: what they carry, what they must not, and the demo from an empty environment."""

import gzip
import http.client
import json
import lzma
import os
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {".py", ".toml", ".html", ".md", ".css", ".svg", ".sql", ".typed", ".json"}
"""Code, words, templates and views: what NOTICE need not list one by one."""
WRITTEN = {
    "camphora/notice.tsv",
    "camphora/web/static/camphora.js",
    "camphora/web/static/room.js",
}
"""Our own, though they look like data."""
SHARE_ALIKE = ("share", "-SA", "ODbL", "GPL")
PATIENCE = 240
"""Seconds after which a demo that says nothing is killed, so that the test fails and does not hang."""
SNOMED = "http://snomed.info/sct"
UV = Path(sys.executable).with_name("uv")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not UV.exists(), reason="no uv beside this Python: make setup"),
]


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """(wheel, sdist), the wheel made from the sdist as an index would."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--installer", "uv", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PATH": path_with_uv()})
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def path_with_uv():
    return f"{UV.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def carried(built):
    """The files of the wheel by name."""
    with zipfile.ZipFile(built[0]) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist() if not name.endswith("/")}


def package():
    """The files of the package in the working tree, ignored ones left out."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "src/camphora"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git: nothing to compare with")
    return {name.removeprefix("src/") for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def notice():
    """Rows of NOTICE: path, licence, source, what."""
    lines = (ROOT / "NOTICE").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if "\t" in line]


def test_the_wheel_carries_the_whole_package_and_nothing_else(carried):
    assert {name for name in carried if ".dist-info/" not in name} == package()


def test_the_licence_and_the_notice_go_with_it(carried):
    texts = {
        PurePosixPath(name).name: body for name, body in carried.items() if ".dist-info/licenses/" in name
    }
    assert texts["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert texts["NOTICE"] == (ROOT / "NOTICE").read_bytes()


def test_every_data_file_in_it_is_listed(carried):
    patterns = [row[0].removeprefix("src/") for row in notice()]
    data = [PurePosixPath(name) for name in carried if ".dist-info/" not in name and name not in WRITTEN]
    unlisted = [
        str(path)
        for path in data
        if path.suffix not in OURS and not any(path.match(pattern) for pattern in patterns)
    ]
    assert len(data) > 100
    assert unlisted == []


def test_nothing_in_it_asks_to_be_shared_alike():
    rows = [row for row in notice() if row[0].startswith("src/")]
    assert len(rows) > 20
    assert [row[:2] for row in rows if any(mark in row[1] for mark in SHARE_ALIKE)] == []


def unpacked(name, body):
    if name.endswith(".gz"):
        return gzip.decompress(body)
    return lzma.decompress(body) if name.endswith(".xz") else body


def described(value):
    """Every description of a SNOMED CT code inside a JSON value."""
    if isinstance(value, list):
        return [found for item in value for found in described(item)]
    if not isinstance(value, dict):
        return []
    found = [found for item in value.values() for found in described(item)]
    if SNOMED in (value.get("system"), value.get("url")):
        listed = [value, *value.get("concept", ())]
        found += [
            each[key] for each in listed for key in ("display", "designation", "definition") if key in each
        ]
    return found


def test_no_snomed_code_in_it_bears_its_display(carried):
    texts = {name: unpacked(name, body) for name, body in carried.items()}
    holding = {name: text for name, text in texts.items() if SNOMED.encode() in text}
    named = [name for name in holding if not name.endswith((".json.gz", ".json", ".ndjson.xz", ".py"))]
    found = {
        name: [described(json.loads(line)) for line in text.splitlines() if line.startswith(b"{")]
        for name, text in holding.items()
        if "json" in name
    }
    assert named == []
    assert sum(map(len, found.values())) > 50
    assert [name for name, lines in found.items() if any(lines)] == []


def test_the_sdist_carries_what_is_needed_to_test_it(built):
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {f"src/{name}" for name in package()} <= names
    assert {"pyproject.toml", "uv.lock", "Makefile", "NOTICE", "tests/conftest.py", "tools/setup.sh"} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".sqlite")]


@pytest.fixture(scope="session")
def empty(built, tmp_path_factory):
    """An environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("environment") / "empty"
    subprocess.run([UV, "venv", "--quiet", folder], check=True)
    subprocess.run([UV, "pip", "install", "--quiet", "--python", folder, built[0]], check=True)
    return folder


def first_page(address):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 200
    body = answer.read().decode()
    connection.close()
    return body


def test_the_demo_runs_from_it_and_ends_at_ctrl_c(empty, tmp_path):
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL"))
    }
    command = [empty / "bin" / "camphora", "demo", "--people", "200", "--port", "0", "--json", "--no-browser"]
    with (tmp_path / "said").open("w") as said:
        demo = subprocess.Popen(
            command,
            cwd=here,
            stdout=subprocess.PIPE,
            stderr=said,
            env={**environment, "TMPDIR": str(temporary)},
        )
        overdue = threading.Timer(PATIENCE, demo.kill)
        overdue.start()
        try:
            page = first_page(json.loads(demo.stdout.readline())["public"])
            held = list(temporary.glob("camphora-demo-*"))
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()
            overdue.cancel()
    assert "Camphora" in page
    assert len(held) == 1
    assert (demo.returncode, list(temporary.iterdir()), list(here.iterdir())) == (0, [], [])
