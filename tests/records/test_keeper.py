"""The one thread that writes: what shares a commit, and what a refused job takes with it."""

import threading

import apsw
import pytest

from camphora.records.keeper import Keeper


@pytest.fixture
def keeper():
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE kept (name TEXT UNIQUE)")
    forgotten = []
    made = Keeper(connection, lambda: None, lambda: forgotten.append(True))
    made.forgotten = forgotten
    yield made
    if made.alive:
        made.close()


class Jobs:
    """Jobs that note how often each was run."""

    def __init__(self):
        self.runs = []

    def keep(self, name):
        def job(connection):
            self.runs.append(name)
            connection.execute("INSERT INTO kept VALUES (?)", (name,))
            return name

        return job

    def keep_and_refuse(self, name):
        def job(connection):
            self.keep(name)(connection)
            raise LookupError(name)

        return job

    def refuse(self, name):
        def job(_):
            self.runs.append(name)
            raise LookupError(name)

        return job


def hold(keeper):
    """Keep the keeper busy with a commit of its own, until what is returned is called."""
    begun, gate = threading.Event(), threading.Event()

    def wait(_):
        begun.set()
        gate.wait(10)

    keeper.submit(wait)
    assert begun.wait(10)
    return gate.set


def together(keeper, jobs, **given):
    """Hand jobs in so that they share one commit."""
    release = hold(keeper)
    futures = [keeper.submit(job, **given) for job in jobs]
    before = keeper.commits
    release()
    for each in futures:
        each.exception()
    assert keeper.commits == before + 2
    return futures


def kept(keeper):
    return sorted(
        name for (name,) in keeper.submit(lambda c: list(c.execute("SELECT name FROM kept"))).result()
    )


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_refused_job_takes_nothing_else_with_it(keeper, repeatable):
    jobs = Jobs()
    made = [jobs.keep("a"), jobs.keep_and_refuse("b"), jobs.refuse("c"), jobs.keep("d"), jobs.keep("a")]
    one, two, three, four, five = together(keeper, made, repeatable=repeatable)
    assert (one.result(), four.result()) == ("a", "d")
    assert isinstance(two.exception(), LookupError)
    assert isinstance(three.exception(), LookupError)
    assert isinstance(five.exception(), apsw.ConstraintError)
    assert kept(keeper) == ["a", "d"]
    assert keeper.forgotten


def test_what_is_refused_before_its_first_change_repeats_nothing(keeper):
    jobs = Jobs()
    together(keeper, [jobs.keep("a"), jobs.refuse("b"), jobs.keep("c")], repeatable=True)
    assert jobs.runs == ["a", "b", "c"]
    assert kept(keeper) == ["a", "c"]
    assert not keeper.forgotten


def test_what_may_not_be_repeated_is_run_once_whatever_is_refused_beside_it(keeper):
    jobs, once = Jobs(), Jobs()
    release = hold(keeper)
    futures = [
        keeper.submit(once.keep("once")),
        keeper.submit(jobs.keep_and_refuse("b"), repeatable=True),
        keeper.submit(jobs.keep("c"), repeatable=True),
        keeper.submit(once.keep("last")),
        keeper.submit(jobs.keep("d"), repeatable=True),
    ]
    release()
    assert [type(each.exception()) for each in futures] == [type(None), LookupError, *[type(None)] * 3]
    assert once.runs == ["once", "last"]
    assert jobs.runs == ["b", "b", "c", "d"]
    assert kept(keeper) == ["c", "d", "last", "once"]


@pytest.mark.parametrize("between", [True, False])
def test_what_is_left_for_all_is_done_behind_the_last_of_a_stretch(between):
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE kept (name TEXT UNIQUE)")
    left = []

    def settle():
        connection.executemany("INSERT INTO kept VALUES (?)", [(name,) for name in left])
        left.clear()

    keeper = Keeper(connection, lambda: None, left.clear, settle)

    def leave(name):
        def job(connection):
            if keeper.as_one:
                left.append(name)
            else:
                connection.execute("INSERT INTO kept VALUES (?)", (name,))

        return job

    release = hold(keeper)
    futures = [keeper.submit(leave(name), repeatable=True) for name in "ab"]
    if between:
        keeper.submit(lambda connection: connection.execute("INSERT INTO kept VALUES ('x')"))
    futures += [keeper.submit(leave(name), repeatable=True) for name in "cac"]
    release()
    assert [type(each.exception()) for each in futures] == [*[type(None)] * 3, *[apsw.ConstraintError] * 2]
    assert kept(keeper) == [*"abc", *("x" if between else "")]
    keeper.close()


def test_a_job_whose_statement_ended_the_transaction_loses_no_other(keeper):
    """SQLite ends the whole transaction on some errors: then the others are done anew."""

    def ending(connection):
        connection.execute("ROLLBACK")
        raise LookupError

    jobs = Jobs()
    first, broken = together(keeper, [jobs.keep("a"), _once(ending, jobs.refuse("x"))], repeatable=True)
    assert first.result() == "a"
    assert isinstance(broken.exception(), LookupError)
    assert kept(keeper) == ["a"]


def _once(first, then):
    """One job at its first run, another one behind it."""
    runs = iter([first, then])

    def job(connection):
        return next(runs)(connection)

    return job
