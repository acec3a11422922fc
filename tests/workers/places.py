"""A small installation served by a leader and two workers, and clients that know whom they are with."""

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from builders import observation, people
from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.records.noting import NAMES, kept_of
from consented import consent, treating

ROOT = Path(__file__).resolve().parents[2]
LONG = 60.0
"""Seconds until what must come is given up; a machine may be busy."""


def made(folder):
    """An installation with two persons, of whom bo keeps a clinician out, and a token for each reader; closed."""
    opened = Installation.open(folder, make=True)
    many = [
        observation(f"m{number}", "ada", "8867-4", f"2026-04-{1 + number % 28:02}") for number in range(30)
    ]
    closed = consent("no-care", "bo", treating())
    opened.store.write(loading("test"), [Put(each) for each in (*people(), *many, closed)])
    identity = opened.gate.identity
    users = (
        User("lin", "林醫師", Role.CLINICIAN, organisation="h1"),
        User("ada", "王小明", Role.CITIZEN, person="ada"),
        User("ana", "分析人員", Role.ANALYST),
        User("root", "管理者", Role.ADMINISTRATOR),
    )
    for user in users:
        identity.add_user(user, None)
    tokens = {user.name: identity.issue_token(user.name, "test", 1) for user in users}
    opened.close()
    (folder / "service.toml").write_text('metrics = "loopback"\n')
    return tokens


@dataclass
class Place:
    """A leader that serves. `workers`: the processes that it began."""

    folder: Path
    port: int
    leader: subprocess.Popen
    clients: list = field(default_factory=list)

    @property
    def workers(self):
        return children(self.leader.pid)

    def client(self, token="", source=""):
        self.clients.append(Client(self.port, token, source))
        return self.clients[-1]

    def both(self, token=""):
        """A client of the leader and one of a worker, in this order. While no worker is ready the leader reads."""
        leaders = self.client(token, "127.0.0.2")
        assert holder(leaders, [self.leader.pid, *self.workers]) == self.leader.pid
        return leaders, eventually(lambda: self._workers_client(token))

    def _workers_client(self, token):
        client = self.client(token)
        if holder(client, [self.leader.pid, *self.workers]) in self.workers:
            return client
        client.close()
        return None

    def lines(self):
        """Every receipt that a process killed now would leave: in the journal, which is read first, and in the log."""
        journal = [(self.folder / name).read_bytes() for name in NAMES if (self.folder / name).exists()]
        kept = {found for file in journal for each in file.split(b"\n") if (found := kept_of(each))}
        written = (self.folder / "audit/receipts.log").read_bytes().splitlines()
        return [
            orjson.loads(line) for line in dict.fromkeys([*written, *(each.line for each in sorted(kept))])
        ]


class Client:
    """One connection that stays open."""

    def __init__(self, port, token, source):
        self.token = token
        source = (source, 0) if source else None
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG, source_address=source)
        self.connection.connect()

    @property
    def address(self):
        return self.connection.sock.getsockname()

    def ask(self, path, method="GET", body=None, **headers):
        """Status, headers and body. Names of headers are written with underscores."""
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if isinstance(body, dict):
            body, given["Content-Type"] = orjson.dumps(body), "application/fhir+json"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, given)
        answer = self.connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()

    def close(self):
        self.connection.close()


@contextmanager
def leading(folder, workers=2, host="127.0.0.1"):
    """Serve `folder`; at the end Ctrl-C is pressed, if it serves still."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("leading_place.py")),
        str(folder),
        host,
        str(workers),
    ]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        place = Place(folder, int(process.stdout.readline()), process)
        yield place
    finally:
        for client in place.clients:
            client.close()
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=LONG)


def children(process):
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def eventually(found):
    """What a function finds, once it finds something."""
    until = time.monotonic() + LONG
    while not (value := found()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)
    return value


def holder(client, processes):
    """Which of these processes holds the other end of a connection."""
    inode = eventually(lambda: _inode(client.address[1]))
    return eventually(lambda: next((each for each in processes if inode in _sockets(each)), None))


def _inode(port):
    """Of the socket whose peer has this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return next((row[9] for row in rows if row[2].endswith(f":{port:04X}") and row[9] != "0"), None)


def _sockets(process):
    found = set()
    for each in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.add(str(each.readlink()).removeprefix("socket:[").rstrip("]"))
        except OSError:
            continue
    return found


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
