"""A machine without room for a process at one moment has its worker later."""

import subprocess
from types import SimpleNamespace

from camphora.cli.workers.doors import Door
from camphora.cli.workers.leading import LATEST, Leader


def test_a_worker_that_cannot_be_begun_now_is_begun_later(monkeypatch):
    pairs, later = [], []
    leader = Leader.__new__(Leader)
    leader.should_exit = False
    leader._loop = SimpleNamespace(call_later=lambda *given: later.append(given))

    def pair(made=Door.pair):
        pairs.append(made())
        return pairs[-1]

    def refused(*_, **__):
        raise OSError(24, "too many open files")

    monkeypatch.setattr(Door, "pair", staticmethod(pair))
    monkeypatch.setattr(subprocess, "Popen", refused)
    leader._begin_again(3)
    assert later == [(LATEST, leader._begin_again, 3)]
    assert [end.fileno() for ends in pairs for end in ends] == [-1, -1], "nothing stays open meanwhile"
    leader.should_exit = True
    leader._begin_again(3)
    assert len(later) == 1
