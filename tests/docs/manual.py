"""The documents as tests read them: files, blocks of code, commands."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")])
BLOCK = re.compile(r"(?:<!-- run(?:: exit (\d))? -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"<!-- run")


@dataclass(frozen=True)
class Block:
    """`runs` where the page says that it can be run as it stands, with the exit code that it ends with."""

    lang: str
    text: str
    runs: bool
    code: int = 0


def text(page):
    return page.read_text("utf-8")


def blocks(page):
    return [
        Block(found[2], found[3], found[0].startswith("<!-- run"), int(found[1] or 0))
        for found in BLOCK.finditer(text(page))
    ]


def commands(page):
    """The words of every `camphora …` in the page's blocks of shell, and in its running text."""
    shell = "\n".join(one.text for one in blocks(page) if one.lang in {"sh", "", "console"})
    for line in shell.replace("\\\n", " ").splitlines():
        if found := re.search(r"(?:^|[\s/$(|])camphora (?!：)(.*)", line.strip()):
            cut = re.split(r" [|>&]|\)$|;", found[1])[0]
            yield line, shlex.split(cut, comments=True)


def name(page):
    return str(page.relative_to(ROOT))
