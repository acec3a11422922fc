"""Every block of Python on the pages of the methods runs as it stands, and prints what stands behind its `print`."""

import re
import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "docs" / "methods"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="an installed package has no manual")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)
TOLD = {"national", "scorecard"}  # tables that a tool writes


def blocks():
    for page in sorted(PAGES.glob("*.md")):
        for number, block in enumerate(BLOCK.findall(page.read_text("utf-8"))):
            yield pytest.param(block, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("block", list(blocks()))
def test_an_example_prints_what_it_says(block):
    said = SAID.findall(block)
    out = StringIO()
    with redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(block, "example", "exec"), {"__name__": "example"})
    assert said
    assert out.getvalue().splitlines() == said


def test_every_page_of_a_method_has_an_example():
    without = {page.stem for page in PAGES.glob("*.md") if not BLOCK.search(page.read_text("utf-8"))}
    assert without == TOLD
