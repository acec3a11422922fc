import pytest

from builders import people
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore


@pytest.fixture
def store(tmp_path):
    opened = SQLiteStore(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def loaded(store):
    """Two persons seen at two hospitals, some observations, one sensitive condition."""
    store.write(loading("test"), [Put(resource) for resource in people()])
    return store
