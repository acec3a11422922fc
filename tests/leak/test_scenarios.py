"""Choices hold from their moment on, for everything that was handed out before."""

import pytest

from leak.scenes import SCENARIOS


@pytest.mark.parametrize("scene", SCENARIOS, ids=str)
def test_it_holds_from_its_moment_on(made, scene):
    scene.run(made)
