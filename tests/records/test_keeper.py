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


def test_half_done_jobs_are_repeated_only_where_all_may_be(keeper):
    jobs, once = Jobs(), Jobs()
    release = hold(keeper)
    futures = [
        keeper.submit(once.keep("once")),
        keeper.submit(jobs.keep_and_refuse("b"), repeatable=True),
        keeper.submit(jobs.keep("c"), repeatable=True),
    ]
    release()
    for each in futures:
        each.exception()
    assert once.runs == ["once"]
    assert jobs.runs == ["b", "c"]
    assert kept(keeper) == ["c", "once"]


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
