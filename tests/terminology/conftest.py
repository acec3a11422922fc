import pytest

from camphora.terminology import Terminology


@pytest.fixture(scope="session")
def terms(tmp_path_factory):
    opened = Terminology.build(tmp_path_factory.mktemp("terms") / "terms.sqlite")
    yield opened
    opened.close()
