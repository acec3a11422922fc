"""Disks that are full, broken or read-only, a locked file, a newer store: said in words, nothing half written, and
reading goes on."""

import os
import secrets
import subprocess
import sys
import textwrap
from pathlib import Path
from tempfile import gettempdir

import apsw
import pytest

from builders import clinician, observation, patient
from camphora.errors import Busy, Fault, catalogue
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore, keeper

MANY = [patient(f"p{number}", "某人" * 50, "1980-01-01", f"A1{number:08}") for number in range(500)]
START = """
import os, resource, subprocess, sys
from pathlib import Path
from tempfile import gettempdir
from builders import clinician, patient
from camphora.errors import CamphoraError
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from records.killing import Told, look_into

def put(number):
    made = patient(f"p{number}", "某人" * 50, "1980-01-01", f"A1{number:08}")
    return Put({**made, "identifier": [{"system": "urn:camphora:test", "value": "x" * 1000}]})

def fill(store, kept, most):
    while len(kept) < most:
        group = [put(len(kept) + more) for more in range(20)]
        try:
            store.write(loading("t"), group)
        except CamphoraError as error:
            return error.code
        kept.update({f"Patient/{one.resource['id']}": (1, "x" * 1000) for one in group})
    return ""
"""
FILE_LIMIT = """
folder, kept = Path(sys.argv[1]), {}
store = SQLiteStore(folder)
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, resource.RLIM_INFINITY))
code = fill(store, kept, 40_000)
for _ in range(50):
    assert store.read(clinician("h1"), "Patient", "p7").version == 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
again = fill(store, kept, len(kept) + 20)
store.close()
print(code, again or "written", look_into(folder, Told(kept))["problems"])
"""
SMALL_DISK = """
place = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", place], check=True)
ballast, kept = place / "ballast", {}
store = SQLiteStore(place / "store")
with ballast.open("wb") as file:
    os.posix_fallocate(file.fileno(), 0, 20 << 20)
code = fill(store, kept, 40_000)
for _ in range(200):
    assert store.read(clinician("h1"), "Patient", "p7").version == 1
ballast.unlink()
again = fill(store, kept, len(kept) + 20)
store.close()
print(code, again or "written", look_into(place / "store", Told(kept))["problems"])
"""


def run(script: str, folder: Path, *before: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [*before, sys.executable, "-c", START + textwrap.dedent(script), str(folder)],
        capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path):
    done = run(FILE_LIMIT, tmp_path)
    assert done.stdout.strip() == "records-disk-full written []", done.stderr[-2000:]


def test_a_disk_that_is_full_stops_writing_and_not_care(tmp_path):
    may = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True, check=False
    )
    if may.returncode:
        pytest.skip("this account may not mount a small disk of its own")
    done = run(SMALL_DISK, tmp_path, "unshare", "-rm")
    assert done.stdout.strip() == "records-disk-full written []", done.stderr[-2000:]


@pytest.fixture
def full(loaded):
    """A store whose disk is full."""
    connection = loaded._connections.writer
    loaded.settle()
    (pages,) = next(connection.execute("PRAGMA page_count"))
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(Busy, match="records-disk-full"):
        loaded.write(loading("t"), [Put(one) for one in MANY])
    return loaded


def test_a_full_disk_answers_writes_by_503_and_reads_as_ever(full, served_to_loader):
    client = served_to_loader(full)
    body = observation("", "ada", "8480-6", "2026-03-05") | {"note": [{"text": secrets.token_hex(50_000)}]}
    body.pop("id")
    refused = client.post("/fhir/Observation", json=body, headers={"accept-language": "zh-TW"})
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    (issue,) = refused.json()["issue"]
    assert issue["details"]["coding"][0]["code"] == "records-disk-full"
    assert "磁碟空間不足" in issue["details"]["text"] or "磁碟空間不足" in issue["diagnostics"]
    assert client.get("/fhir/Patient/ada").status_code == 200
    assert len(client.get("/fhir/Observation?patient=ada").json()["entry"]) == 3


@pytest.fixture
def served_to_loader():
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.testclient import TestClient

    from camphora.web.fhir import Api, fhir_routes

    opened = []

    def serve(store):
        api = Api(store, lambda _: loading("t"))
        opened.append(api)
        return TestClient(Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]))

    yield serve
    for api in opened:
        api.close()


def test_a_disk_that_turned_read_only_is_read_on(loaded):
    loaded.settle()
    loaded._connections.writer.execute("PRAGMA query_only = 1")
    with pytest.raises(Busy, match="records-read-only"):
        loaded.write(loading("t"), [Put(MANY[0])])
    assert loaded.read(clinician("h1"), "Patient", "ada").version == 1
    loaded._connections.writer.execute("PRAGMA query_only = 0")
    assert loaded.write(loading("t"), [Put(MANY[0])])[0].version == 1


def test_a_lock_that_another_holds_is_waited_for_and_then_named(loaded):
    loaded.settle()
    other = apsw.Connection(str(loaded.folder / "records.sqlite"))
    other.execute("BEGIN IMMEDIATE")
    loaded._connections.writer.set_busy_timeout(50)
    before = loaded.last_change()
    with pytest.raises(Busy, match="records-locked"):
        loaded.write(loading("t"), [Put(MANY[0])])
    assert loaded.read(clinician("h1"), "Patient", "ada").version == 1
    assert loaded.last_change() == before
    other.execute("ROLLBACK")
    other.close()
    assert loaded.write(loading("t"), [Put(MANY[0])])[0].version == 1


def test_a_store_is_ready_again_when_what_kept_its_writes_out_is_over(loaded, monkeypatch):
    monkeypatch.setattr(keeper, "TRIAL", 600)
    loaded.settle()
    assert loaded.working().ready
    loaded._connections.writer.execute("PRAGMA query_only = 1")
    with pytest.raises(Busy, match="records-read-only"):
        loaded.write(loading("t"), [Put(MANY[0])])
    assert not loaded.working().ready
    assert not loaded.working().ready
    loaded._connections.writer.execute("PRAGMA query_only = 0")
    before = loaded.last_change()
    assert loaded.working().ready
    assert loaded.last_change() == before


def test_a_store_that_another_holds_is_not_opened(tmp_path):
    SQLiteStore(tmp_path).close()
    other = apsw.Connection(str(tmp_path / "records.sqlite"))
    list(other.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"))
    with pytest.raises(Busy, match="records-locked"):
        SQLiteStore(tmp_path)
    other.close()


def test_a_file_that_is_no_store_is_said_to_be_broken(tmp_path):
    (tmp_path / "records.sqlite").write_bytes(b"This is not a database." * 400)
    with pytest.raises(Fault, match="records-disk-broken"):
        SQLiteStore(tmp_path)
    assert (tmp_path / "records.sqlite").read_bytes().startswith(b"This is not")


def test_a_newer_store_is_left_as_it_is(tmp_path):
    SQLiteStore(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / "records.sqlite"))
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    before = (tmp_path / "records.sqlite").read_bytes()
    with pytest.raises(Fault) as told:
        SQLiteStore(tmp_path)
    assert told.value.code == "records-newer-store"
    assert "9999" in told.value.text("zh-TW")
    assert "9999" in told.value.text("en")
    assert (tmp_path / "records.sqlite").read_bytes() == before


READ_ONLY = """
os.chmod(sys.argv[1], 0o500)
if os.getuid() == 0:
    os.chown(sys.argv[1], 65534, 65534)
    os.setgid(65534); os.setuid(65534)
try:
    SQLiteStore(Path(sys.argv[1]))
except CamphoraError as error:
    print(error.code)
"""


def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    for above in (tmp_path, *tmp_path.parents):
        if above.is_relative_to(gettempdir()) and above != Path(gettempdir()):
            above.chmod(0o755)
    done = run(READ_ONLY, place)
    assert done.stdout.strip() == "records-read-only", done.stderr[-2000:]


@pytest.mark.parametrize(
    "code",
    [
        "records-disk-full",
        "records-read-only",
        "records-locked",
        "records-disk-broken",
        "records-newer-store",
    ],
)
def test_each_says_in_both_languages_what_to_do(code):
    entry = catalogue()[code]
    assert set(entry.text) == set(entry.remedy) == {"zh-TW", "en"}
    assert all([*entry.text.values(), *entry.remedy.values()])
