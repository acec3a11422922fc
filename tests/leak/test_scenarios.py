"""Choices hold from their moment on, for everything that was handed out before."""

import pytest

from leak import law_scenes, scenes_access, scenes_parts, scenes_search  # noqa: F401 - they register their scenarios
from leak.scenarios import SCENARIOS


@pytest.mark.parametrize("scene", SCENARIOS, ids=str)
def test_it_holds_from_its_moment_on(made, scene):
    scene.run(made)
