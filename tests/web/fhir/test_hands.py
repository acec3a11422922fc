"""Threads for work that may block: what is handed to them is answered, once, and ends where they end."""

import asyncio
import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from camphora.errors import Busy
from camphora.records.looks import GATHERED
from camphora.web.fhir.hands import Hands

PLACE = ContextVar("place", default="nowhere")


@pytest.fixture
def hands():
    made = Hands(2, "hand")
    yield made
    made.shutdown()


def answered(work):
    """In a thread of its own, since a browser's tests leave a loop running in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_every_piece_of_work_has_its_own_answer(hands):
    async def ask():
        return await asyncio.gather(*(hands.do(lambda number: -number, number) for number in range(500)))

    assert answered(ask()) == [-number for number in range(500)]


def test_so_many_run_at_once_and_no_more(hands):
    both, more = threading.Barrier(2, timeout=10), threading.Event()
    running, most, lock = 0, 0, threading.Lock()

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if not more.is_set():
            both.wait()
            more.set()
        time.sleep(0.01)
        with lock:
            running -= 1

    async def ask():
        await asyncio.gather(*(hands.do(work) for _ in range(10)))

    answered(ask())
    assert most == 2


def test_turns_are_taken_in_order_by_one(hands, monkeypatch):
    """While the first runs the others wait for the very same thread, though another is idle."""
    monkeypatch.setattr("camphora.web.fhir.hands.PATIENCE", 30.0)
    both, begun = threading.Barrier(2, timeout=10), []

    def work(number):
        begun.append((number, threading.current_thread().name))
        return -number

    async def ask():
        await asyncio.gather(hands.do(both.wait), hands.do(both.wait))
        while len(hands._shared.idle) < 2:  # noqa: ASYNC110 - threads tell a loop nothing
            await asyncio.sleep(0.001)
        return await asyncio.gather(*(hands.do_in_turn(work, number) for number in range(100)))

    assert answered(ask()) == [-number for number in range(100)]
    assert [number for number, _ in begun] == list(range(100))
    assert len({name for _, name in begun}) == 1


def test_a_slow_turn_holds_up_nobody(hands):
    """The slow one ends only after one that came behind it, which no later work helps along."""
    ended = threading.Event()

    async def ask():
        slow = hands.do_in_turn(ended.wait, 10)
        await hands.do_in_turn(ended.set)
        return await slow

    assert answered(ask())


def test_an_answer_does_not_wait_for_a_slow_turn_behind_it(hands, monkeypatch):
    """The second turn ends only after the first one's answer has come, which would wait for it for ever."""
    monkeypatch.setattr("camphora.web.fhir.hands.TOGETHER", 60.0)
    first_is_here = threading.Event()

    async def ask():
        first, second = hands.do_in_turn(int), hands.do_in_turn(first_is_here.wait, 20)
        await first
        first_is_here.set()
        return await second

    assert answered(ask())


def test_answers_of_turns_that_are_together_come_together(hands, monkeypatch):
    monkeypatch.setattr("camphora.web.fhir.hands.PATIENCE", 30.0)
    monkeypatch.setattr("camphora.web.fhir.hands.TOGETHER", 30.0)
    begin, waiting = threading.Event(), 20

    async def ask():
        turns = [hands.do_in_turn(begin.wait, 20), *(hands.do_in_turn(int) for _ in range(waiting))]
        begin.set()
        await turns[0]
        return [turn.done() for turn in turns]

    assert answered(ask()) == [True] * (waiting + 1)


def test_a_slow_turn_of_one_loop_holds_up_no_other(hands):
    ended, begun = threading.Event(), threading.Event()

    def slow():
        begun.set()
        return ended.wait(10)

    async def first():
        return await asyncio.gather(hands.do_in_turn(slow), hands.do_in_turn(int))

    async def second():
        assert begun.wait(10)
        await hands.do_in_turn(ended.set)

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(asyncio.run, first())
        pool.submit(asyncio.run, second()).result()
        assert one.result()[0]


def test_turns_and_other_work_wait_in_one_line():
    """Where every thread is busy, what came first is done first, whichever it is."""
    hands, gate, done = Hands(1, "hand"), threading.Event(), []

    async def ask():
        works = [hands.do(gate.wait, 10)]
        for number in range(10):
            do = hands.do if number % 3 else hands.do_in_turn
            works.append(do(done.append, number))
        gate.set()
        await asyncio.gather(*works)

    answered(ask())
    hands.shutdown()
    assert done == list(range(10))


def test_turns_that_were_taken_are_ended_before_the_shutdown(hands):
    done = []

    def slow(number):
        time.sleep(0.02)
        done.append(number)

    async def ask():
        for number in range(5):
            hands.do_in_turn(slow, number)
        await asyncio.to_thread(hands.shutdown)
        with pytest.raises(RuntimeError):
            hands.do_in_turn(slow, 5)

    answered(ask())
    assert sorted(done) == [0, 1, 2, 3, 4]


def test_an_error_is_the_callers_and_the_thread_goes_on(hands):
    def broken():
        raise LookupError("mine")

    async def ask():
        with pytest.raises(LookupError, match="mine"):
            await hands.do(broken)
        return await hands.do(lambda: "after")

    assert answered(ask()) == "after"


def test_the_callers_context_goes_along_and_comes_not_back(hands):
    def work():
        held = PLACE.get()
        PLACE.set("there")
        return held

    async def ask():
        PLACE.set("here")
        return await hands.do(work), PLACE.get(), await hands.do(work)

    assert answered(ask()) == ("here", "here", "here")


def test_the_one_that_became_idle_last_is_woken(hands):
    both = threading.Barrier(2, timeout=10)

    async def both_idle():
        while len(hands._shared.idle) < 2:  # noqa: ASYNC110 - threads tell a loop nothing
            await asyncio.sleep(0.001)

    async def ask():
        await asyncio.gather(hands.do(both.wait), hands.do(both.wait))
        names = []
        for _ in range(20):
            await both_idle()
            names.append(await hands.do(lambda: threading.current_thread().name))
        return names

    assert len(set(answered(ask()))) == 1


def test_what_nobody_waits_for_any_more_is_not_begun(hands):
    gate, done = threading.Event(), []

    async def ask():
        busy = [hands.do(gate.wait, 10) for _ in range(2)]
        given_up, kept = hands.do(done.append, "given up"), hands.do(done.append, "kept")
        given_up.cancel()
        gate.set()
        await asyncio.gather(*busy, kept)

    answered(ask())
    assert done == ["kept"]


def test_what_was_taken_is_ended_before_the_shutdown_and_no_more_is_taken():
    hands, done = Hands(1, "hand"), []

    def slow(number):
        time.sleep(0.05)
        done.append(number)

    async def ask():
        for number in range(3):
            hands.do(slow, number)
        await asyncio.to_thread(hands.shutdown)
        ended = list(done)
        with pytest.raises(RuntimeError):
            hands.do(slow, 3)
        return ended

    assert answered(ask()) == [0, 1, 2]


def test_the_threads_end_with_it_and_hold_nothing_of_the_work():
    class Work:
        def do(self):
            return threading.current_thread()

    async def ask():
        hands, work = Hands(1, "hand"), Work()
        held = weakref.ref(work)
        thread = await hands.do(work.do)
        del work
        await asyncio.sleep(0.05)
        return hands, held, thread

    hands, held, thread = answered(ask())
    gc.collect()
    assert held() is None
    del hands
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_work_that_raises_what_no_future_takes_is_answered_and_so_are_those_beside_it(hands, monkeypatch):
    """In turn, so that their answers go to the loop together."""
    monkeypatch.setattr("camphora.web.fhir.hands.PATIENCE", 30.0)
    monkeypatch.setattr("camphora.web.fhir.hands.TOGETHER", 30.0)
    begun = threading.Event()

    async def ask():
        first = hands.do_in_turn(begun.wait)
        asked = [hands.do_in_turn(next, iter(())), *(hands.do_in_turn(int, each) for each in "123")]
        begun.set()
        return await asyncio.wait_for(asyncio.gather(first, *asked, return_exceptions=True), 20)

    _, refused, *others = answered(ask())
    assert isinstance(refused, RuntimeError)
    assert others == [1, 2, 3]


class Kept:
    """Where leaves are kept: `written` is what each write held, `threads` who wrote; `refused` fails the write of more
    than one, and `broken` that of one."""

    def __init__(self, *, refused=False, broken=()):
        self.written, self.threads, self.refused, self.broken = [], [], refused, broken

    def keep_all(self, leaves):
        if self.refused:
            raise OSError(28, "No space left on device")
        self.threads.append(threading.current_thread().name)
        self.written.append(list(leaves))
        return 0

    def keep(self, leaf):
        if leaf in self.broken:
            raise Busy("audit-unwritable")
        self.written.append([leaf])

    @property
    def leaves(self):
        return [leaf for each in self.written for leaf in each]


def _reading(name):
    """Leaves a leaf, as a store does, and answers what there is of it."""
    GATHERED.get().append(name)
    return name


def _asked(hands, names):
    """The answers, or the errors, and what was kept when each was told."""

    async def one(name):
        try:
            return await hands.do_in_turn(_reading, name)
        except Busy as error:
            return error.code

    async def ask():
        return await asyncio.gather(*(one(name) for name in names))

    try:
        return answered(ask())
    finally:
        hands.shutdown()


def test_receipts_of_many_turns_are_written_together_and_each_once(monkeypatch):
    """In whatever order: a hand that is too slow is overtaken. All wait for the first, so that they are together."""
    monkeypatch.setattr("camphora.web.fhir.hands.PATIENCE", 30.0)
    monkeypatch.setattr("camphora.web.fhir.hands.TOGETHER", 30.0)
    kept, begin = Kept(), threading.Event()
    hands = Hands(2, "hand", kept)

    async def ask():
        asked = [
            hands.do_in_turn(begin.wait, 20),
            *(hands.do_in_turn(_reading, number) for number in range(200)),
        ]
        begin.set()
        return await asyncio.gather(*asked)

    assert answered(ask()) == [True, *range(200)]
    hands.shutdown()
    assert [sorted(each) for each in kept.written] == [list(range(200))]


def test_receipts_of_turns_that_are_overtaken_are_each_written_once(monkeypatch):
    monkeypatch.setattr("camphora.web.fhir.hands.PATIENCE", 0.0)
    kept = Kept()
    assert _asked(Hands(2, "hand", kept), range(200)) == list(range(200))
    assert sorted(kept.leaves) == list(range(200))


def test_no_answer_goes_before_its_receipt_is_written():
    kept, told = Kept(), []
    hands = Hands(2, "hand", kept)

    async def one(number):
        await hands.do_in_turn(_reading, number)
        told.append(number in kept.leaves)

    async def ask():
        await asyncio.gather(*(one(number) for number in range(100)))

    answered(ask())
    hands.shutdown()
    assert told == [True] * 100


def test_where_the_log_is_full_each_waits_for_itself_and_who_may_not_be_told_is_not():
    kept = Kept(refused=True, broken={3})
    assert _asked(Hands(1, "hand", kept), range(6)) == [0, 1, 2, "audit-unwritable", 4, 5]
    assert sorted(kept.leaves) == [0, 1, 2, 4, 5]


def test_an_error_is_told_after_its_receipt_too():
    kept = Kept()
    hands = Hands(1, "hand", kept)

    def refuse():
        GATHERED.get().append("refused")
        raise KeyError("nobody")

    async def ask():
        with pytest.raises(KeyError):
            await hands.do_in_turn(refuse)
        return kept.leaves

    assert answered(ask()) == ["refused"]
    hands.shutdown()


def test_behind_a_slow_turn_receipts_are_not_written_by_the_loop():
    """Whom a slow turn keeps waiting is answered by the loop; a full disk must not hold that up."""
    kept, ended = Kept(), threading.Event()
    hands = Hands(1, "hand", kept)

    async def ask():
        first = hands.do_in_turn(_reading, "first")
        slow = hands.do_in_turn(ended.wait, 10)
        more = hands.do_in_turn(int)
        assert await first == "first"
        assert kept.leaves == ["first"]
        ended.set()
        await asyncio.gather(slow, more)
        return threading.current_thread().name

    assert answered(ask()) not in kept.threads
    hands.shutdown()


def test_who_gathers_already_goes_on_doing_so():
    """A worker sends its leaves to the leader itself."""
    kept, own = Kept(), []
    hands = Hands(1, "hand", kept)

    async def ask():
        GATHERED.set(own)
        return await hands.do_in_turn(_reading, "hers")

    assert answered(ask()) == "hers"
    assert (own, kept.leaves) == (["hers"], [])
    hands.shutdown()
