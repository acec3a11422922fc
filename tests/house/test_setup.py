"""`make setup` on machines that lack something: one clear line, and no traceback."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path):
    """The few files that setup needs, in a folder without an environment."""
    for name in ("tools/setup.sh", "pyproject.toml", "uv.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _python(folder, body):
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def _setup(folder, **environment):
    command = ["sh", "tools/setup.sh"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("camphora:")]
    return said[-1]


def test_an_old_python_is_named(copy):
    old = _python(copy, 'case "$1" in -V) echo "Python 3.9.2";; *) exit 1;; esac')
    said = _setup(copy, PYTHON=old)
    assert "3.11" in said
    assert "Python 3.9.2" in said


def test_a_missing_venv_module_is_named_with_its_remedy(copy):
    bare = _python(copy, 'case "$2" in *version_info*) exit 0;; *) exit 1;; esac')
    assert "python3-venv" in _setup(copy, PYTHON=bare)


def test_a_network_that_is_not_there_is_said(copy):
    nowhere = "http://127.0.0.1:9/simple"
    settings = {
        "PIP_INDEX_URL": nowhere,
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_NO_CACHE_DIR": "1",
    }
    said = _setup(copy, PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="0", PIP_DEFAULT_TIMEOUT="2", **settings)
    assert "network" in said
    assert "網路" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_said(copy):
    copy.chmod(0o500)
    said = _setup(copy)
    copy.chmod(0o700)
    assert "read-only" in said
