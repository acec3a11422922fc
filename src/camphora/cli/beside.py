"""What an operator asks of an installation that another process serves: over a socket in its folder, which nobody but
the owner may open.

A line of JSON each way, one question at a time. The process that serves reads, decides and leaves the receipt.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from camphora import errors
from camphora.errors import Busy, CamphoraError, NotFound
from camphora.gate import User
from camphora.gate.explaining import Explaining, as_json
from camphora.installation import Installation
from camphora.policy import Purpose, Role

log = logging.getLogger("camphora")
SOCKET = "asked.sock"
SECONDS, LARGEST = 10, 1 << 20
"""How long one who connects may take to ask, and the bytes of a question or an answer."""


def explained(installation: Installation, asked: dict[str, Any]) -> dict[str, Any]:
    """The explanation as JSON; it leaves a receipt in the name of an administrator (`by`, or the first)."""
    gate, by = installation.gate, asked["by"]
    asked_by = next((user for user in gate.identity.users() if _may_explain(user, by)), None)
    if asked_by is None:
        raise NotFound("gate-no-user", name=by or Role.ADMINISTRATOR)
    access = gate.access(asked_by.reader(), Purpose.OPERATION)
    told = Explaining(gate, installation.store).explain(
        access, asked["reader"], asked["purposes"], asked["record"], asked["at"], basis=asked["basis"]
    )
    installation.store.settle()
    answer: dict[str, Any] = orjson.loads(as_json(told))
    return answer


def _may_explain(user: User, name: str | None) -> bool:
    return user.role is Role.ADMINISTRATOR and name in {None, user.name}


def ask(folder: Path, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The answer of the process that serves this installation; None where none does. Raises what it raised, and Busy
    `installation-held` where it does not answer."""
    try:
        connection = _connected(folder)
    except OSError:
        return None
    with connection:
        try:
            connection.sendall(orjson.dumps(asked) + b"\n")
            said = orjson.loads(_line(connection))
        except (OSError, ValueError) as error:
            raise Busy("installation-held", folder=folder.name) from error
    if refused := said.get("refused"):
        raise getattr(errors, refused["kind"])(refused["code"], **refused["facts"])
    told: dict[str, Any] = said["told"]
    return told


@contextmanager
def answering(installation: Installation) -> Iterator[None]:
    """Answer meanwhile; where the machine or the folder has no such sockets, nobody is answered."""
    try:
        listening = _listening(installation.folder)
    except OSError as error:
        log.warning("nobody can ask beside the service: %s", errno.errorcode.get(error.errno or 0, "?"))
        yield
        return
    thread = threading.Thread(target=_answer_all, args=(installation, listening), name="beside", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            (installation.folder / SOCKET).unlink()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join(SECONDS)
        listening.close()


def _answer_all(installation: Installation, listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # it was shut
            return
        with connection, suppress(OSError, ValueError):
            connection.settimeout(SECONDS)
            connection.sendall(orjson.dumps(_answer(installation, orjson.loads(_line(connection)))) + b"\n")


def _answer(installation: Installation, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"told": explained(installation, asked)}
    except CamphoraError as error:
        facts = {name: fact if isinstance(fact, int) else str(fact) for name, fact in error.facts.items()}
        return {"refused": {"kind": type(error).__name__, "code": error.code, "facts": facts}}
    except Exception as error:  # whoever asks hears that there was no answer
        log.error("a question beside the service was not answered: %s", type(error).__name__)  # noqa: TRY400 - no values
        raise ValueError from error


def _line(connection: socket.socket) -> bytes:
    """A whole line; raises ValueError where there comes none."""
    said = b""
    while not said.endswith(b"\n"):
        piece = connection.recv(1 << 16)
        said += piece
        if not piece or len(said) > LARGEST:
            raise ValueError
    return said


def _connected(folder: Path) -> socket.socket:
    with _place(folder) as place:
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(SECONDS)
        try:
            made.connect(place)
        except OSError:
            made.close()
            raise
    return made


def _listening(folder: Path) -> socket.socket:
    """Nobody can connect before its mode is set."""
    with _place(folder) as place:
        Path(place).unlink(missing_ok=True)
        made = socket.socket(socket.AF_UNIX)
        try:
            made.bind(place)
            Path(place).chmod(0o600)
            made.listen(4)
        except OSError:
            made.close()
            raise
    return made


@contextmanager
def _place(folder: Path) -> Iterator[str]:
    """The socket's address, short enough however long that of the folder is. Raises OSError."""
    if not hasattr(socket, "AF_UNIX"):
        raise OSError(errno.EAFNOSUPPORT, SOCKET)
    inside = os.open(folder, os.O_RDONLY)
    try:
        there = Path(f"/proc/self/fd/{inside}")
        yield str((there if there.exists() else folder) / SOCKET)
    finally:
        os.close(inside)
