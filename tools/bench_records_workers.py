"""How reads and searches scale: one process, and two workers with their leader, on copies of one store, asked in turn
in one run.

Beside answers by the clock, which the clients and all other work on the machine press down, stand the processor's
microseconds of an answer in each setting. Two cores that are shared out well over all three processes answer twice as
many as one core, but for what the leader and the way to it cost: that is the figure. Rounds are short and many, and
the quarter of them with the least work beside them is told too, since other work on the machine is part of every one.
"""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import line
from bench_records_server import Make, Run, Server, asked, serving
from bench_records_shapes import SHAPES, Sampled

ROUNDS, CLIENTS, CORES = 16, 16, 2
Made = Callable[[Server], Make]


def workers_figures(
    folder: Path, token: str, sample: Sampled, seconds: float, **settings: Any
) -> Iterator[Any]:
    """One row for reads, one for searches: how many times as many answers two cores give."""
    with ExitStack() as stack:
        servers = {}
        for processes in (1, 2):
            place = folder.with_name(f"{folder.name}-{processes}")
            shutil.copytree(folder, place)
            servers[processes] = stack.enter_context(serving(place, token, processes))
        for name, make in (("reads", _reads(sample)), ("searches", _searches(sample))):
            runs: dict[int, list[Run]] = {1: [], 2: []}
            for number in range(ROUNDS):
                for processes, server in servers.items():
                    made = make(server)
                    runs[processes].append(asked(server, made, CLIENTS, seconds, seed=number + 1))
            yield _row(name, runs, settings)


def _reads(sample: Sampled) -> Made:
    paths = [f"/fhir/{kind}/{each['id']}" for kind, found in sample.items() for each in found]

    def of(server: Server) -> Make:
        def make(chance: random.Random) -> bytes:
            return server.get(chance.choice(paths))

        return make

    return of


def _searches(sample: Sampled) -> Made:
    shape = SHAPES["patient-code-date"]

    def of(server: Server) -> Make:
        def make(chance: random.Random) -> bytes:
            return server.get(f"/fhir/{shape(chance, sample)}")

        return make

    return of


def _row(name: str, runs: dict[int, list[Run]], settings: dict[str, Any]) -> dict[str, Any]:
    def median(value: Callable[[Run], float], processes: int) -> float:
        return statistics.median(value(run) for run in runs[processes])

    def quiet(processes: int) -> float:
        return sorted(_each(run) for run in runs[processes])[ROUNDS // 4]

    one, two = (median(lambda run: len(run.times) / run.wall, each) for each in (1, 2))
    medians, quiets = [median(_each, at) for at in (1, 2)], [quiet(at) for at in (1, 2)]
    middle = sorted(runs[2], key=_each)[ROUNDS // 4]
    return line(
        "records.workers",
        CORES * quiets[0] / quiets[1],
        "x",
        of=name,
        of_medians=round(CORES * medians[0] / medians[1], 2),
        by_the_clock=round(two / one, 2),
        answers_per_second=[round(one), round(two)],
        us_per_answer=[round(each) for each in quiets],
        us_per_answer_median=[round(each) for each in medians],
        us_of_leader_and_workers=[round(1e6 * cpu / len(middle.times)) for cpu in middle.cpus],
        cores_in_use=[round(median(lambda run: run.cpu / run.wall, each), 2) for each in (1, 2)],
        clients=CLIENTS,
        errors=sum(run.errors for both in runs.values() for run in both),
        **settings,
    )


def _each(run: Run) -> float:
    """Microseconds of the processor, of all processes together, for one answer."""
    return 1e6 * run.cpu / len(run.times)
