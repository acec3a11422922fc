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
