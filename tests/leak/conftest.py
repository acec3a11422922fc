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
def written(tmp_path_factory):
    """The two small worlds in which attacks write too."""
    yield from _both(tmp_path_factory)


@pytest.fixture(scope="session")
def read(tmp_path_factory):
    """The two small worlds for what goes through all records: those that attacks write bear ids by chance, and stand
    in another order in each world."""
    yield from _both(tmp_path_factory)


@pytest.fixture
def pair(request):
    """The two small worlds: with what is hidden, and without it."""
    attack = request.node.callspec.params.get("attack") if hasattr(request.node, "callspec") else None
    goes_through_all = attack is not None and "-whole-" in attack.name
    return request.getfixturevalue("read" if goes_through_all else "written")


def _both(tmp_path_factory):
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
