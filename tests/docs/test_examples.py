"""Blocks that a page marks with `<!-- run -->` are run, in order, in an empty folder, and end as the page says."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from camphora.audit import Log, Receipt
from docs.manual import MARKED, PAGES, ROOT, blocks, name, text

RUNNABLE = [page for page in PAGES if MARKED.search(text(page))]
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT / "src"),
    "LC_ALL": "C.UTF-8",
}


def run(text, folder):
    command = ["bash", "-eu", "-c", text]
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(
    "page",
    [page for page in RUNNABLE if any(one.runs and one.lang == "sh" for one in blocks(page))],
    ids=name,
)
def test_the_examples_of_a_page_do_what_it_says(page, tmp_path):
    said = None
    for block in blocks(page):
        if block.runs:
            done = run(block.text, tmp_path)
            said = done.stdout + done.stderr
            assert done.returncode == block.code, f"{block.text}\n{said}"
        elif not block.lang and said is not None:
            assert [line for line in block.text.splitlines() if line not in said] == []
        else:
            said = None


@pytest.mark.parametrize("number", range(7))
def test_the_check_by_hand_agrees_with_the_log(number, tmp_path):
    log = Log(tmp_path / "audit")
    for at in range(7):
        log.append(Receipt(at, "lin", "Lin", "clinician", "clinic-1", "care", "read", ("Patient",)))
    proof = log.proof(number)
    log.close()
    page = ROOT / "docs/how-to/check-a-receipt.md"
    code = next(one.text for one in blocks(page) if one.lang == "python")
    assert _by_hand(code, proof, tmp_path).returncode == 0
    proof["entry"] = proof["entry"].replace("Lin", "Lan")
    assert _by_hand(code, proof, tmp_path).returncode == 1


def _by_hand(code, proof, folder):
    (folder / "receipt.json").write_bytes(orjson.dumps(proof))
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, check=False)
