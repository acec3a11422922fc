import shutil

import pytest

from camphora.installation import Installation


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """The folder of a new installation; its codes take seconds to write."""
    folder = tmp_path_factory.mktemp("fresh") / "place"
    Installation.open(folder, make=True).close()
    return folder


@pytest.fixture
def installation(fresh, tmp_path):
    opened = Installation.open(shutil.copytree(fresh, tmp_path / "place"))
    yield opened
    opened.close()
