"""What was worked out of series, as files, so that the next process finds it instead of making it again.

A file is named by the declaration, the counts and the code that weighed them, so that none is ever out of date. It
holds arrays and JSON, nothing that is run when it is read.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from camphora import __version__
from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.evidence import ARRAYS, Evidence
from camphora.engines.watch.forecasts import BASELINES, Forecasts
from camphora.engines.watch.season.counts import Counts
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.scanned import Cluster, Scanned
from camphora.engines.watch.series import Series
from camphora.engines.watch.sweep import Sweep
from camphora.methods.detection.many import Signals
from camphora.methods.made import Made

Kind = Literal["sweep", "season", "forecasts"]
KINDS: tuple[Kind, ...] = ("sweep", "season", "forecasts")
"""What is worked out, in the order in which it is wanted."""
ROOMS = (
    *("engines/watch", "engines/watch/season"),
    *("methods", "methods/detection", "methods/forecasting", "methods/scan"),
)
"""Whose code makes the numbers."""
MOST = 24
"""So many files are kept, the newest."""
SHOWN = ("found", "shown", "rank")
SERIES = ("parent", "counts", "first", "label")
WORDS = "words"
"""The member of a file that holds what is no array, as JSON."""


def name_of(watch: Watch | Season, counted: Series | Counts) -> str:
    """Names all that is worked out of these counts by this declaration and this code."""
    arrays: tuple[NDArray[Any], ...]
    if isinstance(counted, Series):
        said, arrays = f"{counted.keys!r}|{counted.system}", (counted.parent, counted.counts, counted.first)
    else:
        said, arrays = f"{counted.days!r}|{counted.townships!r}", (counted.cases,)
    digest = hashlib.blake2b(f"{code()}|{watch!r}|{said}".encode(), digest_size=16)
    for values in arrays:
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


@cache
def code() -> str:
    """Names the code of this room and of the methods, as it lies on the disk."""
    digest = hashlib.blake2b(f"{__version__}|{np.__version__}".encode(), digest_size=12)
    for room in ROOMS:
        folder = files("camphora").joinpath(room)
        for file in sorted(
            (each for each in folder.iterdir() if each.name.endswith(".py")), key=lambda f: f.name
        ):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def line_of(watch: Watch) -> str:
    """Names the sweeps that follow one another, of one declaration by one code."""
    return hashlib.blake2b(f"{code()}|{watch!r}".encode(), digest_size=12).hexdigest()


def path_of(folder: Path, kind: Kind, name: str) -> Path:
    return folder / f"{kind}-{name}.npz"


def keep(folder: Path, kind: Kind, name: str, made: Sweep | Forecasts | Scanned) -> None:
    """Write it; whoever reads meanwhile sees the whole file or none."""
    match made:
        case Sweep():
            arrays = _of_sweep(made)
        case Scanned():
            arrays = {WORDS: _bytes({"clusters": made.clusters, "made": made.made})}
        case _:
            arrays = _of_forecasts(made)
    folder.mkdir(mode=0o700, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(suffix=".new", dir=folder)
    with os.fdopen(handle, "wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    Path(unfinished).replace(path_of(folder, kind, name))
    _forget(folder)


def kept_sweep(folder: Path, name: str, watch: Watch, series: Series) -> Sweep | None:
    """The kept sweep of this name; None where there is none that can be read."""
    if (read := _read(path_of(folder, "sweep", name))) is None:
        return None
    return _sweep(watch, series, *read)


def _sweep(watch: Watch, series: Series, words: Mapping[str, Any], arrays: Mapping[str, Any]) -> Sweep:
    evidence = tuple(_evidence(each, arrays, number) for number, each in enumerate(words["evidence"]))
    shown = Signals(**{key: arrays[f"shown.{key}"] for key in SHOWN}, made=Made(**words["shown"]))
    return Sweep(watch, series, evidence, arrays["p"], arrays["by"], shown)


def kept_before(folder: Path, watch: Watch) -> Sweep | None:
    """The newest kept sweep of this watch over whatever counts, from which another can be renewed; None without one."""
    wanted = line_of(watch)
    for path in _newest(folder.glob("sweep-*.npz")):
        if (read := _read(path, wanted)) is not None:
            words, arrays = read
            keys = tuple((area, group) for area, group in words["keys"])
            held = {key: arrays[f"series.{key}"] for key in SERIES}
            return _sweep(watch, Series(keys, **held, system=words["system"]), words, arrays)
    return None


def _evidence(said: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], number: int) -> Evidence:
    expected, upper, p, alarm = (arrays[f"{number}.{key}"] for key in ARRAYS)
    before = tuple((until, made) for until, made in said["before"])
    return Evidence(said["method"], said["made"], expected, upper, p, alarm, before)


def kept_forecasts(folder: Path, name: str) -> Forecasts | None:
    """The kept forecasts of this name; None where there are none that can be read."""
    if (read := _read(path_of(folder, "forecasts", name))) is None:
        return None
    words, arrays = read
    baselines = {each: arrays[f"baseline.{each}"] for each in BASELINES}
    label, quantiles, came = (arrays[key] for key in ("label", "quantiles", "came"))
    return Forecasts(tuple(words["areas"]), label, quantiles, came, baselines, words["made"])


def kept_season(folder: Path, name: str) -> Scanned | None:
    """The kept clusters of this name; None where there are none that can be read."""
    if (read := _read(path_of(folder, "season", name))) is None:
        return None
    words, _ = read
    days = (
        tuple(Cluster(**{**each, "places": tuple(each["places"])}) for each in day)
        for day in words["clusters"]
    )
    return Scanned(tuple(days), words["made"])


def _of_sweep(sweep: Sweep) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {"p": sweep.p, "by": sweep.by}
    arrays |= {f"series.{key}": getattr(sweep.series, key) for key in SERIES}
    for number, one in enumerate(sweep.evidence):
        arrays |= {f"{number}.{key}": getattr(one, key) for key in ARRAYS}
    arrays |= {f"shown.{key}": getattr(sweep.shown, key) for key in SHOWN}
    words = {
        "evidence": [
            {"method": one.method, "made": one.made, "before": one.before} for one in sweep.evidence
        ],
        "shown": sweep.shown.made.plain(),
        "line": line_of(sweep.watch),
        "keys": sweep.series.keys,
        "system": sweep.series.system,
    }
    return arrays | {WORDS: _bytes(words)}


def _of_forecasts(made: Forecasts) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {key: getattr(made, key) for key in ("label", "quantiles", "came")}
    arrays |= {f"baseline.{name}": values for name, values in made.baselines.items()}
    return arrays | {WORDS: _bytes({"areas": made.areas, "made": made.made})}


def _bytes(words: Mapping[str, Any]) -> NDArray[np.uint8]:
    return np.frombuffer(orjson.dumps(words), dtype=np.uint8)


def _read(path: Path, line: str | None = None) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    """A file that was cut short or is of another form is as none, and goes, so that the next start makes it again; one
    of another line than is asked for is as none."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            words = orjson.loads(found[WORDS].tobytes())
            if line is not None and words["line"] != line:
                return None
            return words, {name: found[name] for name in found.files if name != WORDS}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        path.unlink(missing_ok=True)
        return None


def _forget(folder: Path) -> None:
    """Drop the oldest files beyond the number that is kept."""
    for old in _newest(folder.glob("*.npz"))[MOST:]:
        old.unlink(missing_ok=True)


def _newest(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)
