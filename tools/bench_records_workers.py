"""How reads and searches scale: one process; two workers with their leader; and, for what the machine could give at
most, two servers that know nothing of one another; on copies of one store, asked in turn in one run.

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
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import line
from bench_records_server import Make, Run, Server, asked, serving
from bench_records_shapes import SHAPES, Sampled

ROUNDS, CLIENTS, CORES = 16, 16, 2
Made = Callable[[Server], Make]
Runs = dict[str, list[Run]]


def workers_figures(
    folder: Path, token: str, sample: Sampled, seconds: float, **settings: Any
) -> Iterator[Any]:
    """One row for reads, one for searches: how many times as many answers two cores give."""
    with ExitStack() as stack:
        servers: dict[str, list[Server]] = {}
        for name, many, workers in (("one", 1, 1), ("workers", 1, 2), ("apart", 2, 1)):
            for number in range(many):
                place = folder.with_name(f"{folder.name}-{name}-{number}")
                shutil.copytree(folder, place)
                servers.setdefault(name, []).append(stack.enter_context(serving(place, token, workers)))
        for name, make in (("reads", _reads(sample)), ("searches", _searches(sample))):
            runs: Runs = {each: [] for each in servers}
            for number in range(ROUNDS):
                for each, asked_of in servers.items():
                    runs[each].append(_together(asked_of, make, seconds, number + 1))
            yield _row(name, runs, settings)


def _together(servers: list[Server], make: Made, seconds: float, seed: int) -> Run:
    """All clients, shared out over these servers, at once."""

    def ask(server: Server) -> Run:
        return asked(server, make(server), CLIENTS // len(servers), seconds, seed=seed)

    with ThreadPoolExecutor(len(servers)) as threads:
        found = list(threads.map(ask, servers))
    whole = Run(wall=max(each.wall for each in found))
    for each in found:
        whole.times += each.times
        whole.statuses += each.statuses
        whole.cpu += each.cpu
        whole.cpus += each.cpus
    return whole


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


def _row(name: str, runs: Runs, settings: dict[str, Any]) -> dict[str, Any]:
    def told(value: Callable[[list[Run]], float]) -> dict[str, float]:
        return {each: value(found) for each, found in runs.items()}

    quiet = told(lambda found: sorted(map(_each, found))[ROUNDS // 4])
    middle = told(lambda found: statistics.median(map(_each, found)))
    rates = told(lambda found: statistics.median(len(run.times) / run.wall for run in found))
    cores = told(lambda found: statistics.median(run.cpu / run.wall for run in found))
    shares = sorted(runs["workers"], key=_each)[ROUNDS // 4]
    return line(
        "records.workers",
        CORES * quiet["one"] / quiet["workers"],
        "x",
        of=name,
        of_medians=round(CORES * middle["one"] / middle["workers"], 2),
        apart=round(CORES * quiet["one"] / quiet["apart"], 2),
        by_the_clock=round(rates["workers"] / rates["one"], 2),
        answers_per_second={each: round(rate) for each, rate in rates.items()},
        us_per_answer={each: round(us) for each, us in quiet.items()},
        us_per_answer_median={each: round(us) for each, us in middle.items()},
        us_of_leader_and_workers=[round(1e6 * cpu / len(shares.times)) for cpu in shares.cpus],
        cores_in_use={each: round(used, 2) for each, used in cores.items()},
        clients=CLIENTS,
        rounds=ROUNDS,
        errors=sum(run.errors for found in runs.values() for run in found),
        **settings,
    )


def _each(run: Run) -> float:
    """Microseconds of the processor, of all processes together, for one answer."""
    return 1e6 * run.cpu / len(run.times)
