"""A store with the tables of surveillance and the loader's part that reads them: an installation would take seconds."""

from types import SimpleNamespace

import pytest

from camphora.catalogue import Catalogue
from camphora.formats.declaration import base_tables
from camphora.installation.installation import Installation
from camphora.lake import Lake
from camphora.records import SQLiteStore


@pytest.fixture
def installation(tmp_path):
    system = Catalogue.scan(None).systems["smart_epidemic_prevention"]
    tables = {**base_tables(), **system.own_tables}
    store = SQLiteStore(tmp_path / "place")
    lake = Lake(tmp_path / "place" / "lake", store, tables=tables.values())
    made = SimpleNamespace(store=store, lake=lake, tables=lambda: iter(tables.values()), folder=store.folder)
    made.load_tables = lambda: Installation.load_tables(made)
    yield made
    lake.close()
    store.close()
