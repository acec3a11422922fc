import pytest

from builders import cohort
from camphora.lake import Lake
from camphora.policy.internal import loading
from camphora.records import Put


@pytest.fixture
def lake(store, tmp_path):
    """A lake that has caught up with sixty persons."""
    store.write(loading("test"), [Put(resource) for resource in cohort(60)])
    opened = Lake(tmp_path / "lake", store)
    opened.catch_up()
    yield opened
    opened.close()
