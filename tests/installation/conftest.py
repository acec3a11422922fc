import pytest

from camphora.installation import Installation


@pytest.fixture
def installation(tmp_path):
    opened = Installation.open(tmp_path / "place", make=True)
    yield opened
    opened.close()
