"""`camphora` with a clock that looks at every thread each few milliseconds; where they are is written at the end.

`python tools/bench_records_profile.py OUT serve FOLDER …`: OUT holds one line of JSON for each function in which the
process worked, with its share of all looks: `own` where it was the innermost, `under` where it was anywhere above. A
thread that waits is not counted.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

import orjson

from camphora.cli import main

EVERY = 0.003
WAITING = (
    "wait",
    "select",
    "get",
    "accept",
    "_worker",
    "poll",
    "acquire",
    "run_once",
    "_wait_for_tstate_lock",
)
"""Innermost functions of a thread that does nothing."""


class Sampler(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own: Counter[str] = Counter()
        self.under: Counter[str] = Counter()
        self.looks = 0

    def run(self) -> None:
        while True:
            time.sleep(EVERY)
            for number, frame in sys._current_frames().items():  # noqa: SLF001 - documented, for this
                if number != self.ident and frame.f_code.co_name not in WAITING:
                    self._look(frame)

    def _look(self, frame: FrameType | None) -> None:
        seen: list[str] = []
        while frame is not None:
            code = frame.f_code
            where = code.co_filename.rpartition("site-packages/")[2].rpartition("src/")[2]
            seen.append(f"{where}:{code.co_qualname}")
            frame = frame.f_back
        self.looks += 1
        self.own[seen[0]] += 1
        self.under.update(set(seen))


def dump(sampler: Sampler, out: Path) -> None:
    rows = [
        {"function": name, "own": sampler.own[name] / sampler.looks, "under": count / sampler.looks}
        for name, count in sampler.under.most_common(120)
    ]
    out.write_bytes(b"\n".join(map(orjson.dumps, rows)) + b"\n")


if __name__ == "__main__":
    clock = Sampler()
    clock.start()
    try:
        code = main(sys.argv[2:])
    finally:
        dump(clock, Path(sys.argv[1]))
    sys.exit(code)
