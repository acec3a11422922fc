"""The command that runs the suites says which there are, and refuses another."""

import subprocess
import sys
from pathlib import Path

from conformance.registry import SUITES

TOOL = Path(__file__).parents[2] / "tools" / "run_conformance.py"


def called(*words):
    return subprocess.run([sys.executable, TOOL, *words], capture_output=True, text=True, check=False)


def test_an_unknown_suite_is_refused_with_the_known_ones_beside():
    found = called("--only", "watch-nonsense")
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert "watch-nonsense" in found.stderr
    assert all(suite.name in found.stderr for suite in SUITES)


def test_the_help_names_the_suites():
    found = called("--help")
    assert found.returncode == 0
    words = found.stdout.replace(",", " ").split()
    assert {suite.name for suite in SUITES} <= set(words)
