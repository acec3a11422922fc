"""What stands when a server is ready is set apart from full collections, also beside a load inside it."""

import gc

from camphora.cli.collecting import SELDOM, YOUNG, set_apart, take_back
from camphora.fhir.registry import Registry
from camphora.installation import preparing


def test_what_lives_is_set_apart_until_it_is_taken_back():
    before = gc.get_threshold()
    try:
        set_apart()
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold() == (YOUNG, before[1], SELDOM)
    finally:
        take_back()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_a_load_leaves_apart_what_was_set_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "ProcessPoolExecutor", _NoPool)
    try:
        set_apart()
        with preparing.elsewhere(tmp_path, None, Registry.bundled()):
            pass
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold()[2] == SELDOM
    finally:
        take_back()
    with preparing.elsewhere(tmp_path, None, Registry.bundled()):
        assert gc.get_freeze_count() > 1_000
    assert gc.get_freeze_count() == 0


class _NoPool:
    def __init__(self, *_args, **_more):
        pass

    def shutdown(self, **_more):
        pass
