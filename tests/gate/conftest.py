import time

import pytest

from camphora.gate.state import State


@pytest.fixture
def state(tmp_path):
    opened = State(tmp_path / "gate.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def clock(monkeypatch):
    """The gate's clock, which a test may set; it begins at the present, which the store keeps."""

    class Clock:
        now = int(time.time() * 1000)

        def __call__(self):
            return self.now

    made = Clock()
    for module in ("emergencies", "bases", "projects"):
        monkeypatch.setattr(f"camphora.gate.{module}.now", made)
    return made
