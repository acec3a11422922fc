import pytest

from leak.twins import build


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """(with her, restricting the hospital; without her)"""
    made = [
        build(tmp_path_factory.mktemp(name), she_exists=exists)
        for name, exists in (("with", True), ("without", False))
    ]
    yield made
    for world in made:
        world.installation.close()


@pytest.fixture(scope="session")
def open_world(tmp_path_factory):
    """The world with her, for those who may see her: what they read leaves receipts in no other."""
    made = build(tmp_path_factory.mktemp("open"), she_exists=True)
    yield made
    made.installation.close()
