"""Every method that follows R, beside R itself, on new series and settings drawn by a seed.

`.venv/bin/python tools/compare_r.py --seed 7 --settings 40` draws so many settings of each method, lets Rscript with
surveillance and EpiEstim answer them (`compare_r.R`), and prints a line of JSON a method: settings, those that R or
ours refuse, compared numbers, the largest difference, how many differ by more than 1e-6, and the first of them. A
difference is relative to R's number, or to 1e-3 where that is less; where R draws, both ends of the band that its
draws leave open are compared with its number. `--only METHOD` does one; `--show` tells every setting that is unequal;
`--keep FILE` writes settings and answers for `tests/methods/test_r_answers.py`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.made import function

Floats = NDArray[np.float64]
Answer = dict[str, Floats]
TOLERANCE = 1e-6
LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Setting:
    """`r`: the expression that R is to answer; `method`, `data` and `parameters`: the same call of ours; `columns`:
    what of ours each of R's answers is. `told`: ours from our result and R's answer, by R's names, where that is not
    enough; a pair of arrays is a band. `scales`: by name another answer, below which differences are not relative: a
    coefficient is known no better than its standard error."""

    r: str
    method: str
    data: list[Any]
    parameters: dict[str, Any]
    columns: dict[str, str]
    told: Callable[[Any, Answer], dict[str, Any]] | None = None
    scales: dict[str, str] | None = None

    def ours(self, answer: Answer) -> dict[str, Any]:
        found = function(self.method)(*self.data, **self.parameters)
        if self.told is not None:
            return self.told(found, answer)
        return {name: plain(getattr(found, column)) for name, column in self.columns.items()}


Draw = Callable[[np.random.Generator], Setting]


@dataclass
class Tally:
    method: str
    settings: int = 0
    refused_by_r: int = 0
    refused_by_ours: int = 0
    numbers: int = 0
    largest: float = 0.0
    unequal: int = 0
    unequal_settings: int = 0
    first: str = ""

    def add(self, number: int, name: str, apart: Floats) -> None:
        self.numbers += apart.size
        wrong = apart > TOLERANCE
        self.unequal += int(wrong.sum())
        self.largest = max(self.largest, float(apart.max(initial=0.0)))
        if wrong.any() and not self.first:
            self.first = f"setting {number}, {name} at {int(np.argmax(wrong))}"


def differences(setting: Setting, ours: dict[str, Any], answer: Answer) -> dict[str, Floats]:
    scales = setting.scales or {}
    return {
        name: difference(values, answer[name], answer[scales[name]] if name in scales else None)
        for name, values in ours.items()
    }


def difference(ours: Any, theirs: Floats, scale: Floats | None = None) -> Floats:
    """Relative, 0 where both are missing, infinite where one is. A pair: how far outside of it."""
    if isinstance(ours, tuple):
        low, high = (np.asarray(each, dtype=np.float64).ravel() for each in ours)
        nearest = np.clip(theirs, low, high)
    else:
        nearest = np.asarray(ours, dtype=np.float64).ravel()
    if nearest.shape != theirs.shape:
        return np.full(max(theirs.size, 1), np.inf)
    with np.errstate(invalid="ignore"):
        least = LEAST if scale is None else np.maximum(scale, LEAST)
        apart = np.abs(nearest - theirs) / np.maximum(np.abs(theirs), least)
    missing = np.isnan(nearest) != np.isnan(theirs)
    same = (nearest == theirs) | (np.isnan(nearest) & np.isnan(theirs))
    return np.where(missing, np.inf, np.where(same, 0.0, apart))


def literal(value: Any) -> str:
    """As R writes it; a matrix of (units, times) turned, as R has it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).upper()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, dict):
        return f"list({', '.join(f'{name} = {literal(each)}' for name, each in value.items())})"
    if isinstance(value, list | tuple | np.ndarray):
        found = np.asarray(value)
        inside = f"c({', '.join(literal(each) for each in found.ravel().tolist())})"
        return inside if found.ndim < 2 else f"matrix({inside}, ncol = {found.shape[0]})"
    if isinstance(value, Code):
        return value.text
    return "NA" if value != value else repr(value)  # noqa: PLR0124 - NaN


@dataclass(frozen=True, slots=True)
class Code:
    """R that stands as it is."""

    text: str


def span(first: int, last: int) -> Code:
    """From one position to another, both counted from 0."""
    return Code(f"{first + 1}:{last + 1}")


def compared(method: str, draw: Draw, seed: int, settings: int) -> tuple[Tally, list[dict[str, Any]]]:
    """The tally of a method, and the settings that are unequal or refused on one side."""
    random = np.random.default_rng([seed, *method.encode()])
    asked = [draw(random) for _ in range(settings)]
    tally, odd = Tally(method), []
    for number, (setting, answer) in enumerate(zip(asked, answered([each.r for each in asked]), strict=True)):
        tally.settings += 1
        if isinstance(answer, str):
            tally.refused_by_r += 1
            odd.append({"setting": number, "r": setting.r, "refused by R": answer})
            continue
        try:
            ours = setting.ours(answer)
        except Invalid as refusal:
            tally.refused_by_ours += 1
            odd.append({"setting": number, "r": setting.r, "refused by ours": str(refusal)})
            continue
        before = tally.unequal
        if "alarm" in answer:
            answer["alarm"] = np.nan_to_num(answer["alarm"])  # a bound that is missing cannot be passed
        apart = differences(setting, ours, answer)
        for name, each in apart.items():
            tally.add(number, name, each)
        if tally.unequal > before:
            tally.unequal_settings += 1
            odd.append({"setting": number, "r": setting.r, **_told(ours, apart, answer)})
    return tally, odd


def _told(ours: dict[str, Any], apart: dict[str, Floats], answer: Answer) -> dict[str, Any]:
    found = {}
    for name, values in ours.items():
        wrong = apart[name] > TOLERANCE
        if not wrong.any():
            continue
        at = np.flatnonzero(wrong)
        mine = values if isinstance(values, tuple) else (values,)
        shaped = [np.asarray(each, dtype=np.float64).ravel() for each in mine]
        found[name] = {
            "at": at[:6].tolist(),
            "of": int(wrong.size),
            "ours": [
                each[at[:6]].tolist() if each.size == wrong.size else each.tolist()[:6] for each in shaped
            ],
            "R": answer[name][at[:6]].tolist(),
        }
    return found


def kept(method: str, draw: Draw, seed: int, settings: int) -> Iterator[dict[str, Any]]:
    """Settings and R's answers as plain values, for tests without R; none of those that R refuses or draws for."""
    random = np.random.default_rng([seed, *method.encode()])
    asked = [draw(random) for _ in range(settings)]
    for setting, answer in zip(asked, answered([each.r for each in asked]), strict=True):
        if isinstance(answer, str) or not setting.columns:
            continue
        data = [None if each is None else _plain(each) for each in setting.data]
        parameters = {name: _plain(value) for name, value in setting.parameters.items()}
        answers = {name: _plain(answer[name]) for name in setting.columns}
        yield {
            "name": method, "method": setting.method, "data": data, "parameters": parameters,
            "columns": setting.columns, "answers": answers,
        }  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | list):
        return [_plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value


def answered(asked: list[str]) -> list[Answer | str]:
    """R's answers in order, or why it gave none."""
    program = shutil.which("Rscript")
    if program is None:
        raise SystemExit("Rscript was not found")
    with tempfile.TemporaryDirectory() as folder:
        jobs = Path(folder) / "jobs.R"
        jobs.write_text("\n".join(f"job({n}, {r})" for n, r in enumerate(asked)), encoding="utf-8")
        command = [program, str(Path(__file__).with_suffix(".R")), str(jobs)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: list[dict[str, Any]] = [{} for _ in asked]
    for row in done.stdout.splitlines():
        number, name, what = row.split("\t")
        found[int(number)][name] = what if name == "error" else _numbers(what)
    return [each.get("error", each) for each in found]


def _numbers(text: str) -> Floats:
    return np.array(
        [np.nan if each == "NA" else float(each) for each in text.split(",") if each], dtype=np.float64
    )


def counts(random: np.random.Generator, times: int, frequency: int = 52) -> Floats:
    """A series as they come: a level from rare to common, season, trend, overdispersion, outbreaks, silent years."""
    t = np.arange(times)
    level = np.exp(random.uniform(np.log(0.15), np.log(200)))
    season = random.choice([0.0, random.uniform(0.1, 1.0)])
    slope = random.choice([0.0, random.normal(0, 0.4) / times])
    mean = level * np.exp(season * np.cos(2 * np.pi * (t / frequency - random.uniform())) + slope * t)
    size = random.choice([1e6, random.uniform(0.7, 20)])
    y = random.negative_binomial(size, size / (size + mean)).astype(np.float64)
    for _ in range(random.integers(0, 5)):
        begin, length = int(random.integers(0, times)), int(random.integers(1, 8))
        y[begin : begin + length] += random.poisson(3 * np.sqrt(level) + 3, len(y[begin : begin + length]))
    if random.uniform() < 0.15:
        begin = int(random.integers(0, times))
        y[begin : begin + frequency] = 0
    return y


def pick(random: np.random.Generator, *choices: Any) -> Any:
    return choices[int(random.integers(len(choices)))]


def plain(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64).ravel()


def methods() -> Iterator[tuple[str, Draw]]:
    import compare_r_detection
    import compare_r_epidemic

    yield from compare_r_detection.METHODS.items()
    yield from compare_r_epidemic.METHODS.items()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settings", type=int, default=40, help="of each method")
    parser.add_argument("--only", nargs="*", help="these methods alone")
    parser.add_argument("--keep", type=Path, help="write settings and answers to this file instead")
    parser.add_argument("--show", action="store_true", help="tell every setting that is unequal or refused")
    given = parser.parse_args()
    chosen = [(name, draw) for name, draw in methods() if not given.only or name in given.only]
    if given.keep:
        rows = [row for name, draw in chosen for row in kept(name, draw, given.seed, given.settings)]
        text = "\n".join(json.dumps(row) for row in rows)
        given.keep.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        return
    unequal = 0
    for method, draw in chosen:
        tally, odd = compared(method, draw, given.seed, given.settings)
        unequal += tally.unequal
        print(json.dumps(vars(tally)), flush=True)
        for each in odd if given.show else []:
            print(json.dumps(each), flush=True)
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    sys.modules["compare_r"] = sys.modules["__main__"]
    main()
