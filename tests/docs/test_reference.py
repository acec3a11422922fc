import argparse
import re
import shlex

import pytest

import reference
from camphora.cli.parser import build
from camphora.errors import catalogue
from camphora.terminology.operations.issues import KINDS
from docs.manual import PAGES, ROOT, commands, name, text

REFERENCE = ROOT / "docs/reference"
WARNINGS = "taiwan-"
"""What is remarked of identifiers: warnings, raised by nobody."""
NOTICES = {"web-fhir-done"} | KINDS.keys()
"""Said in answers that are no errors, so without a category: that all went well, and what is remarked of codes."""


@pytest.fixture(scope="module")
def parser():
    return build([])[0]


def test_the_reference_says_what_the_code_says_now():
    assert reference.stale() == [], "run make docs"


def test_every_error_code_has_an_entry():
    entries = re.findall(r"^### (\S+)$", text(REFERENCE / "errors.md"), re.MULTILINE)
    assert sorted(entries) == sorted(catalogue())


def test_every_error_has_a_category():
    raised = reference.raised()
    without = {code for code in catalogue() if not raised[code]}
    assert {code for code in without if not code.startswith(WARNINGS)} <= NOTICES
    assert "web-fhir-done" in without


def test_every_command_is_documented(parser):
    headings = re.findall(r"^## (camphora .+)$", text(REFERENCE / "commands.md"), re.MULTILINE)
    assert headings == [command for command, _ in reference.commands(parser)]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_in_a_document_exists_with_its_options(page, parser):
    refused = [line for line, words in commands(page) if not _parses(parser, words)]
    assert refused == []


def _parses(parser, words):
    """Whether the words are a command; `--help` and `--version` end the process with 0."""
    try:
        parser.parse_args(words)
    except SystemExit as end:
        return not end.code
    return True


def test_the_help_of_each_command_has_an_example_that_parses(parser):
    for command, one in reference.commands(parser):
        line, _, _ = one.epilog.splitlines()[-1].partition(" > ")  # the rest is the shell's
        example = shlex.split(line)
        assert example[: len(command.split())] == command.split()
        assert isinstance(parser.parse_args(example[1:]), argparse.Namespace)
