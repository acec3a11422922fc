"""A process killed while it declares an emergency or approves a legal basis: each is there wholly, or not at all."""

import os
import random
import signal
import subprocess
import sys

import apsw
import pytest

from camphora.gate.bases import Bases
from camphora.gate.emergencies import Emergencies, EmergencyRules
from camphora.gate.state import State
from camphora.policy import Role

ROUNDS = 6
RULES = "EmergencyRules(frozenset({Role.CLINICIAN}), 4.0, 8)"
START = """
import sys
from pathlib import Path
from camphora.gate.bases import DAY, Bases
from camphora.gate.emergencies import Emergencies, EmergencyRules
from camphora.gate.state import State, now
from camphora.policy import Role
state = State(Path(sys.argv[1]))
"""
DECLARING = f"""
kept = Emergencies(state, {RULES})
print(flush=True)
while True:
    made = kept.declare("lin", "p1", "national|A123456789", "昏迷送醫，須知用藥與過敏")
    print(made.no, flush=True)
"""
APPROVING = """
kept = Bases(state)
print(flush=True)
while True:
    made = kept.apply("lin", "statutory-duty", "依法辦理統計", purposes=["GOV"], since=now(), until=now() + DAY,
                      least_reason=4)
    kept.decide(made.no, "privacy", approved=True)
    print(made.no, flush=True)
"""


def killed(path, doing, seconds):
    """The numbers that were told to be there before the process was killed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", START + doing, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        process.stdout.readline()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        told = process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    whole = told[: told.rindex("\n") + 1] if "\n" in told else ""
    return [int(line) for line in whole.split()]


@pytest.fixture
def reopened(tmp_path):
    """`reopened()`: the state as the next process finds it; sound as a file."""
    opened = []

    def again():
        opened.append(State(tmp_path / "gate.sqlite"))
        connection = apsw.Connection(str(tmp_path / "gate.sqlite"))
        assert connection.pragma("integrity_check") == "ok"
        connection.close()
        return opened[-1]

    yield again
    for each in opened:
        each.close()


def test_a_declaration_is_wholly_there_or_not(tmp_path, reopened):
    chance, before = random.Random(4), 0
    for _ in range(ROUNDS):
        told = killed(tmp_path / "gate.sqlite", DECLARING, chance.uniform(0.005, 0.2))
        rules = EmergencyRules(frozenset({Role.CLINICIAN}), 4.0, 8)
        kept = Emergencies(reopened(), rules).of_person("p1")
        numbers = sorted(each.no for each in kept)
        assert numbers == list(range(1, len(numbers) + 1))
        assert set(told) <= set(numbers)
        assert len(numbers) <= before + len(told) + 1
        assert all(each.reason and each.identifier and each.until > each.declared for each in kept)
        before = len(numbers)
    assert before > 0


def test_an_approval_is_wholly_there_or_not(tmp_path, reopened):
    chance, before = random.Random(5), 0
    for _ in range(ROUNDS):
        told = killed(tmp_path / "gate.sqlite", APPROVING, chance.uniform(0.005, 0.2))
        kept = Bases(reopened()).all(100_000)
        approved = {each.no for each in kept if each.approved}
        assert set(told) <= approved
        assert len(approved) <= before + len(told) + 1
        assert all(
            (each.approver, bool(each.decided)) == (("privacy", True) if each.approved else (None, False))
            for each in kept
        )
        before = len(approved)
    assert before > 0
