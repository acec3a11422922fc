import pytest

from camphora.work import Ledger
from work.working import COUNTY, Clock, at_work


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(store, clock):
    return Ledger(store, clock)


@pytest.fixture
def ann():
    return at_work("ann", COUNTY)


@pytest.fixture
def bob():
    return at_work("bob", COUNTY)
