"""The audit of dependencies against an index of our own, one that has no such API, and one that is not there."""

import importlib.util
import json
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit_dependencies", ROOT / "tools/audit_dependencies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def index():
    """`index(pages)`: the address of a server with these pages; `index.asked` holds what was asked of it."""
    servers = []

    def made(pages):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                made.asked.append(self.path)
                found = pages.get(self.path)
                self.send_response(200 if found is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode() if found is not None else b"")

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    made.asked = []
    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


WEAK = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fixed_in": ["2.0"], "withdrawn": None}
PROBE = {"/pip/json": {"info": {"version": "9"}}, "/pip/9/json": {"vulnerabilities": []}}
PAGES = {
    **PROBE,
    "/weak/1.0/json": {"vulnerabilities": [WEAK, {**WEAK, "id": "PYSEC-2026-2", "withdrawn": "2026-01-01"}]},
    "/sound/1.0/json": {"vulnerabilities": []},
}


def test_the_lock_gives_every_package_that_comes_from_an_index(audit):
    names = {one.name for one in audit.locked((ROOT / "uv.lock").read_text("utf-8"))}
    assert {"starlette", "uvicorn", "jinja2", "cryptography"} <= names
    assert "camphora" not in names


def test_a_known_weakness_is_told_and_a_withdrawn_one_is_not(audit, index):
    packages = [audit.Locked(name, "1.0") for name in ("sound", "unheard", "weak")]
    found, unknown = audit.advisories(index(PAGES), packages)
    assert [str(one) for one in found] == ["weak 1.0: PYSEC-2026-1, CVE-2026-1: mended in 2.0"]
    assert [one.name for one in unknown] == ["unheard"]


def test_an_index_without_such_answers_is_asked_once_and_said_to_give_none(audit, index):
    with pytest.raises(audit.NotAnswered, match="no JSON API"):
        audit.advisories(index({}), [audit.Locked("weak", "1.0")] * 50)
    assert index.asked == ["/pip/json"]


def test_an_index_that_knows_newest_versions_alone_is_said_to_give_none(audit, index):
    with pytest.raises(audit.NotAnswered, match="single versions"):
        audit.advisories(index({"/pip/json": PROBE["/pip/json"]}), [audit.Locked("weak", "1.0")] * 50)
    assert index.asked == ["/pip/json", "/pip/9/json"]


@pytest.mark.parametrize(
    ("acceptance", "faults"),
    [
        ({}, 1),
        ({"PYSEC-2026-1": {"package": "weak", "until": date(2026, 11, 22), "why": "x"}}, 0),
        ({"CVE-2026-1": {"package": "weak", "until": date(2027, 1, 1), "why": "x"}}, 0),
        ({"PYSEC-2026-1": {"package": "weak", "until": date(2026, 11, 21), "why": "x"}}, 1),
        ({"PYSEC-2026-1": {"package": "other", "until": date(2027, 1, 1), "why": "x"}}, 1),
        ({"PYSEC-2026-1": {"package": "weak", "until": date(2027, 1, 1)}}, 1),
        ({"PYSEC-2026-1": {"package": "weak", "why": "x"}}, 2),
    ],
)
def test_what_is_accepted_is_accepted_for_a_package_a_time_and_a_reason(audit, acceptance, faults):
    weak = audit.Advisory(audit.Locked("weak", "1.0"), ("PYSEC-2026-1", "CVE-2026-1"), ("2.0",))
    assert len(audit.faults([weak], acceptance, TODAY)) == faults


def test_without_an_index_it_says_that_nothing_was_checked_and_a_release_is_stopped(
    audit, monkeypatch, capsys
):
    monkeypatch.setenv("CAMPHORA_INDEX_JSON", "http://127.0.0.1:9")
    assert audit.main([]) == 0
    assert "NOT CHECKED" in capsys.readouterr().out
    assert audit.main(["--required"]) == 1


def test_a_weakness_of_the_lock_fails_the_check(audit, index, monkeypatch, capsys):
    pages = {f"/{one.name}/{one.version}/json": {"vulnerabilities": []} for one in audit.locked(_lock())}
    weak = next(one for one in audit.locked(_lock()) if one.name == "starlette")
    monkeypatch.setenv("CAMPHORA_INDEX_JSON", index({**pages, **PROBE}))
    assert audit.main(["--required"]) == 0
    pages[f"/{weak.name}/{weak.version}/json"] = {"vulnerabilities": [WEAK]}
    monkeypatch.setenv("CAMPHORA_INDEX_JSON", index({**pages, **PROBE}))
    assert audit.main([]) == 1
    assert "starlette" in capsys.readouterr().out


def _lock():
    return (ROOT / "uv.lock").read_text("utf-8")
