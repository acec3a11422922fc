"""`camphora serve` in a process of its own over a small installation, with everything that it says kept."""

import socket
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.records import Put

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from started import started  # noqa: E402

NUMBER, NAME, PASSWORD = "A123456789", "林查無此人", "camphor chest by the window"


def made(folder, settings=""):
    """An installation with one person, her clinician and her settings; closed."""
    opened = Installation.open(folder, make=True)
    person = {
        "resourceType": "Patient", "id": "p-secret-1", "name": [{"text": NAME}], "birthDate": "1970-01-01",
        "identifier": [{"system": "http://www.moi.gov.tw", "value": NUMBER}],
    }  # fmt: skip
    hospital = {"resourceType": "Organization", "id": "h1", "name": "樟樹診所"}
    opened.store.write(loading("test"), [Put(person), Put(hospital)])
    opened.gate.identity.add_user(User("lin", "林醫師", Role.CLINICIAN, organisation="h1"), PASSWORD)
    token = opened.gate.identity.issue_token("lin", "test", 1)
    opened.close()
    (folder / "service.toml").write_text(settings)
    return token


@contextmanager
def served(folder, said):
    """The port on which it answers. What it writes goes into the file `said`."""
    with started(folder, said=said) as server:
        yield server.port


def raw(port, *parts, timeout=30.0):
    """What comes back for these bytes, until the other side closes, cuts the connection off or says no more. Raises
    TimeoutError where it says nothing at all in that time, and leaves the connection open."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        answer = b""
        with suppress(ConnectionResetError, BrokenPipeError):
            for part in parts:
                connection.sendall(part)
        try:
            while more := connection.recv(65_536):
                answer += more
        except ConnectionResetError:
            pass
        except TimeoutError:
            if not answer:
                raise
        return answer
