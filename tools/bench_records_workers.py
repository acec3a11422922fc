"""How reads and searches scale: one process and several, on copies of one store, asked in turn in one run.

Beside answers by the clock, which the clients and all other work on the machine press down, stand the processor's
microseconds of an answer in each setting, and those of the busiest process: by so much one core answers more where each
process has a core of its own.
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

ROUNDS, CLIENTS = 9, 16
Made = Callable[[Server], Make]


def workers_figures(
    folder: Path, token: str, sample: Sampled, seconds: float, **settings: Any
) -> Iterator[Any]:
    """One row for reads, one for searches: how many times as many answers two processes give."""
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

    one, two = (median(lambda run: len(run.times) / run.wall, each) for each in (1, 2))
    each = [
        [round(1e6 * cpu / len(run.times)) for cpu in run.cpus]
        for run in sorted(runs[2], key=lambda r: r.cpu)
    ]
    busiest = median(lambda run: max(run.cpus) / len(run.times), 2)
    by_core = median(lambda run: run.cpu / len(run.times), 1) / busiest
    return line(
        "records.workers",
        by_core,
        "x",
        of=name,
        by_the_clock=round(two / one, 2),
        answers_per_second=[round(one), round(two)],
        us_per_answer=[round(1e6 * median(lambda run: run.cpu / len(run.times), each)) for each in (1, 2)],
        us_of_each_process=each,
        cores_in_use=[round(median(lambda run: run.cpu / run.wall, each), 2) for each in (1, 2)],
        clients=CLIENTS,
        errors=sum(run.errors for both in runs.values() for run in both),
        **settings,
    )
