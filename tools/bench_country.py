"""A country's watch: 70 diseases in 22 counties over 15 years, swept, kept and drawn; then every page over HTTP.

Wall and processor time stand side by side, since wall time tells of the machine's other work too. The sweep uses the
cores that it may; pages are asked of `camphora serve` in a process of its own, first while it works everything out
after the start, then when all is there.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import many_diseases as many
from bench import line, scratch
from camphora.gate import User
from camphora.gate.gate import ANYBODY
from camphora.installation import Installation
from camphora.policy import Purpose, Role
from camphora.policy.internal import loading
from started import started

HOME = f"/systems/{many.NAME}"
PASSWORD = "camphor chest by the window"
TIMES = 20
ENOUGH = 240
"""Seconds after which the work after a start is not waited for any longer."""


def figures() -> Iterator[dict[str, Any]]:
    with scratch() as folder:
        place = folder / "country"
        installation = _made(place)
        yield from _worked_out(installation, folder)
        installation.close()
        shutil.rmtree(place / "watched", ignore_errors=True)
        yield from _pages(place)


def _made(place: Path) -> Installation:
    many.make_folder(place)
    installation = Installation.open(place, make=True)
    rows = list(many.rows())
    given = {"source": "invented", "as_of": "2025-12-27", "public": True, "whole": True}
    installation.store.add_batch(loading("bench"), many.TABLE, rows, **given)
    installation.gate.identity.add_user(User("officer", "防疫科", Role.OFFICER), PASSWORD)
    return installation


def _worked_out(installation: Installation, folder: Path) -> Iterator[dict[str, Any]]:
    """Rows read, series made, swept, kept, read again, and each place's series drawn."""
    from camphora.engines.watch.keeping import keep, kept_sweep
    from camphora.engines.watch.series import series_of
    from camphora.engines.watch.sweep import swept

    access = installation.gate.access(ANYBODY, Purpose.OPEN)
    system = installation.catalogue.systems[many.NAME]
    watch = system.watches[many.WATCH]
    _compiled(watch)
    placed, _ = _spent(lambda: installation.lake.rows(access, many.TABLE, columns=watch.columns))
    read, rows = _spent(lambda: installation.lake.rows(access, many.TABLE, columns=watch.columns).rows)
    made, series = _spent(lambda: series_of(watch, rows))
    weighed, sweep = _spent(lambda: swept(watch, series))
    stored, _ = _spent(lambda: keep(folder, "sweep", "country", sweep))
    again, found = _spent(lambda: kept_sweep(folder, "country", watch, series))
    assert found is not None
    drawn, size = _spent(lambda: _drawn(system, watch, series, sweep))
    whole = {"swept": weighed, "kept": stored, "read again": again, "drawn": drawn}
    parts = {"rows read": read, "series": made, **whole}
    yield line(
        "nationwide: 1,540 series over 15 years, swept and drawn",
        sum(wall for wall, _ in parts.values()),
        "s by the clock",
        cpu=round(sum(cpu for _, cpu in parts.values()), 2),
        goal="10 s on 2 cores",
        cores=len(os.sched_getaffinity(0)),
        load=round(os.getloadavg()[0], 1),
        series=len(series.keys),
        weeks=len(series.label),
        methods=len(watch.methods),
        rows=len(rows),
        charts_bytes=size,
        first_read_after_loading=[round(each, 2) for each in placed],
        wall_and_cpu={name: [round(each, 2) for each in pair] for name, pair in parts.items()},
    )


def _compiled(watch: Any) -> None:
    """So that no figure holds the compiling of a first call."""
    import numpy as np

    from camphora.engines.watch.evidence import weighed

    for method in watch.methods:
        weighed(method.name, method.parameters, np.ones((2, 330)))


def _spent(act: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = act()
    return (time.perf_counter() - wall, time.process_time() - cpu), found


def _drawn(system: Any, watch: Any, series: Any, sweep: Any) -> int:
    """Two years of every county's every disease, with the expected range, as the page of a series shows them."""
    from camphora.engines.watch.pages.asked import asked
    from camphora.engines.watch.pages.charts import course
    from camphora.engines.watch.watching import Watched
    from camphora.web.drawing import line_chart

    watched = Watched(watch, series, "2025-12-27", {"zh-TW": "虛構", "en": "invented"}, "1")
    watched.take(sweep)
    words, size = system.words("zh-TW"), 0
    for area, group in series.keys:
        if area and group:
            given = {"watch": watch.name, "week": str(series.label[-1]), "area": area, "group": group}
            chart = course(asked({watch.name: watched}, given), words)
            size += len(line_chart(chart, words.lang))
    return size


def _pages(place: Path) -> Iterator[dict[str, Any]]:
    with started(place) as server:
        begun = time.perf_counter()
        client = _Client(server.port)
        client.sign_in()
        while_made = client.until_made(begun, place)
        yield line(
            "nationwide: pages while all is worked out after the start",
            statistics.median(while_made.times) * 1000,
            "ms",
            while_made.times,
            seconds=round(while_made.seconds, 1),
            longest_ms=round(max(while_made.times) * 1000),
            longest=while_made.longest,
            goal_p95_ms=300,
            load=round(os.getloadavg()[0], 1),
        )
        for name, path in client.paths().items():
            first, *times = (client.ask(path)[0] for _ in range(TIMES + 1))
            yield line(
                f"nationwide: page, {name}",
                statistics.median(times) * 1000,
                "ms",
                times,
                first_ms=round(first * 1000, 1),
                bytes=len(client.ask(path)[1]),
                goal_ms=300,
                load=round(os.getloadavg()[0], 1),
            )


class _While:
    """What was asked while the work was under way."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.seconds, self.longest = 0.0, ""

    def add(self, took: float, path: str) -> None:
        if took > max(self.times, default=0.0):
            self.longest = path
        self.times.append(took)


class _Client:
    def __init__(self, port: int) -> None:
        self._port, self._cookie = port, ""

    def sign_in(self) -> None:
        form = urlencode({"name": "officer", "password": PASSWORD, "next": "/"})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/sign-in", form, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303, answer.status
        self._cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]

    def ask(self, path: str) -> tuple[float, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": self._cookie, "Accept-Language": "zh-TW"})
        answer = connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        assert answer.status in {200, 503}, (path, answer.status)
        return took, body

    def until_made(self, begun: float, place: Path) -> _While:
        """Every page in turn, until the forecasts are there, which are made last."""
        found = _While()
        paths = ["/", HOME, f"{HOME}/public", f"{HOME}/room", f"{HOME}/series", f"{HOME}/bulletin", "/tasks"]
        while time.perf_counter() - begun < ENOUGH:
            for path in paths:
                found.add(self.ask(path)[0], path)
            found.seconds = time.perf_counter() - begun
            if any(place.glob("watched/forecasts-*.npz")):
                break
        return found

    def paths(self) -> dict[str, str]:
        """Each page by name; the signal is the first of the week's."""
        body = self.ask(HOME)[1].decode()
        signal = body.partition(f'href="{HOME}/signal/')[2].partition('"')[0]
        assert signal
        return {
            "home": "/",
            "signals": HOME,
            "one signal": f"{HOME}/signal/{signal}",
            "series": f"{HOME}/series?area=63000&group=d03&years=2",
            "series, all years": f"{HOME}/series?area=63000&group=d03&years=all",
            "forecasts": f"{HOME}/forecasts",
            "scorecard": f"{HOME}/scorecard",
            "public, with the map": f"{HOME}/public",
            "situation room": f"{HOME}/room",
            "bulletin": f"{HOME}/bulletin",
            "method": f"{HOME}/method",
            "work list": "/tasks",
            "line list": f"/surveillance/cases?purpose={Purpose.SURVEILLANCE}",
        }


if __name__ == "__main__":
    for row in figures():
        print(json.dumps(row, ensure_ascii=False), flush=True)
