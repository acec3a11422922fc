"""A machine without room for a process at one moment has its worker later."""

import asyncio
import subprocess
from collections import deque
from types import SimpleNamespace

import pytest

from camphora.cli.workers.doors import Door
from camphora.cli.workers.leading import LATEST, Leader, Worker
from camphora.web.monitoring import Measures


def test_a_worker_that_cannot_be_begun_now_is_begun_later(monkeypatch, caplog):
    pairs, later = [], []
    leader = Leader.__new__(Leader)
    leader.should_exit, leader._lang = False, "zh-TW"
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
    assert "無法啟動工作程序（EMFILE），30 秒後再試 [workers-not-begun]" in caplog.text
    leader.should_exit = True
    leader._begin_again(3)
    assert len(later) == 1


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh-TW", "一個工作程序意外結束，0.2 秒後另起一個"),
        ("en", "a worker ended; another begins in 0.2 seconds"),
    ],
)
def test_a_worker_that_ended_is_told_in_the_language_of_the_server_and_its_figures_stay(caplog, lang, said):
    leader = Leader.__new__(Leader)
    leader.should_exit, leader._lang, leader._ends = False, lang, deque()
    leader._settled, leader._background, leader.measures = asyncio.Event(), set(), Measures()
    loop = SimpleNamespace(
        call_later=print, remove_reader=print, run_in_executor=lambda *_: asyncio.Future(loop=bare)
    )
    bare, leader._loop = asyncio.new_event_loop(), loop
    process = SimpleNamespace(kill=lambda: None, wait=lambda: None)
    worker = Worker(0, 7, process, SimpleNamespace(end=None, close=lambda: None), None)
    leader._workers = {0: worker}
    leader.measures.take(7, Measures().figures())
    leader._ended(worker)
    bare.close()
    assert said in caplog.text
    assert leader.measures._others == {}
