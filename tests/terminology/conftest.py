import shutil
from pathlib import Path

import pytest

from camphora.terminology import Terminology

SAMPLES = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A terminology file of the bundled tables, to be copied."""
    path = tmp_path_factory.mktemp("terms") / "terms.sqlite"
    Terminology.build(path).close()
    return path


@pytest.fixture(scope="session")
def terms(built):
    opened = Terminology.open(built)
    yield opened
    opened.close()


@pytest.fixture
def own(built, tmp_path):
    """A terminology file of this test alone."""
    path = tmp_path / "terminology.sqlite"
    shutil.copy(built, path)
    opened = Terminology.open(path)
    yield opened
    opened.close()


@pytest.fixture
def empty(tmp_path):
    """A terminology file without any edition."""
    from camphora.terminology.file import complete, create

    path = tmp_path / "empty.sqlite"
    connection = create(path)
    connection.execute("INSERT INTO built VALUES ('test', 1)")
    complete(connection)
    opened = Terminology.open(path)
    yield opened
    opened.close()
