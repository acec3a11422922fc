"""The suite is tested: each predicate of the planner is taken away alone, and some attack must notice.

    python -m leak.mutation            all of them, in two processes, with what caught each (from the folder tests)
    python -m leak.mutation visible    those whose name holds this text
    python -m leak.mutation --record   all of them, and tests/leak/mutants.csv is written, line by line
    python -m leak.mutation --resume   the same, without those tried already on the same text
    python -m leak.mutation --processes 1   where others need the machine

First every test runs unchanged: it must pass, and what it reaches is noted. A mutant is then tried by those tests alone
that reach what it changes, since no other can tell; first by the one that caught it before, then by those that caught
others of its function, then by the cheapest. A test that gives no answer notices where it took twenty times what it
takes unchanged, in processor time.
"""

import argparse
import csv
import multiprocessing
import os
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path

from leak.ground import template
from leak.mutants import applied, digest, mutants
from leak.noticing import Stuck, noticed, notices, reach, worlds
from leak.targets import EXCUSED

PROCESSES = 2
QUICK = 20.0
"""Seconds of processor time for a mutant in the first pass; the second, of those that are left, asks every test."""
RECORDED = Path(__file__).with_name("mutants.csv")
"""What the runs said: a row for each mutant, with the test that caught it and the digest of its function's text."""
COLUMNS = ("mutant", "caught by", "test", "source")


def recorded():
    """The rows of the last runs by mutant."""
    with RECORDED.open(encoding="utf-8", newline="") as file:
        return {row["mutant"]: row for row in csv.DictReader(file)}


def record(rows):
    """Write the rows of every mutant that is; those not tried yet stand without what caught them."""
    with RECORDED.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows.get(mutant.name, {"mutant": mutant.name}) for mutant in every_mutant().values())


def order(mutant, reached, caught, first=None):
    """The names of the tests that may notice, the likeliest first. `reached`: as `noticing.reach` found; `caught`: how
    many others of the function each test caught; `first`: the one that caught this before."""
    here = {name for name, one in reached.items() if name and mutant.place in one.places}
    # Worlds are made through it, so that any test may tell.
    own = filter(None, reached) if mutant.place in reached[""].places else here
    return sorted(
        own, key=lambda name: (name != first, -caught[name], name not in here, reached[name].seconds)
    )


def caught_by(mutant, names=None, reached=None, least=None):
    """(test, what it says) of the first test that notices; None where none does, or none of those that were tried in
    so many seconds of processor time. All are asked where no names are given."""
    tests, began = notices(), time.process_time()
    with applied(mutant), worlds() as made:
        for name in tests if names is None else names:
            if least is not None and time.process_time() - began > least:
                return None
            usual = reached[name].seconds if reached else 1.0
            if said := noticed(tests[name], made, usual):
                return name, said
    return None


@cache
def every_mutant():
    """All by their names, made once in a process."""
    return {mutant.name: mutant for mutant in mutants()}


def begin(reached):
    """What each process knows; the empty installation is made, which is no mutant's time."""
    os.nice(5)
    template()
    KNOWN.update(reached)


KNOWN = {}


def tried(task):
    """(name, (test, said) or None, seconds) of each of a function's mutants; in a process of its own."""
    names, before, least = task
    caught, found = Counter(before.values()), []
    for name in names:
        mutant, began = every_mutant()[name], time.process_time()
        asked = order(mutant, KNOWN, caught, before.get(name))
        try:
            by = caught_by(mutant, asked, KNOWN, least)
        except Stuck:
            by = None
        caught.update([by[0]] if by else ())
        found.append((name, by, time.process_time() - began))
    return found


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(chosen="", *, keep=False, resume=False, processes=PROCESSES):
    """Try the mutants whose name holds this text; 0 where each is caught or excused."""
    before = recorded()
    rows = {name: row for name, row in before.items() if name in every_mutant()}
    left = [name for name in every_mutant() if chosen in name and name not in EXCUSED]
    if resume:
        left = [name for name in left if not _holds(rows.get(name))]
    with context().Pool(processes) as pool:
        reached = all_reached(pool, processes)
    if said := {name: one.said for name, one in reached.items() if one.said}:
        say(f"the suite does not pass as it is: {said}")
        return 2
    count = len(left)
    with context().Pool(processes, begin, (reached,)) as pool:
        for least in (QUICK, None):
            for found in pool.imap_unordered(tried, tasks(left, rows, least)):
                for name, by, seconds in found:
                    note = ": ".join(by) if by else "not yet" if least else "NOT CAUGHT"
                    say(f"{'  ' if by else '! '}{name}\n      {note} ({seconds:.1f} s)")
                    rows[name] = row(name, by)
                if keep:
                    record(rows)
            left = [name for name in left if not rows[name]["caught by"]]
    say(f"{count} mutants, {count - len(left)} caught, {len(left)} missed")
    return 1 if left else 0


def context():
    return multiprocessing.get_context("spawn")


def row(name, by):
    test, said = by or ("", "")
    return {"mutant": name, "caught by": said, "test": test, "source": _text(name)}


def _holds(row):
    """Whether a mutant was caught, in the text that its function has now."""
    return bool(row and row["caught by"]) and row["source"] == _text(row["mutant"])


def _text(name):
    return digest(every_mutant()[name].module, every_mutant()[name].function)


def tasks(names, rows, least):
    """(mutants of one function, by what its mutants were caught before, seconds), one for each function."""
    functions = {}
    for name in names:
        functions.setdefault(name.partition("#")[0], []).append(name)
    for function, several in functions.items():
        before = {
            name: found["test"]
            for name, found in rows.items()
            if name.startswith(f"{function}#") and found["test"]
        }
        yield several, before, least


def all_reached(pool, processes):
    """What every test reaches, run unchanged in so many processes."""
    names = list(notices())
    found = {}
    for part in pool.imap_unordered(reach, [names[start::processes] for start in range(processes)]):
        found |= part
    return found


def main():
    parser = argparse.ArgumentParser(description="Take each predicate of the planner away alone.")
    parser.add_argument("chosen", nargs="?", default="", help="mutants whose name holds this text")
    parser.add_argument("--record", action="store_true", help="write the table of all mutants")
    parser.add_argument(
        "--resume", action="store_true", help="the same, without those that are caught already"
    )
    parser.add_argument("--processes", type=int, default=PROCESSES, help="so many at once")
    asked = parser.parse_args()
    keep = asked.record or asked.resume
    return run(asked.chosen, keep=keep, resume=asked.resume, processes=asked.processes)


if __name__ == "__main__":
    sys.exit(main())
