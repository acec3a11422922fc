import pytest

from leak import ground
from leak.twins import build


@pytest.fixture(scope="session")
def twins(tmp_path_factory):
    """A small people: (with her, restricting the hospital; without her), and what is known of her."""
    made = [
        build(tmp_path_factory.mktemp(name) / "world", she_exists=exists)
        for name, exists in (("with", True), ("without", False))
    ]
    yield [world for world, _ in made], made[0][1]
    for world, _ in made:
        world.close()


@pytest.fixture(scope="session")
def open_world(tmp_path_factory):
    """The small world before anybody chose: for those who may see her."""
    made = ground.world(tmp_path_factory.mktemp("open") / "world", chosen=False)
    yield made
    made.close()


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """The two small worlds: with what is hidden, and without it."""
    made = [
        ground.world(tmp_path_factory.mktemp(name) / "world", there=there)
        for name, there in (("there", True), ("absent", False))
    ]
    yield made
    for world in made:
        world.close()


@pytest.fixture
def made(tmp_path):
    """Makes small worlds that a test may change."""
    kept = []

    def make(**how):
        kept.append(ground.world(tmp_path / f"world-{len(kept)}", **how))
        return kept[-1]

    yield make
    for world in kept:
        world.close()
