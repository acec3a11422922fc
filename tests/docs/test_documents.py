import re
import tomllib
from datetime import date

import pytest

from camphora.catalogue import Catalogue
from docs.manual import PAGES, ROOT, blocks, name, text

README = text(ROOT / "README.md")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
TARGETS = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))


def figures():
    """The rows of the README's table of figures: what, value, command, machine, date."""
    table = README.partition("## 數字")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_and_picture_within_the_project_exists(page):
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text(page), flags=re.MULTILINE | re.DOTALL)
    targets = {a or b for a, b in LINK.findall(prose)}
    inside = {one.partition("#")[0] for one in targets if not re.match(r"[a-z]+:|#", one)}
    assert [one for one in inside if not (page.parent / one).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_in_a_document_exists(page):
    shell = "\n".join(one.text for one in blocks(page)) + " ".join(re.findall(r"`(make [^`]+)`", text(page)))
    named = set(re.findall(r"(?:^|\s)make ([a-z]+)", shell))
    assert named <= TARGETS


def test_the_manual_names_every_page():
    nav = text(ROOT / "mkdocs.yml").partition("nav:")[2]
    pages = {str(one.relative_to(ROOT / "docs")) for one in (ROOT / "docs").rglob("*.md")}
    assert {one for one in pages if one not in nav} == set()


def test_the_readme_begins_with_the_sentence_and_the_two_commands():
    sentence, shell = README.index("樟 Camphora 是開放原始碼"), README.index("```sh")
    assert sentence < shell < README.index("\n## ")
    first = blocks(ROOT / "README.md")[0]
    assert [line.partition(" #")[0].strip() for line in first.text.splitlines()] == ["make demo", "make test"]


def test_the_readme_names_the_test_command_that_ci_runs():
    ci = [line for line in text(ROOT / ".ci/run").splitlines() if line.startswith("make ")]
    assert ci == ["make check", "make test"]
    assert "make test" in blocks(ROOT / "README.md")[0].text


def test_each_figure_in_the_readme_carries_command_machine_and_date():
    benches = set(re.findall(r"^def ([a-z]+)\(\) -> Iterator", text(ROOT / "tools/bench.py"), re.MULTILINE))
    assert len(figures()) >= 8
    for what, value, command, machine, day in figures():
        assert what
        assert re.search(r"\d", value)
        assert re.fullmatch(r"`make bench ONLY=(\w+)`", command)[1] in benches
        assert "x86-64" in machine
        assert date.fromisoformat(day) <= date(2100, 1, 1)


def test_the_readme_says_how_many_systems_work_as_the_catalogue_does():
    counts = Catalogue.scan().counts()
    said = re.search(r"共 (\d+) 項。目前\*\*可使用 (\d+)、部分可用 (\d+)", README)
    assert [int(one) for one in said.groups()] == [sum(counts.values()), counts["works"], counts["partly"]]


def test_the_changelog_tells_of_the_present_version():
    version = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["version"]
    assert f"## [{version}]" in text(ROOT / "CHANGELOG.md")


def test_the_rooms_stand_in_the_order_that_the_linter_holds():
    contract = tomllib.loads(text(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    layers = [one.removeprefix("camphora.") for one in contract["layers"] if not one.startswith("(")]
    rooms = re.findall(r"^\| `(\w+)/", text(ROOT / "docs/explanation/rooms.md"), re.MULTILINE)
    assert rooms == layers
