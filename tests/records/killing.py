"""A store killed at random moments under load, over and over, and everything it promised looked for afterwards.

`python killing.py FOLDER ROUNDS SEED` prints one line of JSON per round: what was under way, and `problems`, which is
empty where all held. Every step runs in a process of its own, forked from one that has no store open. Writers tell
what they are about to write before they write it and that it was acknowledged after; so an operation is acknowledged,
under way (one per writer at most), or was never begun. The acknowledged must be there; one under way must be there
wholly or not at all; nothing else may be there.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import orjson

from builders import citizen, clinician, observation, patient
from camphora.audit import check_proof, verify
from camphora.audit.receipt import fields_of
from camphora.errors import NotFound
from camphora.policy.internal import loading
from camphora.records import Delete, Put, SQLiteStore
from camphora.records.bodies import plain
from records.reading_index import index_of, rebuilt

WRITERS = 4
ROUNDS_OF_A_STORE = 5
"""So many kills does one store suffer, then a new one is begun."""
SLOWEST_OPENING = 20.0
State = tuple[int, str | None]
"""Version and value of a record; no value: deleted."""


@dataclass
class Told:
    """What the processes of one store told so far."""

    states: dict[str, State] = field(default_factory=dict)
    under_way: dict[int, dict[str, Any]] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    acknowledged: int = 0

    def take(self, line: bytes) -> None:
        said = orjson.loads(line)
        if "begun" in said:
            self.under_way[said["writer"]] = said["begun"]
        elif "read" in said:
            self.reads[said["read"]] += 1
        elif "missed" in said:
            self.missed.append(said["missed"])
        else:
            self.states = after(self.states, self.under_way.pop(said["done"]))
            self.acknowledged += 1


def after(states: dict[str, State], operation: dict[str, Any]) -> dict[str, State]:
    """The states once an operation has been done."""
    found = dict(states)
    for name, value in operation.items():
        found[name] = (found.get(name, (0, None))[0] + 1, value)
    return found


def write_and_read(folder: Path, number: int, out: int) -> None:
    """Load a store until killed."""
    store = SQLiteStore(folder)

    def tell(**said: Any) -> None:
        os.write(out, orjson.dumps(said) + b"\n")  # less than PIPE_BUF: whole, or not at all

    def work(writer: int) -> None:
        chance, person = random.Random(number * WRITERS + writer), f"p{number}-{writer}"
        live: list[str] = []
        count = 0
        while True:
            operation: dict[str, str | None] = {} if count else {f"Patient/{person}": "first"}
            for _ in range(chance.randint(1, 4)):
                count += 1
                made = f"Observation/o{number}-{writer}-{count}"
                again = chance.choice(live) if live and chance.random() < 0.4 else made
                operation[again] = None if again != made and chance.random() < 0.3 else f"v{count}"
            tell(writer=writer, begun=operation)
            store.write(loading("kill"), [change(name, person, said) for name, said in operation.items()])
            tell(done=writer)
            live = [name for name in (*live, *operation) if operation.get(name, "") is not None]
            live = [name for name in dict.fromkeys(live) if name.startswith("Observation/")]
            if live and chance.random() < 0.3:
                asked = chance.choice(live)
                try:
                    store.read(clinician(), *asked.split("/"))
                except NotFound:
                    tell(missed=asked)
                    continue
                tell(read=person)

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    raise RuntimeError("every writer stopped")


def change(name: str, person: str, value: str | None) -> Put | Delete:
    kind, key = name.split("/")
    if value is None:
        return Delete(kind, key)
    born = "1980-01-01"
    made = (
        patient(key, "王小明", born, "A1") if kind == "Patient" else observation(key, person, "8480-6", born)
    )
    return Put({**made, "identifier": [{"system": "urn:camphora:test", "value": value}]})


def look_into(folder: Path, told: Told) -> dict[str, Any]:
    """Open the store and say what is not as it was promised; and the states, operations under way settled."""
    problems = [f"acknowledged and not found: {name}" for name in told.missed]
    store = SQLiteStore(folder)
    connection = apsw.Connection(str(folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    if connection.pragma("integrity_check") != "ok":
        problems.append("the file is not sound")
    held = _states(connection)
    expected = told.states
    landed = 0
    for operation in told.under_way.values():
        done = after(expected, operation)
        seen = {held.get(name) == done[name] for name in operation}
        if seen == {True}:
            expected, landed = done, landed + 1
        elif any(held.get(name) != expected.get(name) for name in operation):
            problems.append(f"half written: {sorted(operation)}")
    if held != expected:
        problems.append(f"lost or not told: {sorted(held.items() ^ expected.items())[:4]}")
    problems += _versions_and_changes(connection)
    with tempfile.TemporaryDirectory() as aside:
        if index_of(connection) != rebuilt(connection, Path(aside)):
            problems.append("the index is not that of the bodies")
    connection.close()
    problems += _receipts(store, told)
    store.close()
    verdict = verify(folder / "audit")
    if not verdict.sound:
        problems.append(f"receipts: {verdict.faults}")
    return {"problems": problems, "states": expected, "landed": landed, "receipts": verdict.receipts}


def _states(connection: apsw.Connection) -> dict[str, State]:
    sql = (
        "SELECT t.name, r.id, r.version, r.deleted, c.body FROM record r JOIN type t ON t.no = r.type"
        " JOIN content c ON c.record = r.no"
    )
    return {
        f"{kind}/{key}": (version, None if deleted else orjson.loads(plain(body))["identifier"][0]["value"])
        for kind, key, version, deleted, body in connection.execute(sql)
    }


def _versions_and_changes(connection: apsw.Connection) -> list[str]:
    problems = []
    present = dict(connection.execute("SELECT no, version FROM record"))
    every = {(no, each) for no, version in present.items() for each in range(1, version + 1)}
    before = set(connection.execute("SELECT record, version FROM superseded"))
    if before != every - set(present.items()):
        problems.append("versions before the present ones are missing or too many")
    numbers = [no for (no,) in connection.execute("SELECT no FROM change ORDER BY no")]
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append("the change log has gaps")
    logged = set(connection.execute("SELECT subject, version FROM change WHERE kind IN ('record', 'choice')"))
    if logged != every:
        problems.append("the change log does not tell every version, or tells one that is not there")
    return problems


def _receipts(store: SQLiteStore, told: Told) -> list[str]:
    problems = []
    lines = [fields_of(store.audit.entry(number)) for number in range(len(store.audit))]
    read = sum(line["act"] == "read" for line in lines)
    if read < told.reads.total():
        problems.append(f"{told.reads.total()} reads were answered, {read} have a receipt")
    if lines and not check_proof(store.audit.proof(len(lines) - 1)):
        problems.append("the proof of the last receipt does not hold")
    store.settle()
    for person, reads in told.reads.items():
        looks = [look for look in store.looks(citizen(person), person) if look.reader != f"citizen-{person}"]
        if sum(look.act == "read" for look in looks) < reads:
            problems.append(f"{person} was read {reads} times and finds {len(looks)}")
    return problems


def killed(folder: Path, number: int, told: Told, chance: random.Random) -> float:
    """Load the store in a process of its own and kill it; returns the seconds that it lived. Every other round the
    moment is counted from the first acknowledged write, in the others from the start, so that opening is hit too."""
    reading, writing = os.pipe()
    begun = time.monotonic()
    process = os.fork()
    if process == 0:
        os.close(reading)
        try:
            write_and_read(folder, number, writing)
        except BaseException:  # noqa: BLE001 - a child says what ended it, and ends
            sys.excepthook(*sys.exc_info())
        os._exit(1)
    os.close(writing)
    until = begun + (SLOWEST_OPENING if number % 2 else chance.uniform(0.0, 0.8))
    rest, first = b"", told.acknowledged
    while (wait := until - time.monotonic()) > 0:
        if not select.select([reading], [], [], wait)[0]:
            continue
        got = os.read(reading, 65536)
        if not got:
            break
        rest = _take(told, rest + got)
        if number % 2 and told.acknowledged > first:
            until, first = min(until, time.monotonic() + chance.uniform(0.0, 0.25)), sys.maxsize
    os.kill(process, signal.SIGKILL)
    while got := os.read(reading, 65536):
        rest = _take(told, rest + got)
    os.close(reading)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError("the process ended by itself before it was killed")
    return time.monotonic() - begun


def _take(told: Told, got: bytes) -> bytes:
    """Take whole lines; returns what is left."""
    *lines, rest = got.split(b"\n")
    for line in lines:
        told.take(line)
    return rest


def looked_into(folder: Path, told: Told) -> dict[str, Any]:
    """`look_into` in a process of its own."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        try:
            with os.fdopen(writing, "wb") as out:
                out.write(orjson.dumps(look_into(folder, told)))
        except BaseException:  # noqa: BLE001 - a child says what ended it, and ends
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(process, 0)
    if status:
        return {"problems": ["the store did not open"], "states": told.states, "landed": 0, "receipts": 0}
    return orjson.loads(text)


def main(folder: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    told = Told()
    for number in range(rounds):
        place = folder / f"store-{number // ROUNDS_OF_A_STORE}"
        if number % ROUNDS_OF_A_STORE == 0:
            told = Told()
        before = told.acknowledged
        lived = killed(place, number, told, chance)
        found = looked_into(place, told)
        told.states = {name: (version, value) for name, (version, value) in found["states"].items()}
        row = {
            "round": number, "seconds": round(lived, 3), "acknowledged": told.acknowledged - before,
            "under_way": len(told.under_way), "landed": found["landed"], "records": len(told.states),
            "receipts": found["receipts"], "problems": found["problems"],
        }  # fmt: skip
        told.under_way.clear()
        sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
        sys.stdout.flush()
        if number % ROUNDS_OF_A_STORE == ROUNDS_OF_A_STORE - 1 and not found["problems"]:
            shutil.rmtree(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
