import shutil
import sys

import pytest

from workers.places import leading, made

if sys.platform != "linux":
    collect_ignore_glob = ["test_*"]


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """(folder, tokens) of an installation that nobody serves."""
    folder = tmp_path_factory.mktemp("template") / "place"
    return folder, made(folder)


@pytest.fixture
def copied(template, tmp_path):
    """(folder, tokens) of a copy of one's own."""
    return shutil.copytree(template[0], tmp_path / "place"), template[1]


@pytest.fixture(scope="session")
def served(template, tmp_path_factory):
    """(place, tokens) of a copy served by two workers, for all tests that leave it as it was."""
    folder = shutil.copytree(template[0], tmp_path_factory.mktemp("workers") / "place")
    with leading(folder) as place:
        yield place, template[1]
