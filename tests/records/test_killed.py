"""Killed at random moments under load, a store keeps every promise; the bench does the same a thousand times."""

import os
import subprocess
import sys
from pathlib import Path

import orjson

ROUNDS = 20


def test_twenty_kills_lose_nothing_and_leave_nothing_half_done(tmp_path):
    script = Path(__file__).with_name("killing.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(ROUNDS), "5"],
        capture_output=True, env=environment, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    rounds = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert [each["problems"] for each in rounds] == [[]] * ROUNDS
    assert sum(each["acknowledged"] for each in rounds) > ROUNDS
    assert sum(each["under_way"] for each in rounds) > 0
